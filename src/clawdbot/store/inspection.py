"""What is wrong with the files, for ``clawdbot doctor``: found without changing anything, mended on demand."""

import os
import shlex
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path

from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import StoreError, UsageError
from clawdbot.store.disk import (
    DOCTOR,
    LOOSE,
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    TEMPORARY,
    Folder,
    existing,
    guarded,
)
from clawdbot.store.documents import Malformed
from clawdbot.store.layout import FOLDER, Part, owner
from clawdbot.store.senders_files import SendersFiles

FilesOf = Callable[[ChannelAccount], SendersFiles]

FIX = 'run "clawdbot doctor --fix"'
MEND = "mend it in an editor, or move it away"
WAYS_OUT = {
    Part.PAIRING: f"{FIX}: it is set aside, and whoever waits gets a new code",
    Part.ALLOW_FROM: f"{MEND}: then nobody is approved any more",
    Part.SENDERS: f"{MEND}: then nobody is blocked any more",
}
"""What can be done about a file that cannot be read, and what that costs."""

STRAY_S = 60
"""A half-written file of this age is nobody's work in progress."""


class Severity(StrEnum):
    ERROR = "error"
    """Something does not work."""
    WARNING = "warning"
    """Everything works, but not all is as it should be."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it. The text shows nothing from outside unescaped."""

    path: Path
    text: str
    hint: str
    severity: Severity = Severity.ERROR


def problems(state_dir: Path, files_of: FilesOf) -> list[Problem]:
    """Look at folders, modes, locks and the content of every file."""
    try:
        with existing(state_dir, mend=False) as folder:
            found = list(_odd_folders(state_dir))
            if folder is None:
                return found
            names = folder.names()
            for name in names:
                found += _odd_file(folder, name)
            for account in sorted({account for account in map(owner, names) if account}):
                found += _odd_content(files_of(account))
    except StoreError as error:
        return [Problem(state_dir / FOLDER, error.message, error.hint)]
    return found


def tidy(state_dir: Path, files_of: FilesOf) -> None:
    """Close to others what is open to them, and remove what killed processes left half-written."""
    with existing(state_dir, mend=False) as folder:
        for path in (state_dir, state_dir / FOLDER):
            with guarded("close to others", path):
                if path.exists() and path.stat().st_mode & LOOSE:
                    path.chmod(PRIVATE_FOLDER)
        if folder is None:
            return
        accounts = set()
        for name in folder.names():
            of = _owner(name)
            found = folder.stat(name)
            if of is None or found is None:
                continue
            accounts.add(of)
            if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != PRIVATE_FILE:
                with guarded("close to others", folder.path / name):
                    os.chmod(name, PRIVATE_FILE, dir_fd=folder.fd)
    for account in accounts:
        files = files_of(account)
        with files.locked() as (locked, _):
            files.sweep(locked)


def set_aside(path: Path, files_of: FilesOf) -> Path:
    """Rename a file out of the way, under the lock, to a name that says why.

    Whoever does this to the allowlist locks everybody out, and to our own file lifts every block: it is for the owner
    to decide, file by file.

    Raises:
        UsageError: it is not a file of the store.
    """
    account = owner(path.name)
    files = files_of(account) if account else None
    if files is None or path not in {files.path(part) for part in Part}:
        raise UsageError(f"{path} is no file of the store")
    with files.locked() as (folder, _):
        free = next(name for n in count(1) if folder.stat(name := f"{path.name}.corrupt-{n}") is None)
        folder.rename(path.name, free)
        folder.sync()
    return path.with_name(free)


def _odd_folders(state_dir: Path) -> Iterator[Problem]:
    for path in (state_dir, state_dir / FOLDER):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & LOOSE:
            yield Problem(path, f"open to others (mode {stat.S_IMODE(mode):o})", FIX, Severity.WARNING)
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            text = f"closed to whoever runs clawdbot now (mode {stat.S_IMODE(mode):o}); nothing can be saved in it"
            yield Problem(
                path, text, f"run clawdbot as its owner; if that is you: chmod u+rwx {shlex.quote(str(path))}"
            )


def _odd_file(folder: Folder, name: str) -> Iterator[Problem]:
    found = folder.stat(name) if _owner(name) else None
    if found is None:
        return
    path = folder.path / name
    if name.endswith(".lock"):
        if not stat.S_ISDIR(found.st_mode):
            yield Problem(path, "a lock that is no directory; nothing can be saved beside it", "remove it")
        return
    if stat.S_ISLNK(found.st_mode):
        yield Problem(path, "a symbolic link, which is not followed", "put the file itself there")
    elif found.st_mode & LOOSE:
        yield Problem(path, f"open to others (mode {stat.S_IMODE(found.st_mode):o})", FIX, Severity.WARNING)
    if name.endswith(TEMPORARY) and time.time() - found.st_mtime > STRAY_S:
        yield Problem(path, "half-written, left by a process that was killed", FIX, Severity.WARNING)


def _odd_content(files: SendersFiles) -> Iterator[Problem]:
    try:
        stored = files.inspect()
    except StoreError as error:
        broken = error.__cause__
        if isinstance(broken, Malformed):
            yield Problem(files.path(broken.part), f"not what it must be: {broken}", WAYS_OUT[broken.part])
        else:
            hint = MEND if error.hint == DOCTOR else error.hint
            yield Problem(files.path(Part.PAIRING).parent, error.message, hint)
        return
    for note in stored.notes if stored else ():
        yield Problem(files.path(note.part), note.text, "mend it in an editor, or leave it out", Severity.WARNING)


def _owner(name: str) -> ChannelAccount | None:
    """The account that a file, its lock or something half-written for it belongs to."""
    if name.endswith("-pairing.flock"):
        return owner(name.removesuffix(".flock") + ".json")
    stem, json, _ = name.partition(".json")
    return owner(stem + json)
