"""One writer at a time, among our processes and the reference's.

Two locks are held together, because neither does for both:

* ``flock`` on ``BASE-pairing.flock``, among our own processes. The kernel releases it when a process dies, however it
  dies. The file is never removed: whoever waits for it must wait for the same one.
* The reference's: a directory ``FILE.lock`` beside each of its two files, made by ``mkdir``, removed by ``rmdir``, and
  anybody's after 30 s without a sign of life. Ours carry the sticky bit, which ``mkdir`` sets in the same step: found
  while we hold the flock, such a directory was left by a process of ours that died, and is taken over at once.

A directory is only ever taken over through an open descriptor, which pins its inode: whoever else made a new one under
the same name in the meantime keeps his.
"""

import errno
import fcntl
import logging
import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import StoreUnavailable
from clawdbot.store.disk import DOCTOR, PRIVATE_FILE, Folder, guarded, refusal, tighten

log = logging.getLogger("clawdbot.store")

OURS = stat.S_ISVTX | 0o700
"""Mode of a lock directory that we made."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what."""

    lock_s: float = 60.0
    """For both locks together, before the caller is told that the store is busy."""
    stale_s: float = 30.0
    """For a sign of life in a foreign lock directory."""
    poll_s: float = 0.008
    """Between two looks, at most."""


class Deadline:
    """The end of patience, by a clock that nobody sets; or of anybody's interest."""

    def __init__(self, patience: Patience, wanted: Callable[[], bool]) -> None:
        self._end = time.monotonic() + patience.lock_s
        self._poll_s = patience.poll_s
        self._wanted = wanted

    def wait(self, path: Path) -> None:
        """Wait a little. Raises StoreUnavailable once it was long enough, or if nobody waits for the end of it."""
        if not self._wanted():
            raise StoreUnavailable(f"cannot lock {path}: given up", hint="try again")
        if time.monotonic() >= self._end:
            raise StoreUnavailable(f"cannot lock {path}: another program holds it", hint=f"try again, or {DOCTOR}")
        time.sleep(random.uniform(0.1, 1.0) * self._poll_s)  # noqa: S311 – spreads waiters, guards nothing


class Held:
    """The flock, and lock directories; released with ``stack``."""

    def __init__(self, folder: Folder, patience: Patience, deadline: Deadline, stack: ExitStack) -> None:
        self._folder = folder
        self._patience = patience
        self._deadline = deadline
        self._stack = stack
        self._directories: dict[str, LockDirectory] = {}

    def take(self, name: str) -> bool:
        """Take a lock directory, too; ``False`` if it was held already.

        Raises:
            StoreUnavailable: it cannot be made, or not in time.
        """
        if name in self._directories:
            return False
        directory = LockDirectory.take(self._folder, name, self._patience, self._deadline)
        self._stack.callback(directory.release)
        self._directories[name] = directory
        return True

    def confirm(self) -> None:
        """Make sure of the locks right before what cannot be undone. Raises StoreUnavailable if one was lost."""
        for directory in self._directories.values():
            directory.confirm()


@contextmanager
def exclusive(
    folder: Folder,
    flock: str,
    directories: tuple[str, ...],
    patience: Patience,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[Held]:
    """Hold the flock and the lock directories, in this order.

    Args:
        wanted: asked while waiting; once it says no, the wait is over.

    Raises:
        StoreUnavailable: they cannot be made, or not in time.
    """
    deadline = Deadline(patience, wanted)
    with ExitStack() as stack:
        fd = _flock(folder, flock, deadline)
        stack.callback(os.close, fd)
        held = Held(folder, patience, deadline, stack)
        for name in directories:
            held.take(name)
        yield held


def _flock(folder: Folder, name: str, deadline: Deadline) -> int:
    while True:
        fd = _open_file(folder, name)
        try:
            while not _try_flock(fd, folder, name):
                deadline.wait(folder.path / name)
            current = folder.stat(name)
            if current is not None and os.path.samestat(current, os.fstat(fd)):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _open_file(folder: Folder, name: str) -> int:
    with guarded("lock", folder.path, name):
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE, dir_fd=folder.fd)
        try:
            found = os.fstat(fd)
            if not found.st_mode & stat.S_IWUSR:  # just made, under a umask that takes rights from the owner too
                os.fchmod(fd, PRIVATE_FILE)
            tighten(fd, found, PRIVATE_FILE, folder.path / name)
        except BaseException:
            os.close(fd)
            raise
    return fd


def _try_flock(fd: int, folder: Folder, name: str) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise refusal("lock", folder.path / name, error) from error
    return True


class LockDirectory:
    """One ``FILE.lock`` that is ours as long as it is the one that we hold open."""

    def __init__(self, folder: Folder, name: str, fd: int) -> None:
        self._folder = folder
        self._name = name
        self._fd = fd

    @classmethod
    def take(cls, folder: Folder, name: str, patience: Patience, deadline: Deadline) -> "LockDirectory":
        """Make the directory, or take over one that nobody holds any more; the flock is held."""
        watch = _Watch(patience.stale_s)
        while True:
            made = _make(folder, name)
            fd = _open_directory(folder, name)
            if fd is None:
                continue
            taken = False
            try:
                directory = cls(folder, name, fd)
                taken = made or (watch.is_abandoned(os.fstat(fd)) and directory._adopt())
                if taken:
                    return directory
            finally:
                if not taken:
                    os.close(fd)
            deadline.wait(folder.path / name)

    def confirm(self) -> None:
        """See that it is still ours, and show a sign of life."""
        if not self._is_ours():
            raise StoreUnavailable(
                f"lost the lock {self._folder.path / self._name}: the disk or this process stood still for too long",
                hint="nothing was changed; try again",
            )
        with guarded("lock", self._folder.path, self._name):
            os.utime(self._fd)

    def release(self) -> None:
        """Never fails: by now the change is saved, and what stays behind is taken over by the next one."""
        try:
            if self._is_ours():
                os.rmdir(self._name, dir_fd=self._folder.fd)
        except (OSError, StoreUnavailable) as error:
            log.warning("cannot remove the lock %s: %s", self._folder.path / self._name, error)
        finally:
            os.close(self._fd)

    def _adopt(self) -> bool:
        with guarded("lock", self._folder.path, self._name):
            os.fchmod(self._fd, OURS)
            os.utime(self._fd)
        if self._is_ours():
            log.info("took over the lock %s, which nobody held any more", self._folder.path / self._name)
            return True
        return False

    def _is_ours(self) -> bool:
        current = self._folder.stat(self._name)
        return current is not None and os.path.samestat(current, os.fstat(self._fd))


class _Watch:
    """Tells whether a lock directory shows signs of life.

    It does not if it is older than ``stale_s`` by the wall clock, which is the reference's rule, or if it stayed the
    same for that long while we looked: after a jump of the clock its time may lie in the future (threats.md S6).
    """

    def __init__(self, stale_s: float) -> None:
        self._stale_s = stale_s
        self._seen: tuple[int, int, int] | None = None
        self._since = 0.0

    def is_abandoned(self, found: os.stat_result) -> bool:
        if found.st_mode & stat.S_ISVTX:
            return True
        looks = (found.st_dev, found.st_ino, found.st_mtime_ns)
        if looks != self._seen:
            self._seen, self._since = looks, time.monotonic()
        return time.time() - found.st_mtime > self._stale_s or time.monotonic() - self._since > self._stale_s


def _make(folder: Folder, name: str) -> bool:
    try:
        os.mkdir(name, OURS, dir_fd=folder.fd)
    except FileExistsError:
        return False
    except OSError as error:
        raise refusal("lock", folder.path / name, error) from error
    return True


def _open_directory(folder: Folder, name: str) -> int | None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            return os.open(name, flags, dir_fd=folder.fd)
        except PermissionError:  # made by us under a umask that takes rights from the owner too
            os.chmod(name, OURS, dir_fd=folder.fd)
            return os.open(name, flags, dir_fd=folder.fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            raise StoreUnavailable(f"cannot lock {folder.path / name}: it is no directory", hint=DOCTOR) from error
        raise refusal("lock", folder.path / name, error) from error
