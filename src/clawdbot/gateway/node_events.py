"""What nodes tell of their own accord (``node.event``): read without trust, cut to a size, and for whom it is.

At the reference all of it goes to an agent. Here nothing does: the assistant hears people whom the owner approved, on
the channel where they were, and a node is approved to run commands (``docs/protocol.md#node-event``).
"""

from typing import Final

from msgspec import Struct

from clawdbot.domain.names import DeviceId, Instant
from clawdbot.domain.texts import visible
from clawdbot.wire.params import NodeEvent
from clawdbot.wire.plain import MAX_FRAME, Plain, decode

RUNS: Final = frozenset({"exec.started", "exec.finished", "exec.denied"})
"""What happens to programs on a node: operators hear of it."""

LONGEST_ID: Final = 64
LONGEST_TEXT: Final = 400


class RunReport(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of a program on a node; never what it said, which is for the caller alone."""

    node_id: DeviceId
    event: str
    run_id: str | None = None
    command: str | None = None
    exit_code: int | None = None
    timed_out: bool | None = None
    reason: str | None = None
    ts: Instant


def read_run(node: DeviceId, told: NodeEvent, now: Instant) -> RunReport | None:
    """What operators are told; ``None`` for anything else, and for what makes no sense."""
    if told.event not in RUNS:
        return None
    payload = told.payload
    if told.payload_json is not None:
        decoded = decode(told.payload_json, MAX_FRAME)
        payload = decoded.value if isinstance(decoded, Plain) else None
    if not isinstance(payload, dict):
        return None
    code, timed_out = payload.get("exitCode"), payload.get("timedOut")
    return RunReport(
        node_id=node,
        event=told.event,
        run_id=_text(payload.get("runId"), LONGEST_ID),
        command=_text(payload.get("command"), LONGEST_TEXT),
        exit_code=code if type(code) is int and abs(code) < 2**32 else None,
        timed_out=timed_out if isinstance(timed_out, bool) else None,
        reason=_text(payload.get("reason"), LONGEST_TEXT),
        ts=now,
    )


def _text(value: object, limit: int) -> str | None:
    return visible(value.strip(), limit) or None if isinstance(value, str) else None
