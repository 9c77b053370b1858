"""What the owner decides about one device, one by one. In all orders in ``tests/machines``."""

from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain import admission, devices
from clawdbot.domain.bounds import NAME_LENGTH
from clawdbot.domain.device_records import TTL_MS, Device, DeviceRequest, PairedDevice
from clawdbot.domain.devices import (
    Approved,
    BadName,
    Denied,
    Rejected,
    Removed,
    Renamed,
    Why,
)
from clawdbot.domain.effects import AnnounceDeviceResolved, Change, Decision, Disconnect
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Instant, RequestId, Role, Scope
from clawdbot.domain.scopes import OWNER, Caller
from tests.support.devices import NOW, TOKEN, Counting, arrival, identity, paired, scopes, session

KEY, OTHER = identity(1), identity(2)
NEW = Device(KEY.device_id)
ADMIN = session(OTHER, "admin")
LATER = NOW + 60_000


def waiting(device: Device, arrived: VerifiedDevice) -> Device:
    """A device whose request waits since now."""
    return admission.connect(device, arrived, now=NOW, mint=Counting().mint, room=True).state


def asked(device: Device) -> DeviceRequest:
    assert device.pending is not None
    return device.pending


def record(device: Device) -> PairedDevice:
    assert device.paired is not None
    return device.paired


def approve(
    device: Device, *, caller: Caller = ADMIN, now: Instant = LATER, id: RequestId | None = None
) -> Change[Device, Any]:
    chosen = asked(device).id if id is None else id
    return devices.approve(device, chosen, caller=caller, now=now, mint=Counting().mint)


def rotate(
    device: Device, wanted: tuple[Scope, ...] | None = None, *, role: Role = Role.OPERATOR, caller: Caller = ADMIN
) -> Change[Device, Any]:
    return devices.rotate(device, role, wanted, caller=caller, now=LATER, mint=Counting().mint)


def revoke(device: Device, role: Role = Role.OPERATOR, *, caller: Caller = ADMIN) -> Change[Device, Any]:
    return devices.revoke(device, role, caller=caller, now=LATER, mint=Counting().mint)


# --- approve ---------------------------------------------------------------------------------------------------------


def test_an_approval_moves_a_request_to_a_record_with_a_token() -> None:
    state = waiting(NEW, arrival(wanted=scopes("write", "approvals"), name="Phone"))
    request = asked(state)
    change = approve(state)
    got = record(change.state)
    assert change.answer == Approved(request, got)
    assert change.state.pending is None
    assert (got.public_key, got.about, got.alias) == (request.public_key, request.about, None)
    assert (got.role, got.roles, got.scopes) == (Role.OPERATOR, (Role.OPERATOR,), scopes("write", "approvals"))
    assert (got.created_at, got.approved_at) == (LATER, LATER)
    token = got.tokens[Role.OPERATOR]
    assert (token.scopes, token.created_at, token.rotated_at) == (scopes("approvals", "write"), LATER, None)
    assert change.effects == (AnnounceDeviceResolved(KEY.device_id, request.id, Decision.APPROVED, LATER),)


def test_an_upgrade_adds_to_the_record_and_makes_a_token_for_just_what_was_asked() -> None:
    state = waiting(paired("read", alias="Mine"), arrival(wanted=scopes("write")))
    got = record(approve(state).state)
    assert (got.scopes, got.created_at, got.approved_at, got.alias) == (scopes("read", "write"), NOW - 9, LATER, "Mine")
    token = got.tokens[Role.OPERATOR]
    assert (token.scopes, token.created_at, token.rotated_at) == (scopes("write"), NOW - 9, LATER)
    assert token.secret != TOKEN


def test_another_role_leaves_the_first_one_as_it_is() -> None:
    got = record(approve(waiting(paired("read"), arrival(role=Role.NODE))).state)
    assert (got.role, got.roles, got.scopes) == (Role.NODE, (Role.OPERATOR, Role.NODE), scopes("read"))
    assert got.tokens[Role.OPERATOR].secret == TOKEN
    assert got.tokens[Role.NODE].scopes == ()


def test_G8_an_approval_after_a_revocation_gives_what_was_asked_and_nothing_of_before() -> None:
    state = waiting(revoke(paired("admin")).state, arrival(wanted=scopes("read")))
    got = record(approve(state).state)
    assert got.scopes == scopes("read")
    assert not got.tokens[Role.OPERATOR].is_revoked


def test_G4_another_key_inherits_nothing_and_the_old_keys_sessions_end() -> None:
    state = waiting(paired("admin", alias="Mine"), arrival(OTHER, wanted=scopes("read")))
    change = approve(state, caller=OWNER)
    got = record(change.state)
    assert (got.public_key, got.scopes, got.alias) == (OTHER.public_key, scopes("read"), None)
    assert change.effects[-1] == Disconnect(KEY.device_id)


def test_a_node_is_given_no_scopes_whatever_its_record_says() -> None:
    state = waiting(paired("read"), arrival(role=Role.NODE))
    odd = replace(state, pending=replace(asked(state), scopes=scopes("admin")))
    got = record(approve(odd).state)
    assert got.scopes == scopes("read")
    assert got.tokens[Role.NODE].scopes == ()


@pytest.mark.parametrize(
    ("id", "now"),
    [("nonsense", LATER), ("", LATER), (None, NOW + TTL_MS), (None, NOW - 1), ("__proto__", LATER)],
    ids=["unknown", "empty", "expired", "from-the-future", "proto"],
)
def test_G5_no_approval_without_a_live_request_of_that_id(id: str | None, now: Instant) -> None:
    state = waiting(NEW, arrival())
    change = approve(state, now=now, id=None if id is None else RequestId(id))
    assert change == Change(state, Denied(Why.UNKNOWN))


def test_G5_a_superseded_id_approves_nothing() -> None:
    seen = waiting(NEW, arrival(wanted=scopes("read")))
    mint = replace(Counting().mint, request_id=lambda: RequestId("second"))
    state = admission.connect(seen, arrival(wanted=scopes("admin")), now=NOW, mint=mint, room=True).state
    assert approve(state, id=asked(seen).id).answer == Denied(Why.UNKNOWN)


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "arrived", "why"),
    [
        (session(OTHER, "pairing", "read"), arrival(wanted=scopes("read")), Why.NOT_YOURS),
        (session(OTHER, "read"), arrival(wanted=scopes("read")), Why.NOT_YOURS),
        (session(OTHER, "admin", role=Role.NODE), arrival(wanted=scopes("read")), Why.NOT_YOURS),
        (ADMIN, arrival(wanted=(Scope("made.up"),)), Why.BEYOND_CALLER),
        (session(KEY, "pairing"), arrival(wanted=scopes("write")), Why.BEYOND_CALLER),
        (session(KEY, "pairing"), arrival(role=Role.NODE), Why.BEYOND_CALLER),
    ],
    ids=["not-admin", "no-pairing", "a-node", "unknown-scope", "own-upgrade", "own-node"],
)
def test_G6_a_caller_grants_only_what_it_holds_and_manages_only_itself(
    caller: Caller, arrived: VerifiedDevice, why: Why
) -> None:
    state = waiting(paired("pairing"), arrived)
    change = approve(state, caller=caller)
    assert change.answer == Denied(why)
    assert change.state is state


def test_the_owner_at_his_terminal_may_grant_anything() -> None:
    assert isinstance(approve(waiting(NEW, arrival(wanted=(Scope("made.up"),))), caller=OWNER).answer, Approved)


def test_G8_a_revoked_session_cannot_give_itself_anything_back() -> None:
    """Its socket is still being closed when it calls."""
    me = session(KEY, "admin")
    state = waiting(revoke(paired("admin")).state, arrival(wanted=scopes("admin")))
    denied = Denied(Why.NO_LONGER)
    assert approve(state, caller=me).answer == denied
    assert rotate(state, caller=me).answer == denied
    assert devices.reject(state, asked(state).id, caller=me, now=NOW).answer == denied
    assert devices.remove(state, caller=me, now=NOW).answer == denied
    assert devices.rename(state, "x", caller=me).answer == denied


def test_G8_a_narrowed_session_cannot_widen_itself_again() -> None:
    narrowed = rotate(paired("admin", "pairing"), scopes("pairing")).state
    state = waiting(narrowed, arrival(wanted=scopes("admin")))
    assert approve(state, caller=session(KEY, "admin")).answer == Denied(Why.NO_LONGER)
    assert approve(state, caller=session(KEY, "pairing")).answer == Denied(Why.BEYOND_CALLER)


# --- reject, expire, remove, rename ----------------------------------------------------------------------------------


def test_a_rejection_ends_the_request_and_keeps_the_record() -> None:
    state = waiting(paired("read"), arrival(wanted=scopes("write")))
    request = asked(state)
    change = devices.reject(state, request.id, caller=ADMIN, now=LATER)
    assert change.answer == Rejected(request)
    assert change.state == paired("read")
    assert change.effects == (AnnounceDeviceResolved(KEY.device_id, request.id, Decision.REJECTED, LATER),)
    assert devices.reject(change.state, request.id, caller=ADMIN, now=LATER).answer == Denied(Why.UNKNOWN)


def test_a_dead_request_is_dropped_and_a_live_one_is_not() -> None:
    state = waiting(NEW, arrival())
    assert devices.expire(state, now=NOW + TTL_MS - 1) == Change(state, None)
    assert devices.expire(state, now=NOW + TTL_MS) == Change(NEW, state.pending)
    assert devices.expire(NEW, now=NOW) == Change(NEW, None)


def test_G8_a_removed_device_is_a_stranger_and_its_sessions_end() -> None:
    state = waiting(paired("read"), arrival(wanted=scopes("write")))
    change = devices.remove(state, caller=ADMIN, now=LATER)
    assert change.answer == Removed(record(state))
    assert change.state == NEW
    assert change.effects == (
        AnnounceDeviceResolved(KEY.device_id, asked(state).id, Decision.REJECTED, LATER),
        Disconnect(KEY.device_id),
    )
    assert devices.remove(NEW, caller=ADMIN, now=LATER).answer == Denied(Why.UNKNOWN)


def test_the_owners_name_outlasts_the_devices_own() -> None:
    change = devices.rename(paired("read"), "  Kitchen  ", caller=ADMIN)
    assert change.answer == Renamed("Kitchen")
    again = admission.connect(
        change.state, arrival(wanted=scopes("read"), name="iPad"), now=NOW, mint=Counting().mint, room=True
    )
    assert record(again.state).name == "Kitchen"


@pytest.mark.parametrize("name", ["", "  ", "x" * (NAME_LENGTH + 1)], ids=["empty", "blank", "long"])
def test_G13_a_name_is_neither_blank_nor_endless(name: str) -> None:
    state = paired("read")
    assert devices.rename(state, name, caller=ADMIN) == Change(state, BadName())


def test_G6_nobody_else_removes_or_renames() -> None:
    stranger = session(OTHER, "pairing")
    assert devices.remove(paired("read"), caller=stranger, now=NOW).answer == Denied(Why.NOT_YOURS)
    assert devices.rename(paired("read"), "x", caller=stranger).answer == Denied(Why.NOT_YOURS)
    assert devices.rename(NEW, "x", caller=ADMIN).answer == Denied(Why.UNKNOWN)
