"""What operators are told about decisions that left no effects: from before and after, each kind of decision once."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain import elsewhere, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.device_records import TTL_MS, Device
from clawdbot.domain.effects import AnnounceDeviceRequest, AnnounceNodeRequest
from clawdbot.domain.names import NodeId, SenderId
from clawdbot.domain.node_records import Node
from clawdbot.domain.senders import Senders
from tests.support.devices import identity
from tests.support.register_moves import NOW, DeviceMove, NodeMove

SEEDS = itertools.count()
DEVICE, NODE = Device(identity(1).device_id), Node(NodeId("node-1"))


def after(state: Any, *verbs: str) -> Any:
    """A device or a node after decisions, a millisecond apart."""
    move = DeviceMove if isinstance(state, Device) else NodeMove
    for number, verb in enumerate(verbs):
        state = move(verb, now=NOW + number, seed=next(SEEDS))(state).state
    return state


def told(old: Any, new: Any, now: int = NOW + 9) -> list[str]:
    """Event by event: what became of which request, by the letter of the state that it is from."""
    find = elsewhere.device if isinstance(old, Device) else elsewhere.node
    names = {state.pending.id: name for name, state in (("new", new), ("old", old)) if state.pending}
    lines = []
    for effect in find(old, new, now=now):
        match effect:
            case AnnounceDeviceRequest(supersedes=void):
                lines.append(f"new waits{f', {names[void]} is void' if void else ''}")
            case AnnounceNodeRequest():
                lines.append("new waits")
            case _:
                lines.append(f"{names[effect.request]} {effect.decision}")  # type: ignore[union-attr]
    return lines


BOTH = [DEVICE, NODE]


@pytest.mark.parametrize("nobody", BOTH, ids=["device", "node"])
@pytest.mark.parametrize(
    ("before", "since", "expected"),
    [
        ((), ("ask",), ["new waits"]),
        (("ask",), ("ask",), []),
        (("ask",), ("approve",), ["old approved"]),
        (("ask",), ("reject",), ["old rejected"]),
        (("ask",), ("approve", "remove"), ["old rejected"]),
        (("ask", "approve"), ("remove",), []),
        (("ask", "approve"), ("rename",), []),
        (("ask", "approve", "remove"), ("ask",), ["new waits"]),
    ],
    ids=str,
)
def test_each_decision_is_told_once(
    nobody: Any, before: tuple[str, ...], since: tuple[str, ...], expected: list[str]
) -> None:
    """What came and went between two looks is told of as it is in the end."""
    old = after(nobody, *before)
    assert told(old, after(old, *since)) == expected


@pytest.mark.parametrize(
    ("before", "since", "expected"),
    [
        (("ask", "approve", "ask more"), ("approve",), ["old approved"]),
        (("ask", "approve", "ask more"), ("remove",), ["old rejected"]),
        (("ask", "approve", "ask more"), ("revoke",), []),
        (("ask",), ("approve", "ask more"), ["old approved", "new waits"]),
        (("ask",), ("approve", "revoke"), ["old approved"]),
        (("ask", "approve"), ("rotate",), []),
    ],
    ids=str,
)
def test_a_device_that_asks_for_more(before: tuple[str, ...], since: tuple[str, ...], expected: list[str]) -> None:
    """It has an approval already; only a newer one decides about what waits."""
    old = DEVICE
    for number, verb in enumerate(before):
        old = DeviceMove(verb, now=NOW - 100 + number, seed=next(SEEDS))(old).state
    assert told(old, after(old, *since)) == expected


def test_G5_another_request_of_a_device_makes_the_old_one_void() -> None:
    """No decision was made about it."""
    old = after(DEVICE, "ask")
    assert told(old, after(old, "ask more")) == ["new waits, old is void"]


@pytest.mark.parametrize("nobody", BOTH, ids=["device", "node"])
def test_a_request_that_expired_goes_without_a_word(nobody: Any) -> None:
    """As at the reference; one that comes expired, or from the future, waits for nobody (threats.md S6)."""
    waits = after(nobody, "ask")
    assert told(waits, nobody, now=NOW + TTL_MS) == []
    assert told(nobody, waits, now=NOW + TTL_MS) == []
    assert told(nobody, waits, now=NOW - 1) == []


# --- senders ---------------------------------------------------------------------------------------------------------


def draws(number: int) -> Callable[[int], int]:
    """Dice that always fall alike: codes are told apart by who came when."""
    return lambda below: number % below


def asked(state: Senders, *ids: str) -> Senders:
    for number, id in enumerate(ids):
        state = senders.request(state, SenderId(id), {}, now=NOW, randbelow=draws(number), cap=9).state
    return state


def code_of(state: Senders, id: str) -> PairingCode:
    return state.requests[SenderId(id)].code


def heard(old: Senders, new: Senders, now: int = NOW + 9) -> list[str]:
    found: Iterable[Any] = elsewhere.senders(old, new, now=now)
    return [f"{one.sender} {getattr(one, 'decision', 'waits')}" for one in found]


def test_senders_who_come_are_told_of_by_their_ids() -> None:
    assert heard(Senders(), asked(Senders(), "1", "2")) == ["1 waits", "2 waits"]
    assert heard(asked(Senders(), "1"), asked(Senders(), "1")) == []


def test_each_decision_about_a_sender_is_told_once() -> None:
    """Approved, rejected, blocked while waiting; approved and blocked at once; revoked, blocked while in; unblocked."""
    waits = asked(Senders(), "1")
    approved = senders.approve(waits, code_of(waits, "1"), now=NOW, by="terminal").state
    rejected = senders.reject(waits, code_of(waits, "1"), now=NOW).state
    blocked = senders.block(waits, SenderId("1"), now=NOW, by="terminal").state
    assert heard(waits, approved) == ["1 approved"]
    assert heard(waits, rejected) == ["1 rejected"]
    assert heard(waits, blocked) == ["1 blocked"]
    assert heard(waits, senders.block(approved, SenderId("1"), now=NOW, by="t").state) == ["1 blocked"]
    assert heard(approved, senders.revoke(approved, SenderId("1")).state) == ["1 revoked"]
    assert heard(approved, senders.block(approved, SenderId("1"), now=NOW, by="t").state) == ["1 blocked"]
    assert heard(blocked, senders.unblock(blocked, SenderId("1")).state) == ["1 unblocked"]


def test_an_approval_that_ends_later_is_told_of_as_extended() -> None:
    """Also one that does not end any more; one that ends earlier is no news, and one by an approval is that."""
    waits = asked(Senders(), "1")
    lent = senders.approve(waits, code_of(waits, "1"), now=NOW, by="t", until=NOW + 1_000).state
    longer, good = (
        replace(lent, allowed={SenderId("1"): replace(lent.allowed[SenderId("1")], until=until)})
        for until in (NOW + 2_000, None)
    )
    assert heard(lent, longer) == heard(lent, good) == ["1 extended"]
    assert heard(longer, lent) == heard(good, lent) == []


def test_who_is_announced_is_told_of_as_expected_and_no_more_as_waiting() -> None:
    """His request is void and was not rejected; taken back, he is told of as revoked; too late, without a word."""
    waits = asked(Senders(), "1")
    expected = senders.expect(waits, SenderId("1"), now=NOW, by="terminal", until=NOW + senders.TTL_MS).state
    assert heard(waits, expected) == ["1 expected"]
    assert heard(expected, senders.revoke(expected, SenderId("1")).state) == ["1 revoked"]
    assert heard(expected, senders.block(expected, SenderId("1"), now=NOW, by="t").state) == ["1 blocked"]
    assert heard(expected, senders.expire(expected, now=NOW + senders.TTL_MS).state, now=NOW + senders.TTL_MS) == []
    came = senders.request(expected, SenderId("1"), {}, now=NOW, randbelow=draws(1)).state
    assert heard(expected, came) == ["1 approved"]


NUMBER, ACCOUNT = SenderId("+15550001111"), SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001")


@pytest.mark.parametrize("named", [NUMBER, ACCOUNT])
def test_D7_D17_who_is_blocked_by_another_id_of_his_is_told_of_as_blocked(named: SenderId) -> None:
    """Waiting or in, under the id that he was known by too: neither rejected nor revoked."""
    both = frozenset({NUMBER})
    waits = senders.request(Senders(), ACCOUNT, {}, now=NOW, randbelow=draws(1), aliases=both).state
    approved = senders.approve(waits, code_of(waits, ACCOUNT), now=NOW, by="terminal").state
    for state in (waits, approved):
        ids = dict.fromkeys([named, ACCOUNT])
        assert heard(state, senders.block(state, named, now=NOW, by="terminal").state) == [
            f"{id} blocked" for id in ids
        ]


def test_D17_an_approval_that_is_over_goes_without_a_word() -> None:
    """Nobody revoked it, whoever took it out; one that is not over yet was revoked."""
    waits = asked(Senders(), "1")
    lent = senders.approve(waits, code_of(waits, "1"), now=NOW, by="terminal", until=NOW + 9).state
    assert heard(lent, Senders(), now=NOW + 9) == []
    assert heard(lent, Senders(), now=NOW + 8) == ["1 revoked"]


def test_D11_a_sender_whose_time_was_up_goes_without_a_word() -> None:
    waits = asked(Senders(), "1")
    assert heard(waits, Senders(), now=NOW + senders.TTL_MS) == []
    assert heard(Senders(), waits, now=NOW + senders.TTL_MS) == []


def test_a_sender_who_was_rejected_and_asks_again_is_told_of_again() -> None:
    """Both happened between two looks: another code is another request."""
    waits = asked(Senders(), "1")
    again = asked(Senders(), "2", "1")
    assert code_of(waits, "1") != code_of(again, "1")
    assert heard(waits, again) == ["1 rejected", "1 waits", "2 waits"]
