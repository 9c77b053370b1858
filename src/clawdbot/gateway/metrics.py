"""Numbers that somebody watches: counters, gauges and histograms in Prometheus' text format.

A name and its labels are chosen by whoever counts, from words that are known beforehand, never from what a stranger
says: so the tables stay small, and nothing of anybody is in them (``docs/operations.md#metrics``).
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

SECONDS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds for what takes microseconds while nothing is wrong, and a minute behind a lock."""


class Family(Protocol):
    """All numbers of one name."""

    def lines(self) -> Iterator[str]:
        """As they are exposed, with their help and type before them."""


class Counter:
    """What only grows: one number for each combination of labels that has happened."""

    def __init__(self, name: str, about: str, labels: Sequence[str] = ()) -> None:
        self._head = _head(name, about, "counter")
        self._name = name
        self._labels = tuple(labels)
        self._counts: dict[tuple[str, ...], int] = {} if labels else {(): 0}

    def count(self, *values: str) -> None:
        """It happened once more."""
        if len(values) != len(self._labels):
            raise ValueError(f"{self._name} has the labels {', '.join(self._labels)}")
        self._counts[values] = self._counts.get(values, 0) + 1

    def lines(self) -> Iterator[str]:
        yield from self._head
        for values, number in sorted(self._counts.items()):
            yield _sample(self._name, zip(self._labels, values, strict=True), number)


class Gauge:
    """What is so now.

    Args:
        values: what is so for each combination of labels.
        kind: another type than a gauge, for what is counted elsewhere.
    """

    def __init__(
        self,
        name: str,
        about: str,
        labels: Sequence[str],
        values: Iterable[tuple[tuple[str, ...], float]],
        *,
        kind: str = "gauge",
    ) -> None:
        self._head = _head(name, about, kind)
        self._name = name
        self._labels = tuple(labels)
        self._values = sorted(values)

    def lines(self) -> Iterator[str]:
        yield from self._head
        for values, number in self._values:
            yield _sample(self._name, zip(self._labels, values, strict=True), number)


class Histogram:
    """How long something takes."""

    def __init__(self, name: str, about: str, label: str, bounds: Sequence[float] = SECONDS) -> None:
        self._head = _head(name, about, "histogram")
        self._name = name
        self._label = label
        self._bounds = (*bounds, math.inf)
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, value: float, of: str) -> None:
        """It took so long."""
        counts = self._counts.setdefault(of, [0] * len(self._bounds))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[of] = self._sums.get(of, 0.0) + value

    def lines(self) -> Iterator[str]:
        yield from self._head
        for of, counts in sorted(self._counts.items()):
            total = 0
            for bound, number in zip(self._bounds, counts, strict=True):
                total += number
                yield _sample(f"{self._name}_bucket", [(self._label, of), ("le", _number(bound))], total)
            yield _sample(f"{self._name}_sum", [(self._label, of)], self._sums[of])
            yield _sample(f"{self._name}_count", [(self._label, of)], total)


def exposition(families: Iterable[Family]) -> str:
    """The page that a scraper reads."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _head(name: str, about: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _sample(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    text = ",".join(f'{label}="{_escaped(said)}"' for label, said in labels)
    return f"{name}{{{text}}} {_number(value)}" if text else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else str(value)
