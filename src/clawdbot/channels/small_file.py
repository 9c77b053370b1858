"""A small JSON document of an adapter's own, in a private folder; for its owner alone, and never torn."""

import logging
import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

import msgspec

from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)

_MOST_BYTES = 64 * 1024 * 1024
"""More than any adapter writes: what was saved can be read again."""

T = TypeVar("T")


def load(path: Path, kind: type[T], *, without: str) -> T | None:
    """As :func:`read`.

    Args:
        without: what is lost if the owner takes the file away, for the hint.

    Raises:
        ChannelFailed: it cannot be read; unreadable is not empty (threats.md S4).
    """
    try:
        return read(path, kind)
    except OSError as error:
        raise ChannelFailed(
            f"cannot read {path}: {error.strerror}", hint=f"make it a regular file of your own; without it, {without}"
        ) from error


def save(path: Path, content: bytes, *, unsaved: str) -> None:
    """As :func:`write`; a failure is logged, since nothing better can be done.

    Args:
        unsaved: what may happen after a crash.
    """
    try:
        write(path, content)
    except OSError as error:
        _log.error("cannot save %s: %s; after a crash, %s", path, error.strerror, unsaved)


def read(path: Path, kind: type[T]) -> T | None:
    """Read a document; ``None`` if there is none. What is no such document is put aside, and then there is none.

    Modes that are too loose are tightened (threats.md S1).

    Raises:
        OSError: it cannot be read; unreadable is not empty (S4).
    """
    text = content(path, most=_MOST_BYTES)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError):
        put_aside(path)
        return None


def content(path: Path, *, most: int) -> bytes | None:
    """What a file holds, no more than one byte beyond ``most``; ``None`` if there is none. Raises as :func:`read`."""
    private(path.parent)
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
        return file.read(most + 1)


def append(path: Path, line: bytes, *, first_line: bytes) -> None:
    """Write at the end of a file, in one step as far as other programs see; a new one begins with ``first_line``.

    Raises:
        OSError: it cannot be written, or only a part of the line was.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        private(path.parent)
        descriptor = os.open(path, flags | os.O_CREAT, 0o600)
        os.fchmod(descriptor, 0o600)  # whatever the umask
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a regular file")
        whole = line if found.st_size else first_line + b"\n" + line.lstrip(b"\n")
        if os.write(descriptor, whole) != len(whole):
            raise OSError(0, "no room for a whole line")
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace the file in one step, its folder made if need be.

    Args:
        durable: with fsync. Without it, a process that is killed loses nothing either, and a power cut takes back the
            last seconds at most.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    private(path.parent)
    temporary = path.with_name(f"{path.name}.tmp")
    with suppress(FileNotFoundError):
        temporary.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(temporary, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def private(folder: Path) -> None:
    """Make a folder, for its owner alone; one that is there is closed to others (threats.md S1). Raises OSError."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "its folder is not a folder")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def put_aside(path: Path) -> None:
    """Keep a file that does not hold what it must under a name that is free. Raises OSError."""
    for number in count(1):
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        try:
            os.link(path, aside, follow_symlinks=False)
        except FileExistsError:
            continue
        path.unlink()
        _log.warning("%s does not hold what it must; it is kept as %s", path, aside.name)
        return
