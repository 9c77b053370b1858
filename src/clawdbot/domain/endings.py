"""Approvals that end: when their owner hears of it before, and how he lets them go on (``docs/owner.md``)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from clawdbot.domain.effects import Change
from clawdbot.domain.instants import LONGEST_MS
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.persons import find
from clawdbot.domain.sender_records import Approval, Senders
from clawdbot.domain.senders import NotAllowed

UNKNOWN_MS = 7 * 24 * 60 * 60 * 1000
"""How long an approval lasts of which nobody knows when it began."""


@dataclass(frozen=True, slots=True)
class Extended:
    """In for longer."""

    sender: SenderId
    until: Instant


@dataclass(frozen=True, slots=True)
class Endless:
    """In for good already: there is nothing to extend."""


ExtendAnswer = Extended | Endless | NotAllowed


def lasts(approval: Approval) -> int:
    """How long an approval was given for, in milliseconds; one that ends is meant."""
    if approval.until is None or approval.approved_at is None or approval.until <= approval.approved_at:
        return UNKNOWN_MS
    return min(approval.until - approval.approved_at, LONGEST_MS)


def near(senders: Senders, *, now: Instant, warn_ms: int) -> Iterator[tuple[SenderId, Approval, Instant]]:
    """The approvals of which the owner is to be told, and when they end."""
    for sender, approval in senders.allowed.items():
        until = approval.until
        if until is None or senders.is_blocked(sender):
            continue
        if until - min(warn_ms, lasts(approval) // 2) <= now < until:
            yield sender, approval, until


def extend(
    senders: Senders,
    sender: SenderId,
    *,
    now: Instant,
    by: str,
    lasts_ms: int | None = None,
    ending: Instant | None = None,
) -> Change[Senders, ExtendAnswer]:
    """The owner approves again somebody who is in for a time: from now on, for so long as before or as he says.

    It never shortens an approval.

    Args:
        ending: when the approval ends that is meant, if he was told of one: another is left as it is (threats.md G5).
    """
    key = find(senders.allowed, sender)
    approval = senders.allowed[key] if key is not None else None
    if key is None or approval is None or not approval.holds(now) or senders.is_blocked(sender):
        return Change(senders, NotAllowed())
    if ending is not None and ending != approval.until:
        return Change(senders, NotAllowed())
    if approval.until is None:
        return Change(senders, Endless())
    until = max(approval.until, now + (lasts_ms or lasts(approval)))
    extended = replace(approval, approved_at=now, by=by, until=until)
    return Change(replace(senders, allowed={**senders.allowed, key: extended}), Extended(key, until))
