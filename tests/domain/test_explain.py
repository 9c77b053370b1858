"""An explanation says what the gate does, by the cause that decides, and its steps lead where it says they lead."""

from dataclasses import replace
from itertools import combinations, product

import pytest

from clawdbot.domain import explain, gate, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.explain import CAUSES, STEPS, Case, Cause, Remark, Standing, Step
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.invites import Invite, WordDigest
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import (
    Approval,
    Block,
    Expected,
    IsQuiet,
    QueueFull,
    Quiet,
    Request,
    Requested,
    Senders,
    StillWaiting,
    Welcomed,
)

NOW = 1_795_367_603_000
WHO, OTHER, THIRD = SenderId("7"), SenderId("8"), SenderId("9")
NUMBER = SenderId("+4915112345678")


def request(sender: SenderId, *, age_ms: int = 60_000, code: str = "ABCDEFGH") -> Request:
    return Request(sender, PairingCode(code), created_at=NOW - age_ms, last_seen=NOW - age_ms)


EITHER_OR = ({"allowed", "lapsed"}, {"waits", "expired"}, {"quiet", "quiet before"})
FEATURES = ("blocked", "allowed", "lapsed", "waits", "expired", "listed", "full", "quiet", "quiet before", "expected")


def cases() -> list[Case]:
    """Every policy, with and without ``"*"``, and every set of things that can be on record about somebody."""
    chosen = [{*has} for count in range(len(FEATURES) + 1) for has in combinations(FEATURES, count)]
    possible = [has for has in chosen if not any(pair <= has for pair in EITHER_OR)]
    return [case(*one) for one in product(DmPolicy, (False, True), possible)]


def case(policy: DmPolicy, everyone: bool, has: set[str]) -> Case:
    requests = {OTHER: request(OTHER, code="HGFEDCBA")} if "full" in has else {}
    if has & {"waits", "expired"}:
        requests[WHO] = request(WHO, age_ms=60_000 if "waits" in has else senders.TTL_MS)
    allowed = (
        {WHO: Approval(WHO, NOW - 5, until=NOW if "lapsed" in has else None)} if has & {"allowed", "lapsed"} else {}
    )
    blocked = {WHO: Block(NOW)} if "blocked" in has else {}
    quiet = {WHO: Quiet(NOW + 1 if "quiet" in has else NOW)} if has & {"quiet", "quiet before"} else {}
    expected = {WHO: Expected(NOW, until=NOW + 1)} if "expected" in has else {}
    known = Senders(requests, allowed, blocked, quiet=quiet, expected=expected)
    listed = frozenset({WHO} if "listed" in has else {OTHER})
    return Case(DmRules(policy, listed, everyone), known, WHO, NOW, cap=1)


def what_happens(at: Case) -> Standing:
    """What the gate and the queue really do with his next message."""
    decision = gate.decide(at.rules, at.known, at.sender, at.aliases, now=at.now)
    if isinstance(decision, Admit):
        return Standing.IN
    if isinstance(decision, Ignore):
        return Standing.REFUSED
    assert isinstance(decision, AskApproval)
    drawn = iter(range(10_000))
    answer = senders.request(
        at.known, at.sender, {}, now=at.now, randbelow=lambda below: next(drawn) % below, cap=at.cap, aliases=at.aliases
    ).answer
    assert isinstance(answer, Requested | StillWaiting | QueueFull | IsQuiet | Welcomed)
    outcomes = {Welcomed: Standing.IN, Requested: Standing.ASKS, StillWaiting: Standing.WAITING}
    return outcomes.get(type(answer), Standing.REFUSED)


def test_an_explanation_is_what_the_gate_does_in_every_case() -> None:
    """Over all combinations of policy, list and record; and each cause is reached by some of them."""
    every = cases()
    assert [explain.sender(one).standing for one in every] == [what_happens(one) for one in every]
    assert {explain.sender(one).cause for one in every} == set(Cause)


def test_each_step_leads_where_it_says_in_every_case() -> None:
    """What is promised after a step is what the gate does once it is taken; and no step changes nothing."""
    for one in cases():
        found = explain.sender(one)
        assert [step for step, _ in found.steps] == list(STEPS[found.cause])
        for step, then in found.steps:
            after = explain.take(step, one)
            assert CAUSES[then][0] is what_happens(after)
            assert then is not found.cause or step is Step.REJECT or one.rules.policy is DmPolicy.PAIRING


def test_the_cause_is_the_reason_in_every_case() -> None:
    """Take away what it names, and it is not the cause any more."""
    undo = {Cause.BLOCKED: Step.UNBLOCK, Cause.LISTED: Step.UNLIST, Cause.EVERYONE: Step.UNLIST_EVERYONE}
    undo |= {Cause.APPROVED: Step.REVOKE, Cause.WAITING: Step.REJECT, Cause.DISABLED: Step.SET_PAIRING}
    for one in cases():
        found = explain.cause(one)
        if found in undo:
            assert explain.cause(explain.take(undo[found], one)) is not found


@pytest.mark.parametrize(
    ("has", "policy", "everyone", "remark"),
    [
        ({"expired"}, DmPolicy.PAIRING, False, Remark.EXPIRED),
        ({"allowed"}, DmPolicy.ALLOWLIST, False, Remark.NOT_COUNTED),
        ({"lapsed"}, DmPolicy.PAIRING, False, Remark.OVER),
        ({"blocked", "listed"}, DmPolicy.PAIRING, False, Remark.NOT_FOR_BLOCKED),
        ({"listed"}, DmPolicy.OPEN, True, Remark.EVERYONE_TOO),
        ({"listed", "allowed"}, DmPolicy.PAIRING, False, Remark.APPROVED_TOO),
    ],
)
def test_what_decides_nothing_now_is_remarked(has: set[str], policy: DmPolicy, everyone: bool, remark: Remark) -> None:
    """The owner is told of what he may have taken for the reason."""
    assert remark in explain.sender(case(policy, everyone, has)).remarks


def test_D10_who_was_turned_away_lately_is_told_of() -> None:
    """The queue was full within the hour, and has room again."""
    one = case(DmPolicy.PAIRING, False, set())
    full = replace(one, known=replace(one.known, full_at=NOW - 60_000))
    assert explain.sender(full).remarks == (Remark.FULL_LATELY,)


@pytest.mark.parametrize("has", [set(), {"waits"}, {"full"}])
def test_D18_whom_an_invite_would_let_in_is_told_of(has: set[str]) -> None:
    """And not one who came in by it before, nor while there is no use left."""
    one, word = case(DmPolicy.PAIRING, False, has), WordDigest("0a" * 32)
    for invite, told in (
        (Invite(NOW + 1), True),
        (Invite(NOW), False),
        (Invite(NOW + 1, 0), False),
        (Invite(NOW + 1, guests=frozenset({WHO})), False),
    ):
        known = replace(one, known=replace(one.known, invites={word: invite}))
        assert (Remark.INVITABLE in explain.sender(known).remarks) is told


def test_D7_a_person_is_known_by_each_of_his_ids() -> None:
    """Approved with a uuid and a number: by the number he is in, and his uuid is named; listed by that, too."""
    uuid = SenderId("uuid:0e4e1f2c-0000-4000-8000-000000000001")
    approved = Senders(allowed={uuid: Approval(uuid, NOW, aliases=frozenset({NUMBER}))})
    one = Case(DmRules(), approved, NUMBER, NOW, cap=3)
    assert explain.cause(one) is Cause.APPROVED
    assert one.aliases == {uuid}
    listed = replace(one, rules=DmRules(DmPolicy.ALLOWLIST, frozenset({uuid})))
    assert explain.cause(listed) is Cause.LISTED
    assert listed.listed == {uuid}
    assert explain.cause(explain.take(Step.UNLIST, listed)) is Cause.NOT_LISTED


def test_D5_an_account_that_is_not_configured_admits_nobody() -> None:
    """Its rules are those of a disabled one."""
    one = Case(DmRules(DmPolicy.DISABLED), Senders(), THIRD, NOW, cap=3)
    assert gate.decide(one.rules, one.known, THIRD, now=NOW) == Ignore(Why.DISABLED)
    assert explain.sender(one).standing is Standing.REFUSED
