"""The client's secrets on disk: ``identity/`` in the state directory, private and without links (threats.md S1).

Names are single components, opened relative to the open folder, so that nothing can be put in the way between a check
and its use.
"""

import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.obstacles import way_out

log = logging.getLogger("clawdbot.client")

FOLDER: Final = "identity"
MAX_BYTES: Final = 64 * 1024

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_LOOSE: Final = 0o077


class PrivateFiles:
    """The files in a folder of a state directory, which need not exist yet.

    The folder is ``identity`` unless another one is named; an empty name is the state directory itself.
    Every method raises :class:`~clawdbot.errors.StoreUnavailable` if the system refuses.
    """

    def __init__(self, state_dir: Path, folder: str = FOLDER) -> None:
        self._state_dir = state_dir
        self.folder = state_dir / folder

    def read(self, name: str) -> bytes | None:
        """A file's content; ``None`` if there is none. One that is open to others is closed to them.

        Raises:
            StoreCorrupt: it is far too large to be what it should be.
        """
        path = self.folder / name
        with _guarded("read", path):
            try:
                folder = _open_folder(self.folder)
            except FileNotFoundError:
                return None
            try:
                return _read(folder, name, path)
            except FileNotFoundError:
                return None
            finally:
                os.close(folder)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file that is not there yet. Whether it was this process that wrote it."""
        with self._writing(name) as folder:
            temporary = _stage(folder, name, data)
            try:
                os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                return False
            finally:
                _discard(folder, temporary)
            os.fsync(folder)
            return True

    def replace(self, name: str, data: bytes) -> None:
        """Write a file in the place of what was there."""
        with self._writing(name) as folder:
            temporary = _stage(folder, name, data)
            try:
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                _discard(folder, temporary)
                raise
            os.fsync(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of ours from changing a file between reading and writing it."""
        with self._writing("") as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _writing(self, name: str) -> Iterator[int]:
        with _guarded("write", self.folder / name):
            for missing in (self._state_dir, self.folder):
                with suppress(FileExistsError):
                    missing.mkdir(_PRIVATE_FOLDER, parents=True)
                    missing.chmod(_PRIVATE_FOLDER)
            folder = _open_folder(self.folder)
            try:
                yield folder
            finally:
                os.close(folder)


def _open_folder(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    _tighten(descriptor, _PRIVATE_FOLDER, path)
    return descriptor


def _read(folder: int, name: str, path: Path) -> bytes:
    # O_NONBLOCK: whoever puts a pipe there must not make us wait for its other end.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StoreUnavailable(f"cannot read {path}: it is not a regular file")
        _tighten(descriptor, _PRIVATE_FILE, path)
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise StoreCorrupt(f"{path} is not what it must be: larger than {MAX_BYTES} bytes")
    return data


def _stage(folder: int, name: str, data: bytes) -> str:
    """Write a new private file beside ``name``, and to the disk itself."""
    temporary = f"{name}.{os.urandom(8).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, _PRIVATE_FILE)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        _discard(folder, temporary)
        raise
    return temporary


def _discard(folder: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def _tighten(descriptor: int, mode: int, path: Path) -> None:
    """Close to others what is open to them."""
    found = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if found & _LOOSE:
        try:
            os.fchmod(descriptor, mode)
        except OSError as error:
            log.warning("%s is open to others (mode %o), and stays so: %s", path, found, error.strerror)
        else:
            log.warning("%s was open to others (mode %o); now it is not", path, found)


@contextmanager
def _guarded(doing: str, path: Path) -> Iterator[None]:
    """Turn what the system refuses into StoreUnavailable."""
    try:
        yield
    except OSError as error:
        linked = path.is_symlink() or path.parent.is_symlink()
        hint = "links are not followed here; put the real thing there" if linked else way_out(error, path)
        why = os.strerror(error.errno).lower() if error.errno else type(error).__name__
        raise StoreUnavailable(f"cannot {doing} {path}: {why}", hint=hint) from error
