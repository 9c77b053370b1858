"""hello-ok: the first answer that an admitted client gets (``docs/protocol.md#hello-ok``)."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from clawdbot.domain.connect import PROTOCOL
from clawdbot.domain.tokens import Token
from clawdbot.gateway.hub import MOST_BUFFERED
from clawdbot.gateway.presence import Entry, Own
from clawdbot.gateway.reports import AGENT, MAIN_SESSION, Report
from clawdbot.gateway.session import Session
from clawdbot.wire.frames import StateVersion
from clawdbot.wire.plain import MAX_FRAME

TICK_MS: Final = 30_000

SESSION_DEFAULTS: Final = {
    "defaultAgentId": AGENT,
    "mainKey": "main",
    "mainSessionKey": MAIN_SESSION,
    "scope": "per-sender",
}

EVENTS: Final = (
    "connect.challenge",
    "presence",
    "tick",
    "shutdown",
    "health",
    "node.pair.requested",
    "node.pair.resolved",
    "node.invoke.request",
    "node.event",
    "device.pair.requested",
    "device.pair.resolved",
    "voicewake.changed",
    "dm.pair.requested",
    "dm.pair.held",
    "dm.pair.resolved",
)


class Snapshot(Struct, frozen=True, kw_only=True, rename="camel"):
    """How things are at this moment, for one client."""

    presence: Sequence[Entry]
    health: Report
    state_version: StateVersion
    uptime_ms: int
    session_defaults: Mapping[str, str] = field(default_factory=lambda: SESSION_DEFAULTS)


def hello(session: Session, token: Token, *, own: Own, methods: Sequence[str], snapshot: Snapshot) -> dict[str, object]:
    """The payload of hello-ok. The token in it is the client's own (threats.md G7); nothing else in it is secret."""
    return {
        "type": "hello-ok",
        "protocol": PROTOCOL,
        "server": {"version": own.version, "host": own.host, "connId": session.id},
        "features": {"methods": methods, "events": EVENTS},
        "snapshot": snapshot,
        "auth": {
            "deviceToken": token.secret.reveal(),
            "role": session.role,
            "scopes": token.scopes,
            "issuedAtMs": token.issued_at,
        },
        "policy": {"maxPayload": MAX_FRAME, "maxBufferedBytes": MOST_BUFFERED, "tickIntervalMs": TICK_MS},
    }
