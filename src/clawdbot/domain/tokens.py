"""A device token: lets one device connect in one role without the gateway's shared secret (threats.md G7).

The record of a device holds one token per role. Nothing here compares or shows the secret in any other way than
:class:`~clawdbot.domain.secret.Secret` does.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from clawdbot.domain import scopes as scope_rules
from clawdbot.domain.names import Instant, RequestId, Scope
from clawdbot.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Mint:
    """Where new names and secrets come from: the system's CSPRNG in production, a counter in tests."""

    request_id: Callable[[], RequestId]
    """A UUID v4."""

    token: Callable[[], Secret]
    """32 lower-case hex digits (``docs/protocol.md#device-tokens``)."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token. A revoked one stays on record: that its role was taken away must not be forgotten (threats.md G8)."""

    secret: Secret
    scopes: tuple[Scope, ...]
    """In normal form. What the token is good for, as long as the device is approved for it."""
    created_at: Instant
    rotated_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None

    @property
    def issued_at(self) -> Instant:
        """When this secret came into being."""
        return self.created_at if self.rotated_at is None else self.rotated_at

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


def issue(old: Token | None, wanted: Iterable[Scope], *, now: Instant, mint: Callable[[], Secret]) -> Token:
    """A new secret for a role. One that had a token before keeps its history; the old secret is dead."""
    fresh = Token(mint(), scope_rules.normal(wanted), created_at=now)
    if old is None:
        return fresh
    return replace(fresh, created_at=old.created_at, rotated_at=now, last_used_at=old.last_used_at)


def revoke(token: Token, *, now: Instant) -> Token:
    """Make a token useless for good; revoking twice changes nothing."""
    return token if token.is_revoked else replace(token, revoked_at=now)


def covers(token: Token, wanted: Iterable[Scope], *, approved: Iterable[Scope]) -> bool:
    """Is a token good for these scopes? Never beyond what its device was approved for, whatever its record says."""
    wanted = tuple(wanted)
    return not token.is_revoked and scope_rules.covers(token.scopes, wanted) and scope_rules.covers(approved, wanted)


def check(token: Token, presented: Secret, wanted: Iterable[Scope], *, approved: Iterable[Scope]) -> bool:
    """May whoever presents this secret have these scopes? An empty secret opens nothing, on record or presented."""
    return bool(presented) and presented == token.secret and covers(token, wanted, approved=approved)
