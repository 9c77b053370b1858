"""Words by which the owner pairs devices: each for one device, ten minutes, one role, and scopes that he named.

A word is of 224 random bits that open nothing else; it is no shared secret. It travels in the dashboard's links and in
setup codes, and is kept as its SHA-256, in this process alone. The first device that brings it, in a ``connect`` that
its key signed together with the word, is paired with what it asks, in that role and within the scopes; for everybody
after that the word is a wrong token, known as one by its form (:mod:`clawdbot.domain.word_form`, threats.md G18).
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from clawdbot.domain import scopes as scope_rules
from clawdbot.domain import word_form
from clawdbot.domain.names import Instant, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret

TTL_MS: Final = 10 * 60_000
"""How long a word can be used."""

MOST: Final = 16
"""Words that can be used at the same time; one more, and the oldest is void."""


class Carrier(StrEnum):
    """What a word travels in, as the record calls it."""

    LINK = "a link"
    CODE = "a setup code"


@dataclass(frozen=True, slots=True)
class PairingWord:
    """A word that nobody has used yet.

    Attributes:
        role: what the device that brings it may be, and nothing else.
        scopes: what it may ask for at most.
        maker: who made it, with what it then held.
    """

    digest: bytes = field(repr=False)
    carrier: Carrier
    role: Role
    scopes: tuple[Scope, ...]
    maker: Caller
    made_at: Instant

    @property
    def expires_at(self) -> Instant:
        return self.made_at + TTL_MS

    @property
    def described(self) -> str:
        """What it travels in, and whose it is: who approved the device that it pairs."""
        device = self.maker.device
        return f"{self.carrier} of {'the owner' if device is None else f'device {device[:12]}'}"

    def is_live(self, now: Instant) -> bool:
        """A word from the future is as dead as an old one (threats.md S6)."""
        return 0 <= now - self.made_at < TTL_MS

    def is_good_for(self, role: Role, wanted: Iterable[Scope]) -> bool:
        """Does it cover what a device asks for? What was made for a node makes nobody an operator (threats.md G6)."""
        return self.role is role and scope_rules.covers(self.scopes, wanted)


class PairingWords:
    """The words of one gateway; they end with it.

    Args:
        random: so many bytes, from the system's CSPRNG.
    """

    def __init__(self, *, now: Callable[[], Instant], random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._now = now
        self._random = random
        self._words: dict[bytes, PairingWord] = {}

    def make(self, carrier: Carrier, role: Role, scopes: Iterable[Scope], maker: Caller) -> tuple[Secret, PairingWord]:
        """A new word, which is told once, and what is kept of it."""
        self._forget_dead()
        while len(self._words) >= MOST:
            del self._words[next(iter(self._words))]
        word = word_form.spell(self._random(word_form.SEED))
        made = PairingWord(_digest(word), carrier, role, scope_rules.merged(scopes), maker, self._now())
        self._words[made.digest] = made
        return word, made

    def take(self, word: Secret, role: Role, wanted: Iterable[Scope]) -> PairingWord | None:
        """Use a word, if there is one, and it is good for what is wanted; nobody else can use it then."""
        if not self._words:
            return None
        self._forget_dead()
        found = self._words.get(_digest(word))
        return self._words.pop(found.digest) if found is not None and found.is_good_for(role, wanted) else None

    def put_back(self, word: PairingWord) -> None:
        """It was not used after all: the state could not be saved."""
        self._words[word.digest] = word

    def _forget_dead(self) -> None:
        now = self._now()
        self._words = {digest: word for digest, word in self._words.items() if word.is_live(now)}


def _digest(word: Secret) -> bytes:
    return hashlib.sha256(word.reveal().encode("utf-8", "surrogatepass")).digest()
