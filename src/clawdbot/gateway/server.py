"""The gateway's server: one port for WebSockets and plain HTTP (``docs/protocol.md``).

    gateway = Gateway(store, settings)
    await gateway.start()
    ...
    await gateway.stop()

Who wires it into a program hands :attr:`Gateway.store` and :meth:`Gateway.sender_waits` to the door, and to
:meth:`Gateway.reconfigure` what the owner changes.
"""

import asyncio
import os
import socket
import ssl as tls
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from clawdbot.domain.bounds import address_key
from clawdbot.domain.connect import Challenge, Peer
from clawdbot.domain.facts import Record, keep_nothing
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.tokens import Mint
from clawdbot.errors import StoreError
from clawdbot.gateway import locality, requests, sockets
from clawdbot.gateway.clockwork import Clockwork
from clawdbot.gateway.connection import HANDSHAKE_MS, POLICY, RESTART, Connection
from clawdbot.gateway.conversation import Arrival, Conversation, Visitor
from clawdbot.gateway.desk import Outward, furnish
from clawdbot.gateway.hello import TICK_MS
from clawdbot.gateway.hub import SECRET_CHANGED
from clawdbot.gateway.link import CLOSE_S, Link
from clawdbot.gateway.locality import Upgrade
from clawdbot.gateway.meters import FOREIGN_ORIGIN, NO_UPGRADE, TOO_MANY, Meters
from clawdbot.gateway.past import Past
from clawdbot.gateway.reports import Channels
from clawdbot.gateway.requests import refusal
from clawdbot.gateway.scrape import PATH as METRICS
from clawdbot.gateway.scrape import Scrape
from clawdbot.gateway.settings import GatewaySettings, check
from clawdbot.gateway.threshold import Threshold
from clawdbot.gateway.tries import Doorstep
from clawdbot.gateway.verbs.base import Holds, House, Tell, no_channels, nothing_held
from clawdbot.service import Clock, wall_clock
from clawdbot.store.base import Store
from clawdbot.wire.plain import MAX_FRAME

SERVICE_RESTART: Final = "service restart"

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers a plain HTTP request for its path."""

Look = Callable[[Upgrade, GatewaySettings], Peer]
"""Finds out who is at the other end (:func:`clawdbot.gateway.locality.look`)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds.

    Attributes:
        sweep: between looks for sessions whose record somebody else changed (threats.md G8).
        watch: between looks for what others decided; a change is told of at the second one that sees it.
        keep_alive: that a plain HTTP connection may idle.
    """

    tick: float = TICK_MS / 1000
    health: float = 60
    sweep: float = 0.2
    watch: float = 0.5
    handshake: float = HANDSHAKE_MS / 1000
    keep_alive: float = 10


@dataclass(frozen=True, slots=True)
class World:
    """What the gateway takes from the world around it.

    Attributes:
        look: finds out who is at the other end.
        mint: makes new names and secrets; the system's CSPRNG if there is none.
        record: takes down what happened.
        past: hands out what was taken down.
        key: the gateway's public key (:func:`clawdbot.gateway.checks.own_key`).
        holds: says whether the message is held that a request was opened with.
    """

    look: Look = locality.look
    now: Clock = wall_clock
    pace: Pace = field(default_factory=Pace)
    mint: Mint | None = None
    record: Record = keep_nothing
    past: Past = field(default_factory=Past)
    key: PublicKey | None = None
    holds: Holds = nothing_held


class Gateway:
    """A gateway on a store.

    Args:
        pages: plain HTTP by path, besides ``/healthz`` and ``/metrics``.
        channels: how the chat platforms do, for health and status.
        ssl: serves TLS, on the same port and nothing else on it.

    Attributes:
        port: where it listens, once it does.
    """

    def __init__(
        self,
        store: Store,
        settings: GatewaySettings,
        *,
        pages: Mapping[str, Page] | None = None,
        channels: Channels = dict,
        ssl: tls.SSLContext | None = None,
        world: World | None = None,
        tell: Tell = no_channels,
    ) -> None:
        self._settings = settings
        self._pages: Mapping[str, Page] = {"/healthz": _healthz, **(pages or {})}
        self._ssl = ssl
        self._world = world or World()
        self._pace = self._world.pace
        self._desk = furnish(
            store,
            lambda: self._settings,
            host=socket.gethostname(),
            channels=channels,
            now=self._world.now,
            mint=self._world.mint,
            outward=Outward(tell, self._world.record, self._world.past, self._world.key, self._world.holds),
        )
        self._scrape = Scrape(self._desk, channels, lambda: self._settings)
        self._doorstep = Doorstep(on_full=lambda: self.meters.turned_away(TOO_MANY, "503"))
        self._clockwork = Clockwork()
        self._conversations: set[Conversation] = set()
        self._emptied: asyncio.Future[None] | None = None
        """Is waited for once the gateway stops: nobody talks any more."""
        self._runner: web.ServerRunner | None = None
        self._servers: list[asyncio.Server] = []
        self.port = 0

    @property
    def store(self) -> Store:
        """The store for whoever else decides in this process: what is decided through it is not told of twice."""
        return self._desk.store

    @property
    def house(self) -> House:
        """What the verbs work with, for whoever decides elsewhere in this process as they do."""
        return self._desk.house

    @property
    def is_listening(self) -> bool:
        """Does it take connections?"""
        return bool(self._servers) and all(server.is_serving() for server in self._servers)

    @property
    def meters(self) -> Meters:
        """What is counted; who decides elsewhere in this process counts there, too."""
        return self._desk.meters

    # --- life

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the settings would leave the gateway open, or guarded by a placeholder.
            Refused: the port cannot be had.
        """
        check(self._settings)
        with suppress(StoreError):  # whoever connects is told of that
            await self._desk.store.sweep()
        bound = sockets.listen(self._settings.hosts, self._settings.port)
        self.port = bound[0].getsockname()[1]
        self._runner = web.ServerRunner(
            requests.server(self._request, keep_alive=self._pace.keep_alive), shutdown_timeout=CLOSE_S
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        patience = self._pace.handshake if self._ssl else None
        for one in bound:
            server = await loop.create_server(self._threshold, sock=one, ssl=self._ssl, ssl_handshake_timeout=patience)
            self._servers.append(server)
        self._wind_up()

    def _wind_up(self) -> None:
        desk = self._desk

        async def tick() -> None:
            desk.news.tick()

        async def health() -> None:
            desk.news.health()
            await desk.house.devices.forget_expired()
            await desk.house.node_pairing.forget_expired()
            await desk.house.senders.forget_expired()

        self._clockwork.add(self._pace.tick, "tick", tick)
        self._clockwork.add(self._pace.health, "health", health)
        self._clockwork.add(self._pace.sweep, "sweep", desk.lobby.sweep)
        self._clockwork.add(self._pace.watch, "watch", desk.store.sweep)

    async def stop(self) -> None:
        """Tell everybody, close everything, and wait until it is closed."""
        for server in self._servers:
            server.close()
        await self._clockwork.stop()
        self._desk.news.shutdown()
        for conversation in list(self._conversations):
            conversation.close(RESTART, SERVICE_RESTART)
        if self._conversations:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=2 * CLOSE_S)
        if self._desk.calls:
            await asyncio.wait(self._desk.calls, timeout=2 * CLOSE_S)
        for call in self._desk.calls:
            call.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def reconfigure(self, settings: GatewaySettings) -> None:
        """Go on with other settings. Sessions that came in by another secret end, and who is about to comes again.

        Where the gateway listens stays as it is.

        Raises:
            ConfigError: the settings would leave the gateway open; it goes on with the old ones.
        """
        check(settings)
        before, self._settings = self._settings, settings
        if before.auth != settings.auth:
            self._desk.hub.expel_if(lambda session: session.by_secret, SECRET_CHANGED)
            self._desk.hub.close_expelled()
            for conversation in list(self._conversations):
                if not conversation.is_connected:
                    conversation.close(POLICY, SECRET_CHANGED)

    def sender_waits(self, account: ChannelAccount, sender: SenderId) -> None:
        """Tell operators that somebody wrote to the bot and waits for approval."""
        self._desk.house.announcer.sender_waits(account, sender, self._world.now())

    def sender_held(self, account: ChannelAccount, sender: SenderId) -> None:
        """Tell operators that what somebody asked with is kept."""
        self._desk.house.announcer.sender_held(account, sender, self._world.now())

    def sender_came(self, account: ChannelAccount, sender: SenderId) -> None:
        """Tell operators that somebody came in whom the owner invited or announced; a request of his is void."""
        self._desk.house.announcer.sender_came(account, sender, self._world.now())

    # --- requests

    def _threshold(self) -> Threshold:
        assert self._runner is not None and self._runner.server is not None  # noqa: S101, PT018 - after setup
        return Threshold(
            self._runner.server(), self._doorstep, key=self._key_at_the_door, patience=self._pace.handshake
        )

    def _key_at_the_door(self, peer: str) -> str | None:
        """What a socket is counted under; a proxy's clients are told apart by its requests."""
        return None if locality.is_trusted_proxy(peer, self._settings) else address_key(peer)

    def _request(self, request: web.Request) -> Awaitable[web.StreamResponse]:
        """Hand a request on; no coroutine of ours stands around a conversation but its own."""
        transport = request.transport
        threshold = transport.get_protocol() if transport is not None else None
        if transport is None or not isinstance(threshold, Threshold):
            raise web.HTTPServiceUnavailable
        visitor = self._visitor(request, transport, threshold)
        if isinstance(visitor, Visitor) and "upgrade" in request.headers:
            return self._talk(request, transport, Arrival(visitor, threshold))
        threshold.wait_no_more()
        return self._page(request, visitor)

    def _visitor(
        self, request: web.Request, transport: asyncio.Transport, threshold: Threshold
    ) -> Visitor | web.Response:
        """Who that is; or why not even that matters."""
        upgrade = requests.upgrade(request, transport)
        peer = self._world.look(upgrade, self._settings)
        address = address_key(peer.address)
        if not threshold.requested(address):
            return refusal(503, "too many connections")
        if "upgrade" in request.headers and not locality.admits_origin(upgrade, self._settings):
            self.meters.turned_away(FOREIGN_ORIGIN, "403")
            return refusal(403, "origin not allowed")
        return Visitor.at(upgrade, peer, address)

    async def _page(self, request: web.Request, visitor: Visitor | web.Response) -> web.StreamResponse:
        if isinstance(visitor, web.Response):
            return visitor
        if request.path == METRICS:
            return await self._scrape.page(request, visitor)
        page = self._pages.get(request.path)
        return refusal(404, "not found") if page is None else await page(request)

    async def _talk(self, request: web.Request, transport: asyncio.Transport, arrival: Arrival) -> web.StreamResponse:
        ws = requests.Upgraded(compress=False, max_msg_size=MAX_FRAME + 1, timeout=CLOSE_S)
        try:
            if request.method != "GET":
                raise web.HTTPBadRequest
            writer = await ws.prepare(request)
        except web.HTTPBadRequest:
            self.meters.turned_away(NO_UPGRADE, "400")
            return refusal(400, "not a websocket upgrade")
        conversation = Conversation(self._desk, self._connection(arrival), arrival, Link(ws, transport, writer))
        del arrival  # what is known of it goes when the client is in; the conversation may last for weeks
        self._conversations.add(conversation)
        try:
            await conversation.run(ws)
        finally:
            self._conversations.discard(conversation)
            if self._emptied is not None and not self._conversations and not self._emptied.done():
                self._emptied.set_result(None)
        return ws

    def _connection(self, arrival: Arrival) -> Connection:
        challenge = Challenge(nonce=str(uuid.UUID(bytes=os.urandom(16), version=4)), issued_at=self._world.now())
        return Connection(challenge, peer=arrival.visitor.peer, auth=self._settings.auth)


async def _healthz(_: web.Request) -> web.StreamResponse:
    return web.json_response({"ok": True})
