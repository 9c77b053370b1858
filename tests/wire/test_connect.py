"""The params of ``connect``: what becomes of them, and what is refused before anybody looks at keys and tokens."""

from typing import Any

import pytest

from clawdbot.domain.connect import ClientInfo, ConnectRequest, Credentials, DeviceClaim
from clawdbot.domain.secret import Secret
from clawdbot.errors import InvalidConnectParams
from clawdbot.wire import connect
from clawdbot.wire.schema import MAX_SAFE_INTEGER

CLIENT = {"id": "cli", "version": "dev", "platform": "linux", "mode": "cli"}
DEVICE = {"id": "d", "publicKey": "k", "signature": "s", "signedAt": 1}
LEAST: dict[str, Any] = {"minProtocol": 3, "maxProtocol": 3, "client": CLIENT}


def problems(**changes: object) -> str:
    """What is wrong with good params after these changes; nothing at all is a failure of the test."""
    with pytest.raises(InvalidConnectParams) as caught:
        connect.read({**LEAST, **changes})
    return caught.value.message.removeprefix("invalid connect params: ")


def test_the_least_that_a_client_must_say() -> None:
    assert connect.read(LEAST) == ConnectRequest(
        min_protocol=3,
        max_protocol=3,
        client=ClientInfo(id="cli", version="dev", platform="linux", mode="cli"),
    )


def test_all_that_a_client_can_say() -> None:
    whole = {
        **LEAST,
        "minProtocol": 1.0,
        "maxProtocol": 1e1,
        "client": {
            **CLIENT,
            "displayName": "D\u202e\0",
            "deviceFamily": "Linux",
            "modelIdentifier": "m1",
            "instanceId": "i",
        },
        "caps": ["system"],
        "commands": ["system.run"],
        "permissions": {"camera": True, "__proto__": False},
        "pathEnv": "",
        "role": "node",
        "scopes": ["operator.read"],
        "device": {**DEVICE, "nonce": "n"},
        "auth": {"token": "", "password": "p"},
        "locale": "",
        "userAgent": "ua",
    }
    assert connect.read(whole) == ConnectRequest(
        min_protocol=1,
        max_protocol=10,
        client=ClientInfo(
            id="cli",
            version="dev",
            platform="linux",
            mode="cli",
            display_name="D\u202e\0",
            device_family="Linux",
            model_identifier="m1",
            instance_id="i",
        ),
        caps=("system",),
        commands=("system.run",),
        permissions={"camera": True, "__proto__": False},
        path_env="",
        role="node",
        scopes=("operator.read",),  # type: ignore[arg-type]
        device=DeviceClaim(id="d", public_key="k", signature="s", signed_at=1, nonce="n"),
        auth=Credentials(token=Secret(""), password=Secret("p")),
        locale="",
        user_agent="ua",
    )


@pytest.mark.parametrize("client_id", sorted(connect.CLIENT_IDS))
def test_programs_of_both_names_may_connect(client_id: str) -> None:
    assert connect.read({**LEAST, "client": {**CLIENT, "id": client_id}}).client.id == client_id


def test_there_are_seventeen_programs_and_seven_modes() -> None:
    assert len(connect.CLIENT_IDS) == 17
    assert {"clawdbot-ios", "moltbot-ios", "moltbot-probe", "clawdbot-control-ui"} <= connect.CLIENT_IDS
    assert len(connect.CLIENT_MODES) == 7


@pytest.mark.parametrize("optional", ["caps", "commands", "permissions", "pathEnv", "role", "scopes", "device", "auth"])
def test_null_is_not_absence(optional: str) -> None:
    assert problems(**{optional: None}).startswith(f"at /{optional}: must be ")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"client": {**CLIENT, "displayName": "x" * 129}},
            "/client/displayName: must NOT have more than 128 characters",
        ),
        ({"client": {**CLIENT, "instanceId": "x" * 129}}, "/client/instanceId: must NOT have more than 128 characters"),
        ({"caps": ["x"] * 65}, "/caps: must NOT have more than 64 items"),
        ({"caps": ["x" * 65]}, "/caps/0: must NOT have more than 64 characters"),
        ({"commands": ["x"] * 257}, "/commands: must NOT have more than 256 items"),
        ({"commands": ["x", "x" * 129]}, "/commands/1: must NOT have more than 128 characters"),
        ({"scopes": ["x"] * 33}, "/scopes: must NOT have more than 32 items"),
        (
            {"permissions": dict.fromkeys(map(str, range(65)), True)},
            "/permissions: must NOT have more than 64 properties",
        ),
        ({"pathEnv": "x" * 8193}, "/pathEnv: must NOT have more than 8192 characters"),
        ({"role": "x" * 65}, "/role: must NOT have more than 64 characters"),
        ({"device": {**DEVICE, "publicKey": "x" * 257}}, "/device/publicKey: must NOT have more than 256 characters"),
        ({"device": {**DEVICE, "signature": "x" * 257}}, "/device/signature: must NOT have more than 256 characters"),
        ({"device": {**DEVICE, "nonce": "x" * 257}}, "/device/nonce: must NOT have more than 256 characters"),
        ({"device": {**DEVICE, "signedAt": 2**53}}, f"/device/signedAt: must be <= {MAX_SAFE_INTEGER}"),
        ({"auth": {"token": "x" * 1025}}, "/auth/token: must NOT have more than 1024 characters"),
        ({"locale": "x" * 65}, "/locale: must NOT have more than 64 characters"),
        ({"userAgent": "x" * 1025}, "/userAgent: must NOT have more than 1024 characters"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_G13_nobody_says_more_than_is_reasonable(changes: dict[str, Any], told: str) -> None:
    assert problems(**changes) == f"at {told}"


def test_S7_credentials_are_hidden_and_refusals_do_not_repeat_values() -> None:
    read = connect.read({**LEAST, "auth": {"token": "t0ken", "password": "passw0rd"}})
    assert "t0ken" not in repr(read)
    assert "passw0rd" not in repr(read)
    assert "t0ken" not in problems(auth={"token": ["t0ken"], "password": "passw0rd" * 1000}, role={"t0ken": 1})
