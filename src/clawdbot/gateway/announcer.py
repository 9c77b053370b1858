"""From effects to what live sessions notice of them: events to those who may know, and the way out."""

import logging
from typing import Any, Protocol, assert_never

from clawdbot.domain import elsewhere, scopes
from clawdbot.domain.effects import (
    AnnounceDeviceRequest,
    AnnounceDeviceResolved,
    AnnounceNodeRequest,
    AnnounceNodeResolved,
    AnnounceRequest,
    Decision,
    Disconnect,
    Effect,
    SendCode,
    SenderDecision,
)
from clawdbot.domain.elsewhere import SenderDecided, SenderWaits
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, RequestId, SenderId
from clawdbot.domain.scopes import Caller
from clawdbot.domain.texts import visible
from clawdbot.gateway.access import runs_commands, sees_senders
from clawdbot.gateway.hub import Hub
from clawdbot.gateway.meters import Meters
from clawdbot.gateway.node_events import RunReport
from clawdbot.store.base import DeviceKey, Key, NodeKey, SendersKey
from clawdbot.wire import views

log = logging.getLogger("clawdbot")


class Listener(Protocol):
    """Who else hears of requests as they come and end, in this process. Must not fail."""

    def sender_waits(self, account: ChannelAccount, sender: SenderId) -> None: ...

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision) -> None: ...

    def sender_came(self, account: ChannelAccount, sender: SenderId) -> None: ...

    def device_waits(self, device: DeviceId) -> None: ...

    def device_resolved(self, device: DeviceId, request: RequestId, decision: Decision) -> None: ...


class Announcer:
    """Performs the effects of decisions about devices and nodes, and tells operators about senders."""

    def __init__(self, hub: Hub, meters: Meters | None = None) -> None:
        self._hub = hub
        self._meters = meters or Meters()
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Have somebody hear of requests, too."""
        self._listeners.append(listener)

    def perform(self, effect: Effect) -> None:
        """Do what a decision asked for, once it is saved."""
        self._meters.performed(effect)
        match effect:
            case AnnounceDeviceRequest(device, request, supersedes):
                name = visible(request.about.display_name or request.about.client_id or "")
                log.warning("device %s (%s) waits for your approval; see: clawdbot devices list", device[:12], name)
                self._tell("device.pair.requested", views.device_request(device, request, supersedes), device)
                for listener in self._listeners:
                    listener.device_waits(device)
            case AnnounceDeviceResolved(device, request_id, decision, at):
                resolved = {"requestId": request_id, "deviceId": device, "decision": decision, "ts": at}
                self._tell("device.pair.resolved", resolved, device)
                for listener in self._listeners:
                    listener.device_resolved(device, request_id, decision)
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
        self._meters.sender_waits()
        told = {"channel": account.channel, "account": account.account, "id": sender, "ts": at}
        self._hub.broadcast("dm.pair.requested", told, to=sees_senders, droppable=True)
        for listener in self._listeners:
            listener.sender_waits(account, sender)

    def sender_held(self, account: ChannelAccount, sender: SenderId, at: Instant) -> None:
        """What somebody asked with is kept until it is decided about him; nothing of what it says (threats.md S7)."""
        told = {"channel": account.channel, "account": account.account, "id": sender, "ts": at}
        self._hub.broadcast("dm.pair.held", told, to=sees_senders, droppable=True)

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision, at: Instant) -> None:
        """It was decided about a sender."""
        self._tell_resolved(account, sender, decision, at)
        for listener in self._listeners:
            listener.sender_resolved(account, sender, decision)

    def sender_came(self, account: ChannelAccount, sender: SenderId, at: Instant) -> None:
        """Somebody whom the owner invited or announced wrote, and is in: to operators, approved like anybody."""
        self._tell_resolved(account, sender, SenderDecision.APPROVED, at)
        for listener in self._listeners:
            listener.sender_came(account, sender)

    def _tell_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision, at: Instant) -> None:
        self._meters.sender_resolved(decision)
        told = {"channel": account.channel, "account": account.account, "id": sender, "decision": decision, "ts": at}
        self._hub.broadcast("dm.pair.resolved", told, to=sees_senders, droppable=True)

    def node_ran(self, report: RunReport) -> None:
        """A program ran on a node, or was not let; for those who may have nodes run programs."""
        self._hub.broadcast("node.event", report, to=runs_commands, droppable=True)

    def decided_elsewhere(self, key: Key[Any], old: Any, new: Any, at: Instant) -> None:
        """Tell of what others did to an aggregate, as if it had been decided here. (Sessions end by the sweep.)"""
        match key:
            case DeviceKey():
                for effect in elsewhere.device(old, new, now=at):
                    self.perform(effect)
            case NodeKey():
                for announcement in elsewhere.node(old, new, now=at):
                    self.perform(announcement)
            case SendersKey(account):
                for told in elsewhere.senders(old, new, now=at):
                    self._sender_elsewhere(account, told, at)
            case _:
                raise TypeError(f"{type(key).__name__} is nothing that anybody is told about")

    def _sender_elsewhere(self, account: ChannelAccount, told: SenderWaits | SenderDecided, at: Instant) -> None:
        match told:
            case SenderWaits(sender):
                self.sender_waits(account, sender, at)
            case SenderDecided(sender, decision):
                self.sender_resolved(account, sender, decision, at)
            case _:
                assert_never(told)

    def _tell(self, event: str, payload: object, device: DeviceId) -> None:
        def may_know(caller: Caller) -> bool:
            return scopes.may_manage(caller, device)

        self._hub.broadcast(event, payload, to=may_know, droppable=True)
