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
    """In for longer. ``linked``: the other ids, as the owner linked them, under which he is in until then, too."""

    sender: SenderId
    until: Instant
    linked: frozenset[SenderId] = frozenset()


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
    """The owner approves again a person who is in for a time: from now on, for so long as before or as he says.

    Under every id of his that he is in by, or expected, for a time; they end together from then on. It never shortens
    an approval.

    Args:
        ending: when the approval ends that is meant, if he was told of one: another is left as it is (threats.md G5).
    """
    if senders.is_blocked(sender):
        return Change(senders, NotAllowed())
    others = senders.others_of(sender)
    keys = [found for one in (sender, *others) if (found := _holding(senders, one, now)) is not None]
    if not keys or (ending is not None and ending != senders.allowed[keys[0]].until):
        return Change(senders, NotAllowed())
    approvals = {one: senders.allowed[one] for one in keys}
    if approvals[keys[0]].until is None:
        return Change(senders, Endless())
    ends = {one: approval.until for one, approval in approvals.items() if approval.until is not None}
    until = max(*ends.values(), now + (lasts_ms or lasts(approvals[keys[0]])))
    longer = {one: replace(approvals[one], approved_at=now, by=by, until=until) for one in ends}
    awaited = {
        found: replace(senders.expected[found], until=until)
        for one in (sender, *others)
        if (found := senders.expects(one, now=now)) is not None and senders.expected[found].until is not None
    }
    state = replace(senders, allowed={**senders.allowed, **longer}, expected={**senders.expected, **awaited})
    key = senders.stands_as(sender)
    return Change(state, Extended(key, until, frozenset(ends) - {key}))


def _holding(senders: Senders, sender: SenderId, now: Instant) -> SenderId | None:
    key = find(senders.allowed, sender)
    return key if key is not None and senders.allowed[key].holds(now) else None
