"""The history a page at a time, newest first, for those who read it from afar.

A page costs a bounded amount of work, whatever is asked for: after so many entries it ends, perhaps with nothing on it,
and says where to go on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from clawdbot.domain.facts import Fact
from clawdbot.history.entry import Entry

MOST_READ: Final = 5_000
"""Entries that are looked at for a page: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first.

    Attributes:
        older: the number of the entry before which to go on; ``None`` if there is nothing older.
    """

    entries: tuple[Entry, ...] = ()
    older: int | None = None


def page(entries: Iterable[Entry], fits: Callable[[Fact], bool], *, limit: int, most: int = MOST_READ) -> Page:
    """The first of the entries that fit.

    Args:
        entries: newest first.
        limit: how many there may be on the page.
        most: how many may be looked at.
    """
    found: list[Entry] = []
    for count, entry in enumerate(entries, 1):
        if fits(entry.fact):
            found.append(entry)
        if len(found) == limit or count == most:
            return Page(tuple(found), entry.seq if entry.seq > 1 else None)
    return Page(tuple(found))
