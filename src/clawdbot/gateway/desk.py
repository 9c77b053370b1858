"""The gateway's parts, put together: everything but the sockets."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from clawdbot.device_service import DeviceService
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.facts import Record, keep_nothing
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import Instant
from clawdbot.domain.tokens import Mint
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.checks import Checks
from clawdbot.gateway.hub import Hub
from clawdbot.gateway.lobby import Lobby
from clawdbot.gateway.meters import Meters, TimedStore
from clawdbot.gateway.methods import METHODS
from clawdbot.gateway.news import News
from clawdbot.gateway.nodes import ConnectedNodes
from clawdbot.gateway.pairing_words import PairingWords
from clawdbot.gateway.past import Past
from clawdbot.gateway.presence import Own, Presence
from clawdbot.gateway.reports import Channels, Reports
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.tries import FailedTries
from clawdbot.gateway.turns import Turns
from clawdbot.gateway.verbs.base import Holds, House, Tell, no_channels, nothing_held
from clawdbot.gateway.watch import WatchedStore
from clawdbot.history import foreign
from clawdbot.node_service import NodeService
from clawdbot.persons_service import PersonsService
from clawdbot.service import Clock
from clawdbot.store.base import Key, Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What all conversations share.

    Attributes:
        store: what all of it is kept in, watched for what others do to it.
        meters: what is counted.
        failed: how often each address was wrong about its credentials.
        record: takes down what happened.
        turns: one try at a time for each address.
        calls: what is being done for clients.
    """

    house: House
    hub: Hub
    news: News
    lobby: Lobby
    store: WatchedStore
    meters: Meters
    failed: FailedTries
    record: Record = keep_nothing
    turns: Turns = field(default_factory=Turns)
    calls: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Outward:
    """Where words go that are for nobody who is connected.

    Attributes:
        tell: sends a text to a sender.
        record: takes down what happened.
        past: hands out what was taken down.
        key: the gateway's public key, for devices that wait.
        holds: says whether the message is held that a request was opened with.
    """

    tell: Tell = no_channels
    record: Record = keep_nothing
    past: Past = field(default_factory=Past)
    key: PublicKey | None = None
    holds: Holds = nothing_held


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
    outward: Outward | None = None,
) -> Desk:
    """Put the parts together.

    Args:
        settings: the gateway's settings as they are now.
        host: what this machine is called.
        channels: how the chat platforms do.
        outward: where words go for people, and for the history.
    """
    outward, hub, meters = outward or Outward(), Hub(), Meters()
    announcer, record = Announcer(hub, meters), outward.record
    watched = WatchedStore(TimedStore(store, meters), _notice(announcer, record, now))
    nodes = ConnectedNodes(tell=hub.tell, policy=lambda: settings().commands, new_id=_new_id)
    hub.on_expelled(nodes.drop)
    presence = Presence(Own(host, _version()), now=now)
    reports = Reports(channels=channels, settings=settings, now=now)
    news = News(hub, presence, reports, now=now)

    def limits() -> QueueLimits:
        return settings().queue

    house = House(
        devices=DeviceService(watched, perform=announcer.perform, limits=limits, now=now, mint=mint, record=record),
        node_pairing=NodeService(watched, perform=announcer.perform, limits=limits, now=now, mint=mint, record=record),
        senders=PersonsService(watched, now=now, record=record),
        nodes=nodes,
        presence=presence,
        reports=reports,
        announcer=announcer,
        settings=settings,
        now=now,
        wrong_codes=meters.tries("codes"),
        turns=Turns(),
        tell=outward.tell,
        words=PairingWords(now=now),
        checks=Checks(outward.key),
        past=outward.past,
        holds=outward.holds,
    )
    lobby = Lobby(house, hub, news, methods=list(METHODS), new_id=_new_id)
    return Desk(house, hub, news, lobby, watched, meters, meters.tries("credentials"), record)


def _notice(announcer: Announcer, record: Record, now: Clock) -> Callable[[Key[Any], Any, Any], None]:
    """What is done about a change that others made."""

    def notice(key: Key[Any], old: Any, new: Any) -> None:
        announcer.decided_elsewhere(key, old, new, now())
        for fact in foreign.facts(key, old, new, at=now()):
            record(fact)

    return notice


def _new_id() -> str:
    return str(uuid.uuid4())


def _version() -> str:
    try:
        return metadata.version("clawdbot")
    except metadata.PackageNotFoundError:
        return "dev"
