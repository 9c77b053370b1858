"""Rotating and revoking the tokens of one device."""

from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain import devices
from clawdbot.domain.device_records import Device, PairedDevice
from clawdbot.domain.devices import Denied, Revoked, Rotated, Why
from clawdbot.domain.effects import Change, Disconnect
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.scopes import OWNER, Caller
from tests.support.devices import NOW, TOKEN, Counting, identity, paired, scopes, session

KEY, OTHER = identity(1), identity(2)
NEW = Device(KEY.device_id)
ADMIN = session(OTHER, "admin")
LATER = NOW + 60_000


def record(device: Device) -> PairedDevice:
    assert device.paired is not None
    return device.paired


def rotate(
    device: Device, wanted: tuple[Scope, ...] | None = None, *, role: Role = Role.OPERATOR, caller: Caller = ADMIN
) -> Change[Device, Any]:
    return devices.rotate(device, role, wanted, caller=caller, now=LATER, mint=Counting().mint)


def revoke(device: Device, role: Role = Role.OPERATOR, *, caller: Caller = ADMIN) -> Change[Device, Any]:
    return devices.revoke(device, role, caller=caller, now=LATER, mint=Counting().mint)


def test_G8_a_rotation_makes_a_new_token_and_ends_the_sessions_of_that_role() -> None:
    change = rotate(paired("read", "write"))
    token = record(change.state).tokens[Role.OPERATOR]
    assert token.secret != TOKEN
    assert (token.scopes, token.rotated_at) == (scopes("read", "write"), LATER)
    assert change.effects == (Disconnect(KEY.device_id, Role.OPERATOR),)


def test_G7_only_the_device_itself_sees_its_new_token() -> None:
    mine = rotate(paired("admin"), caller=session(KEY, "admin"))
    assert mine.answer.secret == record(mine.state).tokens[Role.OPERATOR].secret
    for caller in (ADMIN, OWNER):
        assert rotate(paired("admin"), caller=caller).answer == Rotated(Role.OPERATOR, scopes("admin"), LATER, None)


def test_a_narrower_token_narrows_what_the_device_is_approved_for() -> None:
    """Otherwise the shared secret would widen it again at the next connect."""
    change = rotate(paired("read", "approvals"), scopes("read", "read"))
    assert record(change.state).scopes == scopes("read")
    assert change.answer.scopes == scopes("read")


def test_rotating_a_node_token_leaves_the_operators_scopes_alone() -> None:
    """A control page sends the token's scopes along, for a node an empty list."""
    change = rotate(paired("read", roles=(Role.OPERATOR, Role.NODE)), (), role=Role.NODE)
    assert isinstance(change.answer, Rotated)
    assert record(change.state).scopes == scopes("read")


@pytest.mark.parametrize(
    ("device", "wanted", "role", "caller", "why"),
    [
        (NEW, None, Role.OPERATOR, ADMIN, Why.UNKNOWN),
        (paired("read"), None, Role.NODE, ADMIN, Why.UNKNOWN),
        (paired("read"), scopes("write"), Role.OPERATOR, ADMIN, Why.BEYOND_APPROVAL),
        (revoke(paired("read")).state, None, Role.OPERATOR, ADMIN, Why.UNKNOWN),
        (paired("read"), None, Role.OPERATOR, session(OTHER, "pairing"), Why.NOT_YOURS),
        (paired("pairing", "read"), None, Role.OPERATOR, session(KEY, "pairing"), Why.BEYOND_CALLER),
        (
            paired("pairing", roles=(Role.OPERATOR, Role.NODE)),
            None,
            Role.NODE,
            session(KEY, "pairing"),
            Why.BEYOND_CALLER,
        ),
    ],
    ids=["stranger", "other-role", "beyond-approval", "revoked", "not-yours", "beyond-caller", "own-node"],
)
def test_G6_G7_G8_no_rotation_beyond_what_caller_and_device_hold(
    device: Device, wanted: tuple[Scope, ...] | None, role: Role, caller: Caller, why: Why
) -> None:
    change = rotate(device, wanted, role=role, caller=caller)
    assert change.answer == Denied(why)
    assert change.state is device


def test_G7_a_token_that_says_more_than_was_approved_is_rotated_down() -> None:
    grown = paired(
        "read",
        tokens={Role.OPERATOR: replace(record(paired("read")).tokens[Role.OPERATOR], scopes=scopes("admin", "read"))},
    )
    assert rotate(grown).answer.scopes == scopes("read")


def test_a_role_without_a_token_is_given_one() -> None:
    change = rotate(paired("read", tokens={}))
    assert change.answer == Rotated(Role.OPERATOR, scopes("read"), LATER, None)
    assert record(change.state).tokens[Role.OPERATOR].rotated_at == LATER


def test_G8_a_revoked_role_is_dead_and_its_sessions_end() -> None:
    change = revoke(paired("read"))
    assert change.answer == Revoked(Role.OPERATOR, LATER)
    assert record(change.state).tokens[Role.OPERATOR].is_revoked
    assert not record(change.state).may(Role.OPERATOR, ())
    assert change.effects == (Disconnect(KEY.device_id, Role.OPERATOR),)
    assert revoke(change.state).state is change.state


def test_G8_a_role_without_a_token_can_be_revoked() -> None:
    assert record(revoke(paired("read", tokens={})).state).is_revoked(Role.OPERATOR)


def test_revoking_one_role_leaves_the_other() -> None:
    state = revoke(paired("read", roles=(Role.OPERATOR, Role.NODE)), Role.NODE).state
    assert record(state).may(Role.OPERATOR, scopes("read"))
    assert not record(state).has(Role.NODE)


@pytest.mark.parametrize(
    ("device", "caller", "why"),
    [
        (NEW, ADMIN, Why.UNKNOWN),
        (paired(roles=(Role.NODE,)), ADMIN, Why.UNKNOWN),
        (paired("read"), session(OTHER, "pairing"), Why.NOT_YOURS),
    ],
    ids=["stranger", "other-role", "not-yours"],
)
def test_G6_no_revocation_of_what_is_not_there_or_not_yours(device: Device, caller: Caller, why: Why) -> None:
    assert revoke(device, caller=caller) == Change(device, Denied(why))
