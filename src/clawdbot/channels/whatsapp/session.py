"""The folder in which a bridge keeps what makes this machine a linked device: as secret as the account itself.

session.db          the library's: keys, contacts, which number belongs to which LID
handed-over.json    messages that WhatsApp will not send again, and that nobody has taken yet
bridge.log          what the library printed before it fell
lock                held by the bridge that is at work
"""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from clawdbot.channels import small_file
from clawdbot.channels.whatsapp.protocol import Account, Incoming

DATABASE = "session.db"
_KEPT = "handed-over.json"
_LOG = "bridge.log"
_LOCK = "lock"

_LOG_BYTES = 1024 * 1024
_DATABASE_S = 5.0
"""How long the database may be locked by whoever writes to it."""


class InUse(Exception):
    """Another bridge is at work in this folder."""


def prepare(folder: Path, root: Path) -> None:
    """Make the folder, and close to others what is open to them (threats.md S1).

    Below ``root`` all of it is ours. Elsewhere the owner may have chosen a folder that other things are in as well:
    then only our own files are closed, and the folder stays as it is.

    Args:
        root: up to where folders above are ours, too; they may not be links.

    Raises:
        OSError: it cannot be made, or is no folder of ours, or others may write to it.
    """
    ours = [each for each in (*reversed(folder.parents), folder) if each.is_relative_to(root)]
    (ours or [folder])[0].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in ours or [folder]:
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
        found = each.stat() if each == root else each.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(0, f"{each} is no folder")
        if each != root and stat.S_IMODE(found.st_mode) != 0o700:
            if not ours and _is_shared(each, found):
                continue
            each.chmod(0o700)
    for path in folder.iterdir():
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077 and (ours or _is_own(path)):
            path.chmod(0o600)


def _is_own(path: Path) -> bool:
    """A file that a bridge of ours makes, or its database beside it (``session.db-wal``); somebody else's is not."""
    named = path.name.partition("-")[0] == DATABASE or path.name in (_KEPT, f"{_KEPT}.tmp", _LOG, _LOCK)
    return named and path.lstat().st_uid == os.geteuid()


def _is_shared(folder: Path, found: os.stat_result) -> bool:
    """Whether there is more in a folder than ours. Raises PermissionError if others could put other keys there."""
    if found.st_uid == os.geteuid() and all(_is_own(path) for path in folder.iterdir()):
        return False
    if found.st_mode & 0o022:
        raise PermissionError(0, "others may write to it", str(folder))
    return True


def is_unlinked(folder: Path) -> bool:
    """Whether it is certain that nobody is linked; what cannot be read says nothing."""
    try:
        return Session(folder).linked() is None
    except (sqlite3.Error, OSError):
        return False


class Session:
    """A session's folder, for the one bridge that holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / DATABASE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else is at work here meanwhile. Raises InUse if somebody is."""
        fd = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InUse from None
            yield
        finally:
            os.close(fd)

    def linked(self) -> Account | None:
        """Who is linked, by the library's own tables; nobody connects for that. Raises sqlite3.Error."""
        if not self.database.exists():
            return None
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=_DATABASE_S)) as database:
            tables = "select count(*) from sqlite_master where name = 'whatsmeow_device'"
            if database.execute(tables).fetchone() != (1,):
                return None
            row = database.execute("select jid, coalesce(lid, ''), push_name from whatsmeow_device").fetchone()
        return None if row is None else Account(jid=row[0], lid=row[1], name=row[2])

    def keep(self, messages: Sequence[Incoming]) -> None:
        """Write down what was not taken; :meth:`kept` has it the next time. Raises OSError."""
        path = self.folder / _KEPT
        if not messages:
            path.unlink(missing_ok=True)
            return
        small_file.write(path, msgspec.json.encode(messages), durable=True)

    def kept(self) -> list[Incoming]:
        """What was not taken the last time, in order; what cannot be read is put aside. Raises OSError."""
        return small_file.read(self.folder / _KEPT, list[Incoming]) or []

    def open_log(self) -> int:
        """A file descriptor for what the library prints. Raises OSError."""
        path = self.folder / _LOG
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(fd).st_size > _LOG_BYTES:
            os.ftruncate(fd, 0)
        return fd
