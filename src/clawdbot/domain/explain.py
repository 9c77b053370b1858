"""Why somebody is in, waiting or refused on one channel account, and what would change it.

Nothing is decided here a second time: :func:`clawdbot.domain.gate.decide` and :func:`clawdbot.domain.senders.request`
are asked, and what they answer is given its reason. What a step would lead to is found out by taking it on the copy
that is at hand, and asking again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from clawdbot.domain import gate, senders
from clawdbot.domain.facts import TERMINAL
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.senders import TTL_MS, IsQuiet, Request, Senders, StillWaiting, Welcomed


class Standing(StrEnum):
    """What becomes of his next message."""

    IN = "in"
    WAITING = "waiting"
    ASKS = "asks"
    """He gets a code, and waits from then on."""
    REFUSED = "refused"


class Cause(StrEnum):
    """By what it is decided, in the order in which it is looked at."""

    DISABLED = "direct messages are disabled"
    BLOCKED = "he is blocked"
    LISTED = "he is listed in the configuration"
    EVERYONE = 'the configuration lists "*", which is everybody'
    APPROVED = "he was approved"
    NOT_LISTED = "only who is listed in the configuration gets in, and he is not"
    NOT_IN = "only who is listed or approved gets in, and he is neither"
    EXPECTED = "you announced him, and he has not written yet"
    QUIET = "he was turned away for a while, which is not over"
    WAITING = "he waits for your decision"
    QUEUE_FULL = "the queue is full, and he is not in it"
    STRANGER = "he is a stranger"


CAUSES: Final = {
    Cause.DISABLED: (Standing.REFUSED, "D3"),
    Cause.BLOCKED: (Standing.REFUSED, "D17"),
    Cause.LISTED: (Standing.IN, "D6"),
    Cause.EVERYONE: (Standing.IN, "D4"),
    Cause.APPROVED: (Standing.IN, "D1"),
    Cause.NOT_LISTED: (Standing.REFUSED, "D3"),
    Cause.NOT_IN: (Standing.REFUSED, "D4"),
    Cause.EXPECTED: (Standing.IN, "D10"),
    Cause.QUIET: (Standing.REFUSED, "D17"),
    Cause.WAITING: (Standing.WAITING, "D10"),
    Cause.QUEUE_FULL: (Standing.REFUSED, "D10"),
    Cause.STRANGER: (Standing.ASKS, "D10"),
}
"""What follows from each, and the rule of threats.md behind it."""


class Step(StrEnum):
    """Something that the owner may do about it."""

    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    BLOCK = "block"
    UNBLOCK = "unblock"
    LIST = "list"
    UNLIST = "unlist"
    UNLIST_EVERYONE = "unlist everyone"
    SET_PAIRING = "set the policy to pairing"
    MAKE_ROOM = "make room"


STEPS: Final = {
    Cause.DISABLED: (Step.SET_PAIRING,),
    Cause.BLOCKED: (Step.UNBLOCK,),
    Cause.LISTED: (Step.UNLIST, Step.BLOCK),
    Cause.EVERYONE: (Step.UNLIST_EVERYONE, Step.BLOCK),
    Cause.APPROVED: (Step.REVOKE, Step.BLOCK),
    Cause.NOT_LISTED: (Step.LIST, Step.SET_PAIRING),
    Cause.NOT_IN: (Step.LIST, Step.SET_PAIRING),
    Cause.EXPECTED: (Step.REVOKE, Step.BLOCK),
    Cause.QUIET: (Step.UNBLOCK, Step.LIST),
    Cause.WAITING: (Step.APPROVE, Step.REJECT, Step.BLOCK),
    Cause.QUEUE_FULL: (Step.MAKE_ROOM, Step.LIST),
    Cause.STRANGER: (Step.LIST, Step.BLOCK),
}


class Remark(StrEnum):
    """What else is worth knowing, for it decides nothing now."""

    OVER = "he was approved for a time, and that is over"
    EXPIRED = "his request has expired, and its code with it; his next message brings a new one"
    NOT_COUNTED = 'he was approved by pairing, which does not count under "allowlist"'
    NOT_FOR_BLOCKED = "the configuration lets him in, which does not count while he is blocked"
    EVERYONE_TOO = 'besides, the configuration lists "*", which is everybody'
    APPROVED_TOO = "besides, he was approved by pairing"
    INVITABLE = "an invite is good: with its word as his whole message he is in"
    FULL_LATELY = "the queue was full within the last hour: he may have been turned away then"


@dataclass(frozen=True, slots=True)
class Case:
    """A sender of a channel account, and all that decides about him. ``cap`` is how many may wait."""

    rules: DmRules
    known: Senders
    sender: SenderId
    now: Instant
    cap: int

    @property
    def aliases(self) -> frozenset[SenderId]:
        """His other ids, as the platform tied them to this one when he wrote (threats.md D7)."""
        known, ids = self.known, {self.sender}
        if (allowed := senders.find(known.allowed, self.sender)) is not None:
            ids |= {allowed, *known.allowed[allowed].aliases}
        if (waits := senders.find(known.requests, self.sender)) is not None:
            ids |= {waits, *known.requests[waits].aliases}
        if (blocked := senders.find(known.blocked, self.sender)) is not None:
            ids |= {blocked, *known.blocked[blocked].aliases}
        if (quiet := senders.find(known.quiet, self.sender)) is not None:
            ids |= {quiet, *known.quiet[quiet].aliases}
        return frozenset(ids - {self.sender})

    @property
    def listed(self) -> frozenset[SenderId]:
        """Those of his ids that the configuration lists."""
        return self.rules.listed & {self.sender, *self.aliases}

    @property
    def waiting(self) -> list[Request]:
        """Everybody's live requests."""
        return self.known.current(self.now).waiting(self.now)

    @property
    def request(self) -> Request | None:
        """His own."""
        waiting = {one.sender: one for one in self.waiting}
        key = senders.find(waiting, self.sender, self.aliases)
        return None if key is None else waiting[key]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why, and what to do about it: each step with the cause that would decide after it."""

    cause: Cause
    remarks: tuple[Remark, ...]
    steps: tuple[tuple[Step, Cause], ...]

    @property
    def standing(self) -> Standing:
        return CAUSES[self.cause][0]

    @property
    def rule(self) -> str:
        """The rule of threats.md."""
        return CAUSES[self.cause][1]


def sender(case: Case) -> Explanation:
    """Why this sender is in, waiting or refused."""
    found = cause(case)
    steps = [(step, cause(take(step, case))) for step in STEPS[found]]
    return Explanation(found, tuple(_remarks(case, found)), tuple(steps))


def cause(case: Case) -> Cause:
    """By what it is decided."""
    rules, known, aliases = case.rules, case.known, case.aliases
    decision = gate.decide(rules, known, case.sender, aliases, now=case.now)
    match decision:
        case Ignore(Why.DISABLED):
            return Cause.DISABLED
        case Ignore(Why.BLOCKED):
            return Cause.BLOCKED
        case Ignore():
            return Cause.NOT_LISTED if rules.policy is DmPolicy.ALLOWLIST else Cause.NOT_IN
        case Admit() if case.listed:
            return Cause.LISTED
        case Admit():
            return Cause.EVERYONE if rules.everyone else Cause.APPROVED
        case AskApproval():
            return _cause_at_the_queue(case)
        case _:
            assert_never(decision)


def _cause_at_the_queue(case: Case) -> Cause:
    """What a message of his would find there; as there is no room in the question, no code is drawn."""
    answer = senders.request(
        case.known, case.sender, {}, now=case.now, randbelow=_never, cap=0, aliases=case.aliases
    ).answer
    if isinstance(answer, StillWaiting):
        return Cause.WAITING
    if isinstance(answer, Welcomed):
        return Cause.EXPECTED
    if isinstance(answer, IsQuiet):
        return Cause.QUIET
    return Cause.QUEUE_FULL if len(case.waiting) >= case.cap else Cause.STRANGER


def _never(_: int) -> int:
    raise AssertionError("nothing is drawn to explain something")


def _remarks(case: Case, cause: Cause) -> Iterator[Remark]:
    rules, known = case.rules, case.known
    approved = known.is_allowed(case.sender, case.aliases, now=case.now)
    asked = senders.find(known.requests, case.sender, case.aliases) is not None
    if asked and cause in (Cause.STRANGER, Cause.QUEUE_FULL):
        yield Remark.EXPIRED
    if not approved and senders.find(known.allowed, case.sender, case.aliases) is not None:
        yield Remark.OVER
    if cause is Cause.NOT_LISTED and approved:
        yield Remark.NOT_COUNTED
    if cause is Cause.BLOCKED and (case.listed or rules.everyone):
        yield Remark.NOT_FOR_BLOCKED
    if cause is Cause.LISTED and rules.everyone:
        yield Remark.EVERYONE_TOO
    if cause in (Cause.LISTED, Cause.EVERYONE) and approved:
        yield Remark.APPROVED_TOO
    ids, unasked = case.aliases | {case.sender}, (Cause.STRANGER, Cause.QUEUE_FULL, Cause.WAITING)
    person = ids | known.linked(ids)
    if cause in unasked and any(one.lets_in(person, now=case.now) for one in known.invites.values()):
        yield Remark.INVITABLE
    if cause is Cause.STRANGER and known.full_at is not None and 0 <= case.now - known.full_at < TTL_MS:
        yield Remark.FULL_LATELY


def take(step: Step, case: Case) -> Case:
    """The case as it would be after a step."""
    match step:
        case Step.LIST | Step.UNLIST | Step.UNLIST_EVERYONE | Step.SET_PAIRING:
            return replace(case, rules=_with_rules(step, case))
        case Step.MAKE_ROOM:
            return replace(case, cap=len(case.waiting) + 1)
        case _:
            return replace(case, known=_decided(step, case))


def _with_rules(step: Step, case: Case) -> DmRules:
    rules = case.rules
    match step:
        case Step.LIST:
            return replace(rules, listed=rules.listed | {case.sender})
        case Step.UNLIST:
            return replace(rules, listed=rules.listed - case.listed)
        case Step.UNLIST_EVERYONE:
            return replace(rules, everyone=False)
        case _:
            return replace(rules, policy=DmPolicy.PAIRING)


def _decided(step: Step, case: Case) -> Senders:
    known, now, request = case.known, case.now, case.request
    match step:
        case Step.APPROVE if request:
            return senders.approve(known, request.code, now=now, by=TERMINAL).state
        case Step.REJECT if request:
            return senders.reject(known, request.code, now=now).state
        case Step.REVOKE:
            return senders.revoke(known, case.sender).state
        case Step.BLOCK:
            return senders.block(known, case.sender, now=now, by=TERMINAL).state
        case Step.UNBLOCK:
            return senders.unblock(known, case.sender).state
        case _:
            return known
