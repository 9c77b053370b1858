"""The params of methods (``docs/protocol.md#methods``): a struct for each, named after it.

Those of ``connect`` are in :mod:`clawdbot.wire.connect`, of ``dm.pair.*`` in :mod:`clawdbot.wire.sender_params`.
"""

from typing import ClassVar, TypeVar

from msgspec import UNSET, UnsetType, field

from clawdbot.errors import InvalidParams
from clawdbot.wire import schema
from clawdbot.wire.fields import (
    About,
    Caps,
    Commands,
    Count,
    DeviceRef,
    EntryNumber,
    Id,
    Kinds,
    Line,
    Name,
    NodeRef,
    PageSize,
    Passage,
    Payload,
    RequestRef,
    Scopes,
    Token,
    Word,
)
from clawdbot.wire.schema import Closed, Problems


class Params(Closed, frozen=True):
    """Params of a method."""

    method: ClassVar[str]

    @classmethod
    def prepare(cls, params: object) -> object:
        """Params as the method's shape describes them, from params as clients send them."""
        return params


class NoParams(Params, frozen=True):
    """Params that are empty."""


class AnyParams(Params, frozen=True):
    """Params that nobody looks at: clients of the reference may send what they like."""

    @classmethod
    def prepare(cls, params: object) -> object:
        return {}


# --- devices ---------------------------------------------------------------------------------------------------------


class DevicePairList(NoParams, frozen=True):
    method: ClassVar[str] = "device.pair.list"


class DevicePairApprove(Params, frozen=True):
    method: ClassVar[str] = "device.pair.approve"
    request_id: RequestRef


class DevicePairReject(Params, frozen=True):
    method: ClassVar[str] = "device.pair.reject"
    request_id: RequestRef


class DevicePairRemove(Params, frozen=True):
    method: ClassVar[str] = "device.pair.remove"
    device_id: DeviceRef


class DeviceTokenRotate(Params, frozen=True):
    method: ClassVar[str] = "device.token.rotate"
    device_id: DeviceRef
    role: Word
    scopes: Scopes | None = None


class DeviceTokenRevoke(Params, frozen=True):
    method: ClassVar[str] = "device.token.revoke"
    device_id: DeviceRef
    role: Word


class DeviceRename(Params, frozen=True):
    method: ClassVar[str] = "device.rename"
    device_id: DeviceRef
    display_name: Name


class DashboardLink(Params, frozen=True):
    """For a browser that is to be paired with these scopes (ours)."""

    method: ClassVar[str] = "dashboard.link"
    scopes: Scopes


# --- nodes: the legacy store -----------------------------------------------------------------------------------------


class NodePairRequest(Params, frozen=True):
    method: ClassVar[str] = "node.pair.request"
    node_id: NodeRef
    display_name: Name | None = None
    platform: Name | None = None
    version: Name | None = None
    core_version: Name | None = None
    ui_version: Name | None = None
    device_family: Name | None = None
    model_identifier: Name | None = None
    caps: Caps | None = None
    commands: Commands | None = None
    remote_ip: Name | None = None
    silent: bool | None = None


class NodePairList(NoParams, frozen=True):
    method: ClassVar[str] = "node.pair.list"


class NodePairApprove(Params, frozen=True):
    method: ClassVar[str] = "node.pair.approve"
    request_id: RequestRef


class NodePairReject(Params, frozen=True):
    method: ClassVar[str] = "node.pair.reject"
    request_id: RequestRef


class NodePairVerify(Params, frozen=True):
    method: ClassVar[str] = "node.pair.verify"
    node_id: NodeRef
    token: Token


class NodeRename(Params, frozen=True):
    method: ClassVar[str] = "node.rename"
    node_id: NodeRef
    display_name: Name


# --- nodes: connected ------------------------------------------------------------------------------------------------


class NodeList(NoParams, frozen=True):
    method: ClassVar[str] = "node.list"


class NodeDescribe(Params, frozen=True):
    method: ClassVar[str] = "node.describe"
    node_id: NodeRef


class NodeInvoke(Params, frozen=True, kw_only=True):
    """Run a command on a node. Absent ``params`` reach the node as none, ``null`` as the text ``null``."""

    method: ClassVar[str] = "node.invoke"
    node_id: NodeRef
    command: Name
    params: object | UnsetType = UNSET
    timeout_ms: Count | None = None
    idempotency_key: Id


class NodeError(Closed, frozen=True):
    """Why a command failed on a node."""

    code: Name | None = None
    message: Passage | None = None


class NodeInvokeResult(Params, frozen=True, kw_only=True):
    """What a command gave; ``payload_json`` is text that should be JSON, ``payload`` the value itself."""

    method: ClassVar[str] = "node.invoke.result"
    id: Id
    node_id: NodeRef
    ok: bool
    payload: object | UnsetType = UNSET
    payload_json: Payload | None = field(default=None, name="payloadJSON")
    error: NodeError | None = None

    @classmethod
    def prepare(cls, params: object) -> object:
        """Take ``null`` for absent, and a ``payloadJSON`` that is no string for the payload, as nodes send them."""
        if not isinstance(params, dict):
            return params
        prepared = {name: value for name, value in params.items() if name not in _NULLABLE or value is not None}
        if not isinstance(prepared.get("payloadJSON", ""), str):
            prepared.setdefault("payload", prepared.pop("payloadJSON"))
        return prepared


_NULLABLE = frozenset({"payloadJSON", "error"})


class NodeEvent(Params, frozen=True):
    method: ClassVar[str] = "node.event"
    event: Name
    payload: object | UnsetType = UNSET
    payload_json: Payload | None = field(default=None, name="payloadJSON")


class SkillsBins(NoParams, frozen=True):
    method: ClassVar[str] = "skills.bins"


# --- the gateway itself ----------------------------------------------------------------------------------------------


class Health(Params, frozen=True):
    """``probe`` asks for a fresh look; whatever else is sent is not looked at."""

    method: ClassVar[str] = "health"
    probe: bool = False

    @classmethod
    def prepare(cls, params: object) -> object:
        return {"probe": isinstance(params, dict) and params.get("probe") is True}


class Status(AnyParams, frozen=True):
    method: ClassVar[str] = "status"


class SystemPresence(AnyParams, frozen=True):
    method: ClassVar[str] = "system-presence"


class LastHeartbeat(AnyParams, frozen=True):
    method: ClassVar[str] = "last-heartbeat"


class VoicewakeGet(AnyParams, frozen=True):
    method: ClassVar[str] = "voicewake.get"


class ConfigGet(NoParams, frozen=True):
    method: ClassVar[str] = "config.get"


class ChannelsStatus(Params, frozen=True):
    method: ClassVar[str] = "channels.status"
    probe: bool | None = None
    timeout_ms: Count | None = None


class HistoryList(Params, frozen=True, kw_only=True):
    """A page of the history, newest first: of everything, or of what fits all that is said (ours).

    ``before`` is the number of an entry; ``of`` and ``id`` say whom it is to be about.
    """

    method: ClassVar[str] = "history.list"
    limit: PageSize | None = None
    before: EntryNumber | None = None
    channel: Word | None = None
    account: Word | None = None
    of: About | None = None
    id: Id | None = None
    kinds: Kinds | None = None


class AgentsList(NoParams, frozen=True):
    method: ClassVar[str] = "agents.list"


class AgentIdentityGet(Params, frozen=True):
    method: ClassVar[str] = "agent.identity.get"
    agent_id: Id | None = None
    session_key: Line | None = None


class ExecApprovalsGet(NoParams, frozen=True):
    method: ClassVar[str] = "exec.approvals.get"


P = TypeVar("P", bound=Params)


def read(kind: type[P], params: object = UNSET) -> P:
    """Check the params of a method; absent ones and ``null`` are empty ones.

    Raises:
        InvalidParams: with all that is wrong.
    """
    given = {} if params is UNSET or params is None else params
    found = schema.read(kind, kind.prepare(given))
    if isinstance(found, Problems):
        raise InvalidParams(kind.method, *found)
    return found
