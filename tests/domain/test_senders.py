"""Decisions about the senders of one channel account, one by one; in all orders in ``tests/machines``."""

import secrets
from dataclasses import replace

import pytest

from clawdbot.domain import senders as decisions
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, SendCode
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.senders import (
    DEFAULT_CAP,
    REFRESH_MS,
    TTL_MS,
    AlreadyAllowed,
    Approval,
    Approved,
    Block,
    Blocked,
    IsBlocked,
    NoSuchRequest,
    NotAllowed,
    NotBlocked,
    QueueFull,
    Rejected,
    Request,
    RequestAnswer,
    Requested,
    Revoked,
    Senders,
    StillWaiting,
    Unblocked,
)

NOW: Instant = 1_795_367_603_000
DAY = 24 * 60 * 60 * 1000
ALICE, BOB, CAROL, DAVE = (SenderId(name) for name in ("alice", "bob", "carol", "dave"))
CODE = PairingCode("JHVGNPZU")
WRONG = PairingCode("WRNGWRNG")


def waits(sender: SenderId, code: PairingCode = CODE, *, since: Instant = NOW, **meta: str) -> Request:
    return Request(sender, code, created_at=since, last_seen=since, meta=meta)


def holding(*requests: Request) -> Senders:
    return Senders(requests={request.sender: request for request in requests})


def ask(
    senders: Senders, sender: SenderId, *, now: Instant = NOW, cap: int = DEFAULT_CAP, **meta: str
) -> Change[Senders, RequestAnswer]:
    return decisions.request(senders, sender, meta, now=now, randbelow=secrets.randbelow, cap=cap)


FULL = holding(*(waits(SenderId(name), PairingCode(name.upper())) for name in ("one", "two", "three")))


def test_D10_D11_three_wait_for_an_hour() -> None:
    assert DEFAULT_CAP == 3
    assert TTL_MS == 3_600_000
    assert REFRESH_MS == 1_000


# --- request ---------------------------------------------------------------------------------------------------------


def test_a_stranger_gets_a_request_a_code_and_the_owner_hears_of_it() -> None:
    change = ask(Senders(), ALICE, name="Alice")
    opened = change.state.requests[ALICE]
    assert change.answer == Requested(opened)
    assert opened == Request(ALICE, opened.code, created_at=NOW, last_seen=NOW, meta={"name": "Alice"})
    assert change.state == holding(opened)
    assert change.effects == (SendCode(ALICE, opened.code), AnnounceRequest(ALICE))


def test_D10_a_waiting_sender_gets_no_second_code_and_keeps_his_place() -> None:
    change = ask(holding(waits(ALICE)), ALICE, now=NOW + 5_000, name="Al")
    renewed = replace(waits(ALICE), last_seen=NOW + 5_000, meta={"name": "Al"})
    assert change.answer == StillWaiting(renewed)
    assert change.state == holding(renewed)
    assert change.effects == ()


def test_a_waiting_sender_without_a_name_keeps_the_one_that_he_had() -> None:
    change = ask(holding(waits(ALICE, name="Alice")), ALICE, now=NOW + 5_000)
    assert change.state.requests[ALICE].meta == {"name": "Alice"}


def test_D10_a_flood_of_messages_is_no_flood_of_writes() -> None:
    before = holding(waits(ALICE, name="Alice"))
    for now in (NOW, NOW + REFRESH_MS - 1):
        assert ask(before, ALICE, now=now).state is before
        assert ask(before, ALICE, now=now, name="Alice").state is before
    assert ask(before, ALICE, now=NOW + REFRESH_MS).state.requests[ALICE].last_seen == NOW + REFRESH_MS


def test_D10_a_name_that_changes_with_each_message_is_written_once_a_second() -> None:
    before = holding(waits(ALICE, name="Alice"))
    assert ask(before, ALICE, now=NOW + 999, name="Al").state is before
    assert ask(before, ALICE, now=NOW + 1_000, name="Al").state.requests[ALICE].meta == {"name": "Al"}


def test_S6_a_waiting_sender_is_seen_after_the_clock_was_set_back() -> None:
    before = holding(replace(waits(ALICE), last_seen=NOW + 5_000))
    assert ask(before, ALICE, now=NOW).state.requests[ALICE].last_seen == NOW


def test_D10_500_messages_of_one_stranger_in_a_minute_get_one_reply() -> None:
    state, replies = Senders(), 0
    for tick in range(500):
        change = ask(state, ALICE, now=NOW + tick * 120)
        state, replies = change.state, replies + sum(isinstance(effect, SendCode) for effect in change.effects)
    assert replies == 1


def test_D10_500_strangers_get_as_many_codes_as_the_cap_and_the_owner_can_see_it() -> None:
    state, replies = Senders(), 0
    for number in range(500):
        change = ask(state, SenderId(str(number)), now=NOW + number * 120)
        state, replies = change.state, replies + sum(isinstance(effect, SendCode) for effect in change.effects)
    assert [request.sender for request in state.waiting(NOW + 60_000)] == ["0", "1", "2"]
    assert replies == DEFAULT_CAP
    assert state.full_at is not None
    assert NOW + 59_000 < state.full_at < NOW + 60_000


def test_D10_a_newcomer_neither_evicts_nor_alters_a_waiting_request() -> None:
    change = ask(FULL, DAVE)
    assert change.answer == QueueFull()
    assert change.state.requests == FULL.requests
    assert change.effects == ()


def test_D10_a_waiting_sender_can_refresh_at_the_cap() -> None:
    change = ask(FULL, SenderId("two"), now=NOW + 5_000)
    assert isinstance(change.answer, StillWaiting)
    assert len(change.state.requests) == DEFAULT_CAP


def test_D10_a_full_queue_is_noted_at_most_once_a_second() -> None:
    noted = ask(FULL, DAVE).state
    assert noted.full_at == NOW
    assert ask(noted, DAVE, now=NOW).state is noted
    assert ask(noted, DAVE, now=NOW + REFRESH_MS - 1).state is noted
    assert ask(noted, DAVE, now=NOW + REFRESH_MS).state.full_at == NOW + REFRESH_MS


def test_S6_a_full_queue_is_noted_after_the_clock_was_set_back() -> None:
    noted = ask(Senders(), DAVE, cap=0).state
    assert ask(noted, DAVE, cap=0, now=NOW - DAY).state.full_at == NOW - DAY


@pytest.mark.parametrize("cap", [0, 1, 5])
def test_the_cap_is_what_it_is_told(cap: int) -> None:
    state = Senders()
    for number in range(7):
        state = ask(state, SenderId(str(number)), cap=cap).state
    assert len(state.requests) == cap


def test_D11_an_expired_request_makes_room_and_is_forgotten() -> None:
    change = ask(FULL, DAVE, now=NOW + TTL_MS)
    assert isinstance(change.answer, Requested)
    assert set(change.state.requests) == {DAVE}


def test_D11_a_sender_whose_request_expired_gets_a_new_code() -> None:
    change = ask(holding(waits(ALICE)), ALICE, now=NOW + TTL_MS)
    renewed = change.state.requests[ALICE]
    assert change.answer == Requested(renewed)
    assert renewed.created_at == NOW + TTL_MS
    assert renewed.code != CODE


def test_D12_a_new_code_is_none_of_the_live_ones() -> None:
    numbers = iter([0] * 8 + [1] * 8)
    before = holding(waits(ALICE, PairingCode("AAAAAAAA")))
    change = decisions.request(before, BOB, {}, now=NOW, randbelow=lambda _: next(numbers))
    assert change.state.requests[BOB].code == PairingCode("BBBBBBBB")


def test_D17_a_blocked_sender_gets_silence() -> None:
    before = Senders(blocked={ALICE: Block(NOW)})
    change = ask(before, ALICE)
    assert (change.state, change.answer, change.effects) == (before, IsBlocked(), ())


def test_an_approved_sender_needs_no_request() -> None:
    before = Senders(allowed={ALICE: Approval("alice")})
    change = ask(before, ALICE)
    assert (change.state, change.answer, change.effects) == (before, AlreadyAllowed(), ())


# --- the life of a request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "live"),
    [(0, True), (TTL_MS - 1, True), (TTL_MS, False), (DAY, False), (-1, False), (-DAY, False)],
)
def test_D11_S6_a_request_lives_an_hour_and_none_from_the_future_does(age: int, live: bool) -> None:
    senders = holding(waits(ALICE))
    now = NOW + age
    assert waits(ALICE).is_live(now) is live
    assert bool(senders.waiting(now)) is live
    assert bool(senders.find(CODE, now)) is live
    assert isinstance(decisions.approve(senders, CODE, now=now, by="test").answer, Approved) is live
    assert isinstance(decisions.reject(senders, CODE, now=now).answer, Rejected) is live


def test_a_refresh_does_not_lengthen_a_request() -> None:
    refreshed = ask(holding(waits(ALICE)), ALICE, now=NOW + TTL_MS - 1).state
    assert not refreshed.waiting(NOW + TTL_MS)


def test_who_waits_longest_comes_first() -> None:
    senders = holding(waits(CAROL, since=NOW), waits(ALICE, since=NOW), waits(BOB, since=NOW - 1))
    assert [request.sender for request in senders.waiting(NOW)] == [BOB, ALICE, CAROL]


# --- approve, reject -------------------------------------------------------------------------------------------------


def test_approval_moves_a_sender_from_waiting_to_allowed_in_one_change() -> None:
    change = decisions.approve(holding(waits(ALICE)), CODE, now=NOW, by="terminal")
    assert change.answer == Approved(waits(ALICE))
    assert change.state == Senders(allowed={ALICE: Approval("alice", approved_at=NOW, by="terminal")})
    assert change.effects == ()


def test_approval_and_rejection_touch_nobody_else() -> None:
    bob = waits(BOB, PairingCode("BBBBBBBB"))
    before = replace(holding(waits(ALICE), bob), allowed={CAROL: Approval("carol")}, blocked={DAVE: Block(NOW)})
    approved = decisions.approve(before, CODE, now=NOW, by="test").state
    rejected = decisions.reject(before, CODE, now=NOW).state
    assert approved.requests == rejected.requests == {BOB: bob}
    assert approved.allowed[CAROL] == Approval("carol")
    assert rejected.allowed == before.allowed
    assert approved.blocked == rejected.blocked == before.blocked


@pytest.mark.parametrize("before", [Senders(), holding(waits(ALICE)), Senders(allowed={ALICE: Approval("alice")})])
def test_D11_D13_a_wrong_code_changes_nothing(before: Senders) -> None:
    approved = decisions.approve(before, WRONG, now=NOW, by="test")
    rejected = decisions.reject(before, WRONG, now=NOW)
    assert approved.state is rejected.state is before
    assert approved.answer == rejected.answer == NoSuchRequest()


def test_D11_a_used_code_approves_nothing() -> None:
    approved = decisions.approve(holding(waits(ALICE)), CODE, now=NOW, by="test").state
    revoked = decisions.revoke(approved, ALICE).state
    for state in (approved, revoked):
        assert decisions.approve(state, CODE, now=NOW, by="test").answer == NoSuchRequest()


def test_a_rejected_sender_may_ask_again_and_gets_another_code() -> None:
    rejected = decisions.reject(holding(waits(ALICE)), CODE, now=NOW)
    assert rejected.answer == Rejected(waits(ALICE))
    assert rejected.state == Senders()
    assert isinstance(ask(rejected.state, ALICE).answer, Requested)


# --- block, unblock, revoke ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", [Senders(), holding(waits(ALICE)), Senders(allowed={ALICE: Approval("alice")})], ids=str
)
def test_D17_a_block_takes_approval_and_request(before: Senders) -> None:
    change = decisions.block(before, ALICE, now=NOW, by="terminal")
    assert change.answer == Blocked(ALICE)
    assert change.state == Senders(blocked={ALICE: Block(NOW, "terminal")})


def test_D7_a_block_says_under_which_other_ids_he_may_have_asked() -> None:
    """Whoever keeps something about him under one of these is to hear of it, too."""
    asked = replace(waits(ALICE), aliases=frozenset({BOB}))
    change = decisions.block(holding(asked), BOB, now=NOW, by="terminal")
    assert change.answer == Blocked(BOB, frozenset({ALICE}))


def test_a_second_block_changes_nothing() -> None:
    before = Senders(blocked={ALICE: Block(NOW)})
    change = decisions.block(before, ALICE, now=NOW + 1, by="test")
    assert change.answer == IsBlocked()
    assert change.state is before


def test_an_unblocked_sender_is_a_stranger_again() -> None:
    change = decisions.unblock(Senders(blocked={ALICE: Block(NOW), BOB: Block(NOW)}), ALICE)
    assert change.answer == Unblocked(ALICE)
    assert change.state == Senders(blocked={BOB: Block(NOW)})


def test_unblocking_one_who_is_not_blocked_changes_nothing() -> None:
    before = Senders(allowed={ALICE: Approval("alice")})
    change = decisions.unblock(before, ALICE)
    assert change.answer == NotBlocked()
    assert change.state is before


def test_D17_a_revoked_sender_is_a_stranger_again() -> None:
    before = Senders(allowed={ALICE: Approval("alice"), BOB: Approval("bob")}, blocked={CAROL: Block(NOW)})
    change = decisions.revoke(before, ALICE)
    assert change.answer == Revoked(ALICE)
    assert change.state == replace(before, allowed={BOB: Approval("bob")})


def test_revoking_one_who_is_not_in_changes_nothing() -> None:
    before = holding(waits(ALICE))
    change = decisions.revoke(before, ALICE)
    assert change.answer == NotAllowed()
    assert change.state is before


# --- what crashes and other programs leave ---------------------------------------------------------------------------

CUT_SHORT = replace(holding(waits(ALICE)), allowed={ALICE: Approval("tg:alice", approved_at=NOW - 1)})
"""The grant was saved, the request not yet removed."""

BEHIND_A_BLOCK = replace(holding(waits(ALICE)), blocked={ALICE: Block(NOW)})
"""A program that knows no blocks opened a request."""


@pytest.mark.parametrize("left", [CUT_SHORT, BEHIND_A_BLOCK], ids=["approval", "block"])
def test_S2_a_leftover_request_neither_waits_nor_takes_a_slot(left: Senders) -> None:
    assert left.waiting(NOW) == []
    assert left.find(CODE, NOW) is None
    assert isinstance(ask(left, BOB, cap=1).answer, Requested)
    assert set(ask(left, BOB, cap=1).state.requests) == {BOB}


def test_S2_an_approval_that_was_cut_short_can_be_completed() -> None:
    change = decisions.approve(CUT_SHORT, CODE, now=NOW, by="test")
    assert change.answer == Approved(waits(ALICE))
    assert change.state == Senders(allowed=CUT_SHORT.allowed)


def test_S2_an_approval_that_was_cut_short_cannot_be_rejected_away() -> None:
    change = decisions.reject(CUT_SHORT, CODE, now=NOW)
    assert change.answer == NoSuchRequest()
    assert change.state is CUT_SHORT


def test_D11_a_leftover_request_does_not_outlive_the_approval() -> None:
    revoked = decisions.revoke(CUT_SHORT, ALICE).state
    assert decisions.approve(revoked, CODE, now=NOW, by="test").answer == NoSuchRequest()


def test_D17_no_code_lets_a_blocked_sender_in() -> None:
    for left in (BEHIND_A_BLOCK, replace(CUT_SHORT, blocked={ALICE: Block(NOW)})):
        assert decisions.approve(left, CODE, now=NOW, by="test").state is left
        unblocked = decisions.unblock(left, ALICE).state
        assert unblocked == Senders()
        assert decisions.block(left, ALICE, now=NOW, by="test").state == Senders(blocked=left.blocked)
