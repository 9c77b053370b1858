"""An invite: a word that lets in who writes it to the bot, and what is kept of it.

The word is told to the owner once. Kept is its SHA-256 alone: eighty bits of chance cannot be found by trying, so that
neither salt nor slowness would add anything.
"""

import hashlib
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final, NewType

from clawdbot.domain import codes
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.secret import Secret

LENGTH: Final = 16
"""Letters of the alphabet of codes, of five bits each."""

_GROUP: Final = 4
_LONGEST: Final = 64
"""A text that is longer is no word alone, however it is spaced."""

_START = re.compile(r"/start(?:@\w{1,32})?\s+", re.A | re.I)
"""What Telegram sends for somebody who followed a deep link, before the word in it."""

_WORD = re.compile(rf"[{codes.ALPHABET}]{{{LENGTH}}}", re.A)

_SPELLED = re.compile(rf"[A-Z0-9{codes.BETWEEN}]{{{LENGTH},}}")
"""Where a word may stand among others, its letters together or apart."""

_USERNAME = re.compile(r"@(\w{1,32})", re.A)

MAX_USES: Final = 100

MAX_CLOSED: Final = 1_000
"""So many ids an invite remembers that it is closed to; one that would have to remember more lets in nobody."""

WordDigest = NewType("WordDigest", str)
"""The SHA-256 of a word, in hex; an invite is kept under it."""

_SHORT: Final = 8
_BY: Final = "invite "


class InviteWord(Secret):
    """A word in its one spelling: upper case, no spaces or dashes."""

    def grouped(self) -> str:
        """The word as it is read out and typed: ``XXXX-XXXX-XXXX-XXXX``. As secret as itself."""
        text = self.reveal()
        return "-".join(text[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


@dataclass(frozen=True, slots=True)
class Invite:
    """What is known of an invite beside its word.

    Attributes:
        until: from then on it lets nobody in, and is forgotten.
        uses: how many more it lets in. One that is used up is known until its end, so that its word is told to nobody.
        label: what people are called who come in by it.
        lasts_ms: how long their approvals last; ``None`` is for good.
        guests: all ids of those who came in by it. None of them comes in by it again, not even once his term is over.
        closed_to: all ids of those who were revoked or blocked while it was there: the word may be in their hands.
    """

    until: Instant
    uses: int = 1
    at: Instant | None = None
    by: str | None = None
    label: str = ""
    lasts_ms: int | None = None
    guests: frozenset[SenderId] = frozenset()
    closed_to: frozenset[SenderId] = frozenset()

    def lets_in(self, ids: frozenset[SenderId], *, now: Instant) -> bool:
        """Whether it lets in a person with these ids. Who has a guest's number now has to ask (threats.md D7)."""
        return self.uses > 0 and self.holds(now) and (self.guests | self.closed_to).isdisjoint(ids)

    def close_to(self, ids: frozenset[SenderId]) -> "Invite":
        """Let it let in none of these. Where there are too many to remember, it lets in nobody."""
        if self.uses == 0 or ids <= self.closed_to:
            return self
        closed_to = self.closed_to | ids
        return replace(self, closed_to=closed_to) if len(closed_to) <= MAX_CLOSED else replace(self, uses=0)

    def holds(self, now: Instant) -> bool:
        """Not over yet, whether or not it is used up."""
        return now < self.until


def draw(taken: Container[str], randbelow: Callable[[int], int]) -> InviteWord:
    """Draw a word whose short id (:func:`short`) is not taken.

    Args:
        randbelow: uniform over ``[0, n)`` from the system's CSPRNG, as ``secrets.randbelow`` is.
    """
    while True:
        word = InviteWord("".join(codes.ALPHABET[randbelow(len(codes.ALPHABET))] for _ in range(LENGTH)))
        if short(digest(word)) not in taken:
            return word


def digest(word: InviteWord) -> WordDigest:
    """Under what an invite with this word is kept."""
    return WordDigest(hashlib.sha256(word.reveal().encode("ascii")).hexdigest())


def link(word: InviteWord, bot: str) -> str | None:
    """A deep link of a Telegram bot, which brings the word; ``None`` if the bot has no username, ``@name``.

    See https://core.telegram.org/bots/features#deep-linking. As secret as the word.
    """
    named = _USERNAME.fullmatch(bot)
    return f"https://t.me/{named[1]}?start={word.reveal()}" if named else None


def short(kept: WordDigest) -> str:
    """How an invite is named where it is listed, in approvals and in the history: nothing that leads to its word."""
    return kept[:_SHORT]


def named(short: str) -> str:
    """How approvals and the history call an invite."""
    return f"{_BY}{short}"


def is_by_invite(by: str) -> bool:
    """Whether an approval is an invite's. Its sender was told at the door."""
    return by.startswith(_BY)


def read(text: str) -> WordDigest | None:
    """Read a message that consists of a word alone, as people type it or as a deep link brings it.

    ``None`` for every other text. Whether there is such an invite is not looked at.
    """
    if len(text) > _LONGEST:
        return None
    word = codes.read(_START.sub("", text.strip(), count=1) if text.lstrip().startswith("/") else text)
    if word is None or _WORD.fullmatch(word.reveal()) is None:
        return None
    return digest(InviteWord(word.reveal()))


def within(text: str) -> Iterator[WordDigest]:
    """Every word that stands in a text, as people type it, alone or among others, or in a link."""
    if (alone := read(text)) is not None:
        yield alone
    for found in _SPELLED.finditer(text.upper()):
        groups = codes.SEPARATORS.sub(" ", found[0]).split()
        letters, lengths = "".join(groups), [len(group) for group in groups]
        edges = {edge: number for number, edge in enumerate(accumulate(lengths, initial=0))}
        for edge, number in edges.items():
            end, word = edges.get(edge + LENGTH), letters[edge : edge + LENGTH]
            if end is not None and _is_spelled(lengths[number:end]) and _WORD.fullmatch(word):
                yield digest(InviteWord(word))


def _is_spelled(groups: list[int]) -> bool:
    """Whether somebody writes a word in groups of so many letters, and not whole sentences in the language of people.

    All as long as the first but for a rest, or the groups that were told, some of them together.
    """
    first, last = groups[0], groups[-1]
    if groups.count(first) >= len(groups) - (last < first):
        return True
    return all(group % _GROUP == 0 for group in groups)


def read_digest(text: str) -> WordDigest:
    """Read under what an invite is kept. Raises ValueError."""
    if re.fullmatch(r"[0-9a-f]{64}", text, re.A) is None:
        raise ValueError("it stands under no SHA-256")
    return WordDigest(text)
