"""The files of the history: ``history/<n>.jsonl`` in the state directory, and beside them

* ``anchor.json``: where the log ends and where it begins (:class:`~clawdbot.history.chain.Anchor`);
* ``missed``: how many facts could not be taken down. It is overwritten in place, which a full disk mostly allows;
* ``lock``: held by whoever appends (threats.md S3).

All is private, and no link is followed (threats.md S1).
"""

import json
import os
import stat
from contextlib import suppress
from typing import Final

from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.history.chain import Anchor, Segment
from clawdbot.history.entry import Entry, Head, NoEntry, read
from clawdbot.store.disk import DOCTOR, PRIVATE_FILE, Folder, guarded, tighten

FOLDER: Final = "history"
LOCK: Final = "lock"
ANCHOR: Final = "anchor.json"
MISSED: Final = "missed"

_SUFFIX: Final = ".jsonl"
_DIGITS: Final = 9

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PATCH = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class HistoryFolder:
    """The files, by what they are. Raises StoreError."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    # --- the anchor

    def anchor(self) -> Anchor | None:
        """``None`` if there is none, or none that makes sense."""
        try:
            blob = self._folder.read(ANCHOR)
            return None if blob is None else _anchor(json.loads(blob.data))
        except (StoreCorrupt, ValueError, TypeError, LookupError, RecursionError):
            return None

    def move_anchor(self, anchor: Anchor) -> None:
        said = {
            **{"version": 1, "seq": anchor.head.seq, "hash": anchor.head.hash, "first": anchor.first},
            "pruned": {"seq": anchor.pruned.seq, "hash": anchor.pruned.hash},
        }
        self._folder.rename(self._folder.stage(ANCHOR, json.dumps(said).encode("ascii") + b"\n"), ANCHOR)

    # --- the segments

    def numbers(self) -> list[int]:
        """The segments that are there, in order."""
        stems = [name.removesuffix(_SUFFIX) for name in self._folder.names() if name.endswith(_SUFFIX)]
        return sorted(int(stem) for stem in stems if _is_number(stem))

    def segment(self, number: int) -> Segment:
        """A segment; an empty one if it is not there."""
        blob = self._folder.read(name(number))
        return Segment(name(number), b"" if blob is None else blob.data)

    def append(self, number: int, lines: bytes, *, is_new: bool) -> None:
        """Add lines to a segment, and to the disk itself; if that cannot be done it is as it was."""
        path = self._folder.path / name(number)
        with guarded("write", path):
            fd = os.open(name(number), _APPEND | (os.O_CREAT if is_new else 0), PRIVATE_FILE, dir_fd=self._folder.fd)
            try:
                found = _regular(fd, self._folder, name(number))
                try:
                    left = memoryview(lines)
                    while left:
                        left = left[os.write(fd, left) :]
                    os.fsync(fd)
                except OSError:
                    with suppress(OSError):  # what stays behind is torn, and found to be
                        os.ftruncate(fd, found.st_size)
                    raise
            finally:
                os.close(fd)
        if is_new:
            self._folder.sync()

    def cut(self, number: int, size: int) -> None:
        """Take off what was never finished."""
        with guarded("write", self._folder.path / name(number)):
            fd = os.open(name(number), _APPEND, dir_fd=self._folder.fd)
            try:
                _regular(fd, self._folder, name(number))
                os.ftruncate(fd, size)
            finally:
                os.close(fd)

    def remove(self, number: int) -> None:
        """Remove a segment that does not count any more; one that stays does no harm."""
        self._folder.discard(name(number))

    # --- what was missed

    def missed(self) -> int:
        blob = self._folder.read(MISSED)
        text = b"" if blob is None else blob.data.strip()
        return int(text) if text.isdigit() and len(text) <= _DIGITS else 0

    def set_missed(self, count: int) -> None:
        with guarded("write", self._folder.path / MISSED):
            fd = os.open(MISSED, _PATCH, PRIVATE_FILE, dir_fd=self._folder.fd)
            try:
                _regular(fd, self._folder, MISSED)
                os.pwrite(fd, f"{min(count, 10**_DIGITS - 1):0{_DIGITS}}\n".encode("ascii"), 0)
            finally:
                os.close(fd)


def name(number: int) -> str:
    """What a segment is called."""
    return f"{number}{_SUFFIX}"


def last_entry(segment: Segment) -> Entry | None:
    """The last whole line, if it is an entry."""
    lines = segment.data[: whole_size(segment)].splitlines()
    try:
        return read(lines[-1]) if lines else None
    except NoEntry:
        return None


def whole_size(segment: Segment) -> int:
    """How far the finished lines go."""
    return segment.data.rfind(b"\n") + 1


def _regular(fd: int, folder: Folder, file: str) -> os.stat_result:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        raise StoreUnavailable(f"cannot write {folder.path / file}: it is not a regular file", hint=DOCTOR)
    if not found.st_mode & stat.S_IRUSR:  # just made, under a umask that takes rights from the owner too
        os.fchmod(fd, PRIVATE_FILE)
    tighten(fd, found, PRIVATE_FILE, folder.path / file)
    return found


def _is_number(stem: str) -> bool:
    return stem.isascii() and stem.isdigit() and not stem.startswith("0") and len(stem) <= _DIGITS


def _anchor(said: dict[str, object]) -> Anchor:
    """Raises ValueError, TypeError or LookupError for what is no anchor."""
    pruned, first = said["pruned"], said["first"]
    if not isinstance(pruned, dict) or type(first) is not int:
        raise TypeError("pruned or first")
    return Anchor(_head(said), _head(pruned), first)


def _head(said: dict[str, object]) -> Head:
    seq, digest = said["seq"], said["hash"]
    if type(seq) is not int or seq < 0 or not isinstance(digest, str) or len(digest) != 64:
        raise ValueError("seq or hash")
    return Head(seq, digest)
