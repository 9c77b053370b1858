"""What gateways answer when they let a client in, as it was recorded and as it might be."""

import json
from typing import Any

import pytest

from clawdbot.client import hello
from clawdbot.errors import InvalidFrame
from tests.support.recorded import frames_from_gateway


def recorded() -> list[dict[str, Any]]:
    payloads = (frame.get("payload") for frame in frames_from_gateway())
    return [one for one in payloads if isinstance(one, dict) and one.get("type") == "hello-ok"]


def test_every_recorded_hello_is_read() -> None:
    """Of all scenes; with a token where there is one."""
    hellos = recorded()
    assert len(hellos) > 10
    for payload in hellos:
        found = hello.read(payload)
        assert (found.tick, found.max_payload) == (30.0, 524_288)
        assert found.connection == payload["server"]["connId"]
        assert found.methods == frozenset(payload["features"]["methods"])
        assert (found.grant is not None) == ("auth" in payload)
        if found.grant is not None:
            assert found.grant.token.reveal() == payload["auth"]["deviceToken"]
            assert list(found.grant.scopes) == payload["auth"]["scopes"]


def test_S7_a_hello_is_shown_without_its_token() -> None:
    """Whoever logs a hello logs no token."""
    payload = next(one for one in recorded() if "auth" in one)
    assert payload["auth"]["deviceToken"] not in repr(hello.read(payload).grant)


def test_a_hello_may_say_less_or_more() -> None:
    """Of another version: what is missing has a default, what is new is not looked at."""
    found = hello.read({"type": "hello-ok", "news": {"a": 1}, "auth": {"deviceToken": ""}})
    assert (found.tick, found.max_payload, found.methods, found.grant) == (30.0, 524_288, frozenset(), None)


@pytest.mark.parametrize("tick", [0, -5, 10**9])
def test_a_tick_that_is_none(tick: int) -> None:
    """A gateway cannot talk a client out of noticing that it is gone."""
    assert hello.read({"type": "hello-ok", "policy": {"tickIntervalMs": tick}}).tick == 30.0


@pytest.mark.parametrize(
    "payload",
    [
        *(None, [], "hello-ok", {}, {"type": "hello"}, {"type": "hello-ok", "server": []}),
        {"type": "hello-ok", "auth": {"deviceToken": 5}},
        {"type": "hello-ok", "policy": {"tickIntervalMs": "5"}},
    ],
    ids=json.dumps,
)
def test_what_is_no_hello(payload: object) -> None:
    """It is refused without being repeated."""
    with pytest.raises(InvalidFrame, match=r"^the gateway's hello-ok cannot be read$"):
        hello.read(payload)
