"""Records as clients see them: the shapes of the protocol, without what is nobody's to see (threats.md G7, G16).

The properties come in the reference's order. A token is shown in one place each, where a method's answer is for its
owner alone, and never from here but through an argument.
"""

from collections.abc import Iterable, Mapping

from msgspec import UNSET, Struct, UnsetType

from clawdbot.domain.device_records import DeviceRequest, Listing, PairedDevice
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import DeviceId, Instant, NodeId, RequestId, Role, Scope
from clawdbot.domain.node_records import Node, NodeRequest, PairedNode
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token


class View(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A JSON object; what is absent is left out."""


class DeviceRequestView(View, frozen=True, kw_only=True):
    """A device that waits."""

    request_id: RequestId
    device_id: DeviceId
    public_key: str
    display_name: str | None = None
    platform: str | None = None
    client_id: str | None = None
    client_mode: str | None = None
    role: Role
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    remote_ip: str | None = None
    silent: bool
    is_repair: bool
    ts: Instant
    last_seen_at_ms: Instant | None = None
    """Ours: when its device tried again, if it did; five minutes later it waits no more."""
    supersedes: RequestId | None = None
    """Ours: the request of this device that this one makes void."""
    check_words: str | None = None
    """Ours: what the device must show, too, if it shows any; in lists."""


class TokenView(View, frozen=True, kw_only=True):
    """That there is a token; not which."""

    role: Role
    scopes: tuple[Scope, ...]
    created_at_ms: Instant
    rotated_at_ms: Instant | None = None
    revoked_at_ms: Instant | None = None
    last_used_at_ms: Instant | None = None


class DeviceView(View, frozen=True, kw_only=True):
    """A paired device."""

    device_id: DeviceId
    public_key: str
    display_name: str | None = None
    platform: str | None = None
    client_id: str | None = None
    client_mode: str | None = None
    role: Role
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...] = ()
    remote_ip: str | None = None
    created_at_ms: Instant
    approved_at_ms: Instant
    approved_by: str | None = None
    """Ours: who approved it, and how."""
    tokens: tuple[TokenView, ...] = ()


class ApprovedDeviceView(View, frozen=True, kw_only=True):
    """What ``device.pair.approve`` answers."""

    request_id: RequestId
    device: DeviceView
    check_words: str | None = None
    """Ours: what the device showed while it waited, if it showed any."""


class RemovedDeviceView(View, frozen=True, kw_only=True):
    """A device that is forgotten."""

    device_id: str
    pairs_again: tuple[Role, ...] = ()
    """Ours: the roles in which it comes back without asking."""


class DevicesView(View, frozen=True, kw_only=True):
    """What ``device.pair.list`` answers."""

    pending: tuple[DeviceRequestView, ...]
    paired: tuple[DeviceView, ...]


class NodeRequestView(View, frozen=True, kw_only=True):
    """A node that waits in the legacy store."""

    request_id: RequestId
    node_id: NodeId
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
    silent: bool | None = None
    is_repair: bool
    ts: Instant


class NodeView(View, frozen=True, kw_only=True):
    """A node of the legacy store."""

    node_id: NodeId
    token: str | UnsetType = UNSET
    display_name: str | None = None
    platform: str | None = None
    version: str | None = None
    core_version: str | None = None
    ui_version: str | None = None
    device_family: str | None = None
    model_identifier: str | None = None
    caps: tuple[str, ...] | None = None
    commands: tuple[str, ...] | None = None
    bins: tuple[str, ...] | None = None
    remote_ip: str | None = None
    created_at_ms: Instant
    approved_at_ms: Instant
    last_connected_at_ms: Instant | None = None


class NodesView(View, frozen=True, kw_only=True):
    """What ``node.pair.list`` answers."""

    pending: tuple[NodeRequestView, ...]
    paired: tuple[NodeView, ...]


def device_request(
    device: DeviceId,
    request: DeviceRequest,
    supersedes: RequestId | None = None,
    *,
    check_words: str | None = None,
) -> DeviceRequestView:
    """A device that waits."""
    about = request.about
    return DeviceRequestView(
        request_id=request.id,
        device_id=device,
        public_key=str(request.public_key),
        display_name=about.display_name,
        platform=about.platform,
        client_id=about.client_id,
        client_mode=about.client_mode,
        role=request.role,
        roles=(request.role,),
        scopes=request.scopes,
        remote_ip=about.remote_ip,
        silent=request.silent,
        is_repair=request.repair,
        ts=request.asked_at,
        last_seen_at_ms=None if request.last_seen == request.asked_at else request.last_seen,
        supersedes=supersedes,
        check_words=check_words,
    )


def device(device: DeviceId, paired: PairedDevice) -> DeviceView:
    """A paired device, by the name that its owner gave it."""
    about = paired.about
    return DeviceView(
        device_id=device,
        public_key=str(paired.public_key),
        display_name=paired.name,
        platform=about.platform,
        client_id=about.client_id,
        client_mode=about.client_mode,
        role=paired.role,
        roles=paired.roles,
        scopes=paired.scopes,
        remote_ip=about.remote_ip,
        created_at_ms=paired.created_at,
        approved_at_ms=paired.approved_at,
        approved_by=paired.approved_by,
        tokens=tuple(_token(role, token) for role, token in sorted(paired.tokens.items())),
    )


def device_requests(listing: Listing, check_words: Mapping[PublicKey, str]) -> tuple[DeviceRequestView, ...]:
    """The devices that wait, with their check words as far as there are some."""
    return tuple(
        [
            device_request(id, request, check_words=check_words.get(request.public_key))
            for id, request in listing.pending
        ]
    )


def approved_device(request: DeviceRequest, paired: PairedDevice, check_words: str | None) -> ApprovedDeviceView:
    """A device that was just approved."""
    approved = device(paired.public_key.device_id, paired)
    return ApprovedDeviceView(request_id=request.id, device=approved, check_words=check_words)


def devices(listing: Listing, check_words: Mapping[PublicKey, str]) -> DevicesView:
    """What one caller gets to see."""
    return DevicesView(
        pending=device_requests(listing, check_words),
        paired=tuple(device(id, paired) for id, paired in listing.paired),
    )


def node_request(node: NodeId, request: NodeRequest) -> NodeRequestView:
    """A node that waits in the legacy store."""
    about = request.about
    return NodeRequestView(
        request_id=request.id,
        node_id=node,
        display_name=about.display_name,
        platform=about.platform,
        version=about.version,
        core_version=about.core_version,
        ui_version=about.ui_version,
        device_family=about.device_family,
        model_identifier=about.model_identifier,
        caps=about.caps,
        commands=about.commands,
        remote_ip=about.remote_ip,
        silent=request.silent,
        is_repair=request.repair,
        ts=request.asked_at,
    )


def node(node: NodeId, paired: PairedNode, token: Secret | None = None) -> NodeView:
    """A node of the legacy store; with its token only in the answer to the node itself."""
    about = paired.about
    return NodeView(
        node_id=node,
        token=UNSET if token is None else token.reveal(),
        display_name=about.display_name,
        platform=about.platform,
        version=about.version,
        core_version=about.core_version,
        ui_version=about.ui_version,
        device_family=about.device_family,
        model_identifier=about.model_identifier,
        caps=about.caps,
        commands=about.commands,
        bins=paired.bins,
        remote_ip=about.remote_ip,
        created_at_ms=paired.created_at,
        approved_at_ms=paired.approved_at,
        last_connected_at_ms=paired.last_connected_at,
    )


def nodes(all_nodes: Iterable[Node], now: Instant) -> NodesView:
    """The legacy store: requests newest first, nodes latest approval first."""
    found = list(all_nodes)
    pending = [(one.id, request) for one in found if (request := one.waiting(now)) is not None]
    paired = [(one.id, one.paired) for one in found if one.paired is not None]
    return NodesView(
        pending=tuple(node_request(*entry) for entry in sorted(pending, key=lambda entry: -entry[1].asked_at)),
        paired=tuple(node(*entry) for entry in sorted(paired, key=lambda entry: -entry[1].approved_at)),
    )


def _token(role: Role, token: Token) -> TokenView:
    return TokenView(
        role=role,
        scopes=token.scopes,
        created_at_ms=token.created_at,
        rotated_at_ms=token.rotated_at,
        revoked_at_ms=token.revoked_at,
        last_used_at_ms=token.last_used_at,
    )
