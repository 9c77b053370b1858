"""Several files of one folder that are read as one state. Blocking; no event loop, no locks, nothing that writes here.

Whoever changes them as well has a :class:`~clawdbot.store.file_set.FileSet`.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from clawdbot.errors import StoreCorrupt, StoreError, StoreUnavailable
from clawdbot.store.disk import DOCTOR, Blob, Folder, Signature, existing, refusal, signature

T = TypeVar("T")

Looks = Mapping[str, Signature]
"""What paths look like."""

Texts = Mapping[str, bytes | None]
"""What the files hold, by name; ``None`` for one that is not there."""

SETTLED_NS = 50_000_000
"""A copy is trusted once its files are older than this: two writes within one tick of the clock look alike."""

COARSE_NS: Final = 2_100_000_000
"""The same where a file system keeps no parts of a millisecond, nor perhaps of a second; FAT keeps every other one."""

LOOKS: Final = 100
"""How often files that change all the time are looked at before a reader gives up."""

PAUSE_S: Final = 0.001


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


@dataclass(slots=True)
class Copy(Generic[T]):
    """What the files said, and how to tell whether they still say it.

    Attributes:
        looks: of the files that are there. As long as they last, so does what was said. Left out is what could change
            once more and look the same.
        settled: nothing is left out.
        missing: the paths of those that are not there.
        around: how the folder looked when that was found last. As long as it looks so, none of them has come: nothing
            comes into a folder without a trace. ``None`` if one more thing could come and it would look the same.
    """

    texts: Texts
    stored: T
    looks: Looks
    settled: bool
    missing: Sequence[str] = ()
    around: Signature | None = None


class Sight(ABC, Generic[T]):
    """Files that are one state, of which ``T`` is all that is known. Any thread may look while another one writes.

    Raises (every method):
        StoreCorrupt: a file does not hold what it must; it is left as it is.
        StoreUnavailable: a file cannot be read now.
    """

    def __init__(self, state_dir: Path, layout: Layout) -> None:
        self.layout = layout
        self.folder = state_dir / layout.folder
        self._state_dir = state_dir
        self._around = str(self.folder)
        self._paths = {name: str(self.folder / name) for name in layout.files}
        self._copy: Copy[T] | None = None
        self.mends = True
        """Does a look set modes right that are too wide (threats.md S1)?"""

    @abstractmethod
    def decode(self, texts: Texts, old: Copy[T] | None) -> T:
        """Read the files, with the help of what they said before. Raises Broken."""

    @abstractmethod
    def notes(self, stored: T) -> Iterator[tuple[str, str]]:
        """What is odd in a file and does not keep the rest of it from being used: the file's name, and what."""

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
        """What the files say now, if a glance shows that they say what they said before."""
        copy = self.unchanged()
        return copy.stored if copy else None

    def unchanged(self) -> Copy[T] | None:
        """What is known of the files, if one ``stat`` of each shows that they are what they were.

        One of the folder for all that are not there, while nothing comes into it, or goes.
        """
        copy = self._copy
        if copy is None or not copy.settled:
            return None
        for path, known in copy.looks.items():
            if self._signature(path) != known:
                return None
        if copy.missing and self._signature(self._around) != copy.around and not self._lacks_the_same(copy):
            return None
        return copy

    def _lacks_the_same(self, copy: Copy[T]) -> bool:
        """Is what was not there still not there, though the folder changed? Locks come and go in it all the time."""
        now, around = time.time_ns(), self._signature(self._around)  # first of all: what comes later is to show in it
        if any(self._signature(path) for path in copy.missing):
            return False
        copy.around = around if _is_settled(around, now) else None
        return True

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
        looks = {self._paths[name]: blob.signature if blob else None for name, blob in blobs.items()}
        if any(self._signature(path) != look for path, look in looks.items()):
            return None
        texts = {name: blob.data if blob else None for name, blob in blobs.items()}
        stored = old.stored if old and old.texts == texts else self.parsed(texts, old)
        before = old.looks if old else {}
        there = {path: look for path, look in looks.items() if look}
        lasting = {path: look for path, look in there.items() if _is_settled(look, now) or before.get(path) == look}
        missing = [path for path, look in looks.items() if not look]
        around = around if _is_settled(around, now) else None
        self._copy = Copy(texts, stored, lasting, len(lasting) == len(there), missing, around)
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


def _is_settled(look: Signature | None, now: int) -> bool:
    """Would one more change show in it?"""
    if look is None:
        return True
    changed = look[-1]
    return abs(now - changed) > (SETTLED_NS if changed % 1_000_000 else max(SETTLED_NS, COARSE_NS))


def looked(files: Sight[T]) -> T:
    """What files say now, even if they are changed at this moment. Blocks."""
    for _ in range(LOOKS):
        stored = files.look()
        if stored is not None:
            return stored
        time.sleep(PAUSE_S)
    raise StoreUnavailable(f"the files in {files.folder} change faster than they can be read", hint=DOCTOR)
