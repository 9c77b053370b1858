"""One socket from its challenge to its close: carries out what the connection decides.

The :class:`~clawdbot.gateway.connection.Connection` says what is to be done; here it is done, with sockets and time.
Calls run beside each other and beside the reading, so that a node's answer can come while somebody waits for it.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, assert_never

from aiohttp import WSMsgType, web

from clawdbot.domain import device_facts
from clawdbot.domain.connect import Peer
from clawdbot.domain.facts import Fact, Kind, Surface
from clawdbot.domain.names import DeviceId
from clawdbot.domain.texts import visible
from clawdbot.errors import (
    CredentialsWrong,
    DoorError,
    InvalidConnectParams,
    InvalidParams,
    PairingRequired,
    StoreError,
)
from clawdbot.gateway import methods
from clawdbot.gateway.connection import NORMAL, TOO_LARGE, Connection, State
from clawdbot.gateway.desk import Desk, monotonic
from clawdbot.gateway.dialogue import (
    Admit,
    Admitted,
    Answered,
    Close,
    Failed,
    Happening,
    Invoke,
    Lost,
    MustClose,
    Outputs,
    Received,
    Refused,
    Send,
    TimedOut,
)
from clawdbot.gateway.hub import ACCESS_CHANGED
from clawdbot.gateway.link import Link
from clawdbot.gateway.locality import Upgrade
from clawdbot.gateway.meters import NO_FRAME
from clawdbot.gateway.session import Session
from clawdbot.gateway.threshold import Threshold
from clawdbot.gateway.verbs.base import invalid
from clawdbot.wire.frames import Error, Request, encode

log = logging.getLogger("clawdbot")

_SAID: Final = (WSMsgType.TEXT, WSMsgType.BINARY)

SLOW_S: Final = 1.0
"""How much longer a wrong credential takes from a program of this machine that is wrong too often (threats.md G11)."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a conversation is with, as far as the door can tell.

    Attributes:
        key: under what its failed tries are counted.
        slowed: it is slowed by too many of them, not locked out: a program of this machine, no page.
    """

    peer: Peer
    key: str
    slowed: bool

    @classmethod
    def at(cls, upgrade: Upgrade, peer: Peer, address: str) -> "Visitor":
        """Programs of this machine, pages of its browsers, and others do not pay for each other's failed tries."""
        page = bool(upgrade.all("origin"))
        kind = "page" if page else "local" if peer.local else "address"
        return cls(peer, key=f"{kind} {address}", slowed=peer.local and not page)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who is not in yet.

    Attributes:
        threshold: where the socket still stands.
    """

    visitor: Visitor
    threshold: Threshold


class Conversation:
    """A :class:`~clawdbot.gateway.session.Line` to one client, and all that is said over it.

    Args:
        link: the way out of the socket.
    """

    __slots__ = ("_arrival", "_connection", "_desk", "_link", "_session")

    def __init__(self, desk: Desk, connection: Connection, arrival: Arrival, link: Link) -> None:
        self._desk = desk
        self._connection = connection
        self._arrival: Arrival | None = arrival
        self._link = link
        self._session: Session | None = None
        arrival.threshold.expect_little(self._said_too_much, self._took_too_long)

    @property
    def is_connected(self) -> bool:
        """Has it got as far as hello-ok?"""
        return self._session is not None

    # --- the line

    @property
    def unsent(self) -> int:
        return self._link.unsent

    def send(self, frame: bytes) -> None:
        self._link.send(frame)

    def close(self, code: int, reason: str) -> None:
        self._happened(MustClose(code, reason))

    # --- the conversation

    async def run(self, ws: web.WebSocketResponse) -> None:
        """Talk until one side closes."""
        try:
            await self._link.begin(encode(self._connection.open()))
            while (message := await ws.receive()).type in _SAID:
                if self._arrival is not None and self._connection.state is State.WAITING:
                    await self._handshake(self._arrival, message.data)
                else:
                    self._happened(Received(message.data))
                del message  # what somebody said last is not kept for as long as he says nothing
                if not self._link.has_room:
                    await self._link.room()
        finally:
            self._happened(Lost())
            if self._session is not None:
                self._desk.lobby.leave(self._session)
            self._link.close(NORMAL, "")
            await self._link.closed()

    def _said_too_much(self) -> None:
        self.close(TOO_LARGE, "")

    def _took_too_long(self) -> None:
        self._happened(TimedOut())

    async def _handshake(self, arrival: Arrival, data: str | bytes) -> None:
        """Take the first frame: one at a time from an address, so that parallel tries cannot overrun the count."""
        desk, visitor, claimed = self._desk, arrival.visitor, None
        async with desk.turns.of(visitor.key):
            locked_for = desk.failed.locked_for(visitor.key, monotonic())
            outputs = self._connection.take(Received(data, 0 if visitor.slowed else locked_for), desk.house.now())
            if outputs and isinstance(outputs[0], Admit):
                claimed = outputs[0].verified.id
                outputs = await self._admit(outputs[0])
            wrong = isinstance(self._connection.refusal, CredentialsWrong)
            if wrong:
                desk.failed.failed(visitor.key, monotonic())
        self._note_refusal(visitor, claimed)
        if wrong and visitor.slowed and locked_for:
            await asyncio.sleep(SLOW_S)
        self._perform(outputs)
        if self._session is not None:
            arrival.threshold.let_in()
            self._arrival = None
            await desk.lobby.greeted(self._session)

    async def _admit(self, admit: Admit) -> Outputs:
        """Have the device admitted, if the client is still there when that is decided."""
        now = self._desk.house.now
        try:
            greeting = await self._desk.lobby.admit(admit.verified, admit.request, self)
        except Exception as error:
            if not isinstance(error, DoorError | StoreError):
                log.exception("a defect while a client connected")
            return self._connection.take(Refused(error), now())
        outputs = self._connection.take(Admitted(greeting.hello), now())
        if outputs:
            self._session = greeting.session
        else:
            self._desk.lobby.leave(greeting.session)
        return outputs

    def _note_refusal(self, visitor: Visitor, claimed: DeviceId | None) -> None:
        error = self._connection.refusal
        if error is not None:
            self._desk.meters.refused(error)
            self._record_refusal(error, visitor, claimed)
        elif self._connection.state is State.CLOSED:
            self._desk.meters.turned_away(NO_FRAME, "INVALID_REQUEST")
        if isinstance(error, StoreError):
            log.error("a client at %s was not let in: %s", visitor.key, error)
        elif error is not None:
            log.info("a client at %s was refused: %s", visitor.key, visible(str(error), 200))

    def _record_refusal(self, error: Exception, visitor: Visitor, claimed: DeviceId | None) -> None:
        """Who waits for approval was told when he began to; what the state refuses, the history cannot take either."""
        if isinstance(error, DoorError) and not isinstance(error, PairingRequired):
            about, address = device_facts.device(claimed), visitor.peer.address or ""
            now = self._desk.house.now()
            self._desk.record(Fact(now, Kind.REFUSED, Surface.GATEWAY, about, why=_reason(error), address=address))

    # --- calls

    async def _call(self, session: Session, request: Request) -> None:
        happening: Answered | Failed
        try:
            outcome = await self._outcome(session, request)
            happening = Failed(request.id, outcome) if isinstance(outcome, Error) else Answered(request.id, outcome)
        except Exception as error:
            if isinstance(error, StoreError):
                log.error("%s was not done: %s", visible(request.method), error)
            elif not isinstance(error, InvalidParams):
                log.exception("a defect in %s", visible(request.method))
            happening = Failed(request.id, error)
        self._happened(happening)
        self._desk.hub.close_expelled()

    async def _outcome(self, session: Session, request: Request) -> object:
        """Do it, if the session may still do anything: what its device was revoked for, it cannot do any more."""
        if not await self._desk.lobby.is_allowed(session):
            self._desk.hub.expel_if(lambda other: other is session, ACCESS_CHANGED)
            return invalid(f"unauthorized: {session.expelled or ACCESS_CHANGED}")
        return await methods.call(self._desk.house, session, request)

    # --- carrying out

    def _happened(self, happening: Happening) -> None:
        self._perform(self._connection.take(happening, self._desk.house.now()))

    def _perform(self, outputs: Outputs) -> None:
        for output in outputs:
            match output:
                case Send(frame):
                    self._link.send(encode(frame))
                case Close(code, reason):
                    self._link.close(code, reason)
                case Invoke(request) if self._session is not None:
                    call = asyncio.create_task(self._call(self._session, request))
                    self._desk.calls.add(call)
                    call.add_done_callback(self._desk.calls.discard)
                case Invoke() | Admit():
                    raise AssertionError("only the handshake admits, and only a session invokes")
                case _:
                    assert_never(output)


def _reason(error: DoorError) -> str:
    """Why, without what the client sent: its words may be in the message."""
    return InvalidConnectParams.__name__ if isinstance(error, InvalidConnectParams) else error.message
