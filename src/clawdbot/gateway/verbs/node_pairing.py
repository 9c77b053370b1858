"""``node.pair.*`` and ``node.rename``: the legacy store of nodes, which opens nothing."""

from typing import assert_never

from clawdbot.domain import nodes, scopes
from clawdbot.domain.devices import BadName, Denied, Renamed
from clawdbot.domain.names import DeviceId
from clawdbot.domain.node_records import NodeAbout
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, denied, invalid
from clawdbot.gateway.verbs.devices import UNKNOWN_REQUEST
from clawdbot.wire import views
from clawdbot.wire.frames import Error, ErrorCode
from clawdbot.wire.params import (
    NodePairApprove,
    NodePairList,
    NodePairReject,
    NodePairRequest,
    NodePairVerify,
    NodeRename,
)

UNKNOWN_NODE = "unknown nodeId"


async def list_(house: House, session: Session, _: NodePairList) -> object:
    """Who waits, and who is on record, as far as the caller may know (threats.md G6)."""
    every = await house.node_pairing.all()
    return views.nodes([node for node in every if scopes.may_manage(session.caller, DeviceId(node.id))], house.now())


async def request(house: House, _: Session, params: NodePairRequest) -> object:
    """Ask for a node to be put on record."""
    node = nodes.read_node_id(params.node_id)
    if node is None:
        return Error(ErrorCode.UNAVAILABLE, "Error: nodeId required")
    about = NodeAbout(
        display_name=params.display_name,
        platform=params.platform,
        version=params.version,
        core_version=params.core_version,
        ui_version=params.ui_version,
        device_family=params.device_family,
        model_identifier=params.model_identifier,
        caps=params.caps,
        commands=params.commands,
        remote_ip=params.remote_ip,
    )
    answer = await house.node_pairing.request(node, about, silent=params.silent)
    match answer:
        case nodes.Requested(found, created):
            return {"status": "pending", "request": views.node_request(node, found), "created": created}
        case nodes.QueueFull():
            return Error(ErrorCode.UNAVAILABLE, "too many nodes wait", retryable=True)
        case _:
            assert_never(answer)


async def approve(house: House, session: Session, params: NodePairApprove) -> object:
    """Put a node on record."""
    node = await house.node_pairing.who_waits(params.request_id)
    if node is None:
        return invalid(UNKNOWN_REQUEST)
    answer = await house.node_pairing.approve(node, params.request_id, caller=session.caller)
    match answer:
        case nodes.Approved(found, paired, secret):
            return {"requestId": found.id, "node": views.node(node, paired, secret)}
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_REQUEST)
        case _:
            assert_never(answer)


async def reject(house: House, session: Session, params: NodePairReject) -> object:
    """Dismiss a request."""
    node = await house.node_pairing.who_waits(params.request_id)
    if node is None:
        return invalid(UNKNOWN_REQUEST)
    answer = await house.node_pairing.reject(node, params.request_id, caller=session.caller)
    match answer:
        case nodes.Rejected(found):
            return {"requestId": found.id, "nodeId": node}
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_REQUEST)
        case _:
            assert_never(answer)


async def verify(house: House, _: Session, params: NodePairVerify) -> object:
    """Is this the node's token?"""
    answer = await house.node_pairing.verify(params.node_id, params.token)
    match answer:
        case nodes.Verified(paired):
            return {"ok": True, "node": views.node(params.node_id, paired)}
        case nodes.NotVerified():
            return {"ok": False}
        case _:
            assert_never(answer)


async def rename(house: House, session: Session, params: NodeRename) -> object:
    """Give a node on record another name."""
    answer = await house.node_pairing.rename(params.node_id, params.display_name, caller=session.caller)
    match answer:
        case Renamed(name):
            return {"nodeId": params.node_id, "displayName": name}
        case BadName():
            return invalid("displayName required")
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_NODE)
        case _:
            assert_never(answer)
