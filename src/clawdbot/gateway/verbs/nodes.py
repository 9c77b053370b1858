"""``node.list``, ``node.describe`` and ``node.invoke`` for operators; what nodes themselves may call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from msgspec import UNSET, Struct, structs, to_builtins

from clawdbot.domain.device_records import PairedDevice
from clawdbot.domain.names import DeviceId, Instant, Role
from clawdbot.domain.platforms import MayNotRun
from clawdbot.domain.texts import visible
from clawdbot.gateway.node_events import read_run
from clawdbot.gateway.nodes import CallerLeft, Done, NodeLeft, NotConnected, NotSent, TookTooLong
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid, log
from clawdbot.gateway.verbs.node_pairing import UNKNOWN_NODE
from clawdbot.wire.frames import Error, ErrorCode
from clawdbot.wire.params import (
    NodeDescribe,
    NodeEvent,
    NodeInvoke,
    NodeInvokeResult,
    NodeList,
    SkillsBins,
)
from clawdbot.wire.plain import MAX_FRAME, Plain, decode


class NodeView(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A node, connected or not."""

    node_id: DeviceId
    display_name: str | None = None
    platform: str | None = None
    version: str | None = None
    device_family: str | None = None
    model_identifier: str | None = None
    remote_ip: str | None = None
    caps: tuple[str, ...]
    commands: tuple[str, ...]
    path_env: str | None = None
    permissions: Mapping[str, bool] | None = None
    connected_at_ms: Instant | None = None
    paired: bool
    connected: bool


@dataclass(frozen=True, slots=True)
class _Node:
    """What is known of a node: its record, its connection, or both."""

    id: DeviceId
    paired: PairedDevice | None
    session: Session | None

    def view(self, commands: tuple[str, ...]) -> NodeView:
        about = None if self.paired is None else self.paired.about
        if self.session is None:
            return NodeView(
                node_id=self.id,
                display_name=None if self.paired is None else self.paired.name,
                platform=None if about is None else about.platform,
                remote_ip=None if about is None else about.remote_ip,
                caps=(),
                commands=(),
                paired=True,
                connected=False,
            )
        client, offer = self.session.client, self.session.offer
        alias = None if self.paired is None else self.paired.alias
        return NodeView(
            node_id=self.id,
            display_name=alias or client.display_name,
            platform=client.platform,
            version=client.version,
            device_family=client.device_family,
            model_identifier=client.model_identifier,
            remote_ip=self.session.verified.peer.address,
            caps=tuple(sorted({cap.strip() for cap in offer.caps} - {""})),
            commands=commands,
            path_env=offer.path_env,
            permissions=offer.permissions or None,
            connected_at_ms=self.session.since,
            paired=self.paired is not None,
            connected=True,
        )


async def list_(house: House, _: Session, __: NodeList) -> object:
    """Every node that is paired or connected: connected ones first, then by name."""
    views = await _views(house)
    ordered = sorted(
        views.values(),
        key=lambda node: (not node.connected, (node.display_name or node.node_id).lower(), node.node_id),
    )
    return {"ts": house.now(), "nodes": ordered}


async def describe(house: House, _: Session, params: NodeDescribe) -> object:
    """One node."""
    name = params.node_id.strip()
    if not name:
        return invalid("nodeId required")
    node = (await _views(house)).get(DeviceId(name))
    return invalid(UNKNOWN_NODE) if node is None else {"ts": house.now(), **to_builtins(node)}


async def _views(house: House) -> dict[DeviceId, NodeView]:
    nodes = {
        device.id: _Node(device.id, device.paired, house.nodes.get(device.id))
        for device in await house.devices.all()
        if device.paired is not None and device.paired.has(Role.NODE)
    }
    for session in house.nodes.all():
        nodes.setdefault(session.device, _Node(session.device, None, session))
    return {
        node.id: node.view(() if node.session is None else house.nodes.commands(node.session))
        for node in nodes.values()
    }


async def invoke(house: House, session: Session, params: NodeInvoke) -> object:
    """Have a node run a command, and wait for what comes of it."""
    node_id, command = params.node_id.strip(), params.command.strip()
    if not node_id or not command:
        return invalid("nodeId and command required")
    outcome = await house.nodes.invoke(session, structs.replace(params, node_id=node_id, command=command))
    match outcome:
        case Done(result):
            return _result(node_id, command, result)
        case MayNotRun(why):
            details = {"reason": why, "command": command}
            return Error(ErrorCode.INVALID_REQUEST, "node command not allowed", details)
        case NotConnected():
            return Error(ErrorCode.UNAVAILABLE, "node not connected", {"code": "NOT_CONNECTED"})
        case NotSent():
            return _node_error("UNAVAILABLE", "failed to send invoke to node")
        case TookTooLong():
            return _node_error("TIMEOUT", "node invoke timed out")
        case NodeLeft() | CallerLeft():
            return Error(ErrorCode.UNAVAILABLE, f"Error: node disconnected ({command})")
        case _:
            assert_never(outcome)


def _node_error(code: str, message: str) -> Error:
    return Error(ErrorCode.UNAVAILABLE, message, {"nodeError": {"code": code, "message": message}})


def _result(node_id: str, command: str, result: NodeInvokeResult) -> object:
    if not result.ok:
        message = (result.error and result.error.message) or "node invoke failed"
        return Error(ErrorCode.UNAVAILABLE, message, {"nodeError": result.error})
    return {
        "ok": True,
        "nodeId": node_id,
        "command": command,
        **_payload(result),
        "payloadJSON": result.payload_json,
    }


def _payload(result: NodeInvokeResult) -> dict[str, object]:
    """The value that a node's answer stands for. Text that cannot be read strictly is handed on as it is."""
    if result.payload_json:
        decoded = decode(result.payload_json, MAX_FRAME)
        return {"payload": decoded.value if isinstance(decoded, Plain) else {"payloadJSON": result.payload_json}}
    return {} if result.payload is UNSET else {"payload": result.payload}


# --- what nodes call -------------------------------------------------------------------------------------------------


async def result(house: House, session: Session, params: NodeInvokeResult) -> object:
    """A node reports what came of a command; nobody else can, and not for another node (threats.md G14)."""
    if DeviceId(params.node_id) != session.device:
        return invalid("nodeId mismatch")
    awaited = house.nodes.answered(session, params)
    return {"ok": True} if awaited else {"ok": True, "ignored": True}


async def event(house: House, session: Session, params: NodeEvent) -> object:
    """A node tells what happened there; whatever it is, it is answered alike."""
    report = read_run(session.device, params, house.now())
    if report is None:
        log.debug("node %s told of %s, which is for nobody here", visible(session.device), visible(params.event))
    else:
        house.announcer.node_ran(report)
    return {"ok": True}


async def bins(_: House, __: Session, ___: SkillsBins) -> object:
    """Which programs nodes may run without asking: none."""
    return {"bins": ()}
