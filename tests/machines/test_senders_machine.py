"""The invariants of threats.md M about senders, and a broken twin of every rule that the machine must find."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from clawdbot.domain import codes, coming, gate, inviting, senders
from clawdbot.domain.effects import Change, SendCode
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy
from clawdbot.domain.invites import Invite
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.senders import TTL_MS, Approval, NoSuchRequest, QueueFull, Request, Senders, StillWaiting
from tests.support.senders_machine import ACCOUNTS, CAP, SendersMachine

SAME_EACH_TIME = settings(derandomize=True, database=None, deadline=None, stateful_step_count=50, max_examples=200)
UNTIL_FOUND = settings(SAME_EACH_TIME, phases=[Phase.generate], max_examples=1_500)

REQUEST, REFRESH, APPROVE, REJECT = senders.request, senders._refresh, senders.approve, senders.reject
BLOCK, DECIDE, DRAW, EXPIRE, CURRENT = senders.block, gate.decide, codes.draw, senders.expire, Senders.current

EXPECT, WELCOME = senders.expect, coming.welcome
REDEEM, LETS_IN = coming.redeem, Invite.lets_in

Twin = Callable[..., Any]


def test_M_D1_D4_D10_D11_D17_D18_S6_the_invariants_hold_in_all_orders() -> None:
    run_state_machine_as_test(SendersMachine, settings=SAME_EACH_TIME)


# --- broken twins ----------------------------------------------------------------------------------------------------


def one_more_waits(*args: Any, **options: Any) -> Any:
    return REQUEST(*args, **{**options, "cap": CAP + 1})


def a_newcomer_evicts(state: Senders, sender: SenderId, meta: dict[str, str], **options: Any) -> Any:
    waiting = state.waiting(options["now"])
    if len(waiting) >= CAP and sender not in {request.sender for request in waiting}:
        state = replace(state, requests={request.sender: request for request in waiting[1:]})
    return REQUEST(state, sender, meta, **options)


def no_refresh_at_the_cap(state: Senders, *args: Any, **options: Any) -> Any:
    change = REQUEST(state, *args, **options)
    refreshed_at_the_cap = isinstance(change.answer, StillWaiting) and len(state.waiting(options["now"])) >= CAP
    return Change(state, QueueFull()) if refreshed_at_the_cap else change


def a_blocked_stranger_asks(state: Senders, sender: SenderId, *args: Any, **options: Any) -> Any:
    if sender not in state.blocked:
        return REQUEST(state, sender, *args, **options)
    change = REQUEST(replace(state, blocked={}), sender, *args, **options)
    return replace(change, state=replace(change.state, blocked=state.blocked))


def future_approvals_are_pruned(state: Senders, *args: Any, **options: Any) -> Any:
    past = {key: grant for key, grant in state.allowed.items() if (grant.approved_at or 0) <= options["now"]}
    return REQUEST(state if past == state.allowed else replace(state, allowed=past), *args, **options)


def a_refresh_takes_a_slot(state: Senders, old: Request, meta: dict[str, str], now: int) -> Any:
    second = replace(old, code=codes.PairingCode("SECOND"), created_at=now)
    return Change(replace(state, requests={**state.requests, SenderId(old.sender + "'"): second}), StillWaiting(second))


def a_refresh_sends_the_code_again(state: Senders, old: Request, *args: Any) -> Any:
    return replace(REFRESH(state, old, *args), effects=(SendCode(old.sender, old.code),))


def a_refresh_lengthens(state: Senders, old: Request, meta: dict[str, str], now: int) -> Any:
    renewed = replace(old, created_at=now, last_seen=now)
    return Change(replace(state, requests={**state.requests, old.sender: renewed}), StillWaiting(renewed))


def approval_keeps_the_request(state: Senders, *args: Any, **options: Any) -> Any:
    change = APPROVE(state, *args, **options)
    return change if change.state is state else replace(change, state=replace(change.state, requests=state.requests))


def approval_grants_nothing(state: Senders, *args: Any, **options: Any) -> Any:
    change = APPROVE(state, *args, **options)
    return change if change.state is state else replace(change, state=replace(change.state, allowed=state.allowed))


def any_code_approves_the_oldest(state: Senders, code: codes.PairingCode, **options: Any) -> Any:
    waiting = state.waiting(options["now"])
    return APPROVE(state, waiting[0].code if waiting else code, **options)


def a_wrong_code_empties_the_queue(state: Senders, *args: Any, **options: Any) -> Any:
    change = APPROVE(state, *args, **options)
    return Change(replace(state, requests={}), NoSuchRequest()) if change.state is state else change


def rejection_keeps_the_request(state: Senders, *args: Any, **options: Any) -> Any:
    return replace(REJECT(state, *args, **options), state=state)


def a_block_keeps_the_approval(state: Senders, *args: Any, **options: Any) -> Any:
    change = BLOCK(state, *args, **options)
    return replace(change, state=replace(change.state, allowed=state.allowed))


def a_revocation_is_only_said(state: Senders, sender: SenderId) -> Any:
    return Change(state, senders.Revoked(sender))


def requests_outlive_decisions(state: Senders, sender: SenderId) -> Any:
    return replace(state, allowed={key: grant for key, grant in state.allowed.items() if key != sender})


def the_gate_forgets_blocks(rules: gate.DmRules, state: Senders, sender: SenderId, **told: Any) -> Any:
    return DECIDE(rules, replace(state, blocked={}), sender, **told)


def the_gate_admits_who_waits(rules: gate.DmRules, state: Senders, sender: SenderId, **told: Any) -> Any:
    decision = DECIDE(rules, state, sender, **told)
    return Admit() if isinstance(decision, AskApproval) and sender in state.requests else decision


def approvals_count_under_allowlist(rules: gate.DmRules, state: Senders, sender: SenderId, **told: Any) -> Any:
    if rules.policy is DmPolicy.ALLOWLIST and sender in state.allowed:
        return DECIDE(replace(rules, listed=rules.listed | {sender}), state, sender, **told)
    return DECIDE(rules, state, sender, **told)


def open_means_everybody(rules: gate.DmRules, state: Senders, sender: SenderId, **told: Any) -> Any:
    return DECIDE(replace(rules, everyone=rules.everyone or rules.policy is DmPolicy.OPEN), state, sender, **told)


def disabled_is_pairing(rules: gate.DmRules, state: Senders, sender: SenderId, **told: Any) -> Any:
    policy = DmPolicy.PAIRING if rules.policy is DmPolicy.DISABLED else rules.policy
    return DECIDE(replace(rules, policy=policy), state, sender, **told)


def codes_may_collide(taken: object, randbelow: Callable[[int], int]) -> Any:
    return DRAW((), randbelow)


def never_expires(request: Request, now: int) -> bool:
    return True


def lives_a_millisecond_longer(request: Request, now: int) -> bool:
    return 0 <= now - request.created_at <= TTL_MS


def lives_before_it_was_made(request: Request, now: int) -> bool:
    return now - request.created_at < TTL_MS


def approval_without_a_clock(state: Senders, code: codes.PairingCode, **options: Any) -> Any:
    found = next((request for request in state.requests.values() if request.code == code), None)
    return APPROVE(state, code, **{**options, "now": found.created_at if found else options["now"]})


def an_approval_never_ends(approval: Approval, now: int) -> bool:
    return True


def an_approval_lasts_a_millisecond_longer(approval: Approval, now: int) -> bool:
    return approval.until is None or now <= approval.until


def every_approval_is_for_good(*args: Any, **options: Any) -> Any:
    return APPROVE(*args, **{**options, "until": None})


def the_sweep_takes_what_will_end(state: Senders, *, now: int) -> Any:
    ends = [grant.until for grant in state.allowed.values() if grant.until is not None]
    return EXPIRE(state, now=max([now, *ends]))


def the_sweep_only_says(state: Senders, *, now: int) -> Any:
    return replace(EXPIRE(state, now=now), state=state)


def turned_away_for_ever(state: Senders, sender: SenderId, aliases: object = (), *, now: int) -> bool:
    return sender in state.quiet


def who_was_turned_away_asks_again(state: Senders, sender: SenderId, aliases: object = (), *, now: int) -> bool:
    return False


def who_is_expected_is_a_stranger(state: Senders, sender: SenderId, aliases: object = (), *, now: int) -> None:
    return None


def everybody_once_expected_is_expected(
    state: Senders, sender: SenderId, aliases: object = (), *, now: int
) -> SenderId | None:
    return sender if sender in state.expected else None


def an_announcement_overrules_a_block(state: Senders, sender: SenderId, **options: Any) -> Any:
    return EXPECT(replace(state, blocked={}), sender, **options)


def a_welcome_is_repeated(state: Senders, *args: Any) -> Any:
    change = WELCOME(state, *args)
    return replace(change, state=replace(change.state, expected=state.expected))


def a_word_is_not_used_up(state: Senders, *args: Any) -> Any:
    change = REDEEM(state, *args)
    return replace(change, state=replace(change.state, invites=state.invites))


def a_word_lets_in_whoever_was_in(invite: Invite, ids: frozenset[SenderId], *, now: int) -> bool:
    return LETS_IN(invite, frozenset(), now=now)


def a_word_is_good_for_ever(invite: Invite, ids: frozenset[SenderId], *, now: int) -> bool:
    return LETS_IN(invite, ids, now=0)


def a_word_is_good_though_used_up(invite: Invite, ids: frozenset[SenderId], *, now: int) -> bool:
    return LETS_IN(replace(invite, uses=1), ids, now=now)


def who_was_put_out_knows_a_word(state: Senders, ids: frozenset[SenderId]) -> Senders:
    return state


def used_codes_outlive_the_approval(state: Senders, now: int) -> Senders:
    return replace(left, requests=state.requests) if (left := CURRENT(state, now)) is not state else state


def one_account_for_all(account: ChannelAccount) -> ChannelAccount:
    return ACCOUNTS[0]


def leftovers_wait(state: Senders, now: int) -> list[Request]:
    return [request for request in state.requests.values() if request.is_live(now)]


TWINS: list[tuple[object, str, Twin]] = [
    (senders, "request", one_more_waits),
    (senders, "request", a_newcomer_evicts),
    (senders, "request", no_refresh_at_the_cap),
    (senders, "request", a_blocked_stranger_asks),
    (senders, "request", future_approvals_are_pruned),
    (senders, "_refresh", a_refresh_takes_a_slot),
    (senders, "_refresh", a_refresh_sends_the_code_again),
    (senders, "_refresh", a_refresh_lengthens),
    (senders, "approve", approval_keeps_the_request),
    (senders, "approve", approval_grants_nothing),
    (senders, "approve", any_code_approves_the_oldest),
    (senders, "approve", a_wrong_code_empties_the_queue),
    (senders, "reject", rejection_keeps_the_request),
    (senders, "block", a_block_keeps_the_approval),
    (senders, "revoke", a_revocation_is_only_said),
    (Senders, "without", requests_outlive_decisions),
    (gate, "decide", the_gate_forgets_blocks),
    (gate, "decide", the_gate_admits_who_waits),
    (gate, "decide", approvals_count_under_allowlist),
    (gate, "decide", open_means_everybody),
    (gate, "decide", disabled_is_pairing),
    (codes, "draw", codes_may_collide),
    (Senders, "waiting", leftovers_wait),
    (Request, "is_live", never_expires),
    (Request, "is_live", lives_a_millisecond_longer),
    (Request, "is_live", lives_before_it_was_made),
    (senders, "approve", approval_without_a_clock),
    (Approval, "holds", an_approval_never_ends),
    (Approval, "holds", an_approval_lasts_a_millisecond_longer),
    (senders, "approve", every_approval_is_for_good),
    (senders, "expire", the_sweep_takes_what_will_end),
    (senders, "expire", the_sweep_only_says),
    (Senders, "current", used_codes_outlive_the_approval),
    (Senders, "is_quiet", turned_away_for_ever),
    (Senders, "is_quiet", who_was_turned_away_asks_again),
    (Senders, "expects", who_is_expected_is_a_stranger),
    (Senders, "expects", everybody_once_expected_is_expected),
    (senders, "expect", an_announcement_overrules_a_block),
    (coming, "welcome", a_welcome_is_repeated),
    (coming, "redeem", a_word_is_not_used_up),
    (Invite, "lets_in", a_word_lets_in_whoever_was_in),
    (Invite, "lets_in", a_word_is_good_for_ever),
    (Invite, "lets_in", a_word_is_good_though_used_up),
    (inviting, "close_to", who_was_put_out_knows_a_word),
    (SendersMachine, "key", staticmethod(one_account_for_all)),
]


@pytest.mark.parametrize(("owner", "rule", "twin"), TWINS, ids=[twin.__name__ for _, _, twin in TWINS])
def test_M_the_machine_finds_the_broken_twin(
    owner: object, rule: str, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whichever claim meets it first: what hypothesis tries depends on what else is loaded."""
    monkeypatch.setattr(owner, rule, twin)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(SendersMachine, settings=UNTIL_FOUND)
