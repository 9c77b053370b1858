"""hello-ok, key by key as the reference's, less what is nobody's business (threats.md G16)."""

import json

from clawdbot.domain.names import Scope
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token
from clawdbot.gateway.hello import EVENTS, Snapshot, hello
from clawdbot.gateway.methods import METHODS
from clawdbot.gateway.presence import Own
from clawdbot.wire.frames import Answer, StateVersion, encode
from tests.support.recorded import frames_from_gateway
from tests.support.sessions import session

LEFT_OUT = {"configPath", "stateDir"}


def recorded() -> dict[str, object]:
    frames = (frame["payload"] for frame in frames_from_gateway() if frame.get("ok") and "payload" in frame)
    found: dict[str, object] = next(
        payload for payload in frames if isinstance(payload, dict) and payload.get("type") == "hello-ok"
    )
    return found


def ours() -> dict[str, object]:
    own = Own("vm", "0.1.0")
    payload = hello(
        session(1, "read"),
        Token(Secret("0123456789abcdef0123456789abcdef"), (Scope("operator.read"),), created_at=5, rotated_at=6),
        own=own,
        methods=list(METHODS),
        snapshot=Snapshot(presence=[own.entry(1)], health={"ok": True}, state_version=StateVersion(1, 1), uptime_ms=3),
    )
    found: dict[str, object] = json.loads(encode(Answer(id="c1", payload=payload)))["payload"]
    return found


def shape(value: object, depth: int = 2) -> object:
    if isinstance(value, dict) and depth:
        return {key: shape(item, depth - 1) for key, item in value.items() if key not in LEFT_OUT}
    return type(value).__name__


def test_G16_hello_is_the_reference_s_without_paths() -> None:
    """Every key and type of the record is there, in its order, but for the two paths and the canvas."""
    theirs = shape({key: value for key, value in recorded().items() if key != "canvasHostUrl"})
    assert shape(ours()) == theirs
    assert list(ours()) == [key for key in recorded() if key != "canvasHostUrl"]


def test_the_token_is_the_client_s_own_and_dated_by_its_rotation() -> None:
    assert ours()["auth"] == {
        "deviceToken": "0123456789abcdef0123456789abcdef",
        "role": "operator",
        "scopes": ["operator.read"],
        "issuedAtMs": 6,
    }


def test_only_what_is_served_is_offered() -> None:
    features = ours()["features"]
    assert isinstance(features, dict)
    assert features["methods"] == list(METHODS)
    assert features["events"] == list(EVENTS)
