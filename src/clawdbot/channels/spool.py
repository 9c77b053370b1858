"""Messages that are ours alone: what a platform has handed over and will not send again.

Slack takes an acknowledgement within seconds; signal-cli and WhatsApp's library acknowledge by themselves. So such a
message is written down before it is acknowledged, ``<state>/<channel>/inbox-<account>/<number>.json``, and forgotten
when it is done with. Most are gone within milliseconds; what a crash or a restart leaves is delivered at the next
start.
"""

import logging
from pathlib import Path

import msgspec

from clawdbot.channels import small_file
from clawdbot.channels.base import DirectMessage
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)


class Spool:
    """The messages of one account that are not done with, one file each.

    Written without fsync: a process that is killed loses nothing by that, and a power cut takes at most what arrived in
    the seconds before it.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount) -> None:
        self.folder = state_dir / account.channel / f"inbox-{account.account}"
        self._account = account
        self._next = 1

    def load(self) -> list[tuple[int, DirectMessage]]:
        """What is left from before, by number, in the order of arrival. What is no message is kept aside.

        Raises:
            ChannelFailed: the folder cannot be read; unreadable is not empty.
        """
        try:
            small_file.private(self.folder.parent)
            small_file.private(self.folder)
            names = sorted(path.name for path in self.folder.iterdir())
            found = [(int(name[:-5]), self._read(name)) for name in names if _is_ours(name)]
        except OSError as error:
            raise self._failure("read", error) from error
        self._next = max((number for number, _ in found), default=0) + 1
        return [(number, message) for number, message in found if message is not None]

    def save(self, message: DirectMessage) -> int:
        """Write a message down; its number. Raises ChannelFailed if that cannot be done."""
        number, self._next = self._next, self._next + 1
        try:
            small_file.private(self.folder.parent)
            small_file.write(self._path(number), msgspec.json.encode(message))
        except OSError as error:
            raise self._failure("write", error) from error
        return number

    def forget(self, number: int) -> None:
        """A message is done with; a failure is logged, since nothing better can be done."""
        try:
            self._path(number).unlink(missing_ok=True)
        except OSError as error:
            _log.error("%s: cannot remove %s: %s", self._account, self._path(number), error.strerror)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:019}.json"

    def _read(self, name: str) -> DirectMessage | None:
        path = self.folder / name
        message = small_file.read(path, DirectMessage)
        if message is None or message.account == self._account:
            return message
        small_file.put_aside(path)
        return None

    def _failure(self, doing: str, error: OSError) -> ChannelFailed:
        return ChannelFailed(
            f"cannot {doing} {self.folder}: {error.strerror or error}",
            hint="the messages on their way in are kept there; make it a folder of your own with room on the disk",
        )


def _is_ours(name: str) -> bool:
    return name.endswith(".json") and name[:-5].isascii() and name[:-5].isdigit()
