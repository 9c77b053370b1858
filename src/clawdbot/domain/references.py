"""References: by which an owner says in chat which request he means, and nobody else can (threats.md D14).

A notice carries one for each request that it tells of: ``approve K7QXM``. It is drawn from the system's CSPRNG, good
for one decision, and bound to that request, to what may be done about it, to the owner and the bot account that he was
told by, and to a time. One that was given to somebody else is as unknown as one that was never given.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from clawdbot.domain.codes import ALPHABET, PairingCode
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, RequestId, SenderId
from clawdbot.domain.owners import Owner

LENGTH = 5
MOST = 500
"""References kept; the oldest are forgotten first, and then are unknown."""

KEEP_MS = 24 * 60 * 60 * 1000
"""So long after its end a reference is known still, to say what became of its request."""


class Action(StrEnum):
    """What an owner may answer."""

    APPROVE = "approve"
    REJECT = "reject"
    BLOCK = "block"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class SenderAsks:
    """The request of a sender; another one of his has another code."""

    account: ChannelAccount
    sender: SenderId
    code: PairingCode = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceAsks:
    """The request of a device; what was seen under its id never changes (threats.md G5)."""

    device: DeviceId
    request: RequestId


@dataclass(frozen=True, slots=True)
class Ends:
    """The approval of a sender that is about to end; another one of his ends at another time."""

    account: ChannelAccount
    sender: SenderId
    until: Instant


Asked = SenderAsks | DeviceAsks | Ends
"""What an owner is asked about."""


@dataclass(frozen=True, slots=True)
class Given:
    """A reference that was given out.

    Attributes:
        at: the bot account that told the owner; he answers there.
        ended: how it was decided about the request, here or elsewhere; empty while it is not.
        misused: somebody else came with it, and the owner was told.
    """

    reference: str
    asked: Asked
    actions: frozenset[Action]
    owner: Owner
    at: ChannelAccount
    expires_at: Instant
    ended: str = ""
    misused: bool = False

    def is_open(self, now: Instant) -> bool:
        return not self.ended and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Book:
    """The references that are known. The mapping is never changed in place."""

    given: Mapping[str, Given] = field(default_factory=dict)

    def open_about(self, asked: Asked, now: Instant) -> list[Given]:
        """Those by which a request can be decided."""
        return [each for each in self.given.values() if each.asked == asked and each.is_open(now)]


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wrote or pressed: an action and a reference, which may be any."""

    action: Action
    reference: str

    def __str__(self) -> str:
        return f"{self.action} {self.reference}"


class Why(StrEnum):
    """Why an answer decides nothing."""

    UNKNOWN = "unknown"
    ENDED = "decided already"
    LATE = "too late"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is decided. ``given`` is the reference, if it is the owner's own."""

    why: Why
    given: Given | None = None


_ACTIONS = "|".join(Action)
_COMMAND = re.compile(rf"/?({_ACTIONS})[\s:]+([a-z0-9]{{{LENGTH}}})[.!]?", re.I | re.A)


def read(text: str) -> Command | None:
    """Read an answer in any case: ``approve K7QXM``; ``None`` for all other text.

    Every reference holds a digit, so that *approve plans* is none.
    """
    found = _COMMAND.fullmatch(text.strip())
    if found is None or not re.search("[0-9]", found[2]):
        return None
    return Command(Action(found[1].lower()), found[2].upper())


def give(
    book: Book,
    asked: Asked,
    actions: frozenset[Action],
    to: tuple[Owner, ChannelAccount],
    *,
    expires_at: Instant,
    now: Instant,
    randbelow: Callable[[int], int],
) -> tuple[Book, Given]:
    """Draw a reference for an owner who is told of a request at a bot account.

    Args:
        randbelow: uniform over ``[0, n)`` from the system's CSPRNG, as ``secrets.randbelow`` is.
    """
    kept = {name: each for name, each in book.given.items() if now < each.expires_at + KEEP_MS}
    for oldest in list(kept)[: max(0, len(kept) + 1 - MOST)]:
        del kept[oldest]
    reference = _draw(kept, randbelow)
    owner, at = to
    given = Given(reference, asked, actions, owner, at, expires_at)
    return Book({**kept, reference: given}), given


def _draw(taken: Collection[str], randbelow: Callable[[int], int]) -> str:
    while True:
        drawn = "".join(ALPHABET[randbelow(len(ALPHABET))] for _ in range(LENGTH))
        if re.search("[0-9]", drawn) and drawn not in taken:
            return drawn


def look_up(
    book: Book, command: Command, owner: Collection[Owner], at: ChannelAccount, *, now: Instant
) -> Given | Refused:
    """What an owner's answer at a bot account decides, if anything.

    Args:
        owner: one person, under each id that he is listed by.
    """
    given = book.given.get(command.reference)
    if given is None or given.owner not in owner or given.at != at:
        return Refused(Why.UNKNOWN)
    if given.ended:
        return Refused(Why.ENDED, given)
    if now >= given.expires_at:
        return Refused(Why.LATE, given)
    return given if command.action in given.actions else Refused(Why.NOT_OFFERED, given)


def misused(book: Book, command: Command, *, now: Instant) -> tuple[Book, Given | None]:
    """Somebody to whom no reference was given came with one: whose it is, the first time and while it is open."""
    given = book.given.get(command.reference)
    if given is None or given.misused or not given.is_open(now):
        return book, None
    return Book({**book.given, given.reference: replace(given, misused=True)}), given


def end(book: Book, asked: Asked, how: str) -> Book:
    """It was decided about a request, in these words: none of its references decides anything more."""
    return Book({name: replace(each, ended=how) if each.asked == asked else each for name, each in book.given.items()})


def reopen(book: Book, asked: Asked) -> Book:
    """The decision could not be saved: as if nobody had answered."""
    return end(book, asked, "")
