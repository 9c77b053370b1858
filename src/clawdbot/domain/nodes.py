"""One node of the legacy store: ``node.pair.request/approve/reject/verify`` and ``node.rename``.

Apart from device pairing, which alone lets a node connect (:mod:`clawdbot.domain.admission`); what a connected node may
be asked to do: :mod:`clawdbot.domain.platforms`. All functions return a :class:`~clawdbot.domain.effects.Change`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clawdbot.domain import scopes
from clawdbot.domain.bounds import NAME_LENGTH
from clawdbot.domain.devices import BadName, Denied, Renamed, Why
from clawdbot.domain.effects import AnnounceNodeRequest, AnnounceNodeResolved, Change, Decision
from clawdbot.domain.names import DeviceId, Instant, NodeId, RequestId, Role
from clawdbot.domain.node_records import Node, NodeAbout, NodeRequest, PairedNode
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint


@dataclass(frozen=True, slots=True)
class Requested:
    """The node waits; ``created`` tells whether it did not before."""

    request: NodeRequest
    created: bool


@dataclass(frozen=True, slots=True)
class QueueFull:
    """As many nodes wait as may; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Approved:
    """The node is on record; ``secret`` is in the answer only if the node itself asked (threats.md G7)."""

    request: NodeRequest
    paired: PairedNode
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Rejected:
    request: NodeRequest


@dataclass(frozen=True, slots=True)
class Removed:
    paired: PairedNode


@dataclass(frozen=True, slots=True)
class Verified:
    """The token is the node's."""

    paired: PairedNode


@dataclass(frozen=True, slots=True)
class NotVerified:
    """There is no such node, or the token is not its token."""


def read_node_id(text: str) -> NodeId | None:
    """Read a node's id: any text but a blank one (threats.md G17)."""
    name = text.strip()
    return NodeId(name) if name else None


def request(
    node: Node, about: NodeAbout, *, silent: bool | None = None, now: Instant, mint: Mint, room: bool
) -> Change[Node, Requested | QueueFull]:
    """Ask for a node to be put on record. One that waits already keeps its request as it is."""
    waiting = node.waiting(now)
    if waiting is not None:
        return Change(node, Requested(waiting, created=False))
    if not room:
        return Change(node, QueueFull())
    opened = NodeRequest(mint.request_id(), about, asked_at=now, repair=node.paired is not None, silent=silent)
    announced = AnnounceNodeRequest(node.id, opened)
    return Change(replace(node, pending=opened), Requested(opened, created=True), (announced,))


def approve(
    node: Node, request_id: RequestId, *, caller: Caller, now: Instant, mint: Mint
) -> Change[Node, Approved | Denied]:
    """Put a node on record with a new token; only admin grants the node role (threats.md G6)."""
    found = _request(node, request_id, caller, now)
    if isinstance(found, Why):
        return Change(node, Denied(found))
    if not scopes.may_grant(caller, Role.NODE, ()):
        return Change(node, Denied(Why.BEYOND_CALLER))
    created_at = now if node.paired is None else node.paired.created_at
    paired = PairedNode(found.about, mint.token(), created_at=created_at, approved_at=now)
    shown = paired.token if caller.device == DeviceId(node.id) else None
    resolved = AnnounceNodeResolved(node.id, found.id, Decision.APPROVED, now)
    return Change(Node(node.id, paired), Approved(found, paired, shown), (resolved,))


def reject(node: Node, request_id: RequestId, *, caller: Caller, now: Instant) -> Change[Node, Rejected | Denied]:
    """Dismiss a request; the node keeps what is on record about it."""
    found = _request(node, request_id, caller, now)
    if isinstance(found, Why):
        return Change(node, Denied(found))
    resolved = AnnounceNodeResolved(node.id, found.id, Decision.REJECTED, now)
    return Change(replace(node, pending=None), Rejected(found), (resolved,))


def remove(node: Node, *, caller: Caller) -> Change[Node, Removed | Denied]:
    """Forget a node; its token is dead."""
    paired = _paired(node, caller)
    if isinstance(paired, Why):
        return Change(node, Denied(paired))
    return Change(Node(node.id), Removed(paired))


def rename(node: Node, name: str, *, caller: Caller) -> Change[Node, Renamed | BadName | Denied]:
    """Give a node on record another name."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        return Change(node, BadName())
    paired = _paired(node, caller)
    if isinstance(paired, Why):
        return Change(node, Denied(paired))
    renamed = replace(paired, about=replace(paired.about, display_name=name))
    return Change(replace(node, paired=renamed), Renamed(name))


def verify(node: Node, token: Secret) -> Verified | NotVerified:
    """Is this the node's token? An empty one never is."""
    if node.paired is None or not token or token != node.paired.token:
        return NotVerified()
    return Verified(node.paired)


def connected(node: Node, *, now: Instant, bins: Iterable[str] | None = None) -> Change[Node, None]:
    """Note that the device of that name connected as a node. Nobody waits for it to be written."""
    if node.paired is None:
        return Change(node, None)
    known = node.paired.bins if bins is None else tuple(bins)
    return Change(replace(node, paired=replace(node.paired, last_connected_at=now, bins=known)), None)


def expire(node: Node, *, now: Instant) -> Change[Node, NodeRequest | None]:
    """Drop a dead request, and answer with it."""
    if node.pending is None or node.pending.is_live(now):
        return Change(node, None)
    return Change(replace(node, pending=None), node.pending)


def _request(node: Node, request_id: RequestId, caller: Caller, now: Instant) -> NodeRequest | Why:
    found = node.waiting(now)
    if found is None or found.id != request_id:
        return Why.UNKNOWN
    return found if scopes.may_manage(caller, DeviceId(node.id)) else Why.NOT_YOURS


def _paired(node: Node, caller: Caller) -> PairedNode | Why:
    if node.paired is None:
        return Why.UNKNOWN
    return node.paired if scopes.may_manage(caller, DeviceId(node.id)) else Why.NOT_YOURS
