"""The methods that this gateway serves: for each its params and its verb.

The order of the questions is the protocol's: may this caller call it (:mod:`clawdbot.gateway.access`), is there such a
method, are the params right.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from clawdbot.gateway.access import refusal
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs import (
    dashboard,
    devices,
    gateway,
    history,
    node_pairing,
    nodes,
    persons,
    senders,
    setup_codes,
)
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire import connect, params, sender_params, setup_params
from clawdbot.wire.frames import Request

CONNECT_TWICE: Final = "connect is only valid as the first request"


@dataclass(frozen=True, slots=True)
class Method:
    """One method."""

    params: type[params.Params]
    verb: Callable[[House, Session, Any], Awaitable[object]]


METHODS: Final = {
    method.params.method: method
    for method in (
        Method(params.Health, gateway.health),
        Method(params.Status, gateway.status),
        Method(params.ChannelsStatus, gateway.channels),
        Method(params.ConfigGet, gateway.config),
        Method(params.ExecApprovalsGet, gateway.exec_approvals),
        Method(params.AgentsList, gateway.agents),
        Method(params.AgentIdentityGet, gateway.identity),
        Method(params.VoicewakeGet, gateway.wake_words),
        Method(params.LastHeartbeat, gateway.last_heartbeat),
        Method(params.SystemPresence, gateway.presence),
        Method(params.SkillsBins, nodes.bins),
        Method(params.NodePairRequest, node_pairing.request),
        Method(params.NodePairList, node_pairing.list_),
        Method(params.NodePairApprove, node_pairing.approve),
        Method(params.NodePairReject, node_pairing.reject),
        Method(params.NodePairVerify, node_pairing.verify),
        Method(params.NodeRename, node_pairing.rename),
        Method(params.DevicePairList, devices.list_),
        Method(params.DevicePairApprove, devices.approve),
        Method(params.DevicePairReject, devices.reject),
        Method(params.DevicePairRemove, devices.remove),
        Method(setup_params.DevicePairCode, setup_codes.make),
        Method(params.DeviceRename, devices.rename),
        Method(params.DeviceTokenRotate, devices.rotate),
        Method(params.DeviceTokenRevoke, devices.revoke),
        Method(params.DashboardLink, dashboard.link),
        Method(params.NodeList, nodes.list_),
        Method(params.NodeDescribe, nodes.describe),
        Method(params.NodeInvoke, nodes.invoke),
        Method(params.NodeInvokeResult, nodes.result),
        Method(params.NodeEvent, nodes.event),
        Method(sender_params.DmPairList, senders.list_),
        Method(sender_params.DmPairApprove, senders.approve),
        Method(sender_params.DmPairReject, senders.reject),
        Method(sender_params.DmPairBlock, senders.block),
        Method(sender_params.DmPairUnblock, senders.unblock),
        Method(sender_params.DmPairRevoke, senders.revoke),
        Method(sender_params.DmPairExpect, senders.expect),
        Method(sender_params.DmPairExtend, senders.extend),
        Method(sender_params.DmPairLabel, senders.label),
        Method(sender_params.DmPairLink, persons.link),
        Method(sender_params.DmPairUnlink, persons.unlink),
        Method(sender_params.DmPairInvite, persons.invite),
        Method(sender_params.DmPairUninvite, persons.uninvite),
        Method(sender_params.DmPairNotify, senders.notify),
        Method(params.HistoryList, history.list_),
    )
}


async def call(house: House, session: Session, request: Request) -> object:
    """Do what a session asks for; the answer is a payload or an :class:`~clawdbot.wire.frames.Error`.

    Raises:
        InvalidParams: the params are not those of the method.
        StoreError: the state cannot be read or saved; nothing changed.
    """
    refused = refusal(session.caller, request.method)
    if refused is not None:
        return refused
    if request.method == connect.METHOD:
        return invalid(CONNECT_TWICE)
    method = METHODS.get(request.method)
    if method is None:
        return invalid(f"unknown method: {request.method}")
    return await method.verb(house, session, params.read(method.params, request.params))
