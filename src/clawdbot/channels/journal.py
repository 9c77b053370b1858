"""What an account is done with, on disk: so that no message is answered twice across a restart (threats.md D16).

Two files, ``<state>/<channel>/done-<account>.log`` and the one before it, ``….old.log``: a line that says what they
are, then one line a message, the digest of its key. Lines are appended. When the first file is full it becomes the
second, in one step, and a new one is begun: so nothing is ever rewritten, and no more is kept than two files hold.

Nothing is synced. A process that is killed loses nothing by that; a power cut takes the last seconds at most, and what
is not remembered is answered again, never left unanswered (docs/adr/0004-delivery.md has the argument).
"""

import hashlib
import logging
import re
from contextlib import suppress
from pathlib import Path

from clawdbot.channels import small_file
from clawdbot.channels.inbox import Key
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)

MOST = 10_000
"""How many messages one file holds: as many as that, and up to twice as many, are remembered."""

_FIRST_LINE = b"clawdbot done 1"
_DIGEST_BYTES = 16
_DIGEST = re.compile(rb"[0-9a-f]{32}")
_MOST_BYTES = 8 * 1024 * 1024
"""More than a file of ours ever has, even with rubbish in it."""


class Journal:
    """The messages that one account is done with, as a :class:`~clawdbot.channels.inbox.Memory`.

    A key is kept as a digest: who holds the files learns no more from them than that so many messages came.

    Args:
        most: how many messages one file holds.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, *, most: int = MOST) -> None:
        self.path = state_dir / account.channel / f"done-{account.account}.log"
        self.old_path = self.path.with_suffix(".old.log")
        self._account = account
        self._most = most
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()
        self._torn = False
        self._failed = False

    def load(self) -> None:
        """Read what is left from before. What is no such file is put aside; a line that is not ours is passed over.

        Raises:
            ChannelFailed: it cannot be read; unreadable is not empty (threats.md S4).
        """
        self._old |= self._read(self.old_path)
        self._torn = False
        self._new |= self._read(self.path)

    def __contains__(self, key: Key) -> bool:
        digest = _digest(key)
        return digest in self._new or digest in self._old

    def __len__(self) -> int:
        return len(self._new | self._old)

    def add(self, key: Key) -> None:
        """Remember that a message is done with; a failure to write is logged, since nothing better can be done."""
        digest = _digest(key)
        if digest in self._new:
            return
        try:
            if len(self._new) >= self._most:
                self._begin_anew()
            self._append(digest)
        except OSError as error:
            if not self._failed:
                told = "after a restart, messages may be answered twice"
                _log.error("%s: cannot write %s: %s; %s", self._account, self.path, error.strerror or error, told)
            self._failed = True
        else:
            self._failed = False
        self._new.add(digest)

    def _begin_anew(self) -> None:
        self._old, self._new = self._new, set()
        with suppress(FileNotFoundError):
            self.path.replace(self.old_path)
        self._torn = False

    def _append(self, digest: bytes) -> None:
        """Append a line; after one that is not whole, on a line of its own."""
        line = (b"\n" if self._torn else b"") + digest.hex().encode() + b"\n"
        self._torn = True
        small_file.append(self.path, line, first_line=_FIRST_LINE)
        self._torn = False

    def _read(self, path: Path) -> set[bytes]:
        """The digests in a file; whether its last line is whole is noted."""
        try:
            lines = self._lines(path)
        except OSError as error:
            raise ChannelFailed(
                f"cannot read {path}: {error.strerror}",
                hint="make it a regular file of your own; without it, what the platform repeats is answered again",
            ) from error
        if not lines:
            return set()
        self._torn = lines[-1] != b""
        found = {bytes.fromhex(line.decode()) for line in lines if _DIGEST.fullmatch(line)}
        if strange := sum(1 for line in lines if line and not _DIGEST.fullmatch(line)):
            _log.warning("%s: %d lines of %s are not ours, and are passed over", self._account, strange, path)
        return found

    @staticmethod
    def _lines(path: Path) -> list[bytes]:
        """What is in a file of ours, without the first line. Raises OSError."""
        content = small_file.content(path, most=_MOST_BYTES)
        if not content:
            return []
        first, *lines = content.split(b"\n")
        if first == _FIRST_LINE and lines and len(content) <= _MOST_BYTES:
            return lines
        small_file.put_aside(path)
        return []


def _digest(key: Key) -> bytes:
    conversation, message = key
    text = f"{len(conversation)}:{conversation}{message}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
