"""Devices as the reference's files have them: read strictly, and nothing that is broken opens anything."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.device_records import About, Device, DeviceRequest, PairedDevice
from clawdbot.domain.names import DeviceId, RequestId, Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token, check
from clawdbot.store.base import DeviceKey, NodeKey
from clawdbot.store.device_rows import DEAD, DEVICES
from clawdbot.store.fields import Fields
from tests.support.devices import identity, paired, scopes
from tests.support.register_files import VECTORS

PAIRED = json.loads((VECTORS / "devices" / "paired.json").read_bytes())
PENDING = json.loads((VECTORS / "devices" / "pending.json").read_bytes())

KEY = identity(1).public_key
TOKEN = {"token": "f" * 32, "role": "operator", "scopes": ["operator.read"], "createdAtMs": 5, "lastUsedAtMs": 6}
DEVICE = {
    "deviceId": KEY.device_id,
    "publicKey": str(KEY),
    "platform": "linux",
    "role": "operator",
    "roles": ["operator", "node"],
    "scopes": ["operator.read"],
    "tokens": {"operator": TOKEN},
    "createdAtMs": 1,
    "approvedAtMs": 2,
}
REQUEST = {
    "requestId": "r1",
    "deviceId": KEY.device_id,
    "publicKey": str(KEY),
    "role": "operator",
    "roles": ["operator"],
    "scopes": ["operator.read"],
    "silent": False,
    "isRepair": False,
    "ts": 7,
}


def read(record: Any, id: str = KEY.device_id) -> PairedDevice:
    return DEVICES.read_paired(id, Fields(record))


def asked(record: Any, id: str = "r1") -> DeviceRequest:
    return DEVICES.read_pending(id, Fields(record)).request


def changed(record: dict[str, Any], change: Callable[[Any], object]) -> dict[str, Any]:
    other = copy.deepcopy(record)
    change(other)
    return other


def opens(device: PairedDevice, role: Role = Role.OPERATOR) -> bool:
    token = device.tokens[role]
    return check(token, token.secret, (), approved=device.approved_scopes(role))


# --- as the reference writes it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", PAIRED)
def test_each_recorded_device_is_written_as_it_was(id: str) -> None:
    """Every key, in its place."""
    fields = Fields(PAIRED[id])
    device = DEVICES.read_paired(id, fields)
    assert fields.odd == []
    assert json.dumps(DEVICES.write_paired(id, device)) == json.dumps(PAIRED[id])


@pytest.mark.parametrize("id", PENDING)
def test_each_recorded_request_is_written_as_it_was(id: str) -> None:
    fields = Fields(PENDING[id])
    waiting = DEVICES.read_pending(id, fields)
    assert fields.odd == []
    assert json.dumps(DEVICES.write_pending(waiting.id, waiting.request)) == json.dumps(PENDING[id])


def test_a_device_is_read_with_all_that_is_known_of_it() -> None:
    """Ours are the alias on a device, who approved it, and the last try of a request."""
    token = Token(Secret("f" * 32), scopes("read"), 1, rotated_at=2, revoked_at=3, last_used_at=4)
    about = About("Box", "linux", "cli", "cli", "10.0.0.1")
    device = PairedDevice(
        KEY,
        about,
        Role.NODE,
        (Role.OPERATOR, Role.NODE),
        scopes("write", "read"),
        {Role.OPERATOR: token},
        5,
        6,
        "Mine",
        "terminal",
    )
    request = DeviceRequest(RequestId("r1"), KEY, about, Role.NODE, (), 7, 8, repair=True, silent=True)
    assert read(DEVICES.write_paired(KEY.device_id, device)) == device
    assert asked(DEVICES.write_pending(KEY.device_id, request)) == request
    assert list(DEVICES.write_paired(KEY.device_id, device))[-2:] == ["approvedBy", "alias"]
    assert list(DEVICES.write_pending(KEY.device_id, request))[-1] == "lastSeenAtMs"
    assert "lastSeenAtMs" not in DEVICES.write_pending(KEY.device_id, replace(request, last_seen=7))


def test_parts_and_keys() -> None:
    """The aggregate, and the way back."""
    device = Device(DeviceId("d"), read(DEVICE), asked(REQUEST))
    assert DEVICES.state("d", *DEVICES.parts(device)) == device
    assert DEVICES.id(DEVICES.key("d")) == "d"
    assert DEVICES.key("d") == DeviceKey(DeviceId("d"))
    with pytest.raises(TypeError):
        DEVICES.id(NodeKey("d"))  # type: ignore[arg-type]


# --- what is broken --------------------------------------------------------------------------------------------------

Broken = Callable[[Any], object]

UNUSABLE: dict[str, Broken] = {
    "of another device": lambda one: one.update(deviceId="0" * 64),
    "without an id": lambda one: one.pop("deviceId"),
    "without a key": lambda one: one.pop("publicKey"),
    "another device's key": lambda one: one.update(publicKey=str(identity(2).public_key)),
    "a key in another spelling": lambda one: one.update(publicKey=str(KEY) + "="),
    "a key that is a number": lambda one: one.update(publicKey=5),
    "no role": lambda one: (one.pop("role"), one.pop("roles")),
    "an unknown role": lambda one: one.update(role="root", roles=["root"]),
    "tokens in a list": lambda one: one.update(tokens=[]),
    "tokens in a text": lambda one: one.update(tokens="x"),
}


@pytest.mark.parametrize("broken", UNUSABLE.values(), ids=UNUSABLE)
def test_S4_a_device_that_makes_no_sense_is_not_used(broken: Broken) -> None:
    """It is as if it were not paired; what it was called is not told."""
    with pytest.raises(ValueError) as error:
        read(changed(DEVICE, broken))
    assert "0" * 64 not in str(error.value)


DEAD_TOKENS: dict[str, Any] = {
    "null": None,
    "a text": "f" * 32,
    "a list": [],
    "empty": {},
    "no token": {**TOKEN, "token": ""},
    "a number": {**TOKEN, "token": 5},
    "a surrogate": {**TOKEN, "token": "\ud800"},
    "of another role": {**TOKEN, "role": "node"},
    "of no role": {**TOKEN, "role": 5},
    "revoked": {**TOKEN, "revokedAtMs": 1},
    "revoked long ago": {**TOKEN, "revokedAtMs": 0},
    "revoked at some time": {**TOKEN, "revokedAtMs": "yesterday"},
    "revoked or not": {**TOKEN, "revokedAtMs": False},
}


@pytest.mark.parametrize("token", DEAD_TOKENS.values(), ids=DEAD_TOKENS)
def test_G8_a_token_that_cannot_be_read_counts_as_revoked(token: Any) -> None:
    """The role is gone until the owner approves it anew; otherwise who breaks a record would undo a revocation."""
    device = read({**DEVICE, "tokens": {"operator": token}})
    assert device.is_revoked(Role.OPERATOR)
    assert not device.has(Role.OPERATOR)
    assert not opens(device)
    assert device.has(Role.NODE)


def test_the_dead_token_opens_nothing() -> None:
    """Not even to whoever presents nothing."""
    assert not check(DEAD, Secret(""), (), approved=())


LESS: dict[str, tuple[Broken, int]] = {
    "scopes": (lambda one: one.update(scopes="operator.admin"), 1),
    "a scope": (lambda one: one.update(scopes=[5, ["operator.admin"]]), 1),
    "a name": (lambda one: one.update(displayName={"x": 1}), 1),
    "times": (lambda one: one.update(createdAtMs="x", approvedAtMs=-1), 2),
    "an alias": (lambda one: one.update(alias=7), 1),
    "a role beside": (lambda one: one.update(roles=["operator", "root"]), 1),
    "a token beside": (lambda one: one["tokens"].update(root=TOKEN), 1),
    "a token's scopes": (lambda one: one["tokens"]["operator"].update(scopes={"operator.admin": True}), 1),
    "a token's times": (lambda one: one["tokens"]["operator"].update(createdAtMs=None, rotatedAtMs="x"), 1),
}


@pytest.mark.parametrize(("broken", "odd"), LESS.values(), ids=LESS)
def test_S4_what_makes_no_sense_in_a_device_gives_it_less(broken: Broken, odd: int) -> None:
    """It is reported, and the device keeps what is clear: nothing of it becomes an administrator."""
    fields = Fields(changed(DEVICE, broken))
    device = DEVICES.read_paired(KEY.device_id, fields)
    assert len(fields.odd) == odd
    assert not device.may(Role.OPERATOR, scopes("admin"))
    assert set(device.roles) <= set(Role)
    assert opens(device)


def test_roles_are_the_list_or_else_the_one_role() -> None:
    """As the reference reads them; an empty list is a list."""
    assert read(changed(DEVICE, lambda one: one.pop("roles"))).roles == (Role.OPERATOR,)
    assert read({**DEVICE, "roles": []}).roles == ()
    assert read({**DEVICE, "roles": ["node"]}).has(Role.OPERATOR) is False
    assert read({**DEVICE, "role": "root"}).role is Role.OPERATOR


def test_G7_scopes_count_only_for_an_operator() -> None:
    """The flat list of a node's record grants it nothing, nor does its token."""
    node = read({**DEVICE, "role": "node", "roles": ["node"], "scopes": ["operator.admin"]})
    assert node.approved_scopes(Role.NODE) == node.approved_scopes(Role.OPERATOR) == ()


UNUSABLE_REQUESTS: dict[str, Broken] = {
    "under another id": lambda one: one.update(requestId="r2"),
    "without an id": lambda one: one.pop("requestId"),
    "of nobody": lambda one: one.pop("deviceId"),
    "of a number": lambda one: one.update(deviceId=5),
    "of another device": lambda one: one.update(deviceId=identity(2).device_id),
    "without a key": lambda one: one.pop("publicKey"),
    "with another key": lambda one: one.update(publicKey=str(identity(2).public_key)),
    "for no role": lambda one: one.pop("role"),
    "for an unknown role": lambda one: one.update(role="root"),
}


@pytest.mark.parametrize("broken", UNUSABLE_REQUESTS.values(), ids=UNUSABLE_REQUESTS)
def test_S4_a_request_that_makes_no_sense_is_not_used(broken: Broken) -> None:
    with pytest.raises(ValueError):
        asked(changed(REQUEST, broken))


@pytest.mark.parametrize("ts", [None, "2026-11-22T17:13:14.030Z", -5, 1e400, True])
def test_D11_a_request_without_a_time_has_expired(ts: Any) -> None:
    request = asked({**REQUEST, "ts": ts})
    assert not request.is_live(1_795_367_603_000)


def test_what_the_owner_sees_is_the_one_role() -> None:
    """The reference's list of roles counts for nothing in a request: G5, what is shown is what is approved."""
    assert asked({**REQUEST, "roles": ["operator", "node"]}).role is Role.OPERATOR


# --- what is what ----------------------------------------------------------------------------------------------------


def test_a_request_that_was_granted_is_decided() -> None:
    """It asks for nothing that its device has not; every request that an owner may decide asks for more."""
    record = paired("read", "write").paired
    assert record
    request = asked({**REQUEST, "platform": "linux", "isRepair": True})
    assert DEVICES.is_decided(record, request)
    for more in (
        replace(request, scopes=scopes("read", "pairing")),
        replace(request, role=Role.NODE, scopes=()),
        replace(request, about=About(platform="ios")),
        replace(request, public_key=identity(2).public_key),
    ):
        assert not DEVICES.is_decided(record, more)
    dead = {Role.OPERATOR: replace(record.tokens[Role.OPERATOR], revoked_at=1)}
    assert not DEVICES.is_decided(replace(record, tokens=dead), request)


def test_a_request_whose_device_came_or_went_since_is_decided() -> None:
    """The first approval ends a request, whatever becomes of it later; a removal ends one for more."""
    record = paired("read").paired
    first = asked({**REQUEST, "isRepair": False})
    more = asked({**REQUEST, "isRepair": True, "scopes": ["operator.write"]})
    assert [DEVICES.is_decided(one, first) for one in (None, record)] == [False, True]
    assert [DEVICES.is_decided(one, more) for one in (None, record)] == [True, False]


def test_what_nobody_waits_for() -> None:
    """When it was last here, from where, under which name and as what; for a request, that it asked again."""
    old = Device(DeviceId(KEY.device_id), read(DEVICE), asked(REQUEST))
    record, request = old.paired, old.pending
    assert record
    assert request
    token = record.tokens[Role.OPERATOR]
    passing = [
        replace(record, tokens={Role.OPERATOR: replace(token, last_used_at=99)}),
        replace(record, about=replace(record.about, display_name="x", client_id="y", remote_ip="z")),
        replace(record, role=Role.NODE),
    ]
    lasting = [
        None,
        replace(record, alias="x"),
        replace(record, scopes=()),
        replace(record, roles=(Role.OPERATOR,)),
        replace(record, approved_at=99),
        replace(record, about=replace(record.about, platform="ios")),
        replace(record, tokens={}),
        replace(record, tokens={Role.NODE: token}),
        replace(record, tokens={Role.OPERATOR: replace(token, revoked_at=99)}),
        replace(record, tokens={Role.OPERATOR: replace(token, secret=Secret("other"), last_used_at=99)}),
        replace(record, tokens={Role.OPERATOR: replace(token, scopes=(Scope("operator.admin"),))}),
    ]
    assert all(DEVICES.is_passing(old, replace(old, paired=one)) for one in passing)
    assert not any(DEVICES.is_passing(old, replace(old, paired=one)) for one in lasting)
    assert DEVICES.is_passing(old, replace(old, pending=replace(request, last_seen=99)))
    for other in (None, replace(request, scopes=()), replace(request, id=RequestId("r2"), last_seen=99)):
        assert not DEVICES.is_passing(old, replace(old, pending=other))
    nobody = Device(old.id)
    assert not DEVICES.is_passing(nobody, old)
    assert not DEVICES.is_passing(old, nobody)
