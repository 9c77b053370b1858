"""One channel account: who is in, who waits, who is blocked. Every change of it is decided here.

A sender is at one place at a time: approved, waiting with a code, or blocked. All functions take the old
:class:`Senders` and return a :class:`~clawdbot.domain.effects.Change`; none of them writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from clawdbot.domain import codes
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, SendCode
from clawdbot.domain.names import Instant, SenderId

V = TypeVar("V")

TTL_MS = 60 * 60 * 1000
"""A request is dead at this age (threats.md D11)."""

DEFAULT_CAP = 3
"""Pending requests a channel account at most; more strangers are ignored until one is decided or expires."""

REFRESH_MS = 1_000
"""A waiting sender who writes again renews ``last_seen`` at most this often: a flood is no flood of writes."""


@dataclass(frozen=True, slots=True)
class Request:
    """A sender who waits for the owner's decision."""

    sender: SenderId
    code: PairingCode
    created_at: Instant
    last_seen: Instant
    meta: Mapping[str, str] = field(default_factory=dict)

    def is_live(self, now: Instant) -> bool:
        """Not yet expired; a request from the future counts as expired (threats.md D11, S6)."""
        return 0 <= now - self.created_at < TTL_MS


@dataclass(frozen=True, slots=True)
class Approval:
    """A sender who is in. ``entry`` is how the allowlist file spells him; the rest is unknown for foreign entries."""

    entry: str
    approved_at: Instant | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A sender who gets silence."""

    blocked_at: Instant
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Senders:
    """One channel account's senders. Mappings are never changed in place."""

    requests: Mapping[SenderId, Request] = field(default_factory=dict)
    allowed: Mapping[SenderId, Approval] = field(default_factory=dict)
    blocked: Mapping[SenderId, Block] = field(default_factory=dict)
    full_at: Instant | None = None
    """When a stranger was last turned away because the queue was full; ``None`` if never."""

    def waiting(self, now: Instant) -> list[Request]:
        """The live requests that need a decision, oldest first.

        A request beside an approval is left by a crash between the two files, one beside a block is written by
        programs that know no blocks: neither waits or takes a slot.
        """
        waiting = (
            request
            for request in self.requests.values()
            if request.is_live(now) and request.sender not in self.allowed and request.sender not in self.blocked
        )
        return sorted(waiting, key=lambda request: (request.created_at, request.sender))

    def find(self, code: PairingCode, now: Instant) -> Request | None:
        """The waiting request that a code belongs to."""
        return next((request for request in self.waiting(now) if request.code == code), None)


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requested:
    """A new request; its code goes out once."""

    request: Request


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """There is a request already; no second code."""

    request: Request


@dataclass(frozen=True, slots=True)
class QueueFull:
    """As many wait as may; this stranger is ignored."""


@dataclass(frozen=True, slots=True)
class AlreadyAllowed:
    """In already: approved, perhaps a moment ago by another process."""


@dataclass(frozen=True, slots=True)
class IsBlocked:
    """Blocked: silence."""


RequestAnswer = Requested | StillWaiting | QueueFull | AlreadyAllowed | IsBlocked


@dataclass(frozen=True, slots=True)
class Approved:
    request: Request


@dataclass(frozen=True, slots=True)
class Rejected:
    request: Request


@dataclass(frozen=True, slots=True)
class NoSuchRequest:
    """Unknown, used or expired code; nothing changed."""


@dataclass(frozen=True, slots=True)
class Blocked:
    sender: SenderId


@dataclass(frozen=True, slots=True)
class Unblocked:
    sender: SenderId


@dataclass(frozen=True, slots=True)
class NotBlocked:
    """Nothing to undo."""


@dataclass(frozen=True, slots=True)
class Revoked:
    sender: SenderId


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Nothing to take back."""


# --- decisions -------------------------------------------------------------------------------------------------------


def request(
    senders: Senders,
    sender: SenderId,
    meta: Mapping[str, str],
    *,
    now: Instant,
    randbelow: Callable[[int], int],
    cap: int = DEFAULT_CAP,
) -> Change[Senders, RequestAnswer]:
    """A stranger wrote: open a request, keep the one he has, or turn him away.

    A waiting sender refreshes his own request even at the cap and takes no second slot; a newcomer never evicts or
    alters somebody else's request (threats.md D10).
    """
    if sender in senders.blocked:
        return Change(senders, IsBlocked())
    if sender in senders.allowed:
        return Change(senders, AlreadyAllowed())
    waiting = {live.sender: live for live in senders.waiting(now)}
    if sender in waiting:
        return _refresh(senders, waiting[sender], meta, now)
    if len(waiting) >= cap:
        recent = senders.full_at is not None and 0 <= now - senders.full_at < REFRESH_MS
        return Change(senders if recent else replace(senders, full_at=now), QueueFull())
    code = codes.draw({live.code for live in waiting.values()}, randbelow)
    opened = Request(sender, code, created_at=now, last_seen=now, meta=meta)
    return Change(
        replace(senders, requests={**waiting, sender: opened}),
        Requested(opened),
        (SendCode(sender, code), AnnounceRequest(sender)),
    )


def _refresh(senders: Senders, old: Request, meta: Mapping[str, str], now: Instant) -> Change[Senders, StillWaiting]:
    if 0 <= now - old.last_seen < REFRESH_MS:
        return Change(senders, StillWaiting(old))
    renewed = replace(old, last_seen=now, meta=meta or old.meta)
    return Change(replace(senders, requests={**senders.requests, old.sender: renewed}), StillWaiting(renewed))


def approve(senders: Senders, code: PairingCode, *, now: Instant, by: str) -> Change[Senders, Approved | NoSuchRequest]:
    """The owner lets in whom a code belongs to: the sender moves from waiting to allowed in one change.

    An approval that a crash cut short after its grant was saved is completed, and answered like any other.
    """
    found = senders.find(code, now) or _cut_short(senders, code, now)
    if found is None:
        return Change(senders, NoSuchRequest())
    approval = senders.allowed.get(found.sender) or Approval(entry=found.sender, approved_at=now, by=by)
    granted = replace(
        senders,
        requests=_others(senders, found.sender, now),
        allowed={**senders.allowed, found.sender: approval},
    )
    return Change(granted, Approved(found))


def reject(senders: Senders, code: PairingCode, *, now: Instant) -> Change[Senders, Rejected | NoSuchRequest]:
    """The owner dismisses a request; the sender may ask again."""
    found = senders.find(code, now)
    if found is None:
        return Change(senders, NoSuchRequest())
    return Change(replace(senders, requests=_others(senders, found.sender, now)), Rejected(found))


def block(senders: Senders, sender: SenderId, *, now: Instant, by: str) -> Change[Senders, Blocked | IsBlocked]:
    """The owner wants silence for a sender: out of the allowlist, out of the queue, and no code any more."""
    forgotten = _forget(senders, sender)
    if sender in senders.blocked:
        return Change(forgotten, IsBlocked())
    return Change(replace(forgotten, blocked={**senders.blocked, sender: Block(now, by)}), Blocked(sender))


def unblock(senders: Senders, sender: SenderId) -> Change[Senders, Unblocked | NotBlocked]:
    """The owner ends a block; the sender is a stranger again."""
    if sender not in senders.blocked:
        return Change(senders, NotBlocked())
    return Change(replace(_forget(senders, sender), blocked=_without(senders.blocked, sender)), Unblocked(sender))


def revoke(senders: Senders, sender: SenderId) -> Change[Senders, Revoked | NotAllowed]:
    """The owner takes an approval back; the sender is a stranger again."""
    if sender not in senders.allowed:
        return Change(senders, NotAllowed())
    return Change(_forget(senders, sender), Revoked(sender))


def _forget(senders: Senders, sender: SenderId) -> Senders:
    """Take approval and request from a sender, so that no code of his that was used or passed over works again."""
    if sender not in senders.allowed and sender not in senders.requests:
        return senders
    return replace(senders, requests=_without(senders.requests, sender), allowed=_without(senders.allowed, sender))


def _cut_short(senders: Senders, code: PairingCode, now: Instant) -> Request | None:
    granted = (request for request in senders.requests.values() if request.sender in senders.allowed)
    live = (request for request in granted if request.is_live(now) and request.sender not in senders.blocked)
    return next((request for request in live if request.code == code), None)


def _others(senders: Senders, sender: SenderId, now: Instant) -> dict[SenderId, Request]:
    return {live.sender: live for live in senders.waiting(now) if live.sender != sender}


def _without(mapping: Mapping[SenderId, V], sender: SenderId) -> dict[SenderId, V]:
    return {key: value for key, value in mapping.items() if key != sender}
