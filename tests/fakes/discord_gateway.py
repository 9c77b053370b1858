"""Discord's gateway, for :mod:`tests.fakes.discord`: sessions that outlive their sockets.

It follows https://discord.com/developers/docs/events/gateway: a socket begins with ``HELLO`` and is closed unless it
identifies or resumes; what a session was told while nobody listened is told again on ``RESUME``; frames are a zlib
stream if that was asked for.
"""

import asyncio
import json
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import WSMsgType, web

DIRECT_MESSAGES = 1 << 12
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
_INTENTS = (1 << 26) - 1


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


@dataclass
class Session:
    """What one bot was told; ``socket`` is who listens now."""

    id: str
    told: list[tuple[str, object]] = field(default_factory=list)
    socket: "Socket | None" = None

    def tell(self, event: str, data: object) -> None:
        self.told.append((event, data))
        if self.socket is not None:
            self.socket.send(Op.DISPATCH, data, event, len(self.told))


class Socket:
    """One connection. Frames are sent by a task of its own, in order; ``None`` ends it with a code."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.session: Session | None = None
        self.ws = web.WebSocketResponse(max_msg_size=4096)
        self._compress = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._frames: asyncio.Queue[str | bytes | int] = asyncio.Queue()

    def send(self, op: Op, data: object = None, event: str | None = None, sequence: int | None = None) -> None:
        self.send_text(json.dumps({"op": op, "d": data, "t": event, "s": sequence}))

    def send_text(self, text: str) -> None:
        """Any frame at all."""
        if self._compress is None:
            self._frames.put_nowait(text)
        else:
            self._frames.put_nowait(self._compress.compress(text.encode()) + self._compress.flush(zlib.Z_SYNC_FLUSH))

    def close(self, code: int) -> None:
        self._frames.put_nowait(code)

    def abort(self) -> None:
        """Break, as networks do."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                match await self._frames.get():
                    case int(code):
                        await self.ws.close(code=code)
                    case str(text):
                        await self.ws.send_str(text)
                    case bytes(data):
                        await self.ws.send_bytes(data)


@dataclass
class FakeGateway:
    """The gateway of one bot.

    Attributes:
        opened: the first thing that each socket asked, IDENTIFY and RESUME.
        privileged: the privileged intents that the bot may have.
        close_with: closes each new socket with this code instead of letting it in.
        starts_left: how often it may still identify today.
        mute: does not greet.
        deaf: greets, and answers nothing.
        intents: what was asked for when it was last identified.
        beats: how many heartbeats came.
    """

    token: str
    me: dict[str, object]
    url: str = ""
    opened: list[Op] = field(default_factory=list)
    privileged: int = 0
    close_with: int | None = None
    starts_left: int = 1000
    mute: bool = False
    deaf: bool = False
    intents: int = 0
    beats: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    sockets: list[Socket] = field(default_factory=list)

    @property
    def listening(self) -> bool:
        """A bot is told of events now."""
        return any(each.socket is not None for each in self.sessions.values())

    def tell(self, event: str, data: object) -> None:
        """Tell all sessions, also those nobody listens to now."""
        for session in self.sessions.values():
            session.tell(event, data)

    def forget(self) -> None:
        """No session can be resumed any more."""
        self.sessions.clear()

    def drop(self) -> None:
        for socket in self.sockets:
            socket.abort()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(request)
        if (request.query.get("v"), request.query.get("encoding")) != ("10", "json"):
            return web.Response(status=400)
        await socket.ws.prepare(request)
        self.sockets.append(socket)
        writing = asyncio.create_task(socket.write())
        try:
            if not self.mute:
                socket.send(Op.HELLO, {"heartbeat_interval": 41250})
            async for message in socket.ws:
                if message.type is WSMsgType.TEXT:
                    self._answer(socket, json.loads(message.data))
        finally:
            writing.cancel()
            self.sockets.remove(socket)
            self._left(socket)
        return socket.ws

    def _left(self, socket: Socket) -> None:
        if (session := socket.session) is not None and session.socket is socket:
            session.socket = None
            if socket.ws.close_code in (1000, 1001):  # for good
                self.sessions.pop(session.id, None)

    def _answer(self, socket: Socket, frame: dict[str, Any]) -> None:
        match frame:
            case {"op": Op.HEARTBEAT}:
                self.beats += 1
                socket.send(Op.HEARTBEAT_ACK)
            case {"op": Op.IDENTIFY | Op.RESUME as op, "d": {"token": token} as asked}:
                self.opened.append(Op(op))
                if self.deaf:
                    return
                if self.close_with is not None or token != self.token or socket.session is not None:
                    socket.close(self.close_with or (4004 if token != self.token else 4005))
                elif op == Op.IDENTIFY:
                    self._identify(socket, asked)
                else:
                    self._resume(socket, asked)
            case _:
                socket.close(4001 if socket.session else 4003)

    def _identify(self, socket: Socket, asked: dict[str, Any]) -> None:
        intents = asked.get("intents")
        if not isinstance(intents, int) or intents & ~_INTENTS:
            socket.close(4013)
        elif intents & PRIVILEGED & ~self.privileged:
            socket.close(4014)
        else:
            self.intents = intents
            self.starts_left -= 1
            session = Session(f"session-{len(self.opened)}", socket=socket)
            self.sessions[session.id] = socket.session = session
            session.tell("READY", self._ready(session))

    def _resume(self, socket: Socket, asked: dict[str, Any]) -> None:
        session = self.sessions.get(str(asked.get("session_id")))
        sequence = asked.get("seq")
        if session is None:
            socket.send(Op.INVALID_SESSION, False)
        elif not isinstance(sequence, int) or sequence > len(session.told):
            socket.close(4007)
        else:
            session.socket = socket
            socket.session = session
            for number, (event, data) in enumerate(session.told[sequence:], sequence + 1):
                socket.send(Op.DISPATCH, data, event, number)
            session.tell("RESUMED", {"_trace": []})

    def _ready(self, session: Session) -> dict[str, object]:
        return {
            "v": 10,
            "user": self.me,
            "guilds": [],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [0, 1],
            "application": {"id": self.me["id"], "flags": 0},
            "private_channels": [],
        }
