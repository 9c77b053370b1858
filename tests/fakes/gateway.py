"""A gateway that does what a test tells it to: for what an honest gateway never does, and for when it does it.

It is strict about what it is sent: params of ``connect`` that the protocol does not have fail the test.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from clawdbot.domain.connect import ConnectRequest
from clawdbot.wire import connect

NONCE = "38256966-55ee-42e7-93a1-15e09c2fc443"
HELLO: dict[str, Any] = {"type": "hello-ok", "protocol": 3, "policy": {"tickIntervalMs": 30_000}}
PATIENCE_S = 20.0

Talk = Callable[["Line"], Awaitable[None]]
"""What the gateway does on one connection; it is closed when that is over."""


class Line:
    """The gateway's end of one connection."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self.ws = ws
        self._transport = transport

    async def send(self, frame: object) -> None:
        """Send text as it is, anything else as JSON."""
        await self.ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def event(self, name: str, payload: object = None, **more: object) -> None:
        await self.send({"type": "event", "event": name, "payload": payload, **more})

    async def request(self) -> dict[str, Any]:
        """The next request."""
        async with asyncio.timeout(PATIENCE_S):
            frame: dict[str, Any] = await self.ws.receive_json()
        assert frame.keys() <= {"type", "id", "method", "params"}, frame
        assert frame["type"] == "req"
        return frame

    async def answer(self, request: dict[str, Any], payload: object) -> None:
        await self.send({"type": "res", "id": request["id"], "ok": True, "payload": payload})

    async def refuse(self, request: dict[str, Any], **error: object) -> None:
        await self.send({"type": "res", "id": request["id"], "ok": False, "error": error})

    async def greet(self, nonce: str = NONCE) -> dict[str, Any]:
        """Challenge a client; the answer is its request."""
        await self.event("connect.challenge", {"nonce": nonce, "ts": 1})
        return await self.request()

    async def let_in(self, **hello: object) -> ConnectRequest:
        """Challenge a client and let it in, whoever it is."""
        request = await self.greet()
        await self.answer(request, {**HELLO, **hello})
        return connect.read(request["params"])

    def break_off(self) -> None:
        """Be gone, as when a cable is pulled."""
        self._transport.abort()

    async def closed(self) -> tuple[int, str]:
        """Wait for the client to close; code and reason."""
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self.ws.receive()).type is not WSMsgType.CLOSE:
                assert message.type is WSMsgType.TEXT, message
        return message.data, message.extra or ""


@dataclass
class FakeGateway:
    """A gateway that listens.

    Attributes:
        connections: how many there were.
        faults: what went wrong in what it was told to do.
    """

    talk: Talk
    port: int = 0
    scheme: str = "ws"
    faults: list[BaseException] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            assert request.transport is not None
            await self.talk(Line(ws, request.transport))
        except (Exception, asyncio.CancelledError) as fault:
            self.faults.append(fault)
            raise
        finally:
            await ws.close()
        return ws


@asynccontextmanager
async def fake_gateway(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeGateway]:
    """A gateway for as long as the context lasts. What went wrong in ``talk`` is raised at its end."""
    gateway = FakeGateway(talk, scheme="wss" if tls else "ws")
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", gateway.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    gateway.port = runner.addresses[0][1]
    try:
        yield gateway
    finally:
        await runner.cleanup()
    if gateway.faults:
        raise gateway.faults[0]
