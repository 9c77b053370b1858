"""What a client says when it connects, and what the gateway knows about the connection by itself.

All that a :class:`ConnectRequest` says is a claim, until it has climbed :func:`clawdbot.domain.handshake.verify`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clawdbot.domain.names import Instant, Scope
from clawdbot.domain.secret import Secret

PROTOCOL: Final = 3

CONTROL_UI_IDS = frozenset({"clawdbot-control-ui", "moltbot-control-ui"})


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """The program that connects, by its own account."""

    id: str
    version: str
    platform: str
    mode: str
    display_name: str | None = None
    device_family: str | None = None
    model_identifier: str | None = None
    instance_id: str | None = None

    @property
    def is_control_ui(self) -> bool:
        return self.id in CONTROL_UI_IDS


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """Who the device says it is, and the signature that is to prove it. All texts as they were sent."""

    id: str
    public_key: str
    signature: str
    signed_at: Instant
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The gateway's shared token or a device token, or the gateway's password."""

    token: Secret | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """The parameters of ``connect``, of the right types and otherwise unchecked."""

    min_protocol: int
    max_protocol: int
    client: ClientInfo
    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    permissions: Mapping[str, bool] = field(default_factory=dict)
    path_env: str | None = None
    role: str | None = None
    scopes: tuple[Scope, ...] = ()
    device: DeviceClaim | None = None
    auth: Credentials = Credentials()
    locale: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the gateway sent on this socket, and on no other (threats.md G2)."""

    nonce: str
    issued_at: Instant


@dataclass(frozen=True, slots=True)
class Peer:
    """What the gateway itself knows about the other end, not from the client's words (threats.md G9)."""

    address: str | None
    """As it is recorded; ``None`` if a proxy that nobody vouches for hides it."""
    local: bool = False
    behind_untrusted_proxy: bool = False
    foreign_page: bool = False
    """A browser's page that the gateway did not serve itself."""
