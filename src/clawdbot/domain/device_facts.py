"""What the history is told about devices, and about nodes of the legacy store (:mod:`clawdbot.domain.facts`)."""

from collections.abc import Iterator

from clawdbot.domain import nodes
from clawdbot.domain.admission import Admitted, Answer, NotItsTurn, QueueFull, Waiting
from clawdbot.domain.credentials import Invited
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import BadName, Denied
from clawdbot.domain.effects import AnnounceDeviceRequest, AnnounceDeviceResolved, Change, Decision
from clawdbot.domain.facts import TERMINAL, Fact, Kind, Of, Subject, Surface, by_device, surface_of
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import DeviceId, Instant, NodeId
from clawdbot.domain.node_records import NodeAbout
from clawdbot.domain.scopes import Caller

LOCAL = "this machine"
"""By whom programs of the gateway's own machine are paired without asking (threats.md G9)."""

FULL = "the queue is full"


def device(id: DeviceId | None) -> Subject:
    """A device, or one that nobody knows."""
    return Subject(Of.DEVICE, id or "")


def node(id: NodeId) -> Subject:
    return Subject(Of.NODE, id)


def arrived(arrival: VerifiedDevice, change: Change[Device, Answer], *, at: Instant) -> Iterator[Fact]:
    """A device whose claim holds wanted in. That one still waits was told when it began to."""
    about, address = device(arrival.id), arrival.peer.address or ""

    def fact(kind: Kind, *, by: str = "", why: str = "") -> Fact:
        return Fact(at, kind, Surface.GATEWAY, about, by=by, why=why, address=address)

    match change.answer:
        case Admitted():
            if any(_is_approval(effect) for effect in change.effects):
                yield fact(Kind.APPROVED, by=_paired_by(arrival))
            yield fact(Kind.CONNECTED, why=f"as {arrival.role}")
        case Waiting(lacks=lacks):
            if any(isinstance(effect, AnnounceDeviceRequest) for effect in change.effects):
                yield fact(Kind.REQUESTED, why=lacks)
        case QueueFull():
            yield fact(Kind.REFUSED, why=FULL)
        case NotItsTurn():
            pass


def _paired_by(arrival: VerifiedDevice) -> str:
    return arrival.proof.by if isinstance(arrival.proof, Invited) else LOCAL


def _is_approval(effect: object) -> bool:
    return isinstance(effect, AnnounceDeviceResolved) and effect.decision is Decision.APPROVED


def asked(id: NodeId, about: NodeAbout, answer: nodes.Requested | nodes.QueueFull, *, at: Instant) -> Iterator[Fact]:
    """Somebody asked for a node to be put on record."""
    match answer:
        case nodes.Requested(created=True):
            yield Fact(at, Kind.REQUESTED, Surface.GATEWAY, node(id), address=about.remote_ip or "")
        case nodes.Requested():
            pass
        case nodes.QueueFull():
            yield Fact(at, Kind.REFUSED, Surface.GATEWAY, node(id), why=FULL)


def decided(kind: Kind, about: Subject, answer: object, caller: Caller, *, at: Instant) -> Iterator[Fact]:
    """Somebody decided, or was not let. What the owner mistypes at his terminal is no refusal."""
    by = by_device(caller.device) if caller.device is not None else caller.name or TERMINAL
    match answer:
        case BadName():
            pass
        case Denied(why):
            if not caller.is_owner:
                yield Fact(at, Kind.REFUSED, surface_of(by), about, by=by, why=f"{kind}: {why}")
        case _:
            yield Fact(at, kind, surface_of(by), about, by=by)
