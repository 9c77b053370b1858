"""The history on the disk: append, and read. Any number of processes may append at once (threats.md S3).

Lines are flushed before the anchor moves, and both before anybody is answered. A process that is killed at any instant
leaves whole lines, of which the last may be torn; who comes next cuts that off, and says so in the log.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.names import Instant
from clawdbot.errors import StoreUnavailable
from clawdbot.history import chain, files
from clawdbot.history.chain import Anchor, Report, Segment
from clawdbot.history.entry import Entry, Head, NoEntry, number_of, read
from clawdbot.history.files import HistoryFolder, last_entry, whole_size
from clawdbot.store.disk import created, existing
from clawdbot.store.locks import Patience, exclusive

log = logging.getLogger("clawdbot")

SAME_MS: Final = 120_000
"""What the gateway sees in the files was told by whoever did it, if that was no longer ago, and nothing came after."""

BESIDE: Final = frozenset({Kind.REFUSED, Kind.USED, Kind.CONNECTED, Kind.LINKED, Kind.UNLINKED})
"""What says nothing about whether somebody is in: it may come after the decision that the gateway sees."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the history may grow: so many segments of so many bytes; then the oldest goes."""

    segment: int = 1024 * 1024
    segments: int = 16


class Log:
    """The history of a state directory.

    Args:
        patience: how long to wait for other processes.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        now: Callable[[], Instant],
        size: Size | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._state_dir = state_dir
        self._now = now
        self._size = size or Size()
        self._patience = patience or Patience(lock_s=10)

    def append(self, facts: Sequence[Fact], *, lost: int = 0) -> None:
        """Take facts down, durably.

        Args:
            lost: how many could not be taken down before, and are not counted on the disk.

        Raises:
            StoreError: nothing was taken down.
        """
        with created(self._state_dir, files.FOLDER) as folder, exclusive(folder, files.LOCK, (), self._patience):
            _Appending(HistoryFolder(folder), self._size, self._now()).append(facts, lost)

    def count_missed(self, count: int) -> None:
        """Note on the disk that facts were lost; the next append says so in the log. Raises StoreError."""
        with created(self._state_dir, files.FOLDER) as folder, exclusive(folder, files.LOCK, (), self._patience):
            own = HistoryFolder(folder)
            own.set_missed(own.missed() + count)

    def verify(self, expected: Head | None = None) -> Report:
        """Examine every line. Raises StoreError if the files cannot be read."""
        with existing(self._state_dir, files.FOLDER, mend=False) as folder:
            if folder is None:
                return chain.examine((), None, anchor_file=files.ANCHOR, expected=expected)
            try:
                with exclusive(folder, files.LOCK, (), self._patience):
                    return _examine(HistoryFolder(folder), expected)
            except StoreUnavailable:  # a copy that may only be read: nobody appends to that
                return _examine(HistoryFolder(folder), expected)

    def entries(self) -> Iterator[Entry]:
        """What can be read, oldest first; whether it is whole is another question (:meth:`verify`)."""
        with existing(self._state_dir, files.FOLDER, mend=False) as folder:
            if folder is None:
                return
            own = HistoryFolder(folder)
            anchor = own.anchor() or Anchor()
            for number in own.numbers():
                if number >= anchor.first:
                    yield from _entries(own.segment(number))

    def entries_before(self, seq: int | None = None) -> Generator[Entry, None, None]:
        """The same, newest first: all of them, or those before an entry, without much work for the others."""
        with existing(self._state_dir, files.FOLDER, mend=False) as folder:
            if folder is None:
                return
            own = HistoryFolder(folder)
            anchor = own.anchor() or Anchor()
            for number in reversed(own.numbers()):
                if number >= anchor.first:
                    yield from _entries_back(own.segment(number), seq)

    def entries_since(self, mark: "Mark") -> "tuple[list[Entry], Mark]":
        """The entries that were finished since a look, and the mark for the next one."""
        found: list[Entry] = []
        with existing(self._state_dir, files.FOLDER, mend=False) as folder:
            if folder is None:
                return [], mark
            own = HistoryFolder(folder)
            for number in own.numbers():
                if number >= mark.segment:
                    start = mark.offset if number == mark.segment else 0
                    segment = own.segment(number)
                    end = whole_size(segment)
                    found += _entries(Segment(segment.name, segment.data[start:end]))
                    mark = Mark(number, end)
        return found, mark


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read."""

    segment: int = 0
    offset: int = 0


class _Appending:
    """One append, with the lock held."""

    def __init__(self, own: HistoryFolder, size: Size, now: Instant) -> None:
        self._files = own
        self._size = size
        self._now = now
        self._anchor = own.anchor()
        first = (self._anchor or Anchor()).first
        there = own.numbers()
        self._left_over = [number for number in there if number < first]
        self._numbers = [number for number in there if number >= first]
        self._number = self._numbers[-1] if self._numbers else first
        self._last = self._last_segment()

    def append(self, facts: Sequence[Fact], lost: int) -> None:
        size, tail = whole_size(self._last), last_entry(self._last)
        head, broken = chain.resume(self._anchor, tail.head if tail else None, empty=not size)
        missed = self._files.missed() + lost
        said = [*self._mended(size, broken), *self._gap(missed), *(fact for fact in facts if not self._is_told(fact))]
        if not said:
            return
        if self._anchor is None:  # before the first line, so that a log without an anchor is no accident
            self._files.set_missed(0)
            self._anchor = Anchor(head, first=self._numbers[0] if self._numbers else 1)
            self._files.move_anchor(self._anchor)
        self._write(said, head, size)
        if missed:
            self._files.set_missed(0)

    def _last_segment(self) -> Segment:
        """The last one that holds a line, or a piece of one."""
        for number in reversed(self._numbers):
            segment = self._files.segment(number)
            if segment.data:
                self._number = number
                return segment
        return Segment(files.name(self._number), b"")

    def _mended(self, size: int, broken: str) -> Iterator[Fact]:
        """What is to be said about the end of the log; what was never finished there is cut off."""
        if size < len(self._last.data):
            self._files.cut(self._number, size)
            yield self._own(Kind.TORN, f"{len(self._last.data) - size} bytes of a line that was never finished")
        if broken:
            yield self._own(Kind.BROKEN, broken)

    def _gap(self, missed: int) -> Iterator[Fact]:
        if missed:
            yield replace(self._own(Kind.GAP, "could not be taken down"), times=missed)

    def _own(self, kind: Kind, why: str) -> Fact:
        return Fact(self._now, kind, Surface.FILES, Subject(Of.HISTORY), why=why)

    def _write(self, facts: Sequence[Fact], head: Head, size: int) -> None:
        anchor = self._anchor or Anchor()
        lines, end = chain.extend(facts, head)
        full = size > 0 and size + len(lines) > self._size.segment
        number = self._number + 1 if full else self._number
        old = sorted({*self._numbers, number})[: -self._size.segments]
        if old:
            pruned = self._end_of(old) or anchor.pruned
            removed = self._own(Kind.PRUNED, f"entries up to {pruned.seq}, which had the hash {pruned.hash}")
            lines, end = chain.extend([removed, *facts], head)
            anchor = replace(anchor, pruned=pruned, first=old[-1] + 1)
        self._files.append(number, lines, is_new=number not in self._numbers)
        try:
            self._files.move_anchor(replace(anchor, head=end))
        except StoreUnavailable as error:  # the lines are there; the anchor is moved with the next ones
            log.warning("the anchor of the history stays behind: %s", error)
            return
        for each in (*self._left_over, *old):
            self._files.remove(each)

    def _end_of(self, numbers: Sequence[int]) -> Head | None:
        """The last entry of some segments."""
        ends = (last_entry(self._files.segment(number)) for number in reversed(numbers))
        return next((entry.head for entry in ends if entry), None)

    def _is_told(self, fact: Fact) -> bool:
        """Whoever did it on the files has told it himself: the last decision about its subject says the same."""
        if fact.surface is not Surface.FILES:
            return False
        for line in reversed(self._last.data[: whole_size(self._last)].splitlines()):
            try:
                told = read(line).fact
            except NoEntry:
                return False
            if abs(fact.at - told.at) > SAME_MS:
                return False
            if told.about == fact.about and told.kind not in BESIDE:
                return told.kind is fact.kind
        return False


def _examine(own: HistoryFolder, expected: Head | None) -> Report:
    anchor = own.anchor()
    first = anchor.first if anchor else 0
    segments = (own.segment(number) for number in own.numbers() if number >= first)
    return chain.examine(segments, anchor, anchor_file=files.ANCHOR, expected=expected)


def _entries_back(segment: Segment, seq: int | None) -> Iterator[Entry]:
    for line in reversed(segment.data[: whole_size(segment)].splitlines()):
        try:
            if seq is None or number_of(line) < seq:
                yield read(line)
        except NoEntry:
            continue


def _entries(segment: Segment) -> Iterator[Entry]:
    for _, line, finished in segment.lines():
        if finished:
            try:
                yield read(line)
            except NoEntry:
                continue
