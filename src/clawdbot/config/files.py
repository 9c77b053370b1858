"""Reads small files, and writes the configuration so that there is always a whole one (threats.md S1, S2)."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clawdbot.errors import ConfigUnavailable
from clawdbot.obstacles import way_out


def read(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes. Links are followed: paths here are the owner's own.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file; the message goes on after its name.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise ValueError(f"is larger than {limit // 1024} KiB")
    return content


def save(path: Path, text: str) -> None:
    """Write a text over the file at once, and keep what was there in ``<file>.bak``; both end up with mode 0600.

    Where ``path`` is a symbolic link, as with dotfiles that are kept elsewhere, the file that it leads to is written
    and the link stays. When this returns, the file is on the disk; until then it is as it was, and never torn.

    Raises:
        ConfigUnavailable: it cannot be written.
    """
    content = text.encode("utf-8")
    try:
        target = Path(os.path.realpath(path))
        _make_directory(target.parent)
        before = target.read_bytes() if target.exists() else None
        if before is not None and before != content:
            _replace(target.with_name(f"{target.name}.bak"), before, like=target)
        _replace(target, content, like=target)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes of ours from changing the file meanwhile. Raises ConfigUnavailable."""
    try:
        _make_directory(path.parent)
        descriptor = _lock(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> ConfigUnavailable:
    hint = way_out(error, path) or f"look at {path}"
    return ConfigUnavailable(f"{path.name}: cannot be written: {error.strerror}", hint=hint)


def _lock(directory: Path) -> int:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _make_directory(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)


def _replace(target: Path, content: bytes, *, like: Path) -> None:
    """Put a new file in the place of ``target``; it belongs to whom ``like`` belongs to, even if root writes it."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            _give_to_owner_of(like, file.fileno())
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_directory(target.parent)


def _give_to_owner_of(like: Path, descriptor: int) -> None:
    with suppress(FileNotFoundError, PermissionError):
        found = os.stat(like)
        os.fchown(descriptor, found.st_uid, found.st_gid)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
