"""Reads tables out of a SQLite database that is another program's, without leaving a trace there. Blocking.

SQLite itself cannot: whoever opens a database in WAL mode, even to read, writes into the files beside it. So the
database and its log of what is not in it yet are copied to a private temporary folder, and the copy is read. Nothing
in it is trusted: a file from outside can hold anything (threats.md S4, S8).
"""

import fcntl
import os
import shutil
import sqlite3
import stat
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from clawdbot.backup.private_folder import private_folder
from clawdbot.errors import Refused, StoreCorrupt, StoreUnavailable
from clawdbot.store.disk import Folder, Signature, existing, guarded, signature

MAX_DATABASE: Final = 1 << 30
MAX_ROWS: Final = 100_000
"""In one table; the largest deployment that we heard of has some thousands of senders."""
MAX_VALUE: Final = 1 << 20
MAX_COLUMNS: Final = 100
MAX_SIZE: Final = 1 << 26
"""Of one table, all of it together: its texts, and :data:`EACH` for every value of any kind."""
EACH: Final = 64
"""About the bytes that a value takes in memory, in a dict; in the file one that is its default takes none."""

STOP: Final = "stop what runs there, and try again"

Value = str | int | float | bytes | None
"""As SQLite gives it; a text that is no UTF-8 comes as bytes."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a table says. Every row has every column."""

    columns: frozenset[str]
    rows: tuple[Mapping[str, Value], ...]


Tables = Mapping[str, Table]


def read(state_dir: Path, folder: str, name: str, wanted: Collection[str]) -> Tables | None:
    """Read those of the wanted tables that are there; ``None`` if there is no such database.

    Raises:
        Refused: a program has it open, or it changes meanwhile.
        StoreCorrupt: it is damaged, or far larger than any that we would take.
        StoreUnavailable: it cannot be read, or is a link.
    """
    with existing(state_dir.resolve(), folder, mend=False) as opened:
        if opened is None or opened.stat(name) is None:
            return None
        with private_folder() as private:
            before = _look(opened, name)
            for each in before:
                _copy(opened, each, private / each, is_database=each == name)
            if before != _look(opened, name):
                raise Refused(f"{opened.path / name} changes while it is read", hint=STOP)
            return _read(private / name, wanted, opened.path / name)


# --- copying ---------------------------------------------------------------------------------------------------------


def _look(folder: Folder, name: str) -> dict[str, Signature]:
    """The files that are the database at this moment."""
    found = {each: folder.stat(each) for each in (name, f"{name}-wal", f"{name}-journal")}
    journal = found.pop(f"{name}-journal")
    if journal is not None and journal.st_size:
        raise Refused(
            f"{folder.path / name} was left in the middle of a change",
            hint="start what it belongs to once, and stop it",
        )
    there = {each: status for each, status in found.items() if status is not None}
    for each, status in there.items():
        if not stat.S_ISREG(status.st_mode):
            raise StoreUnavailable(f"cannot read {folder.path / each}: it is not a regular file")
    if sum(status.st_size for status in there.values()) > MAX_DATABASE:
        raise StoreCorrupt(f"{folder.path / name} is larger than {MAX_DATABASE >> 20} MiB", hint="nothing was taken")
    return {each: signature(status) for each, status in there.items()}


def _copy(folder: Folder, name: str, to: Path, *, is_database: bool) -> None:
    path = folder.path / name
    with _opened(folder, name) as file, guarded("copy", to):
        if is_database and _is_in_use(file.fileno()):
            raise Refused(f"{path} is in use", hint=STOP)
        with open(to, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as copy:
            shutil.copyfileobj(file, copy)


@contextmanager
def _opened(folder: Folder, name: str) -> Iterator[IO[bytes]]:
    path = folder.path / name
    with guarded("read", path):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.fd)
    with open(fd, "rb") as file:
        yield file


_FLOCKS: Final = {
    "linux": (struct.Struct("hhqqi"), (fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0), 0),
    "darwin": (struct.Struct("qqihh"), (0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET), 3),
}
"""How a system lays out ``struct flock``: a write lock on a whole file, and where its type is."""


def _is_in_use(fd: int) -> bool:
    """Does a program hold any lock on a database? In WAL mode each does for as long as it has it open.

    It is only asked, no lock is taken; where it cannot be, that the files change is all that tells.
    """
    layout, question, kind = _FLOCKS.get(sys.platform, (None, (), 0))
    if layout is None:
        return False
    with suppress(OSError):
        answer = fcntl.fcntl(fd, fcntl.F_GETLK, layout.pack(*question))
        return bool(layout.unpack(answer[: layout.size])[kind] != fcntl.F_UNLCK)
    return False


# --- reading ---------------------------------------------------------------------------------------------------------

_ORDINARY: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
"""A virtual table has no root page; it and a view could do anything, and are as if they were not there."""


def _read(copy: Path, wanted: Collection[str], path: Path) -> Tables:
    try:
        with closing(sqlite3.connect(copy)) as database:
            database.text_factory = _text
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
            found = {name for (name,) in database.execute(_ORDINARY)}
            return {name: _table(database, name, path) for name in wanted if name in found}
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise StoreCorrupt(
            f"{path} cannot be read as a database: {type(error).__name__}",
            hint=f"it is damaged, or too new for SQLite {sqlite3.sqlite_version}; nothing was taken",
        ) from None


def _table(database: sqlite3.Connection, name: str, path: Path) -> Table:
    (verdict,) = database.execute(f"PRAGMA quick_check('{name}')").fetchone()
    if verdict != "ok":
        raise StoreCorrupt(f"{path} is damaged, in {name}", hint="nothing was taken")
    cursor = database.execute(f'SELECT * FROM "{name}" LIMIT {MAX_ROWS + 1}')  # noqa: S608  the name is one of ours
    columns = [column for column, *_ in cursor.description]
    too_much = StoreCorrupt(f"{path} holds more in {name} than can be taken", hint="nothing was taken")
    if len(columns) > MAX_COLUMNS:
        raise too_much
    rows: list[Mapping[str, Value]] = []
    size = 0
    for row in cursor:
        size += EACH * len(row) + sum([len(value) for value in row if isinstance(value, str | bytes)])
        rows.append(dict(zip(columns, row, strict=True)))
        if len(rows) > MAX_ROWS or size > MAX_SIZE:
            raise too_much
    return Table(frozenset(columns), tuple(rows))


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
