"""What a gateway asks, read strictly: whatever comes is a value, and nothing in it approves itself."""

import json

import pytest

from clawdbot.node import requests
from clawdbot.node.requests import (
    DEFAULT_TIMEOUT_MS,
    MAX_TIMEOUT_MS,
    GetApprovals,
    Invalid,
    Invocation,
    Notify,
    Run,
    SetApprovals,
    Unknown,
    Which,
)


def asked(command: str, params: object, timeout_ms: int = DEFAULT_TIMEOUT_MS) -> requests.Asked:
    """What is read from params, which are JSON text or become it."""
    text = params if isinstance(params, str) or params is None else json.dumps(params)
    return requests.read(Invocation("i1", "n1", command, text, timeout_ms))


def run(**said: object) -> Run:
    found = asked("system.run", {"command": ["ls"], **said})
    assert isinstance(found, Run), found
    return found


def test_the_event_is_read_as_gateways_send_it() -> None:
    """The reference's event, word for word."""
    payload = {
        "id": "d3620c87-0df9-4cf2-9e99-e3e71555288a",
        "nodeId": "a671",
        "command": "system.which",
        "paramsJSON": '{"bins":["sh"]}',
        "timeoutMs": 15000,
        "idempotencyKey": "d68dbe7a-adcd-422d-8705-6230ece91d28",
    }
    expected = Invocation("d3620c87-0df9-4cf2-9e99-e3e71555288a", "a671", "system.which", '{"bins":["sh"]}', 15000)
    assert requests.read_invocation(payload) == expected


@pytest.mark.parametrize(
    "payload", [None, [], "x", {}, {"id": 1, "nodeId": "n", "command": "c"}, {"id": "i", "nodeId": "n"}]
)
def test_what_is_no_invocation_is_none(payload: object) -> None:
    """There is nobody to answer to."""
    assert requests.read_invocation(payload) is None


@pytest.mark.parametrize("absent", [{}, {"paramsJSON": None, "timeoutMs": None}])
def test_what_may_be_absent(absent: dict[str, object]) -> None:
    """Params and timeout may be left out or null."""
    found = requests.read_invocation({"id": "i", "nodeId": "n", "command": "c", **absent})
    assert found == Invocation("i", "n", "c", None, DEFAULT_TIMEOUT_MS)


def test_a_run_as_the_reference_asks_for_it() -> None:
    """``nodes run`` of the reference; what it says about approvals is not even read (threats.md G14)."""
    found = run(
        command=["/bin/sh", "-c", "sleep 12; echo done"],
        cwd="/tmp",
        env={"A": "1"},
        timeoutMs=14000,
        needsScreenRecording=False,
        agentId="main",
        sessionKey="agent:main:main",
        runId="r1",
        approved=True,
        approvalDecision="allow-always",
        rawCommand="sleep 12; echo done",
    )
    command = ("/bin/sh", "-c", "sleep 12; echo done")
    assert found == Run(command, "/tmp", {"A": "1"}, 14000, "agent:main:main", "r1")


def test_a_run_that_says_little() -> None:
    """Nothing but the command is needed."""
    assert run() == Run(("ls",), None, {}, DEFAULT_TIMEOUT_MS, "node", "")


@pytest.mark.parametrize(
    ("said", "invocation", "expected"),
    [
        (None, 15_000, 15_000),
        (5, 15_000, 5),
        (0, 15_000, 1),
        (-1, 15_000, 1),
        (10**15, 15_000, MAX_TIMEOUT_MS),
    ],
)
def test_time_is_bounded(said: int | None, invocation: int, expected: int) -> None:
    """A run has the time that it asks for, else that of the invocation, and never too much or none."""
    found = asked("system.run", {"command": ["ls"], "timeoutMs": said}, timeout_ms=invocation)
    assert isinstance(found, Run)
    assert found.timeout_ms == expected


@pytest.mark.parametrize(
    "params",
    [
        None,
        "",
        "{",
        "[]",
        '"x"',
        "NaN",
        '{"command":["ls"],"command":["rm"]}',
        "[" * 10_000,
        '{"command":["\\ud800"]}',
        {},
        {"command": None},
        {"command": "ls -l"},
        {"command": []},
        {"command": [""]},
        {"command": [" "]},
        {"command": ["ls", 3]},
        {"command": ["ls", None]},
        {"command": ["ls", ["x"]]},
        {"command": ["ls", "a\0b"]},
        {"command": ["ls"] * 2000},
        {"command": ["ls"], "cwd": 3},
        {"command": ["ls"], "cwd": "/tmp\0"},
        {"command": ["ls"], "env": "A=1"},
        {"command": ["ls"], "env": {"A": 1}},
        {"command": ["ls"], "env": {"A": None}},
        {"command": ["ls"], "env": {"": "1"}},
        {"command": ["ls"], "env": {"A=B": "1"}},
        {"command": ["ls"], "env": {"A": "\0"}},
        {"command": ["ls"], "env": {f"A{n}": "" for n in range(100)}},
        {"command": ["ls"], "timeoutMs": "a"},
        {"command": ["ls"], "timeoutMs": True},
        {"command": ["ls"], "timeoutMs": 1.5},
        {"command": ["ls"], "needsScreenRecording": True},
    ],
)
def test_S8_a_run_that_is_none_is_refused(params: object) -> None:
    """No shell strings, no texts that are not texts, nothing ambiguous; and no answer repeats what was sent."""
    found = asked("system.run", params)
    assert isinstance(found, Invalid)
    assert "ls" not in found.message


def test_which() -> None:
    """Names, each once."""
    assert asked("system.which", {"bins": ["sh", " node ", "sh"]}) == Which(("sh", "node"))


@pytest.mark.parametrize("params", [{}, {"bins": "sh"}, {"bins": ["sh", 3]}, {"bins": ["x"] * 100}, None])
def test_which_that_is_none_is_refused(params: object) -> None:
    """The reference's node crashed on some of these."""
    assert isinstance(asked("system.which", params), Invalid)


def test_notices_are_bounded() -> None:
    """A title, a body, or both."""
    assert asked("system.notify", {"title": " T ", "priority": "active"}) == Notify("T", "")
    assert asked("system.notify", {"title": "t" * 500, "body": "b" * 5000}) == Notify("t" * 120, "b" * 1000)
    assert isinstance(asked("system.notify", {"title": " "}), Invalid)
    assert isinstance(asked("system.notify", {"title": 3}), Invalid)


def test_other_commands() -> None:
    """The policy may be looked at; changing it is another thing; the rest is unknown."""
    assert asked("system.execApprovals.get", None) == GetApprovals()
    assert asked("system.execApprovals.set", {"file": {"version": 1}}) == SetApprovals()
    assert asked("browser.proxy", {}) == Unknown()
    assert asked("__class__", {}) == Unknown()
