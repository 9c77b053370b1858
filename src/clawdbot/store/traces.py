"""What is only noted in passing, ``lastUsedAtMs`` for one: kept here until somebody writes the files anyway.

A trace is a state beside the one in the files that it was made of. It counts for as long as the files say just that, so
that it never undoes what was decided in the meantime, here or elsewhere (``docs/adr/0008-device-files.md``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Trace(Generic[S]):
    """A state as the files have it, and as it was seen since."""

    stored: S
    seen: S


class Traces(Generic[S]):
    """The traces of one register, by id. For any thread."""

    def __init__(self) -> None:
        self._traces: dict[str, Trace[S]] = {}
        self._lock = Lock()

    def __bool__(self) -> bool:
        return bool(self._traces)

    def note(self, id: str, stored: S, seen: S) -> None:
        with self._lock:
            self._traces[id] = Trace(stored, seen)

    def over(self, id: str, stored: S) -> S:
        """A state from the files as it was last seen."""
        trace = self._traces.get(id)
        return stored if trace is None or trace.stored != stored else trace.seen

    def all(self) -> Mapping[str, Trace[S]]:
        with self._lock:
            return dict(self._traces)

    def forget(self, traces: Mapping[str, Trace[S]]) -> None:
        """Drop these, and none that was noted since."""
        with self._lock:
            for id, trace in traces.items():
                if self._traces.get(id) is trace:
                    del self._traces[id]


def fitting(traces: Mapping[str, Trace[S]], stored: Callable[[str], S]) -> dict[str, S]:
    """The states that were seen and still go with what is stored."""
    return {id: trace.seen for id, trace in traces.items() if trace.stored == stored(id)}
