"""What this node tells the gateway: results and events, in the shapes of the protocol (``docs/protocol.md#nodes``)."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import msgspec

from clawdbot.node.policy import Mode, Policy, Why
from clawdbot.node.requests import Invocation, Run
from clawdbot.node.runs import TRUNCATED, Ended

RESULT: Final = "node.invoke.result"
EVENT: Final = "node.event"

EVENT_OUTPUT: Final = 20_000
"""Characters of output that an event carries: its end, for that is where errors are."""

EVENT_COMMAND: Final = 2_000
"""Characters of a command that an event carries."""

ROOM: Final = 1024
"""Bytes of a frame around its params."""


class Code(StrEnum):
    """Why nothing was done, for programs."""

    INVALID_REQUEST = "INVALID_REQUEST"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; ``payload`` is what came of it."""

    payload: object


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not done."""

    code: Code
    message: str


Outcome = Done | Failed


def result(invocation: Invocation, outcome: Outcome) -> dict[str, object]:
    """The params of ``node.invoke.result``."""
    about: dict[str, object] = {"id": invocation.id, "nodeId": invocation.node}
    match outcome:
        case Done(payload):
            return {**about, "ok": True, "payloadJSON": _json(payload)}
        case Failed(code, message):
            return {**about, "ok": False, "error": {"code": code.value, "message": message}}


def run_result(invocation: Invocation, ended: Ended, limit: int) -> dict[str, object]:
    """The params of ``node.invoke.result`` for a run, with as much of its output as fits into a frame."""
    while True:
        params = result(invocation, Done(run_payload(ended)))
        if len(msgspec.json.encode(params)) + ROOM <= limit or not (ended.stdout or ended.stderr):
            return params
        ended = replace(ended, stdout=_halved(ended.stdout), stderr=_halved(ended.stderr))


def run_payload(ended: Ended) -> dict[str, object]:
    """How a program ended; ``exitCode`` is left out where there is none."""
    return {
        **_exit_code(ended),
        "timedOut": ended.timed_out,
        "success": ended.success,
        "stdout": ended.stdout,
        "stderr": ended.stderr,
        "error": ended.error,
    }


def finished(run: Run, ended: Ended) -> dict[str, object]:
    """The params of ``node.event``: a program has ended."""
    output = "\n".join(text for text in (ended.stdout, ended.stderr, ended.error or "") if text).strip()
    return _event(
        "exec.finished",
        run,
        {
            **_exit_code(ended),
            "timedOut": ended.timed_out,
            "success": ended.success,
            "output": output if len(output) <= EVENT_OUTPUT else f"... (truncated) {output[-EVENT_OUTPUT:]}",
        },
    )


def denied(run: Run, why: Why) -> dict[str, object]:
    """The params of ``node.event``: a program was not run."""
    return _event("exec.denied", run, {"reason": why.value})


def refusal(why: Why, what: str = "") -> Failed:
    """Why a program was not run, in the words of the protocol. ``what`` is the variable that is the reason."""
    message = f"SYSTEM_RUN_DENIED: the variable {what} may not be set on this node" if what else _REFUSALS[why]
    return Failed(Code.UNAVAILABLE, message)


_REFUSALS: Final = {
    Why.DENIED: "SYSTEM_RUN_DISABLED: security=deny",
    Why.NOT_LISTED: "SYSTEM_RUN_DENIED: allowlist miss",
    Why.NOBODY_TO_ASK: "SYSTEM_RUN_DENIED: approval required",
    Why.USER_SAID_NO: "SYSTEM_RUN_DENIED: user denied",
    Why.VARIABLE: "SYSTEM_RUN_DENIED: a variable may not be set on this node",
    Why.NO_POLICY: "SYSTEM_RUN_DENIED: the node cannot read its exec policy",
}


def approvals(policy: Policy, *, name: str, digest: str | None) -> dict[str, object]:
    """The policy in the shape in which programs of the protocol show exec approvals. No folder is told.

    Args:
        name: the file's name.
        digest: the SHA-256 of its content; ``None`` if there is none.
    """
    return {
        "path": name,
        "exists": digest is not None,
        "hash": digest or "",
        "file": {
            "version": 1,
            "defaults": {
                "security": Mode.DENY.value if policy.mode is Mode.DENY else Mode.ALLOWLIST.value,
                "ask": "on-miss" if policy.mode is Mode.ASK else "off",
                "askFallback": Mode.DENY.value,
            },
            "agents": {
                "*": {"allowlist": [{"pattern": _pattern(rule.program, rule.args)} for rule in policy.rules]},
            },
        },
    }


def shown(argv: Sequence[str]) -> str:
    """A command as people write it; unambiguous, and for reading only."""
    return shlex.join(argv)


def _pattern(program: str, args: Sequence[str] | None) -> str:
    return program if args is None else shown([program, *args])


def _event(name: str, run: Run, about: dict[str, object]) -> dict[str, object]:
    command = shown(run.argv)[:EVENT_COMMAND]
    payload = {"sessionKey": run.session, "runId": run.run, "host": "node", "command": command, **about}
    return {"event": name, "payloadJSON": _json(payload)}


def _exit_code(ended: Ended) -> dict[str, object]:
    return {} if ended.code is None else {"exitCode": ended.code}


def _halved(text: str) -> str:
    kept = len(text.removesuffix(TRUNCATED)) // 2
    return text[:kept] + TRUNCATED if kept else ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")
