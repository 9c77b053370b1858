"""How a verified device becomes a session, and how a session ends."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from clawdbot.domain.admission import Admitted, NotItsTurn, QueueFull, Waiting
from clawdbot.domain.connect import ConnectRequest
from clawdbot.domain.credentials import Invited
from clawdbot.domain.device_records import Device
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Instant, Role
from clawdbot.domain.texts import visible
from clawdbot.domain.tokens import Token
from clawdbot.errors import PairingRequired, StoreError
from clawdbot.gateway.hello import Snapshot, hello
from clawdbot.gateway.hub import ACCESS_CHANGED, Hub
from clawdbot.gateway.news import News
from clawdbot.gateway.pairing_words import PairingWord
from clawdbot.gateway.session import Line, Session, offer
from clawdbot.gateway.soon import Soon
from clawdbot.gateway.verbs.base import House
from clawdbot.store.base import DeviceKey, Key

log = logging.getLogger("clawdbot")

PAUSE_S: Final = 0.05
PAUSE_EACH_S: Final = 0.0005
"""For each session that is told; to tell it takes a twentieth of that."""


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
        self._swept: Mapping[Key[Device], Device] | None = None
        self._health = Soon(news.health, pause=self._pause)
        self._presence = Soon(news.presence, pause=self._pause)

    async def admit(self, verified: VerifiedDevice, request: ConnectRequest, line: Line) -> Greeting:
        """Let a device in, if it is paired for what it asks.

        Raises:
            PairingRequired: it is not, and its request waits.
            CredentialsWrong: what it presented is not its token.
            StoreError: that cannot be known now.
        """
        word = self._word(verified, request)
        try:
            if word is not None and await self._is_still_good(word):
                log.info("device %s is paired by %s", visible(verified.id), word.described)
                verified = replace(verified, proof=Invited(by=word.described))
            answer = await self._house.devices.connect(verified, silent_local=self._is_silent(request))
        except StoreError:
            if word is not None:
                self._house.words.put_back(word)
            raise
        match answer:
            case Admitted(token=token):
                return await self._begin(verified, request, line, token)
            case Waiting(waiting, lacks):
                log.info("device %s has to wait: %s", visible(verified.id), lacks)
                raise PairingRequired(waiting.id, self._house.checks.told)
            case NotItsTurn(lacks):
                log.info("device %s has to wait until its other request is decided: %s", visible(verified.id), lacks)
                raise PairingRequired
            case QueueFull(lacks):
                log.warning("device %s is turned away, too many wait already: %s", visible(verified.id), lacks)
                raise PairingRequired
            case _:
                assert_never(answer)

    def _pause(self) -> float:
        """Telling everybody that somebody came or left takes a small part of the time, however many come and leave."""
        return PAUSE_S + len(self._hub) * PAUSE_EACH_S

    def _word(self, verified: VerifiedDevice, request: ConnectRequest) -> PairingWord | None:
        """The owner's word that the device brings for what it asks; from now on nobody else can use it."""
        brought = request.auth.token
        return self._house.words.take(brought, verified.role, verified.scopes) if brought else None

    async def _is_still_good(self, word: PairingWord) -> bool:
        """May the device that made it still make it? By one that was thrown out nobody comes in (threats.md G6, G8)."""
        if word.maker.device is None:
            return True
        maker = (await self._house.devices.read(word.maker.device)).paired
        return maker is not None and maker.may(word.maker.role, word.maker.scopes)

    def _is_silent(self, request: ConnectRequest) -> bool:
        """May a device of this machine pair without asking? Not the dashboard: any browser here can show it."""
        return self._house.settings().silent_local and not request.client.is_control_ui

    async def _begin(self, verified: VerifiedDevice, request: ConnectRequest, line: Line, token: Token) -> Greeting:
        """Open the session; what was decided about the device since it was found paired is found out once more."""
        session = Session(self._new_id(), line, verified, request.client, offer(request), since=self._house.now())
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
                health=self._news.health_for(session),
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
        self._health.ask()
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
        """End the sessions of devices whose record was changed by somebody else, a command or an editor.

        While the records are those of the last time nothing is done: whoever came since was held against them then.
        """
        here = list(self._hub)  # of who comes in while the records are read they may say nothing yet
        records = await self._house.devices.on_record()
        if records is self._swept:
            return
        sessions = set(here)

        def is_out(session: Session) -> bool:
            known = records.get(DeviceKey(session.device))
            return session in sessions and not session.is_covered_by(None if known is None else known.paired)

        self._swept = records if sessions.issuperset(self._hub) else None
        self._hub.expel_if(is_out, ACCESS_CHANGED)
        self._hub.close_expelled()

    def leave(self, session: Session) -> None:
        """A session's socket is gone."""
        self._hub.leave(session)
        self._house.nodes.drop(session)
        if self._house.presence.disconnected(session):
            self._presence.ask()
