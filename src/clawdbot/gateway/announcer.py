"""From effects to what live sessions notice of them: events to those who may know, and the way out."""

import logging
from typing import assert_never

from clawdbot.domain import scopes
from clawdbot.domain.effects import (
    AnnounceDeviceRequest,
    AnnounceDeviceResolved,
    AnnounceNodeRequest,
    AnnounceNodeResolved,
    AnnounceRequest,
    Disconnect,
    Effect,
    SendCode,
)
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, SenderId
from clawdbot.domain.scopes import Caller
from clawdbot.domain.texts import visible
from clawdbot.gateway.access import sees_senders
from clawdbot.gateway.hub import Hub
from clawdbot.wire import views

log = logging.getLogger("clawdbot")


class Announcer:
    """Performs the effects of decisions about devices and nodes, and tells operators about senders."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def perform(self, effect: Effect) -> None:
        """Do what a decision asked for, once it is saved."""
        match effect:
            case AnnounceDeviceRequest(device, request, supersedes):
                name = visible(request.about.display_name or request.about.client_id or "")
                log.warning("device %s (%s) waits for your approval; see: clawdbot devices list", device[:12], name)
                self._tell("device.pair.requested", views.device_request(device, request, supersedes), device)
            case AnnounceDeviceResolved(device, request_id, decision, at):
                resolved = {"requestId": request_id, "deviceId": device, "decision": decision, "ts": at}
                self._tell("device.pair.resolved", resolved, device)
            case AnnounceNodeRequest(node, request):
                self._tell("node.pair.requested", views.node_request(node, request), DeviceId(node))
            case AnnounceNodeResolved(node, request_id, decision, at):
                resolved = {"requestId": request_id, "nodeId": node, "decision": decision, "ts": at}
                self._tell("node.pair.resolved", resolved, DeviceId(node))
            case Disconnect(device, role):
                self._hub.expel(device, role)
            case SendCode() | AnnounceRequest():
                raise TypeError(f"not an effect of a device: {type(effect).__name__}")
            case _:
                assert_never(effect)

    def sender_waits(self, account: ChannelAccount, sender: SenderId, at: Instant) -> None:
        """Somebody wrote to the bot and waits for approval; without the code (threats.md S7)."""
        told = {"channel": account.channel, "account": account.account, "id": sender, "ts": at}
        self._hub.broadcast("dm.pair.requested", told, to=sees_senders, droppable=True)

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: str, at: Instant) -> None:
        """An operator decided about a sender."""
        told = {"channel": account.channel, "account": account.account, "id": sender, "decision": decision, "ts": at}
        self._hub.broadcast("dm.pair.resolved", told, to=sees_senders, droppable=True)

    def _tell(self, event: str, payload: object, device: DeviceId) -> None:
        def may_know(caller: Caller) -> bool:
            return scopes.may_manage(caller, device)

        self._hub.broadcast(event, payload, to=may_know, droppable=True)
