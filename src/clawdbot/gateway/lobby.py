"""How a verified device becomes a session, and how a session ends."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from clawdbot.domain.admission import Admitted, QueueFull, Waiting
from clawdbot.domain.connect import ConnectRequest
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Instant, Role
from clawdbot.domain.texts import visible
from clawdbot.domain.tokens import Token
from clawdbot.errors import PairingRequired, StoreError
from clawdbot.gateway.hello import Snapshot, hello
from clawdbot.gateway.hub import ACCESS_CHANGED, Hub
from clawdbot.gateway.news import News
from clawdbot.gateway.session import Line, Session
from clawdbot.gateway.verbs.base import House

log = logging.getLogger("clawdbot")


@dataclass(frozen=True, slots=True)
class Greeting:
    """A session that is in, and its hello-ok."""

    session: Session
    hello: object = field(repr=False)


class Lobby:
    """Lets devices in and out.

    Args:
        methods: what clients are told that they can call.
        new_id: names a connection.
    """

    def __init__(
        self, house: House, hub: Hub, news: News, *, methods: Sequence[str], new_id: Callable[[], str]
    ) -> None:
        self._house = house
        self._hub = hub
        self._news = news
        self._methods = tuple(methods)
        self._new_id = new_id
        self._opened_at: Instant = house.now()

    async def admit(self, verified: VerifiedDevice, request: ConnectRequest, line: Line) -> Greeting:
        """Let a device in, if it is paired for what it asks.

        Raises:
            PairingRequired: it is not, and its request waits.
            CredentialsWrong: what it presented is not its token.
            StoreError: that cannot be known now.
        """
        answer = await self._house.devices.connect(verified, silent_local=self._house.settings().silent_local)
        match answer:
            case Admitted(token=token):
                return await self._begin(verified, request, line, token)
            case Waiting(waiting, lacks):
                log.info("device %s has to wait: %s", visible(verified.id), lacks)
                raise PairingRequired(waiting.id)
            case QueueFull(lacks):
                log.warning("device %s is turned away, too many wait already: %s", visible(verified.id), lacks)
                raise PairingRequired
            case _:
                assert_never(answer)

    async def _begin(self, verified: VerifiedDevice, request: ConnectRequest, line: Line, token: Token) -> Greeting:
        """Open the session; what was decided about the device since it was found paired is found out once more."""
        session = Session(self._new_id(), line, verified, request, since=self._house.now())
        self._hub.join(session)
        try:
            allowed = await self.is_allowed(session)
        except StoreError:
            self._hub.leave(session)
            raise
        if not allowed:
            self._hub.leave(session)
            raise PairingRequired
        self._house.presence.connected(session)
        if session.role is Role.NODE:
            self._house.nodes.register(session)
        greeting = hello(
            session,
            token,
            own=self._house.presence.own,
            methods=self._methods,
            snapshot=Snapshot(
                presence=self._news.presence_for(session),
                health=self._house.reports.health(),
                state_version=self._news.version,
                uptime_ms=max(0, self._house.now() - self._opened_at),
            ),
        )
        return Greeting(session, greeting)

    async def greeted(self, session: Session) -> None:
        """The client has its hello-ok; events reach it from now on."""
        session.greeted = True
        if session.role is Role.NODE:
            self._hub.tell(session, "voicewake.changed", {"triggers": self._house.settings().wake_words})
        self._news.health()
        if session.role is Role.NODE:
            try:
                await self._house.node_pairing.connected(session.device)
            except StoreError as error:
                log.warning("when node %s connected was not noted: %s", visible(session.device), error)

    async def is_allowed(self, session: Session) -> bool:
        """May this session go on? Asked before everything it does (threats.md G8). Raises StoreError."""
        if session.expelled is not None:
            return False
        return session.is_covered_by((await self._house.devices.read(session.device)).paired)

    async def sweep(self) -> None:
        """End the sessions of devices whose record was changed by somebody else, a command or an editor."""
        out = [session for session in self._hub if not await self.is_allowed(session)]
        self._hub.expel_if(lambda session: session in out, ACCESS_CHANGED)
        self._hub.close_expelled()

    def leave(self, session: Session) -> None:
        """A session's socket is gone."""
        self._hub.leave(session)
        self._house.nodes.drop(session)
        if self._house.presence.disconnected(session):
            self._news.presence()
