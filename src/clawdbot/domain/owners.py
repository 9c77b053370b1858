"""Who decides in chat, and when he wants to be left alone (``docs/owner.md``)."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from clawdbot.domain import names, persons, sender_ids
from clawdbot.domain.names import Channel, SenderId

DEFAULT_WARN_MS = 24 * 60 * 60 * 1000
"""So long before its end an approval is told of, or when half of it is over, if that is later."""

_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\s*[-\u2013]\s*([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """A person on a channel, by the id that the platform never changes (threats.md D6, D14)."""

    channel: Channel
    sender: SenderId

    def __str__(self) -> str:
        return f"{self.channel}:{self.sender}"

    def is_shown_by(self, channel: Channel, ids: Collection[SenderId]) -> bool:
        """Whether these ids, which the platform ties to one person, are his (threats.md D7)."""
        return channel is self.channel and persons.is_same({self.sender}, ids)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day, by the clock on the wall: minutes from midnight, from ``begins`` to before ``ends``."""

    begins: int
    ends: int

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day is in it; hours that end before they begin go over midnight."""
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


@dataclass(frozen=True, slots=True)
class Owners:
    """What the configuration says: who they are, in the order in which they are listed."""

    who: tuple[Owner, ...] = ()
    quiet: Quiet | None = None
    warn_ms: int = DEFAULT_WARN_MS
    """How long before an approval ends they are told; 0 for never (:mod:`clawdbot.domain.endings`)."""

    def find(self, channel: Channel, ids: Collection[SenderId]) -> tuple[Owner, ...]:
        """Which owner somebody is, under each id that he is listed by; nothing, if he is none."""
        return tuple(owner for owner in self.who if owner.is_shown_by(channel, ids))


def read_owner(text: str) -> Owner:
    """Read ``telegram:123456789``: a channel, a colon, and what ``allowFrom`` of that channel takes.

    Raises:
        ValueError: this names no one person; the message says why and what to write instead.
    """
    name, colon, rest = text.partition(":")
    if not colon:
        raise ValueError('the channel is missing; write it like "telegram:123456789"')
    try:
        channel = names.channel(name)
    except ValueError:
        raise ValueError(f"there is no such channel; channels are {', '.join(Channel)}") from None
    return Owner(channel, sender_ids.normalise(channel, rest))


def read_quiet(text: str) -> Quiet:
    """Read ``22:00-07:00``. Raises ValueError with advice."""
    found = _QUIET.fullmatch(text.strip())
    if found is None:
        raise ValueError('not two times of day; write it like "22:00-07:00"')
    begins = int(found[1]) * 60 + int(found[2])
    ends = int(found[3]) * 60 + int(found[4])
    if begins == ends:
        raise ValueError('begins when it ends; for no quiet hours leave out "quiet"')
    return Quiet(begins, ends)
