"""One person under two ids, in all that is decided about senders (threats.md D7)."""

import secrets
from dataclasses import replace

import pytest

from clawdbot.domain import gate, senders
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import Approval, Approved, Block, IsBlocked, Requested, Revoked, Senders, StillWaiting

NOW = 1_795_367_603_000
NUMBER = SenderId("+15550001111")
ANNE, BERT = (
    SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001"),
    SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000002"),
)
RULES = DmRules()

Ids = tuple[SenderId, frozenset[SenderId]]
BOTH: Ids = (NUMBER, frozenset({ANNE}))
ACCOUNT: Ids = (ANNE, frozenset())
PHONE: Ids = (NUMBER, frozenset())
SWAPPED: Ids = (ANNE, frozenset({NUMBER}))
MOVED: Ids = (SenderId("+15550009999"), frozenset({ANNE}))
STRANGER: Ids = (NUMBER, frozenset({BERT}))


def asked(known: Senders, ids: Ids) -> tuple[Senders, object]:
    change = senders.request(known, ids[0], {}, now=NOW, randbelow=secrets.randbelow, aliases=ids[1])
    return change.state, change.answer


def approved(ids: Ids) -> Senders:
    state, answer = asked(Senders(), ids)
    assert isinstance(answer, Requested)
    return senders.approve(state, answer.request.code, now=NOW, by="test").state


@pytest.mark.parametrize("first", [BOTH, SWAPPED])
@pytest.mark.parametrize("then", [BOTH, ACCOUNT, PHONE, SWAPPED, MOVED])
def test_D7_approved_by_one_id_recognised_by_the_other(first: Ids, then: Ids) -> None:
    assert gate.decide(RULES, approved(first), *then, now=NOW) == Admit()


def test_D7_a_number_that_passed_to_somebody_else_lets_nobody_in() -> None:
    """The newcomer asks under his account id; his approval takes nothing from the one who had the number."""
    known = approved(BOTH)
    assert gate.decide(RULES, known, *STRANGER, now=NOW) == AskApproval()
    state, answer = asked(known, STRANGER)
    assert isinstance(answer, Requested)
    assert (answer.request.sender, answer.request.aliases) == (BERT, frozenset({NUMBER}))
    both = senders.approve(state, answer.request.code, now=NOW, by="test").state
    assert [gate.decide(RULES, both, *ids, now=NOW) for ids in (BOTH, ACCOUNT, STRANGER, (BERT, frozenset()))] == [
        Admit()
    ] * 4


def test_D7_an_approval_without_an_account_id_holds_for_the_number() -> None:
    """Such as one that the owner, or the reference, wrote into the file."""
    known = Senders(allowed={NUMBER: Approval(NUMBER)})
    assert gate.decide(RULES, known, *BOTH, now=NOW) == Admit()
    assert gate.decide(RULES, known, *ACCOUNT, now=NOW) == AskApproval()


@pytest.mark.parametrize("listed", [NUMBER, ANNE])
def test_D7_a_configured_list_may_name_either_id(listed: SenderId) -> None:
    rules = DmRules(DmPolicy.ALLOWLIST, frozenset({listed}))
    assert gate.decide(rules, Senders(), *BOTH, now=NOW) == Admit()
    assert gate.decide(rules, Senders(), *STRANGER, now=NOW) == (
        Admit() if listed == NUMBER else Ignore(Why.NOT_LISTED)
    )


@pytest.mark.parametrize("then", [BOTH, ACCOUNT, PHONE, MOVED])
def test_D10_one_request_a_person(then: Ids) -> None:
    state, _ = asked(Senders(), BOTH)
    again, answer = asked(state, then)
    assert isinstance(answer, StillWaiting)
    assert len(again.requests) == 1


def test_D7_two_people_with_one_number_after_another_have_two_requests() -> None:
    state, _ = asked(Senders(), BOTH)
    state, answer = asked(state, STRANGER)
    assert isinstance(answer, Requested)
    assert {*state.requests} == {NUMBER, BERT}


@pytest.mark.parametrize("named", [NUMBER, ANNE])
def test_D17_revoked_by_either_id(named: SenderId) -> None:
    state = senders.revoke(approved(BOTH), named).state
    assert [gate.decide(RULES, state, *ids, now=NOW) for ids in (BOTH, ACCOUNT, PHONE)] == [AskApproval()] * 3


@pytest.mark.parametrize("named", [NUMBER, ANNE])
def test_D17_blocked_by_either_id(named: SenderId) -> None:
    """A person who was known is out by all his ids; the number alone is out for whoever has it."""
    state = senders.block(approved(BOTH), named, now=NOW, by="test").state
    assert [gate.decide(RULES, state, *ids, now=NOW) for ids in (BOTH, ACCOUNT, PHONE, MOVED)] == [
        Ignore(Why.BLOCKED)
    ] * 4
    assert isinstance(asked(state, ACCOUNT)[1], IsBlocked)
    assert senders.unblock(state, NUMBER).state.blocked == {}
    assert senders.unblock(state, ANNE).state.blocked == {}


@pytest.mark.parametrize("named", [NUMBER, ANNE])
def test_D17_blocked_by_either_id_while_turned_away(named: SenderId) -> None:
    """What was known of him when he was turned away is known of him when he is blocked."""
    state, answer = asked(Senders(), SWAPPED)
    assert isinstance(answer, Requested)
    state = senders.reject(state, answer.request.code, now=NOW, quiet_until=NOW + 1).state
    state = senders.block(state, named, now=NOW, by="test").state
    for ids in (BOTH, ACCOUNT, PHONE, MOVED):
        assert gate.decide(RULES, state, *ids, now=NOW + 1) == Ignore(Why.BLOCKED)


TWICE = Senders(allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ANNE})), ANNE: Approval(ANNE)})
"""One person, approved by both ids at once and, by another program, by the account id alone."""


@pytest.mark.parametrize("named", [NUMBER, ANNE])
@pytest.mark.parametrize("put_out", ["revoke", "block"])
def test_D17_who_stands_there_twice_is_out_by_either_id(put_out: str, named: SenderId) -> None:
    """The decision is about the person, and not about one of two entries of his."""
    if put_out == "revoke":
        after = senders.revoke(TWICE, named).state
    else:
        after = senders.block(TWICE, named, now=NOW, by="test").state
    assert after.allowed == {}
    for ids in (BOTH, SWAPPED, ACCOUNT, PHONE):
        assert not isinstance(gate.decide(RULES, after, *ids, now=NOW), Admit)


def test_D17_revoking_one_person_leaves_who_has_his_number_now() -> None:
    """Two accounts that had one number are two people; whom the number alone stands for goes with either."""
    anne, bert = Approval(NUMBER, aliases=frozenset({ANNE})), Approval(BERT, aliases=frozenset({NUMBER}))
    both = Senders(allowed={NUMBER: anne, BERT: bert})
    assert [*senders.revoke(both, ANNE).state.allowed] == [BERT]
    assert [*senders.revoke(both, BERT).state.allowed] == [NUMBER]
    alone = replace(both, allowed={**both.allowed, NUMBER: Approval(NUMBER)})
    assert senders.revoke(alone, BERT).state.allowed == {}


def test_D17_an_unblocked_person_is_blocked_under_no_id() -> None:
    blocked = Senders(blocked={NUMBER: Block(NOW, aliases=frozenset({ANNE})), ANNE: Block(NOW)})
    for named in (NUMBER, ANNE):
        assert senders.unblock(blocked, named).state == Senders()


def test_a_revocation_tells_the_other_ids() -> None:
    """Under which the configuration may list him still."""
    assert senders.revoke(approved(BOTH), NUMBER).answer == Revoked(NUMBER, frozenset({ANNE}))


def test_a_request_that_is_approved_keeps_both_ids() -> None:
    state, answer = asked(Senders(), BOTH)
    assert isinstance(answer, Requested)
    change = senders.approve(state, answer.request.code, now=NOW, by="test")
    assert isinstance(change.answer, Approved)
    assert change.state.allowed == {NUMBER: Approval(NUMBER, NOW, "test", frozenset({ANNE}))}


@pytest.mark.parametrize(
    ("self_chat", "listed", "decision"),
    [
        (None, False, Ignore(Why.OWN)),
        (None, True, Admit()),
        (True, False, Admit()),
        (False, True, Ignore(Why.OWN)),
    ],
)
def test_D8_what_we_wrote_ourselves_never_asks_for_approval(
    self_chat: bool | None, listed: bool, decision: Admit | Ignore
) -> None:
    rules = DmRules(DmPolicy.PAIRING, frozenset({NUMBER} if listed else ()), self_chat=self_chat)
    assert gate.decide(rules, Senders(), *BOTH, own=True, now=NOW) == decision
    assert gate.decide(replace(rules, policy=DmPolicy.DISABLED), Senders(), *BOTH, own=True, now=NOW) == Ignore(
        Why.DISABLED
    )
