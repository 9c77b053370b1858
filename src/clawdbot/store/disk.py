"""The folder that the files are in: private, flat, and without symbolic links (threats.md S1).

Everything is named relative to an open directory, so that nothing can be put in its way between a check and its use.
What the system refuses becomes :class:`~clawdbot.errors.StoreUnavailable` with the path in it.
"""

import errno
import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.obstacles import way_out
from clawdbot.store.layout import FOLDER

log = logging.getLogger("clawdbot.store")

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
LOOSE = 0o077
"""Mode bits that let others in."""

TEMPORARY = ".tmp"

MAX_BYTES = 16 * 1024 * 1024

DOCTOR = 'run "clawdbot doctor"'

Signature = tuple[int, int, int, int, int]
"""Tells one state of a file from the next: device, inode, size, mtime and ctime in nanoseconds."""


def signature(found: os.stat_result) -> Signature:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@dataclass(frozen=True, slots=True)
class Blob:
    """A file as it was read."""

    data: bytes
    signature: Signature


class guarded:  # noqa: N801 – a with statement reads so
    """Turn what the system refuses into StoreUnavailable; ``name``: of what is at the path."""

    def __init__(self, doing: str, path: Path, name: str = "") -> None:
        self._doing = doing
        self._path = path
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            raise refusal(self._doing, self._path / self._name, error) from error


def refusal(doing: str, path: Path, error: OSError) -> StoreUnavailable:
    """What to raise for what the system said."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
        return StoreUnavailable(
            f"cannot {doing} {path}: it is a symbolic link",
            hint="links are not followed here; put the real thing there",
        )
    why = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    return StoreUnavailable(f"cannot {doing} {path}: {why}", hint=way_out(error, path) or DOCTOR)


class Folder:
    """An open folder. Names are single components; ``mend``: close to others what is open to them."""

    def __init__(self, path: Path, fd: int, *, mend: bool = True) -> None:
        self.path = path
        self.fd = fd
        self._mend = mend
        self._marks: dict[str, Signature] = {}

    def stat(self, name: str) -> os.stat_result | None:
        """What is under a name, a link for what it is; ``None`` for nothing."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("look at", self.path / name, error) from error

    def names(self) -> list[str]:
        with guarded("list", self.path):
            return sorted(os.listdir(self.fd))

    def read(self, name: str) -> Blob | None:
        """A file's content; ``None`` if there is none."""
        path = self.path / name
        try:
            # O_NONBLOCK: whoever puts a pipe there must not make us wait for its other end.
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("read", path, error) from error
        try:
            with guarded("read", path):
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode):
                    raise StoreUnavailable(f"cannot read {path}: it is not a regular file", hint=DOCTOR)
                if self._mend and tighten(fd, found, PRIVATE_FILE, path):
                    found = os.fstat(fd)
                with open(fd, "rb", closefd=False) as file:
                    data = file.read(MAX_BYTES + 1)
        finally:
            os.close(fd)
        if len(data) > MAX_BYTES:
            raise StoreCorrupt(f"{path} is not what it must be: larger than {MAX_BYTES} bytes", hint=DOCTOR)
        return Blob(data, signature(found))

    def stage(self, name: str, data: bytes, *, flush: bool = True) -> str:
        """Write a new file beside ``name``, and to the disk itself; nobody reads it before it is renamed.

        Without ``flush`` a disk that refuses to flush is put up with.
        """
        temporary = f"{name}.{os.urandom(8).hex()}{TEMPORARY}"
        with guarded("write", self.path, name):
            fd = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self.fd
            )
            try:
                try:
                    os.fchmod(fd, PRIVATE_FILE)
                    left = memoryview(data)
                    while left:
                        left = left[os.write(fd, left) :]
                    self._mark(name, fd)
                    with nullcontext() if flush else suppress(OSError):
                        os.fsync(fd)
                finally:
                    os.close(fd)
            except BaseException:
                self.discard(temporary)
                raise
        return temporary

    def is_ours(self, name: str, found: Signature) -> bool:
        """Is this the file that was staged for a name here, and has nobody written into it since?

        To the kernel, two writes within one tick of its clock are of one time. Ours has a time from between the ticks,
        which no other write has.
        """
        mark = self._marks.get(name)
        return mark is not None and mark[:-1] == found[:-1]

    def _mark(self, name: str, fd: int) -> None:
        """Give a file a time of its own, where the file system keeps one so exact."""
        now = time.time_ns()
        with suppress(OSError):
            os.utime(fd, ns=(now, now))
        found = os.fstat(fd)
        if found.st_mtime_ns == now:
            self._marks[name] = signature(found)

    def rename(self, old: str, new: str) -> None:
        with guarded("write", self.path, new):
            os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def remove(self, name: str) -> None:
        with guarded("remove", self.path, name):
            os.unlink(name, dir_fd=self.fd)

    def discard(self, name: str) -> None:
        """Remove a file that does no harm if it stays."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self.fd)

    def sync(self) -> None:
        """Make renames durable."""
        with guarded("write", self.path):
            os.fsync(self.fd)


# --- the folder itself -----------------------------------------------------------------------------------------------

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def existing(state_dir: Path, name: str = FOLDER, *, mend: bool = True) -> Iterator[Folder | None]:
    """Open a folder of the state directory to read in it; ``None`` if it is not there."""
    path = state_dir / name
    fd = _enter(path)
    try:
        if fd is None:
            yield None
            return
        if mend:
            tighten(fd, os.fstat(fd), PRIVATE_FOLDER, path)
        yield Folder(path, fd, mend=mend)
    finally:
        if fd is not None:
            os.close(fd)


@contextmanager
def created(state_dir: Path, name: str = FOLDER) -> Iterator[Folder]:
    """Open a folder of the state directory to write in it, and make it where it is missing."""
    path = state_dir / name
    with existing(state_dir, name) as folder:
        if folder is not None:
            yield folder
            return
    with guarded("create", path):
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        for missing in (state_dir, path):
            with suppress(FileExistsError):
                missing.mkdir(PRIVATE_FOLDER)
                missing.chmod(PRIVATE_FOLDER)
    with existing(state_dir, name) as folder:
        if folder is None:
            raise StoreUnavailable(f"cannot open {path}: it went away", hint=DOCTOR)
        yield folder


def anchor(state_dir: Path) -> None:
    """Make the folders themselves durable, whoever made them: files are no safer than the way to them."""
    for path in (state_dir, state_dir.parent):
        try:
            fd = os.open(path, _DIRECTORY)
        except PermissionError:
            continue
        except OSError as error:
            raise refusal("open", path, error) from error
        try:
            with guarded("write", path):
                os.fsync(fd)
        finally:
            os.close(fd)


def _enter(path: Path) -> int | None:
    """The state directory may be a link, its owner chose it; what is below it may not."""
    state_dir = path.parent
    try:
        above = os.open(state_dir, _DIRECTORY)
    except FileNotFoundError:
        if state_dir.is_symlink():
            raise StoreUnavailable(
                f"cannot open {state_dir}: it is a symbolic link to nothing", hint="bring back what it leads to"
            ) from None
        return None
    except OSError as error:
        raise refusal("open", state_dir, error) from error
    try:
        return os.open(path.name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal("open", path, error) from error
    finally:
        os.close(above)


def is_loose(path: Path) -> bool:
    """Is it open to others, as far as that can be seen?"""
    try:
        return bool(path.stat().st_mode & LOOSE)
    except OSError:
        return False


def tighten(fd: int, found: os.stat_result, mode: int, path: Path) -> bool:
    """Close to others what is open to them. Whether anything changed."""
    if not found.st_mode & LOOSE:
        return False
    try:
        os.fchmod(fd, mode)
    except OSError as error:
        log.warning("%s is open to others (mode %o), and stays so: %s", path, stat.S_IMODE(found.st_mode), error)
        return False
    log.warning("%s was open to others (mode %o); now it is not", path, stat.S_IMODE(found.st_mode))
    return True
