"""What was decided elsewhere, by a command on the state files or by another program: told from before and after.

Such a decision leaves no effects here, only another state. A request that is gone was approved if there is a newer
approval, void if its device has another one, dead if its time was up, which nobody is told, and otherwise rejected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import (
    AnnounceDeviceRequest,
    AnnounceDeviceResolved,
    AnnounceNodeRequest,
    AnnounceNodeResolved,
    Decision,
    DeviceEffect,
    NodeEffect,
    SenderDecision,
)
from clawdbot.domain.names import Instant, RequestId, SenderId
from clawdbot.domain.node_records import Node
from clawdbot.domain.senders import Senders


def device(old: Device, new: Device, *, now: Instant) -> Iterator[DeviceEffect]:
    """What operators are told about a device that looked like ``old`` when they last heard of it."""
    decided = _decision(old, new, now)
    if old.pending is not None and decided is not None:
        yield AnnounceDeviceResolved(old.id, old.pending.id, decided, now)
    if new.pending is not None and _is_opened(old, new, now):
        void = old.waiting(now) if decided is None else None
        yield AnnounceDeviceRequest(new.id, new.pending, supersedes=None if void is None else void.id)


def node(old: Node, new: Node, *, now: Instant) -> Iterator[NodeEffect]:
    """The same about a node of the legacy store."""
    decided = _decision(old, new, now)
    if old.pending is not None and decided is not None:
        yield AnnounceNodeResolved(old.id, old.pending.id, decided, now)
    if new.pending is not None and _is_opened(old, new, now):
        yield AnnounceNodeRequest(new.id, new.pending)


@dataclass(frozen=True, slots=True)
class SenderWaits:
    """Somebody wrote to the bot, and has a code."""

    sender: SenderId


@dataclass(frozen=True, slots=True)
class SenderDecided:
    """It was decided about a sender."""

    sender: SenderId
    decision: SenderDecision


def senders(old: Senders, new: Senders, *, now: Instant) -> Iterator[SenderWaits | SenderDecided]:
    """What operators are told about the senders of a channel account. Each is told of once: of where he is now.

    Who was blocked by another id of his is told of under each (threats.md D7). Whose approval was over is not told of:
    nobody decided about him (:meth:`Senders.ended`).
    """
    yield from (SenderDecided(one, SenderDecision.BLOCKED) for one in new.blocked if one not in old.blocked)
    yield from (SenderDecided(one, SenderDecision.UNBLOCKED) for one in old.blocked if one not in new.blocked)
    yield from (SenderDecided(one, SenderDecision.EXPECTED) for one in new.expected if one not in old.expected)
    came = [one for one in new.allowed if one not in old.allowed and one not in new.blocked]
    yield from (SenderDecided(one, SenderDecision.APPROVED) for one in came)
    yield from (SenderDecided(one, SenderDecision.EXTENDED) for one in new.allowed if _is_extended(old, new, one))
    left = {one: was.aliases for one, was in old.allowed.items() if one not in new.allowed and was.holds(now)}
    forgotten = [one for one in old.expected if one not in new.expected and one not in new.allowed]
    left |= {one: old.expected[one].aliases for one in forgotten if old.expected[one].holds(now)}
    yield from _gone(old, new, left, SenderDecision.REVOKED)
    before, after = ({(one.sender, one.code): one for one in state.waiting(now)} for state in (old, new))
    now_in = {*new.allowed, *new.expected}
    dismissed = [request for each, request in before.items() if each not in after and request.sender not in now_in]
    yield from _gone(old, new, {one.sender: one.aliases for one in dismissed}, SenderDecision.REJECTED)
    yield from (SenderWaits(sender) for sender, code in after if (sender, code) not in before)


def _is_extended(old: Senders, new: Senders, sender: SenderId) -> bool:
    """Is somebody in for longer than he was to be?"""
    before, after = old.allowed.get(sender), new.allowed[sender]
    if before is None or before.until is None:
        return False
    return after.until is None or after.until > before.until


def _gone(
    old: Senders, new: Senders, gone: Mapping[SenderId, frozenset[SenderId]], decision: SenderDecision
) -> Iterator[SenderDecided]:
    """What was decided about those who are out, by their other ids, unless that is told already."""
    for one, aliases in gone.items():
        if not new.is_blocked(one, aliases):
            yield SenderDecided(one, decision)
        elif one not in new.blocked and not old.is_blocked(one, aliases):
            yield SenderDecided(one, SenderDecision.BLOCKED)


# --- what devices and nodes have in common ---------------------------------------------------------------------------


class _Request(Protocol):
    @property
    def id(self) -> RequestId: ...

    def is_live(self, now: Instant) -> bool: ...


class _Record(Protocol):
    @property
    def approved_at(self) -> Instant: ...


class _Registered(Protocol):
    @property
    def paired(self) -> _Record | None: ...

    @property
    def pending(self) -> _Request | None: ...


K = TypeVar("K", bound=_Registered)


def _decision(old: K, new: K, now: Instant) -> Decision | None:
    """How the request that waited was decided, if it was."""
    if old.pending is None or (new.pending is not None and new.pending.id == old.pending.id):
        return None
    if new.paired is not None and (old.paired is None or old.paired.approved_at != new.paired.approved_at):
        return Decision.APPROVED
    return Decision.REJECTED if new.pending is None and old.pending.is_live(now) else None


def _is_opened(old: K, new: K, now: Instant) -> bool:
    """Does a request wait that did not before?"""
    known = old.pending is not None and new.pending is not None and old.pending.id == new.pending.id
    return not known and new.pending is not None and new.pending.is_live(now)
