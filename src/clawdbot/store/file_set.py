"""Several files of one folder that are read as one state and replaced as one. Blocking; no event loop here.

Any thread may look while another one writes: what was read is remembered as a whole, and checked before it is believed.
"""

import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from clawdbot.domain.effects import Change
from clawdbot.errors import StoreCorrupt, StoreError, StoreUnavailable
from clawdbot.store.disk import (
    DOCTOR,
    TEMPORARY,
    Blob,
    Folder,
    Signature,
    anchor,
    created,
    existing,
    refusal,
    signature,
)
from clawdbot.store.locks import Held, Patience, exclusive

S = TypeVar("S")
T = TypeVar("T")

Decide = Callable[[S], Change[S, Any]]
Outcome = Change[S, Any] | Exception
Looks = Mapping[str, Signature | None]
"""What paths look like; ``None`` if nothing is there."""

Texts = Mapping[str, bytes | None]
"""What the files hold, by name; ``None`` for one that is not there."""

SETTLED_NS = 50_000_000
"""A copy is trusted once its files are older than this: two writes within one tick of the clock look alike."""


class Broken(ValueError):
    """A file as a whole does not hold what it must."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files are, and what keeps others from writing them."""

    folder: str
    """Below the state directory."""
    files: tuple[str, ...]
    """In the order in which they are written."""
    flock: str
    lock_directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy(Generic[T]):
    """What the files said, and how to tell whether they still say it.

    Attributes:
        looks: as long as they last, so does what was said: of each file that is there, and of the folder if one is not,
            for no file comes into a folder without a trace. Left out is what could change once more and look the same.
        settled: nothing is left out.
    """

    texts: Texts
    stored: T
    looks: Looks
    settled: bool


class FileSet(ABC, Generic[T]):
    """Files that are one state, of which ``T`` is all that is known.

    Raises (every method):
        StoreCorrupt: a file does not hold what it must; it is left as it is.
        StoreUnavailable: a file cannot be read, locked or written now; nothing was changed.
    """

    def __init__(self, state_dir: Path, layout: Layout, patience: Patience) -> None:
        self.layout = layout
        self.folder = state_dir / layout.folder
        self._state_dir = state_dir
        self._patience = patience
        self._around = str(self.folder)
        self._paths = {name: str(self.folder / name) for name in layout.files}
        self._copy: Copy[T] | None = None
        self._prepared = False
        self.mends = True
        """Does a look set modes right that are too wide (threats.md S1)?"""

    @abstractmethod
    def decode(self, texts: Texts, old: Copy[T] | None) -> T:
        """Read the files, with the help of what they said before. Raises Broken."""

    @abstractmethod
    def notes(self, stored: T) -> Iterator[tuple[str, str]]:
        """What is odd in a file and does not keep the rest of it from being used: the file's name, and what."""

    def owns(self, name: str) -> bool:
        """Is that one of these files, its lock, or something that was left beside it?"""
        stem, ending, _ = name.partition(".json")
        return name == self.layout.flock or stem + ending in self.layout.files

    def look(self) -> T | None:
        """What the files say now; ``None`` if one changed while they were read: look again.

        Costs one ``stat`` a file as long as nothing changes, and then returns the same object again. Otherwise what
        changed is read.
        """
        known = self.glance()
        if known is not None:
            return known
        with existing(self._state_dir, self.layout.folder, mend=self.mends) as folder:
            fresh = self._read(folder)
        return fresh.stored if fresh else None

    def glance(self) -> T | None:
        """What the files say now, if one ``stat`` of each shows that they say what they said before."""
        copy = self._copy
        if copy is None or not copy.settled:
            return None
        for path, known in copy.looks.items():
            if self._signature(path) != known:
                return None
        return copy.stored

    def inspect(self) -> T | None:
        """The same as :meth:`look`, from the disk, and without setting any mode right."""
        with existing(self._state_dir, self.layout.folder, mend=False) as folder:
            fresh = self._read(folder)
        return fresh.stored if fresh else None

    def broken(self) -> Iterator[tuple[str, StoreError]]:
        """Each file that cannot be read, by its name: :meth:`look` says only the first one."""
        with existing(self._state_dir, self.layout.folder, mend=False) as folder:
            for name in self.layout.files if folder else ():
                try:
                    blob = folder.read(name) if folder else None
                    self.parsed({**dict.fromkeys(self.layout.files), name: blob.data if blob else None}, None)
                except StoreError as error:
                    yield name, error

    @contextmanager
    def locked(self, wanted: Callable[[], bool] = lambda: True) -> Iterator[tuple[Folder, Held]]:
        """Keep everybody else from writing these files."""
        layout = self.layout
        with (
            created(self._state_dir, layout.folder) as folder,
            exclusive(folder, layout.flock, layout.lock_directories, self._patience, wanted) as held,
        ):
            if not self._prepared:
                anchor(self._state_dir)
                self.sweep(folder)
                self._prepared = True
            yield folder, held

    def sweep(self, folder: Folder) -> None:
        """Remove what killed processes of ours left half-written. Under the lock, nobody is writing one."""
        files = "|".join(map(re.escape, self.layout.files))
        left = re.compile(rf"(?:{files})\.[0-9a-f]{{16}}{re.escape(TEMPORARY)}")
        for name in folder.names():
            if left.fullmatch(name):
                folder.discard(name)

    def read_locked(self, folder: Folder) -> Copy[T]:
        """What the files say, with the lock held."""
        for _ in range(10):
            copy = self._read(folder)
            if copy is not None:
                return copy
        raise StoreUnavailable(f"files in {self.folder} are changed by a program that takes no lock", hint=DOCTOR)

    def _signature(self, path: str) -> Signature | None:
        """What a path looks like now. Raises StoreUnavailable."""
        try:
            return signature(os.lstat(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("look at", Path(path), error) from error

    def _read(self, folder: Folder | None) -> Copy[T] | None:
        """Read the files that may have changed; ``None`` if what was read are not files of one moment."""
        now, old = time.time_ns(), self._copy
        around = self._signature(self._around)  # first of all: what comes in while the rest is read is to show in it
        blobs = {name: self._known(name, old) or (folder.read(name) if folder else None) for name in self._paths}
        looks: dict[str, Signature | None] = {
            self._paths[name]: blob.signature if blob else None for name, blob in blobs.items()
        }
        if any(self._signature(path) != look for path, look in looks.items()):
            return None
        texts = {name: blob.data if blob else None for name, blob in blobs.items()}
        stored = old.stored if old and old.texts == texts else self.parsed(texts, old)
        if None in looks.values():
            looks = {**{path: look for path, look in looks.items() if look}, self._around: around}
        before = old.looks if old else {}
        lasting = {path: look for path, look in looks.items() if _is_settled(look, now) or before.get(path) == look}
        self._copy = Copy(texts, stored, lasting, settled=len(lasting) == len(looks))
        return self._copy

    def _known(self, name: str, copy: Copy[T] | None) -> Blob | None:
        """A file that looks as it did when it was read."""
        text = copy.texts[name] if copy else None
        look = copy.looks.get(self._paths[name]) if copy else None
        return Blob(text, look) if text is not None and look and self._signature(self._paths[name]) == look else None

    def parsed(self, texts: Texts, old: Copy[T] | None) -> T:
        """What files say that hold these texts."""
        try:
            return self.decode(texts, old)
        except Broken as error:
            raise StoreCorrupt(f"{self.folder / error.name} is not what it must be: {error}", hint=DOCTOR) from error

    def written(self, folder: Folder, old: Copy[T], texts: Texts, stored: T) -> None:
        """Remember what was just written in place of a copy, so that it need not be read again.

        Nobody's later change goes unseen for that (:meth:`Folder.is_ours`).
        """
        looks: dict[str, Signature | None] = {}
        for name, path in self._paths.items():
            look = self._signature(path)
            if look and (
                folder.is_ours(name, look) or (texts[name] is old.texts[name] and old.looks.get(path) == look)
            ):
                looks[path] = look
        self._copy = Copy(texts, stored, looks, settled=len(looks) == len(self._paths))


def _is_settled(look: Signature | None, now: int) -> bool:
    """Would one more change show in it?"""
    return look is None or abs(now - look[-1]) > SETTLED_NS


def decided(state: S, decides: Sequence[Decide[S]], check: Callable[[S], None]) -> tuple[list[Outcome[S]], S]:
    """Apply decisions one after another.

    One that raises, or whose state does not pass the check, is answered with the exception and changes nothing.
    """
    outcomes: list[Outcome[S]] = []
    for decide in decides:
        try:
            change = decide(state)
            if change.state is not state:
                check(change.state)
        except Exception as error:
            outcomes.append(error)
        else:
            outcomes.append(change)
            state = change.state
    return outcomes, state
