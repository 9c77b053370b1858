"""How far Telegram's updates are done with, in memory and in ``<state>/telegram/update-offset-<account>.json``.

Telegram keeps an update until a ``getUpdates`` asks for a higher one, at most 24 hours. We ask for the lowest one that
is not done with, so whatever a crash cuts off comes again, and the file remembers what was done above that one.

The file is what the reference writes, with more beside it: ``processed`` (done with above ``lastUpdateId``), and
``botId`` and ``apiBase``, whose numbering this is: another bot or another Bot API server counts differently.
"""

import json
import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)

_BATCH = 100
"""The most updates that one ``getUpdates`` brings."""

_FILE_SIZE = 1024 * 1024


@dataclass(slots=True)
class Progress:
    """Which updates are done with. Telegram hands them out in ascending order, with gaps.

    Attributes:
        last: every update up to this one is done with; ``None`` before the first.
        processed: done with above ``last``.
        under_way: received and not done with.
    """

    last: int | None = None
    processed: set[int] = field(default_factory=set)
    under_way: set[int] = field(default_factory=set)

    @property
    def offset(self) -> int | None:
        """The lowest update to ask for; asking for it confirms all below."""
        return None if self.last is None else self.last + 1

    def take(self, update_id: int) -> bool:
        """Take note of a received update; ``False`` if it is under way or done with.

        Telegram answers with updates below the offset only when the offset makes no sense to it, as after a quiet
        week, when it begins to count somewhere else. So what is further below than one batch, which might be a
        repetition, is news from a new numbering (tdlib's ``TQueue::get`` and ``Client::do_get_updates``).
        """
        if self.last is not None and update_id <= self.last:
            if self.last - update_id < _BATCH:
                return False
            self.processed.clear()
            self.under_way.clear()
            self.last = update_id - 1
        if self.last is None:
            self.last = update_id - 1
        if update_id in self.processed or update_id in self.under_way:
            return False
        self.under_way.add(update_id)
        return True

    def finish(self, update_id: int) -> None:
        """An update is done with. Unknown ones, as of a numbering that has ended, do not count."""
        if update_id not in self.under_way:
            return
        self.under_way.remove(update_id)
        self.processed.add(update_id)
        lowest = min(self.under_way, default=None)
        passed = {each for each in self.processed if lowest is None or each < lowest}
        self.last = max(passed, default=self.last)
        self.processed -= passed


_UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Document(msgspec.Struct, rename="camel"):
    version: int
    last_update_id: _UpdateId | None
    processed: list[_UpdateId] = []
    bot_id: str | None = None
    api_base: str | None = None


class Offsets:
    """The progress of one account, kept in its file.

    Args:
        bot_id, api_base: whose numbering this is; what the file says of another one is not ours.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, *, bot_id: str, api_base: str) -> None:
        self._folder = state_dir / "telegram"
        self.path = self._folder / f"update-offset-{account.account}.json"
        self._bot_id = bot_id
        self._api_base = api_base
        self._progress = Progress()

    def load(self) -> None:
        """Read the file, if there is one. What is no such file is put aside, and everything is news again.

        Raises:
            ChannelFailed: it cannot be read; unreadable is not empty.
        """
        try:
            _private_folder(self._folder)
            document = _read(self.path)
        except OSError as error:
            raise ChannelFailed(
                f"cannot read {self.path}: {error.strerror}",
                hint="make it a regular file of your own; without it, updates of the last day may be processed twice",
            ) from error
        if document is None:
            return
        if (document.bot_id or self._bot_id, document.api_base or self._api_base) != (self._bot_id, self._api_base):
            _log.info("%s is of another bot or server; beginning anew", self.path)
            return
        last = document.last_update_id
        above = {each for each in document.processed if last is None or each > last}
        self._progress = Progress(last, above)

    @property
    def next(self) -> int | None:
        """The ``offset`` for ``getUpdates``."""
        return self._progress.offset

    def take(self, update_id: int) -> bool:
        """As :meth:`Progress.take`."""
        return self._progress.take(update_id)

    def finish(self, update_id: int) -> None:
        """Remember that an update is done with; a failure to save is logged, since nothing better can be done."""
        self._progress.finish(update_id)
        try:
            _private_folder(self._folder)
            _write(self.path, self._document())
        except OSError as error:
            _log.error("cannot save %s: %s; after a crash, updates may be processed twice", self.path, error.strerror)

    def _document(self) -> bytes:
        document: dict[str, object] = {"version": 1, "lastUpdateId": self._progress.last}
        if self._progress.processed:
            document["processed"] = sorted(self._progress.processed)
        document |= {"botId": self._bot_id, "apiBase": self._api_base}
        return (json.dumps(document, indent=2) + "\n").encode()


def _private_folder(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "its folder is not a folder")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _read(path: Path) -> _Document | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, "it is not a regular file")
        if stat.S_IMODE(mode) & 0o077:
            os.fchmod(descriptor, 0o600)
        text = file.read(_FILE_SIZE + 1)
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = None
    if document is None or document.version != 1:
        _put_aside(path)
        return None
    return document


def _put_aside(path: Path) -> None:
    for number in count(1):
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        try:
            os.link(path, aside, follow_symlinks=False)
        except FileExistsError:
            continue
        path.unlink()
        _log.warning("%s does not hold what it must; it is kept as %s", path, aside.name)
        return


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step.

    Without fsync: a process that is killed loses nothing by that, and what a power cut may take back is what was done
    since the last poll, for Telegram itself forgets what lies below the offset of each poll.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    with suppress(FileNotFoundError):
        temporary.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(temporary, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask
        file.write(content)
    temporary.replace(path)
