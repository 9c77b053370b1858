"""The chain of entries: how it goes on, and how to see whether it is still whole.

An entry names the hash of the one before, so that no line can be changed, taken out, put in or moved without breaking
the chain behind it. Where the chain ends only the anchor says, a note of the last entry apart from the log. It is moved
after the entries that it speaks of are on the disk: a log may go beyond its anchor, but never fall short of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clawdbot.domain.facts import Fact, Kind
from clawdbot.history.entry import Entry, Head, NoEntry, read, write

START = Head()
"""Where every chain begins."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the log ends, and where what is left of it begins.

    Attributes:
        pruned: the last of the entries that were removed to keep the log small.
        first: the number of the first segment that counts.
    """

    head: Head = START
    pruned: Head = START
    first: int = 1


def extend(facts: Iterable[Fact], head: Head) -> tuple[bytes, Head]:
    """The lines of some facts, and where the chain ends with them."""
    lines = []
    for fact in facts:
        line, head = write(fact, head)
        lines.append(line)
    return b"".join(lines), head


def resume(anchor: Anchor | None, last: Head | None, *, empty: bool) -> tuple[Head, str]:
    """Where a log goes on, and what is wrong with its end, if anything.

    A log that falls short of its anchor goes on from the anchor, so that what is missing shows for ever.

    Args:
        last: the last whole entry; ``None`` if it cannot be read.
        empty: there are no lines at all.
    """
    if anchor is None:
        return (START, "") if empty else (last or START, "the anchor was gone")
    if empty and anchor.head == anchor.pruned:
        return anchor.head, ""
    if last is not None and (last == anchor.head or last.seq > anchor.head.seq):
        return last, ""
    ended = "without a readable entry" if last is None else f"with entry {last.seq}"
    return anchor.head, f"the log ended {ended}, and the anchor says {anchor.head.seq}"


# --- verification ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the history is not what was written. ``line`` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}" if self.line else f"{self.file}: {self.why}"


@dataclass(frozen=True, slots=True)
class Report:
    """What an examination found.

    Attributes:
        head: where the chain ends, as far as it is whole.
        entries: how many entries were found good.
        pruned: how many were removed before the first of them to keep the log small.
        beyond: entries behind the anchor: their writer was cut short before it moved that.
        torn: the last line was never finished: its writer was cut short.
    """

    head: Head
    entries: int
    pruned: int
    beyond: int = 0
    torn: bool = False
    broken: Break | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the log, as it was read."""

    name: str
    data: bytes

    def lines(self) -> Iterator[tuple[int, bytes, bool]]:
        """Each line with its number and whether it is finished."""
        *finished, rest = self.data.split(b"\n")
        yield from ((number, line, True) for number, line in enumerate(finished, 1))
        if rest:
            yield len(finished) + 1, rest, False


class _Broken(Exception):
    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(why)
        self.at = Break(file, line, why)


class _Walk:
    """Goes along the chain, entry by entry."""

    def __init__(self, anchor: Anchor, expected: Head | None) -> None:
        self.head = anchor.pruned
        self.entries = 0
        self.torn = False
        self.place = ("", 0)
        """The last finished line that was looked at."""
        self._known = [one for one in (anchor.head, expected) if one is not None]

    def take(self, name: str, number: int, line: bytes, *, finished: bool) -> None:
        if self.torn:
            before, place = self.place
            raise _Broken(before, place + 1, "the line was never finished, and the log goes on behind it")
        if not finished:
            self.torn, self.place = True, (name, number - 1)
            return
        self.place = (name, number)
        try:
            entry = read(line)
        except NoEntry as error:
            raise _Broken(name, number, f"the line {error}") from None
        self._follows(entry)
        if entry.fact.kind is Kind.BROKEN:
            raise _Broken(name, number, f"here {entry.fact.why}")
        for one in self._known:
            if one.seq == entry.seq and one.hash != entry.hash:
                raise _Broken(name, number, f"entry {entry.seq} is another one than was noted")
        self.head = entry.head
        self.entries += 1

    def _follows(self, entry: Entry) -> None:
        wanted = self.head.seq + 1
        if entry.seq > wanted:
            missing = f"entry {wanted} is" if entry.seq == wanted + 1 else f"entries {wanted} to {entry.seq - 1} are"
            raise _Broken(*self.place, f"{missing} missing before it")
        if entry.seq < wanted:
            raise _Broken(*self.place, f"entry {entry.seq} stands where entry {wanted} belongs")
        if entry.prev != self.head.hash:
            raise _Broken(*self.place, f"entry {entry.seq} does not follow the one before it")

    def begins(self, file: str) -> None:
        """See that what was removed before the first entry ended as it was noted."""
        for one in self._known:
            if one.seq == self.head.seq and one.hash != self.head.hash:
                raise _Broken(file, 0, f"entry {one.seq}, which was removed, is another one than was noted")

    def ends(self, file: str) -> None:
        """See that nothing is missing at the end."""
        for one in self._known:
            if one.seq > self.head.seq:
                name, number = self.place
                why = f"the log ends with entry {self.head.seq}, and entry {one.seq} was written"
                raise _Broken(name or file, number + 1 if name else 0, why)


def examine(
    segments: Iterable[Segment], anchor: Anchor | None, *, anchor_file: str, expected: Head | None = None
) -> Report:
    """Go through the whole log.

    Args:
        anchor: ``None`` if it is gone or cannot be read; that is a break, unless there is no log at all.
        expected: a head that was noted elsewhere, which the log must hold.
    """
    start = anchor or Anchor()
    walk, broken = _Walk(start, expected), None
    try:
        walk.begins(anchor_file)
        for segment in segments:
            if anchor is None:
                raise _Broken(anchor_file, 0, "is gone, or says nothing")
            for number, line, finished in segment.lines():
                walk.take(segment.name, number, line, finished=finished)
        walk.ends(anchor_file)
    except _Broken as found:
        broken = found.at
    beyond = max(0, walk.head.seq - start.head.seq)
    return Report(walk.head, walk.entries, start.pruned.seq, beyond, walk.torn and broken is None, broken)
