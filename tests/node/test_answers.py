"""What the gateway is told: the shapes of the protocol, and never more than a frame holds."""

import json

import msgspec
import pytest

from clawdbot.node import answers
from clawdbot.node.answers import Code, Done, Failed
from clawdbot.node.policy import Mode, Policy, Rule, Why
from clawdbot.node.requests import Invocation, Run
from clawdbot.node.runs import TRUNCATED, Ended
from clawdbot.wire import params as wire
from clawdbot.wire.frames import Request, encode

INVOCATION = Invocation("i1", "n1", "system.run", "{}", 1000)
RUN = Run(("/bin/sh", "-c", "echo hi"), None, {}, 1000, "agent:main:main", "r1")
LIMIT = 512 * 1024


def payload(params: dict[str, object]) -> dict[str, object]:
    """What is in ``payloadJSON``; the gateway itself can read the params."""
    kind = wire.NodeEvent if "event" in params else wire.NodeInvokeResult
    wire.read(kind, params)
    found = json.loads(str(params["payloadJSON"]))
    assert isinstance(found, dict)
    return found


def test_a_result() -> None:
    """As the reference's node sends it."""
    found = answers.result(INVOCATION, Done({"bins": {"sh": "/usr/bin/sh"}}))
    assert found == {"id": "i1", "nodeId": "n1", "ok": True, "payloadJSON": '{"bins":{"sh":"/usr/bin/sh"}}'}


def test_a_failure() -> None:
    """Likewise."""
    found = answers.result(INVOCATION, Failed(Code.INVALID_REQUEST, "command required"))
    error = {"code": "INVALID_REQUEST", "message": "command required"}
    assert found == {"id": "i1", "nodeId": "n1", "ok": False, "error": error}


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (
            Ended(3, stdout="out\n", stderr="err\n"),
            {"exitCode": 3, "timedOut": False, "success": False, "stdout": "out\n", "stderr": "err\n", "error": None},
        ),
        (
            Ended(None, timed_out=True),
            {"timedOut": True, "success": False, "stdout": "", "stderr": "", "error": None},
        ),
        (
            Ended(error="no such program"),
            {"timedOut": False, "success": False, "stdout": "", "stderr": "", "error": "no such program"},
        ),
    ],
)
def test_how_a_program_ended(ended: Ended, expected: dict[str, object]) -> None:
    """The keys of the reference; no exit code where there is none."""
    assert payload(answers.run_result(INVOCATION, ended, LIMIT)) == expected


def test_the_event_of_a_run() -> None:
    """It names the session, the run and the command, and carries the end of the output."""
    found = payload(answers.finished(RUN, Ended(3, stdout="x" * 30_000 + "\n", stderr="err\n")))
    output = found.pop("output")
    assert found == {
        "sessionKey": "agent:main:main", "runId": "r1", "host": "node", "command": "/bin/sh -c 'echo hi'",
        "exitCode": 3, "timedOut": False, "success": False,
    }  # fmt: skip
    assert isinstance(output, str)
    assert output.startswith("... (truncated) x")
    assert output.endswith("\nerr")


def test_the_event_of_a_refusal() -> None:
    """With the reason in the protocol's word."""
    assert answers.denied(RUN, Why.NOBODY_TO_ASK)["event"] == "exec.denied"
    assert payload(answers.denied(RUN, Why.NOBODY_TO_ASK)) == {
        "sessionKey": "agent:main:main", "runId": "r1", "host": "node", "command": "/bin/sh -c 'echo hi'",
        "reason": "approval-required",
    }  # fmt: skip


@pytest.mark.parametrize("why", Why)
def test_every_refusal_has_its_words(why: Why) -> None:
    """And none of them gives away more."""
    assert answers.refusal(why).message.startswith("SYSTEM_RUN_D")


def test_a_refusal_names_the_variable() -> None:
    """So that the caller can leave it out."""
    assert answers.refusal(Why.VARIABLE, "STAGE").message == (
        "SYSTEM_RUN_DENIED: the variable STAGE may not be set on this node"
    )


@pytest.mark.parametrize("character", ["x", "\0", "\x1b", '"', "\\", "é", "😀"])
@pytest.mark.parametrize("limit", [64 * 1024, LIMIT])
def test_a_result_fits_into_a_frame(character: str, limit: int) -> None:
    """Whatever the output is made of, escapes within escapes included; what is cut says so."""
    ended = Ended(0, stdout=character * 150_000, stderr=character * 50_000 + TRUNCATED)
    params = answers.run_result(INVOCATION, ended, limit)
    assert len(encode(Request("4" * 36, answers.RESULT, params))) <= limit
    told = payload(params)
    assert told["exitCode"] == 0
    for stream, whole in (("stdout", ended.stdout), ("stderr", ended.stderr)):
        text = str(told[stream])
        assert text == whole or (text.endswith(TRUNCATED) and text.removesuffix(TRUNCATED) in whole)


def test_a_result_that_can_not_be_cut_is_sent_as_it_is() -> None:
    """There is an end to cutting."""
    params = answers.run_result(INVOCATION, Ended(0, stdout="x" * 100), 10)
    assert payload(params)["stdout"] == ""


def test_the_event_fits_into_a_frame() -> None:
    """Whatever the command and the output are made of."""
    run = Run(("/bin/echo", "'" * 500_000), None, {}, 1000, "s", "r")
    params = answers.finished(run, Ended(0, stdout="\0" * 200_000))
    assert len(msgspec.json.encode(params)) < LIMIT


def test_the_policy_is_shown_as_exec_approvals() -> None:
    """In the shape that programs of the protocol know, without a folder's name (threats.md G16)."""
    policy = Policy(Mode.ASK, (Rule("/usr/bin/uname"), Rule("/usr/bin/ls", ("-l", "*"))))
    assert answers.approvals(policy, name="exec-policy.json", digest="ab") == {
        "path": "exec-policy.json",
        "exists": True,
        "hash": "ab",
        "file": {
            "version": 1,
            "defaults": {"security": "allowlist", "ask": "on-miss", "askFallback": "deny"},
            "agents": {"*": {"allowlist": [{"pattern": "/usr/bin/uname"}, {"pattern": "/usr/bin/ls -l '*'"}]}},
        },
    }


def test_no_policy_is_shown_as_one_that_denies() -> None:
    """Which it is."""
    shown = answers.approvals(Policy(), name="exec-policy.json", digest=None)
    assert (shown["exists"], shown["hash"]) == (False, "")
    assert '"security":"deny","ask":"off"' in msgspec.json.encode(shown).decode()
