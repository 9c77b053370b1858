"""The two files of a register, as one state of many aggregates. Blocking; no event loop here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic

from clawdbot.domain.effects import Change
from clawdbot.errors import StoreUnavailable
from clawdbot.store import register as registers
from clawdbot.store import rows
from clawdbot.store.base import A
from clawdbot.store.commit import Replacement, commit
from clawdbot.store.disk import MAX_BYTES, Folder
from clawdbot.store.file_set import Decide, FileSet, Outcome, decided
from clawdbot.store.locks import Held, Patience
from clawdbot.store.register import PAIRED, PENDING, Edit, Kind, P, R, Register, S
from clawdbot.store.sight import Copy, Layout, Texts
from clawdbot.store.traces import Traces, fitting

FLOCK = "register.flock"

ORDER = (PAIRED, PENDING)
"""What is durable before what is begun: what a device has, granted or taken away, before its request goes."""


@dataclass(frozen=True, slots=True)
class Desk(Generic[S, P, R]):
    """A register while a group of callers decides: what they decided, and what was seen since, lies on top."""

    register: Register[S, P, R]
    passing: Mapping[str, S]
    """What was noted before, and nobody waits for."""
    sizes: Mapping[str, int]
    """Of the files as they will be."""
    noted: Mapping[str, S] = field(default_factory=dict)
    """The same, by this group."""
    edits: Mapping[str, Edit[S, P, R]] = field(default_factory=dict)
    """What is to be saved."""
    to_be_cleared: bool = False
    """What nobody waits for is to be saved even if nothing else is."""

    def get(self, id: str) -> S:
        if id in self.edits:
            return self.edits[id].state
        for seen in (self.noted, self.passing):
            if id in seen:
                return seen[id]
        return self.register.get(id)

    def decided(self, id: str, change: Change[S, A]) -> "Desk[S, P, R]":
        """After a decision about one aggregate. Raises ValueError if its state would not be read back."""
        old = self.get(id)
        if change.state is old:
            return self
        if id not in self.edits and is_passing(self.register.kind, old, change):
            return replace(self, noted={**self.noted, id: change.state})
        return self._with({id: registers.edit(self.register, id, change.state)})

    def cleared(self) -> "Desk[S, P, R]":
        """With all that lies on it to be saved; nobody misses what cannot be."""
        seen = {**self.passing, **self.noted}
        edits: dict[str, Edit[S, P, R]] = {}
        for id in seen.keys() - self.edits.keys():
            with suppress(ValueError):
                edits[id] = registers.edit(self.register, id, seen[id])
        return self._with(edits)

    def _with(self, edits: Mapping[str, Edit[S, P, R]]) -> "Desk[S, P, R]":
        sizes = dict(self.sizes)
        for id, new in edits.items():
            old = self.edits.get(id)
            for name in ORDER:
                sizes[name] += new.growth[name] - (old.growth[name] if old else 0)
        return replace(self, edits={**self.edits, **edits}, sizes=sizes)


def is_passing(kind: Kind[S, P, R], old: S, change: Change[S, A]) -> bool:
    """Does nobody wait for this to be saved?"""
    return not change.effects and kind.is_passing(old, change.state)


def about(id: str, decide: Callable[[S], Change[S, A]]) -> Callable[[Desk[S, P, R]], Change[Desk[S, P, R], A]]:
    """A decision about one aggregate, as one about the register."""

    def decide_on(desk: Desk[S, P, R]) -> Change[Desk[S, P, R], A]:
        change = decide(desk.get(id))
        return Change(desk.decided(id, change), change.answer, change.effects)

    return decide_on


def clear(desk: Desk[S, P, R]) -> Change[Desk[S, P, R], None]:
    """Have everything saved that lies on the desk."""
    return Change(replace(desk, to_be_cleared=True), None)


class RegisterFiles(FileSet[Register[S, P, R]], Generic[S, P, R]):
    """The files of one register."""

    def __init__(self, state_dir: Path, kind: Kind[S, P, R], patience: Patience) -> None:
        super().__init__(state_dir, Layout(folder=kind.folder, files=ORDER, flock=FLOCK), patience)
        self.kind = kind
        self.traces: Traces[S] = Traces()

    def decode(self, texts: Texts, old: Copy[Register[S, P, R]] | None) -> Register[S, P, R]:
        return registers.decode(self.kind, texts, old.stored if old else None)

    def notes(self, stored: Register[S, P, R]) -> Iterator[tuple[str, str]]:
        return stored.notes()

    def transact(
        self, decides: Sequence[Decide[Desk[S, P, R]]], wanted: Callable[[], bool] = lambda: True
    ) -> list[Outcome[Desk[S, P, R]]]:
        """Apply decisions one after another to what the files say under the lock, and save the last state once.

        A decision that raises, or whose state cannot be written, is answered with the exception and changes nothing.
        What nobody waits for is saved with the rest, if there is any, and noted otherwise.
        """
        with self.locked(wanted) as (folder, held):
            copy = self.read_locked(folder)
            traces = self.traces.all()
            register = copy.stored
            sizes = {PAIRED: rows.size(register.paired), PENDING: rows.size(register.pending)}
            desk = Desk(register, fitting(traces, register.get), sizes)
            outcomes, desk = decided(desk, decides, self._check)
            if desk.edits or desk.to_be_cleared:
                cleared = desk.cleared()
                fits = max(cleared.sizes.values()) <= MAX_BYTES
                self._save(folder, held, copy, (cleared if fits else desk).edits)
                self.traces.forget(traces)
            else:
                for id, state in desk.noted.items():
                    self.traces.note(id, register.get(id), state)
            return outcomes

    def _check(self, desk: Desk[S, P, R]) -> None:
        """Refuse what could not be read any more, before it can spoil what others decided."""
        for name, size in desk.sizes.items():
            if size > MAX_BYTES:
                raise StoreUnavailable(f"cannot write {self.folder / name}: it would grow beyond {MAX_BYTES} bytes")

    def _save(
        self, folder: Folder, held: Held, copy: Copy[Register[S, P, R]], edits: Mapping[str, Edit[S, P, R]]
    ) -> None:
        """Save a state. What a crash left twice is put right first, so that no step of the change can bring it back."""
        texts, register = dict(copy.texts), copy.stored
        for some in ({}, edits) if register.spare else (edits,):
            new = registers.edited(register, some)
            changed = _changed(register, new)
            commit(folder, [[Replacement(name, texts[name], text)] for name, text in changed], held.confirm)
            texts.update(changed)
            register = new
        self.written(folder, copy, texts, register)


def _changed(old: Register[S, P, R], new: Register[S, P, R]) -> list[tuple[str, bytes]]:
    """The files that have to change, in their order."""
    paired = [] if new.paired == old.paired else [(PAIRED, rows.text(new.paired))]
    return paired if new.pending == old.pending else [*paired, (PENDING, rows.text(new.pending))]
