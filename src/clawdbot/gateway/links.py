"""Links by which the owner pairs a browser: for one device, for ten minutes, for the scopes that he named.

A link holds a word of 256 bits that opens nothing else and is no shared secret. It is kept as its SHA-256, in this
process alone. The first device that brings it, in a ``connect`` that its key signed together with the word, is paired
with what it asks, within the scopes; for everybody after that the link is a wrong token.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from clawdbot.domain import scopes as scope_rules
from clawdbot.domain.names import Instant, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret

TTL_MS: Final = 10 * 60_000
"""How long a link can be used."""

MOST: Final = 16
"""Links that can be used at the same time; one more, and the oldest is void."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that nobody has used yet.

    Attributes:
        maker: who made it, with what it then held.
    """

    digest: bytes = field(repr=False)
    scopes: tuple[Scope, ...]
    maker: Caller
    made_at: Instant

    @property
    def expires_at(self) -> Instant:
        return self.made_at + TTL_MS

    def is_live(self, now: Instant) -> bool:
        """A link from the future is as dead as an old one (threats.md S6)."""
        return 0 <= now - self.made_at < TTL_MS


class Links:
    """The links of one gateway; they end with it.

    Args:
        word: makes the word of a link.
    """

    def __init__(
        self, *, now: Callable[[], Instant], word: Callable[[], str] = lambda: secrets.token_urlsafe(32)
    ) -> None:
        self._now = now
        self._word = word
        self._links: dict[bytes, Link] = {}

    def make(self, scopes: Iterable[Scope], maker: Caller) -> tuple[Secret, Link]:
        """A new link, and its word, which is told once."""
        self._forget_dead()
        while len(self._links) >= MOST:
            del self._links[next(iter(self._links))]
        word = Secret(self._word())
        link = Link(_digest(word), scope_rules.merged(scopes), maker, self._now())
        self._links[link.digest] = link
        return word, link

    def take(self, word: Secret, wanted: Iterable[Scope]) -> Link | None:
        """Use a link, if there is one of that word, and it is good for what is wanted."""
        self._forget_dead()
        link = self._links.get(_digest(word))
        if link is None or not scope_rules.covers(link.scopes, wanted):
            return None
        return self._links.pop(link.digest)

    def put_back(self, link: Link) -> None:
        """It was not used after all: the state could not be saved."""
        self._links[link.digest] = link

    def _forget_dead(self) -> None:
        now = self._now()
        self._links = {digest: link for digest, link in self._links.items() if link.is_live(now)}


def _digest(word: Secret) -> bytes:
    return hashlib.sha256(word.reveal().encode("utf-8", "surrogatepass")).digest()
