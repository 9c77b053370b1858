"""What is wrong with the files, for ``clawdbot doctor``: found without changing anything, mended on demand."""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import StoreError, UsageError
from clawdbot.obstacles import way_in
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
from clawdbot.store.file_set import FileSet
from clawdbot.store.layout import owner
from clawdbot.store.sight import Broken

FIX = 'run "clawdbot doctor --fix"'
MEND = "mend it in an editor, or move it away"
RESTORE = 'mend it in an editor, bring back a backup with "clawdbot restore", or move it away'
WAYS_OUT = {
    "-pairing.json": f"{FIX}: it is set aside, and whoever waits gets a new code",
    "-allowFrom.json": f"{RESTORE}: then nobody is approved any more",
    "-senders.json": f"{RESTORE}: then nobody is blocked any more",
    "pending.json": f"{FIX}: it is set aside, and whoever waits asks again",
    "paired.json": f"{RESTORE}: then none of them is paired any more",
}
"""What can be done about a file that cannot be read, and what that costs."""

TRIAL_BYTES = 4096
"""A page: what a full disk has no room for."""

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


@dataclass(frozen=True, slots=True)
class Area:
    """A folder of the state directory, and which of our files are in it."""

    folder: str
    files: Callable[[Iterable[str]], Sequence[FileSet[Any]]]
    """Those to which at least one of these names belongs."""

    @classmethod
    def of(cls, one: FileSet[Any]) -> "Area":
        """A folder that is for these files alone."""
        return cls(one.layout.folder, lambda names: [one] if any(map(one.owns, names)) else [])


def problems(state_dir: Path, areas: Iterable[Area]) -> list[Problem]:
    """Look at folders, modes, locks and the content of every file."""
    found = list(_loose_folder(state_dir))
    if is_closed(state_dir):
        return found
    for area in areas:
        try:
            found += _odd_area(state_dir, area)
        except StoreError as error:
            found.append(Problem(state_dir / area.folder, error.message, error.hint))
    return found


def unwritable(state_dir: Path) -> list[Problem]:
    """Try to save something; it is gone again at once. A full disk is seen by nothing else."""
    if not state_dir.is_dir() or is_closed(state_dir):
        return []
    try:
        with guarded("open", state_dir):
            fd = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            folder = Folder(state_dir, fd)
            folder.discard(folder.stage("doctor", bytes(TRIAL_BYTES)))
        finally:
            os.close(fd)
    except StoreError as error:
        why = error.__cause__
        text = os.strerror(why.errno).lower() if isinstance(why, OSError) and why.errno else error.message
        return [Problem(state_dir, f"nothing can be saved in it: {text}", error.hint)]
    return []


def is_closed(path: Path) -> bool:
    """Is a folder there, and whoever runs this cannot use it?"""
    return os.path.exists(path) and not os.access(path, os.R_OK | os.W_OK | os.X_OK)


def tidy(state_dir: Path, areas: Iterable[Area]) -> None:
    """Close to others what is open to them, and remove what killed processes left half-written."""
    with guarded("close to others", state_dir):
        if state_dir.exists() and state_dir.stat().st_mode & LOOSE:
            state_dir.chmod(PRIVATE_FOLDER)
    for area in areas:
        with existing(state_dir, area.folder, mend=False) as folder:
            if folder is None:
                continue
            with guarded("close to others", folder.path):
                if folder.path.stat().st_mode & LOOSE:
                    folder.path.chmod(PRIVATE_FOLDER)
            names = folder.names()
            ours = area.files(names)
            for name in names:
                if any(files.owns(name) for files in ours):
                    _close(folder, name)
        for files in ours:
            with files.locked() as (locked, _):
                files.sweep(locked)


def set_aside(path: Path, areas: Iterable[Area]) -> Path:
    """Rename a file out of the way, under the lock, to a name that says why.

    Whoever does this to an allowlist or to paired devices locks all of them out, and to our own file lifts every block:
    it is for the owner to decide, file by file.

    Raises:
        UsageError: it is not a file of the store.
    """
    for area in areas:
        for files in area.files([path.name]):
            if path in {files.folder / name for name in files.layout.files}:
                return _set_aside(path, files)
    raise UsageError(f"{path} is no file of the store")


def account_of(name: str) -> ChannelAccount | None:
    """The account that a file, its lock or something half-written for it belongs to."""
    if name.endswith("-pairing.flock"):
        return owner(name.removesuffix(".flock") + ".json")
    stem, json, _ = name.partition(".json")
    return owner(stem + json)


def _set_aside(path: Path, files: FileSet[Any]) -> Path:
    with files.locked() as (folder, _):
        free = next(name for n in count(1) if folder.stat(name := f"{path.name}.corrupt-{n}") is None)
        folder.rename(path.name, free)
        folder.sync()
    return path.with_name(free)


def _close(folder: Folder, name: str) -> None:
    found = folder.stat(name)
    if found and stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != PRIVATE_FILE:
        with guarded("close to others", folder.path / name):
            os.chmod(name, PRIVATE_FILE, dir_fd=folder.fd)


def _odd_area(state_dir: Path, area: Area) -> Iterator[Problem]:
    with existing(state_dir, area.folder, mend=False) as folder:
        if folder is None:
            return
        yield from _loose_folder(folder.path)
        names = folder.names()
        ours = area.files(names)
        odd = [each for name in names if any(files.owns(name) for files in ours) for each in _odd_file(folder, name)]
    yield from odd
    explained = {problem.path for problem in odd if problem.severity is Severity.ERROR}
    for files in ours:
        yield from (problem for problem in _odd_content(files) if problem.path not in explained)


def _loose_folder(path: Path) -> Iterator[Problem]:
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & LOOSE:
        yield Problem(path, f"open to others (mode {stat.S_IMODE(mode):o})", FIX, Severity.WARNING)
    if is_closed(path):
        text = f"closed to whoever runs clawdbot now (mode {stat.S_IMODE(mode):o}); nothing can be saved in it"
        yield Problem(path, text, way_in(path))


def _odd_file(folder: Folder, name: str) -> Iterator[Problem]:
    found = folder.stat(name)
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


def _odd_content(files: FileSet[Any]) -> Iterator[Problem]:
    try:
        stored = files.inspect()
    except StoreError as error:
        broken = [_unreadable(files.folder / name, each) for name, each in files.broken()]
        yield from broken or [_unreadable(files.folder, error)]
        return
    for name, text in files.notes(stored) if stored else ():
        yield Problem(files.folder / name, text, "mend it in an editor, or leave it out", Severity.WARNING)


def _unreadable(path: Path, error: StoreError) -> Problem:
    broken = error.__cause__
    if isinstance(broken, Broken):
        way = next((way for ending, way in WAYS_OUT.items() if path.name.endswith(ending)), MEND)
        return Problem(path, f"not what it must be: {broken}", way)
    return Problem(path, error.message, MEND if error.hint == DOCTOR else error.hint)
