"""Strangers cannot flood the history: what they cause again and again is told once, with how often.

The owner's decisions go through as they are. Of what others cause, the same thing is told once a minute, and once an
hour where somebody merely comes in; and of each kind of it not more than :data:`CROWD` different things an hour and
place (a channel account, the gateway). What is beyond is counted, and told in one entry when the hour is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Final

from clawdbot.domain.facts import Fact, Kind, Subject
from clawdbot.domain.names import Instant

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

PERIOD_MS: Final = {Kind.REFUSED: MINUTE_MS, Kind.REQUESTED: MINUTE_MS, Kind.USED: HOUR_MS, Kind.CONNECTED: HOUR_MS}
"""How long the same thing is told once."""

CROWD: Final = 60

_what = attrgetter(*[field.name for field in fields(Fact) if field.name not in ("at", "times")])
"""What makes two facts the same thing: all but when, and how often."""

Others = tuple[Kind, Subject]
"""What a crowd is counted under: a kind, and a place without anybody in it."""


@dataclass(slots=True)
class _Count:
    """Something that was told; what came since is told when the time is over."""

    fact: Fact
    until: Instant
    more: int = 0
    latest: Instant = 0

    def add(self, fact: Fact) -> None:
        self.more += fact.times
        self.latest = fact.at

    def rest(self) -> Iterator[Fact]:
        if self.more:
            yield replace(self.fact, at=self.latest, times=self.more)


@dataclass(slots=True)
class _Crowd:
    count: _Count
    told: int = 0


class Coalescer:
    """Decides what is told now and what is counted. Its times are a clock's that never jumps, in milliseconds."""

    def __init__(self) -> None:
        self._same: dict[object, _Count] = {}
        self._crowds: dict[Others, _Crowd] = {}
        self._next_due: Instant | None = None

    def take(self, fact: Fact, now: Instant) -> list[Fact]:
        """What is to be told at once."""
        period = PERIOD_MS.get(fact.kind)
        if period is None:
            return [fact]
        told = [] if self._next_due is None or now < self._next_due else self.due(now)
        key = _what(fact)
        if (known := self._same.get(key)) is not None:
            known.add(fact)
            return told
        crowd = self._crowd(fact, now)
        if crowd.told >= CROWD:
            crowd.count.add(fact)
            return told
        crowd.told += 1
        self._same[key] = _Count(fact, now + period)
        self._next_due = self._earliest()
        return [*told, fact]

    def due(self, now: Instant) -> list[Fact]:
        """What was counted for long enough."""
        over = [key for key, count in self._same.items() if count.until <= now]
        gone = [key for key, crowd in self._crowds.items() if crowd.count.until <= now]
        ended = [*(self._same.pop(key) for key in over), *(self._crowds.pop(key).count for key in gone)]
        self._next_due = self._earliest()
        return _rests(ended)

    def next_due(self) -> Instant | None:
        """When something was told for long enough, whether or not it came again since; ``None`` if nothing was.

        Only what is told at once brings that nearer, so that whoever waits for it can sleep while things are counted.
        """
        return self._next_due

    def rest(self) -> list[Fact]:
        """Everything that was counted: nobody counts any more."""
        counts = [*self._same.values(), *(crowd.count for crowd in self._crowds.values())]
        self._same.clear()
        self._crowds.clear()
        self._next_due = None
        return _rests(counts)

    def _earliest(self) -> Instant | None:
        counts = [*self._same.values(), *(crowd.count for crowd in self._crowds.values())]
        return min((count.until for count in counts), default=None)

    def _crowd(self, fact: Fact, now: Instant) -> _Crowd:
        place = replace(fact.about, id="")
        key = (fact.kind, place)
        if key not in self._crowds:
            summary = Fact(fact.at, fact.kind, fact.surface, place, why="and others")
            self._crowds[key] = _Crowd(_Count(summary, now + HOUR_MS))
        return self._crowds[key]


def _rests(counts: Iterable[_Count]) -> list[Fact]:
    return [fact for count in counts for fact in count.rest()]
