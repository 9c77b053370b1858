"""What a client says when it connects: as the reference's programs say it, and signed so that a gateway believes it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import Introduction, introduction
from clawdbot.domain import handshake
from clawdbot.domain.connect import Challenge, ClientInfo, Credentials, Peer
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.wire import connect

RECORDED = Path(__file__).parents[1] / "vectors" / "clients"
NONCE = "38256966-55ee-42e7-93a1-15e09c2fc443"
NOW = 1_795_365_032_233
CLI = ClientInfo(id="cli", version="dev", platform="linux", mode="cli", instance_id="i")
NODE = Introduction(
    ClientInfo(
        id="node-host",
        version="1",
        platform="linux",
        mode="node",
        display_name="Büro",
        device_family="Linux",
        model_identifier="x64",
        instance_id="i",
    ),
    role=Role.NODE,
    scopes=(),
    caps=("system",),
    commands=("system.run", "system.which"),
    permissions={"camera": False},
    path_env="/usr/bin:/bin",
)


def said(
    by: Introduction,
    identity: DeviceIdentity,
    credentials: Credentials = Credentials(token=Secret("sekrit")),  # noqa: B008 - frozen
) -> dict[str, Any]:
    return introduction.params(by, identity, credentials, nonce=NONCE, now=NOW)


def recorded() -> dict[str, Any]:
    """What the reference's command line sent."""
    transcript = json.loads((RECORDED / "devices-list.json").read_text())["transcript"]
    found: dict[str, Any] = next(
        event["frame"]["params"] for event in transcript if event.get("frame", {}).get("method") == "connect"
    )
    return found


def test_it_is_said_as_the_reference_says_it(identity: DeviceIdentity) -> None:
    """The same properties in the same order, and the same values but for keys, ids and times."""
    ours, theirs = said(Introduction(CLI), identity), recorded()
    assert json.dumps(shape(ours)) == json.dumps(shape(theirs))
    for name in ("minProtocol", "maxProtocol", "caps", "auth", "role", "scopes"):
        assert ours[name] == theirs[name]


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return type(value).__name__


@pytest.mark.parametrize("by", [Introduction(CLI), NODE, Introduction(CLI, scopes=())], ids=["cli", "node", "bare"])
def test_a_gateway_believes_it(identity: DeviceIdentity, by: Introduction) -> None:
    """It climbs the whole ladder of checks, and nothing of it is lost on the way."""
    request = connect.read(json.loads(json.dumps(said(by, identity))))
    device = handshake.verify(
        request,
        challenge=Challenge(NONCE, NOW),
        peer=Peer("192.0.2.1"),
        auth=GatewayAuth(AuthMode.TOKEN, Secret("sekrit")),
        now=NOW,
    )
    assert (device.id, device.role, device.scopes) == (identity.device_id, by.role, by.scopes)
    assert (request.client, request.caps, request.commands) == (by.client, by.caps, by.commands)
    assert (request.permissions, request.path_env) == (by.permissions, by.path_env)


def test_G2_the_signature_is_for_this_nonce_and_this_token(identity: DeviceIdentity) -> None:
    """Another nonce or token makes another signature."""
    one = said(Introduction(CLI), identity)["device"]["signature"]
    other_token = said(Introduction(CLI), identity, Credentials(token=Secret("x")))["device"]["signature"]
    other_nonce = introduction.params(
        Introduction(CLI), identity, Credentials(token=Secret("sekrit")), nonce="n", now=NOW
    )["device"]
    assert len({one, other_token, str(other_nonce)}) == 3


def test_credentials_that_are_not_there_are_left_out(identity: DeviceIdentity) -> None:
    """Neither ``null`` nor an empty text."""
    assert "auth" not in said(NODE, identity, Credentials())
    assert "auth" not in said(NODE, identity, Credentials(token=Secret("")))
    assert said(NODE, identity, Credentials(password=Secret("p")))["auth"] == {"password": "p"}


def test_a_program_introduces_itself() -> None:
    """Under an id and a mode that the protocol knows, with a version and a platform."""
    client = introduction.program(name="panel")
    assert client.id in connect.CLIENT_IDS
    assert client.mode in connect.CLIENT_MODES
    assert client.version
    assert client.platform
    assert client.instance_id != introduction.program().instance_id


def test_an_operator_asks_for_what_operators_need() -> None:
    """The default is the command line's three scopes; nothing is silently widened."""
    assert Introduction().scopes == ("operator.admin", "operator.approvals", "operator.pairing")
    assert replace(Introduction(), scopes=(Scope("operator.read"),)).scopes == ("operator.read",)
