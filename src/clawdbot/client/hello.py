"""What a gateway answers when it lets a client in, as far as clients need it (``docs/protocol.md#hello-ok``)."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from msgspec import Struct

from clawdbot.domain.names import Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import InvalidFrame

TICK_S: Final = 30.0
MAX_PAYLOAD: Final = 512 * 1024

_LONGEST_TICK_S = 600.0


@dataclass(frozen=True, slots=True)
class Grant:
    """The device token that the gateway gave this device for its role, and what it is good for."""

    token: Secret
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Hello:
    """A gateway let us in.

    Attributes:
        connection: what the gateway calls this connection.
        host: what the gateway's machine is called; text from outside, like ``version``.
        methods: what the gateway says it serves.
        grant: a device token, if it gave one.
        tick: seconds between two signs of life.
        max_payload: bytes of the largest frame that it takes.
        snapshot: presence and health at this moment, JSON from outside.
    """

    connection: str
    host: str
    version: str
    methods: frozenset[str]
    grant: Grant | None
    tick: float
    max_payload: int
    snapshot: object


class _Server(Struct, rename="camel"):
    conn_id: str = ""
    host: str = ""
    version: str = ""


class _Features(Struct):
    methods: list[str] = []


class _Auth(Struct, rename="camel"):
    device_token: str = ""
    scopes: list[str] = []


class _Policy(Struct, rename="camel"):
    tick_interval_ms: float = TICK_S * 1000
    max_payload: int = MAX_PAYLOAD


class _HelloOk(Struct):
    type: Literal["hello-ok"]
    server: _Server = msgspec.field(default_factory=_Server)
    features: _Features = msgspec.field(default_factory=_Features)
    auth: _Auth | None = None
    policy: _Policy = msgspec.field(default_factory=_Policy)
    snapshot: object = None


def read(payload: object) -> Hello:
    """Read the payload of hello-ok. What we do not know in it is not looked at.

    Raises:
        InvalidFrame: it is none; what it holds is not repeated.
    """
    try:
        found = msgspec.convert(payload, _HelloOk)
    except msgspec.ValidationError:
        raise InvalidFrame("the gateway's hello-ok cannot be read") from None
    return Hello(
        connection=found.server.conn_id,
        host=found.server.host,
        version=found.server.version,
        methods=frozenset(found.features.methods),
        grant=_grant(found.auth),
        tick=_tick(found.policy.tick_interval_ms / 1000),
        max_payload=found.policy.max_payload if found.policy.max_payload > 0 else MAX_PAYLOAD,
        snapshot=found.snapshot,
    )


def _grant(auth: _Auth | None) -> Grant | None:
    if auth is None or not auth.device_token:
        return None
    return Grant(Secret(auth.device_token), tuple(Scope(scope) for scope in auth.scopes))


def _tick(seconds: float) -> float:
    """A gateway that promises no signs of life, or hardly any, is listened to like one that says nothing."""
    return seconds if 0 < seconds <= _LONGEST_TICK_S else TICK_S
