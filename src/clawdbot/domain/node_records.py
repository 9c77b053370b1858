"""What is on record about one node in the legacy store, ``nodes/*.json``.

It is apart from device pairing: nothing in it lets anybody connect or run anything (threats.md G14). It is kept for
programs that still ask for it (``docs/protocol.md#node-pair``).
"""

from dataclasses import dataclass
from typing import Final

from clawdbot.domain.names import Instant, NodeId, RequestId
from clawdbot.domain.secret import Secret

TTL_MS: Final = 5 * 60 * 1000
"""A request is dead at this age."""


@dataclass(frozen=True, slots=True)
class NodeAbout:
    """What was said about a node when pairing was asked for."""

    display_name: str | None = None
    platform: str | None = None
    version: str | None = None
    core_version: str | None = None
    ui_version: str | None = None
    device_family: str | None = None
    model_identifier: str | None = None
    caps: tuple[str, ...] | None = None
    commands: tuple[str, ...] | None = None
    remote_ip: str | None = None


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A node that waits for the owner's decision."""

    id: RequestId
    about: NodeAbout
    asked_at: Instant
    repair: bool = False
    silent: bool | None = None
    """Kept and shown as it was sent; nothing is approved because of it."""

    def is_live(self, now: Instant) -> bool:
        """Not yet expired; a request from the future counts as expired (threats.md S6)."""
        return 0 <= now - self.asked_at < TTL_MS


@dataclass(frozen=True, slots=True)
class PairedNode:
    """A node that the owner approved."""

    about: NodeAbout
    token: Secret
    created_at: Instant
    approved_at: Instant
    last_connected_at: Instant | None = None
    bins: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """Everything on record about one node."""

    id: NodeId
    paired: PairedNode | None = None
    pending: NodeRequest | None = None

    def waiting(self, now: Instant) -> NodeRequest | None:
        """The live request; there is at most one."""
        return self.pending if self.pending is not None and self.pending.is_live(now) else None
