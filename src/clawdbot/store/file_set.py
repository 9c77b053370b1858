"""Several files of one folder that are read as one state and replaced as one. Blocking; no event loop here.

Any thread may look while another one writes: what was read is remembered as a whole, and checked before it is believed
(:mod:`clawdbot.store.sight`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from clawdbot.domain.effects import Change
from clawdbot.errors import StoreUnavailable
from clawdbot.store.disk import DOCTOR, TEMPORARY, Folder, Signature, anchor, created
from clawdbot.store.locks import Held, Patience, exclusive
from clawdbot.store.sight import Copy, Layout, Sight, T, Texts

S = TypeVar("S")

Decide = Callable[[S], Change[S, Any]]
Outcome = Change[S, Any] | Exception


class FileSet(Sight[T]):
    """Files that are one state, and are changed under a lock.

    Raises (every method):
        StoreCorrupt: a file does not hold what it must; it is left as it is.
        StoreUnavailable: a file cannot be read, locked or written now; nothing was changed.
    """

    def __init__(self, state_dir: Path, layout: Layout, patience: Patience) -> None:
        super().__init__(state_dir, layout)
        self._patience = patience
        self._prepared = False

    def owns(self, name: str) -> bool:
        """Is that one of these files, its lock, or something that was left beside it?"""
        stem, ending, _ = name.partition(".json")
        return name == self.layout.flock or stem + ending in self.layout.files

    @contextmanager
    def locked(self, wanted: Callable[[], bool] = lambda: True, *directories: str) -> Iterator[tuple[Folder, Held]]:
        """Keep everybody else from writing these files.

        Args:
            directories: which lock directories to take for now; all of them, if none is named. The first time it is all
                of them anyway: what killed processes of ours left goes.
        """
        layout = self.layout
        now = directories if self._prepared else ()
        with (
            created(self._state_dir, layout.folder) as folder,
            exclusive(folder, layout.flock, now or layout.lock_directories, self._patience, wanted) as held,
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
            copy = self.unchanged() or self._read(folder)
            if copy is not None:
                return copy
        raise StoreUnavailable(f"files in {self.folder} are changed by a program that takes no lock", hint=DOCTOR)

    def written(self, folder: Folder, old: Copy[T], texts: Texts, stored: T) -> None:
        """Remember what was just written in place of a copy, so that it need not be read again.

        Nobody's later change goes unseen for that (:meth:`Folder.is_ours`).
        """
        looks: dict[str, Signature] = {}
        for name, path in self._paths.items():
            is_old = texts[name] is old.texts[name]
            look = old.looks.get(path) if is_old else self._signature(path)
            if look and (is_old or folder.is_ours(name, look)):
                looks[path] = look
        missing = [self._paths[name] for name, text in texts.items() if text is None]
        self._copy = Copy(texts, stored, looks, len(looks) + len(missing) == len(self._paths), missing)


def decided(
    state: S, decides: Sequence[Decide[S]], check: Callable[[S], object] = lambda _: None
) -> tuple[list[Outcome[S]], S]:
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
