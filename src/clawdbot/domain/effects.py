"""What a decision hands back: the new state, the answer, and what is to be done once the state is saved."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import DeviceId, Instant, NodeId, RequestId, Role, SenderId

if TYPE_CHECKING:  # named, never made here: deciding about a sender must not load the cryptography of devices
    from clawdbot.domain.device_records import DeviceRequest
    from clawdbot.domain.node_records import NodeRequest

S = TypeVar("S")
A = TypeVar("A", covariant=True)


@dataclass(frozen=True, slots=True)
class SendCode:
    """Tell a stranger his pairing code; once per request (threats.md D10)."""

    sender: SenderId
    code: PairingCode


@dataclass(frozen=True, slots=True)
class AnnounceRequest:
    """Tell the owner that somebody waits; never with the code."""

    sender: SenderId


class Decision(StrEnum):
    """How a request ended."""

    APPROVED = "approved"
    REJECTED = "rejected"


class SenderDecision(StrEnum):
    """How somebody decided about a sender."""

    APPROVED = "approved"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    REVOKED = "revoked"
    EXTENDED = "extended"
    """In for a time, and for longer now."""
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class AnnounceDeviceRequest:
    """Tell operators that a device waits; once per request (threats.md G5)."""

    device: DeviceId
    request: "DeviceRequest"
    supersedes: RequestId | None = None
    """The request of the same device that is void now, because the device asks for something else."""


@dataclass(frozen=True, slots=True)
class AnnounceDeviceResolved:
    """Tell operators that a device's request has ended."""

    device: DeviceId
    request: RequestId
    decision: Decision
    at: Instant


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close every session of a device, or those in one role, once the caller has its answer (threats.md G8)."""

    device: DeviceId
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class AnnounceNodeRequest:
    """Tell operators that a node waits in the legacy store."""

    node: NodeId
    request: "NodeRequest"


@dataclass(frozen=True, slots=True)
class AnnounceNodeResolved:
    """Tell operators that a node's request in the legacy store has ended."""

    node: NodeId
    request: RequestId
    decision: Decision
    at: Instant


SenderEffect = SendCode | AnnounceRequest
DeviceEffect = AnnounceDeviceRequest | AnnounceDeviceResolved | Disconnect
NodeEffect = AnnounceNodeRequest | AnnounceNodeResolved
Effect = SenderEffect | DeviceEffect | NodeEffect


@dataclass(frozen=True, slots=True)
class Change(Generic[S, A]):
    """Save ``state`` first, then perform ``effects``. If ``state`` is the old one, nothing is written."""

    state: S
    answer: A
    effects: tuple[Effect, ...] = ()
