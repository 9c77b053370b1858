"""What is measured, and what it is held against."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

OURS, REFERENCE, BARE = "ours", "reference", "bare"


class Sample(Struct, frozen=True):
    """Measurements of one thing, one a round; the median speaks for them."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        spread = f"  ({brief(low)} … {brief(high)})" if len(self.values) > 1 else ""
        return f"{brief(self.median)}{spread}"


class Goal(Struct, frozen=True):
    """What was wanted of a measurement; ``reached`` is ``None`` where that could not be found out here."""

    text: str
    value: float | None
    reached: bool | None


class Figure(Struct, frozen=True):
    """One thing, measured on everything that does it.

    Attributes:
        target: its number in ``docs/performance.md``.
        samples: by who did it.
    """

    target: int
    name: str
    unit: str
    samples: Mapping[str, Sample]
    goals: tuple[Goal, ...] = ()


@dataclass
class Times:
    """Durations in seconds, of many equal things."""

    values: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, math.floor(len(ordered) * share))]

    @property
    def p50(self) -> float:
        return self.quantile(0.5)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)


def sample(values: Sequence[float]) -> Sample:
    return Sample(tuple(values))


def at_least(text: str, value: float | None, bound: float) -> Goal:
    """A goal that is reached by what is large enough; ``None`` is what could not be measured."""
    return Goal(f"{text} ≥ {brief(bound)}", value, None if value is None else value >= bound)


def at_most(text: str, value: float | None, bound: float) -> Goal:
    return Goal(f"{text} ≤ {brief(bound)}", value, None if value is None else value <= bound)


def ratio(samples: Mapping[str, Sample], one: str, other: str) -> float | None:
    """How many times as much one is as the other, round by round; ``None`` without either of them."""
    if one not in samples or other not in samples:
        return None
    pairs = zip(samples[one].values, samples[other].values, strict=False)
    return statistics.median([left / right for left, right in pairs])


def brief(value: float) -> str:
    """Three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
