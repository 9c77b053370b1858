"""The gateway's parts, put together: everything but the sockets."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata

from clawdbot.device_service import DeviceService
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.names import Instant
from clawdbot.domain.tokens import Mint
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.hub import Hub
from clawdbot.gateway.lobby import Lobby
from clawdbot.gateway.methods import METHODS
from clawdbot.gateway.news import News
from clawdbot.gateway.nodes import ConnectedNodes
from clawdbot.gateway.presence import Own, Presence
from clawdbot.gateway.reports import Channels, Reports
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.tries import FailedTries
from clawdbot.gateway.turns import Turns
from clawdbot.gateway.verbs.base import House
from clawdbot.node_service import NodeService
from clawdbot.service import Clock, Service
from clawdbot.store.base import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What all conversations share.

    Attributes:
        failed: how often each address was wrong about its credentials.
        turns: one try at a time for each address.
        calls: what is being done for clients.
    """

    house: House
    hub: Hub
    news: News
    lobby: Lobby
    failed: FailedTries = field(default_factory=FailedTries)
    turns: Turns = field(default_factory=Turns)
    calls: set[asyncio.Task[None]] = field(default_factory=set)


def monotonic() -> Instant:
    """Milliseconds that never jump, for counting tries."""
    return time.monotonic_ns() // 1_000_000


def furnish(
    store: Store,
    settings: Callable[[], GatewaySettings],
    *,
    host: str,
    channels: Channels,
    now: Clock,
    mint: Mint | None = None,
) -> Desk:
    """Put the parts together.

    Args:
        settings: the gateway's settings as they are now.
        host: what this machine is called.
        channels: how the chat platforms do.
    """
    hub = Hub()
    announcer = Announcer(hub)
    nodes = ConnectedNodes(tell=hub.tell, policy=lambda: settings().commands, new_id=_new_id)
    hub.on_expelled(nodes.drop)
    presence = Presence(Own(host, _version()), now=now)
    reports = Reports(channels=channels, settings=settings, now=now)
    news = News(hub, presence, reports, now=now)

    def limits() -> QueueLimits:
        return settings().queue

    house = House(
        devices=DeviceService(store, perform=announcer.perform, limits=limits, now=now, mint=mint),
        node_pairing=NodeService(store, perform=announcer.perform, limits=limits, now=now, mint=mint),
        senders=Service(store, now=now),
        nodes=nodes,
        presence=presence,
        reports=reports,
        announcer=announcer,
        settings=settings,
        now=now,
        wrong_codes=FailedTries(),
        turns=Turns(),
    )
    return Desk(house, hub, news, Lobby(house, hub, news, methods=list(METHODS), new_id=_new_id))


def _new_id() -> str:
    return str(uuid.uuid4())


def _version() -> str:
    try:
        return metadata.version("clawdbot")
    except metadata.PackageNotFoundError:
        return "dev"
