"""What nodes tell of their own accord: what operators hear of it, and that nothing else comes of it."""

import json
from typing import Any

import pytest
from msgspec import UNSET, to_builtins

from clawdbot.domain.names import DeviceId
from clawdbot.gateway.node_events import read_run
from clawdbot.wire.params import NodeEvent
from tests.support.gateways import NODE_HOST, TEST, gateway, identity

NODE = DeviceId("d")
RUN = {"sessionKey": "main", "runId": "r", "host": "node", "command": "ls -l", "exitCode": 0, "timedOut": False}


def told(event: str, payload: Any = UNSET, text: str | None = None) -> Any:
    report = read_run(NODE, NodeEvent(event=event, payload=payload, payload_json=text), 5)
    return None if report is None else to_builtins(report)


def test_a_run_is_told_without_what_the_program_said() -> None:
    """As an object or as text, whichever way a client sends it."""
    said = {**RUN, "output": "the secret", "success": True}
    expected = {
        "nodeId": "d",
        "event": "exec.finished",
        "runId": "r",
        "command": "ls -l",
        "exitCode": 0,
        "timedOut": False,
        "ts": 5,
    }
    assert told("exec.finished", said) == told("exec.finished", text=json.dumps(said)) == expected
    denied = told("exec.denied", {"command": "rm", "reason": "allowlist miss"})
    assert denied == {"nodeId": "d", "event": "exec.denied", "command": "rm", "reason": "allowlist miss", "ts": 5}


@pytest.mark.parametrize(
    "event", ["voice.transcript", "agent.request", "chat.subscribe", "chat.unsubscribe", "exec.other", "__proto__"]
)
def test_other_events_are_for_nobody(event: str) -> None:
    """There is no agent that they could be for."""
    assert told(event, {"text": "hello", "message": "hello", "sessionKey": "main"}) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "NaN", '{"runId":"a","runId":"b"}', "[" * 10_000])
def test_S8_text_that_is_no_object_is_for_nobody(text: str) -> None:
    """Nor is what two readers could read differently."""
    assert told("exec.finished", text=text) is None


@pytest.mark.parametrize("payload", [UNSET, None, 5, "x", []])
def test_S8_a_payload_that_is_no_object_is_for_nobody(payload: Any) -> None:
    assert told("exec.finished", payload) is None


def test_S7_what_a_node_says_is_cut_and_harmless_to_show() -> None:
    """What is of a wrong type is left out."""
    said = {"runId": "\x1b[2J" + "r" * 900, "command": "x" * 9_000, "exitCode": True, "timedOut": 1, "reason": "\u202e"}
    report = told("exec.finished", said)
    assert len(report["runId"]) < 80
    assert len(report["command"]) < 410
    assert not {"\x1b", "\u202e"} & set(str(report.values()))
    assert "exitCode" not in report
    assert "timedOut" not in report
    assert "exitCode" not in told("exec.finished", {"exitCode": 2**70})


async def test_whoever_may_run_commands_hears_what_ran() -> None:
    """A node ran something: its operators hear of it in order, a reader and the node itself do not."""
    async with gateway() as running:
        reader = await running.connect(identity(901), client=TEST, scopes=["operator.read"])
        writer = await running.connect(identity(902), client=TEST, scopes=["operator.write"])
        node = await running.connect(identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        for name in ("exec.started", "voice.transcript", "exec.finished"):
            assert await node.call("node.event", event=name, payloadJSON=json.dumps(RUN)) == {"ok": True}
        heard = [await writer.event("node.event") for _ in range(2)]
        assert [one["event"] for one in heard] == ["exec.started", "exec.finished"]
        assert {one["nodeId"] for one in heard} == {identity(1).device_id}
        assert await reader.call("health")
        assert not [event for client in (reader, node) for event in client.events if event["event"] == "node.event"]
