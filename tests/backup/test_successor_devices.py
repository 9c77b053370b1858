"""Devices and this machine's identity, out of OpenClaw's tables."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.backup import successor_devices
from clawdbot.backup.successor_devices import IDENTITIES, PAIRED, PENDING, TOKENS
from clawdbot.backup.successor_rows import Notes
from clawdbot.domain.device_records import About, PairedDevice
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token
from clawdbot.store.device_rows import DEVICES
from clawdbot.store.fields import Fields
from tests.support.devices import TOKEN, identity, scopes
from tests.support.openclaw import Rows, asks, device, mine, row_of, tables, token

FIRST = identity().device_id
BOTH = (Role.OPERATOR, Role.NODE)


def read(rows: Rows) -> tuple[dict[str, Any], list[str]]:
    """The files that come of these rows, and what was left out."""
    notes = Notes()
    files = successor_devices.files(tables(rows), notes)
    found = {name: json.loads(content) for name, content in files.items()}
    return found, [f"{called}: {why}" for called, why in notes.left_out().items()]


def paired(**more: Any) -> tuple[PairedDevice | None, list[str]]:
    """The first device as it is read in the end, and what was left out of it."""
    found, left_out = read({PAIRED: [device("read", "write", **more)]})
    record = found.get("devices/paired.json", {}).get(FIRST)
    return (None if record is None else DEVICES.read_paired(FIRST, Fields(record))), left_out


def only(secret: str = TOKEN.reveal(), role: str = "operator", **more: object) -> str:
    """The tokens of a device that has one."""
    said = {"token": secret, "role": role, "scopes": ["operator.read"], "createdAtMs": 1, **more}
    return json.dumps({role: said})


def test_a_device_keeps_its_name_its_scopes_and_its_token() -> None:
    found, left_out = paired(operator_label="Phone")
    assert found is not None
    assert (found.alias, found.scopes, left_out) == ("Phone", scopes("read", "write"), [])
    assert found.tokens[Role.OPERATOR].secret == TOKEN


def test_G7_what_was_approved_bounds_what_it_asked_for() -> None:
    """An approval of nothing is one; an older database has no such column."""
    narrow, _ = paired(approved_scopes_json='["operator.read"]')
    nothing, _ = paired(approved_scopes_json="[]")
    older, _ = paired(approved_scopes_json=None)
    assert [found.scopes for found in (narrow, nothing, older) if found] == [
        scopes("read"),
        (),
        scopes("read", "write"),
    ]


def test_G8_a_revoked_token_stays_revoked() -> None:
    """So does one that cannot be read."""
    for tokens in (only(revokedAtMs=5), only(revokedAtMs="x"), '{"operator": 7}', only(secret="")):
        found, _ = paired(tokens_json=tokens)
        assert found is not None
        assert found.is_revoked(Role.OPERATOR)


@pytest.mark.parametrize("tokens", [None, "{}", "null", only(role="node"), only(role="admin")])
def test_G4_a_role_without_a_token_is_no_role(tokens: str | None) -> None:
    """OpenClaw has such a device pair anew."""
    found, left_out = paired(tokens_json=tokens)
    assert found is None
    assert "pairs anew" in left_out[-1]


def test_a_token_that_is_bound_to_something_does_not_come_over() -> None:
    """To a shared secret of that gateway, for one; nor the role that goes with it. The other role stays."""
    tokens = json.loads(only(issuer={"kind": "shared-gateway-auth", "generation": "1"})) | json.loads(only(role="node"))
    found, left_out = paired(tokens_json=json.dumps(tokens), roles=BOTH)
    assert found is not None
    assert (found.roles, found.role, list(found.tokens)) == ((Role.NODE,), Role.NODE, [Role.NODE])
    assert "operator token: what it says about it is not known here" in left_out[-1]


def test_G14_a_node_whose_abilities_nobody_approved_pairs_anew() -> None:
    """Where the database says what was approved; before it did, pairing was all there was."""
    row = device(roles=(Role.NODE,))
    assert "devices/paired.json" in read({PAIRED: [row]})[0]
    for none in (None, "null", "0", "[]", '"{}"'):
        found, left_out = read({PAIRED: [row | {"node_surface_json": none}]})
        assert (found, "nobody approved" in " ".join(left_out)) == ({}, True), none
    for broken in ("", "{"):
        found, left_out = read({PAIRED: [row | {"node_surface_json": broken}]})
        assert (found, "is no JSON" in " ".join(left_out)) == ({}, True), broken
    older = {name: table for name, table in tables({PAIRED: [row]}).items() if name == PAIRED}
    rows = [{name: value for name, value in values.items() if "surface" not in name} for values in older[PAIRED].rows]
    notes = Notes()
    files = successor_devices.files({PAIRED: type(older[PAIRED])(frozenset(rows[0]), tuple(rows))}, notes)
    assert "devices/paired.json" in files


@pytest.mark.parametrize(
    "page", [{"browser_origin": "https://a.example"}, {"client_mode": "webchat"}, {"client_id": "openclaw-control-ui"}]
)
def test_pages_of_a_browser_pair_anew(page: dict[str, str]) -> None:
    found, left_out = paired(**page)
    assert (found, "a page in a browser" in left_out[0]) == (None, True)


@pytest.mark.parametrize(
    "odd",
    [
        {"public_key": str(identity(2).public_key)},
        {"device_id": FIRST.upper()},
        {"device_id": None},
        {"approved_via": "teams-session"},
        {"tokens_json": "{"},
        {"created_at_ms": "soon"},
        {"expires_at_ms": 5},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_S4_a_device_that_makes_no_sense_is_left_out_alone(odd: dict[str, object]) -> None:
    """The other one is there, and no line shows a token (threats.md S7)."""
    second = identity(2)
    other = device() | {"device_id": second.device_id, "public_key": str(second.public_key)}
    found, left_out = read({PAIRED: [device(**odd), other]})
    assert list(found["devices/paired.json"]) == [second.device_id]
    assert len(left_out) == 1
    assert TOKEN.reveal() not in left_out[0]


def test_what_is_odd_about_a_device_is_said() -> None:
    found, left_out = paired(roles_json='["operator", "king"]')
    assert found is not None
    assert "in part" in left_out[0]
    assert "unknown role" in left_out[0]


def test_who_waits_waits_on() -> None:
    found, left_out = read({PENDING: [asks(refreshed_at_ms=9), asks(request_id="r-2", role="king")]})
    waiting = DEVICES.read_pending("r-1", Fields(found["devices/pending.json"]["r-1"]))
    assert (waiting.id, waiting.request.role, waiting.request.last_seen) == (identity(2).device_id, Role.NODE, 9)
    assert (list(found["devices/pending.json"]), len(left_out)) == (["r-1"], 1)


# --- this machine itself ---------------------------------------------------------------------------------------------


def test_the_identity_comes_over_with_its_tokens() -> None:
    found, left_out = read({IDENTITIES: [mine()], TOKENS: [token(), token(role="king"), token(device_id="other")]})
    assert found["identity/device.json"]["privateKeyPem"] == identity().private_pem()
    assert list(found["identity/device-auth.json"]["tokens"]) == ["operator"]
    assert len(left_out) == 2


@pytest.mark.parametrize(
    "odd", [{"identity_key": "other"}, {"device_id": identity(2).device_id}, {"private_key_pem": "x"}, {"sealed": 1}]
)
def test_S4_a_broken_identity_is_none(odd: dict[str, object]) -> None:
    """Its tokens are nobody's then; the key is in no line."""
    found, left_out = read({IDENTITIES: [mine(**odd)], TOKENS: [token()]})
    assert (found, len(left_out)) == ({}, 1)
    assert "PRIVATE" not in left_out[0]


# --- there and back --------------------------------------------------------------------------------------------------

INSTANTS = st.integers(0, 4_000_000_000_000)
TEXTS = st.none() | st.text("a7 é\u202e😀", min_size=1, max_size=9)
SECRETS = st.text("0123456789abcdef", min_size=32, max_size=32).map(Secret)
SCOPES = st.sets(st.sampled_from(scopes("admin", "approvals", "pairing"))).map(lambda found: tuple(sorted(found)))
GIVEN = st.builds(Token, SECRETS, SCOPES, INSTANTS, st.none() | INSTANTS, st.none() | INSTANTS, st.none() | INSTANTS)


@st.composite
def devices(draw: st.DrawFn) -> PairedDevice:
    roles = draw(st.lists(st.sampled_from(Role), min_size=1, unique=True).map(tuple))
    return PairedDevice(
        public_key=identity(draw(st.integers(1, 9))).public_key,
        about=draw(st.builds(About, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)),
        role=draw(st.sampled_from(roles)),
        roles=roles,
        scopes=draw(SCOPES),
        tokens={role: draw(GIVEN) for role in roles},
        created_at=draw(INSTANTS),
        approved_at=draw(INSTANTS),
        alias=draw(TEXTS),
    )


@given(st.lists(devices(), unique_by=lambda one: one.public_key, max_size=4))
def test_every_device_comes_over_as_it_is(state: list[PairedDevice]) -> None:
    """For any devices: what the file says in the end is what the table said."""
    records = {one.public_key.device_id: DEVICES.write_paired(one.public_key.device_id, one) for one in state}
    found, left_out = read({PAIRED: [row_of(id, record) for id, record in records.items()]})
    assert found.get("devices/paired.json", {}) == records
    assert all(" node_surface_json (" in line for line in left_out)
