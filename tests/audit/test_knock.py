"""Knocking as a stranger: at a real gateway, at nothing, at something else, and at one that lets everybody in."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from clawdbot.audit.knock import Answer, knock, knock_everywhere
from clawdbot.config import GatewaySettings, TlsSettings
from clawdbot.gateway.tls import open_tls
from clawdbot.store.base import DeviceKey
from tests.support.gateways import gateway

Handler = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def impostor(talk: Handler) -> AsyncIterator[int]:
    """Something that speaks WebSocket to everybody; its port."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await talk(ws)
        return ws

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def open_door(ws: web.WebSocketResponse) -> None:
    """The broken twin: whoever connects is in."""
    await ws.send_json({"type": "event", "event": "connect.challenge", "payload": {"nonce": "x", "ts": 0}})
    request = json.loads(await ws.receive_str())
    await ws.send_json({"type": "res", "id": request["id"], "ok": True, "payload": {}})


@pytest.mark.parametrize("settings", [None, GatewaySettings(port=0)], ids=["with a token", "without"])
async def test_our_gateway_refuses_and_nothing_is_left_behind(settings: GatewaySettings | None) -> None:
    """No session, no request, no device; and as many knocks as one likes."""
    async with gateway(settings=settings) if settings else gateway() as running:
        for page in (False, True) * 6:
            found = await knock("127.0.0.1", running.gateway.port, secure=False, page=page)
            assert (found.answer, found.page) == (Answer.REFUSED, page)
        assert not await running.store.keys(DeviceKey)


async def test_one_that_lets_everybody_in_is_found_out() -> None:
    async with impostor(open_door) as port:
        assert (await knock("127.0.0.1", port, secure=False, page=False)).answer is Answer.LET_IN
        assert (await knock("127.0.0.1", port, secure=False, page=True)).answer is Answer.LET_IN


async def test_one_that_talks_to_foreign_pages_is_found_out() -> None:
    async def refuse_later(ws: web.WebSocketResponse) -> None:
        await ws.send_json({"type": "event", "event": "connect.challenge"})
        await ws.receive()

    async with impostor(refuse_later) as port:
        assert (await knock("127.0.0.1", port, secure=False, page=False)).answer is Answer.REFUSED
        assert (await knock("127.0.0.1", port, secure=False, page=True)).answer is Answer.LET_IN


@pytest.mark.parametrize("said", ["[]", "{", "[" * 5000, '{"type": "event", "event": "hello"}', "\x00"])
async def test_something_else_is_told_apart(said: str) -> None:
    async with impostor(lambda ws: ws.send_str(said)) as port:
        assert (await knock("127.0.0.1", port, secure=False, page=False)).answer is Answer.SOMETHING_ELSE


async def test_what_never_answers_is_given_up() -> None:
    async def keep_silent(ws: web.WebSocketResponse) -> None:
        await ws.receive()

    async with impostor(keep_silent) as port:
        found = await knock("127.0.0.1", port, secure=False, page=False, patience=0.2)
    assert (found.answer, found.text) == (Answer.SOMETHING_ELSE, "TimeoutError")


async def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert (await knock("127.0.0.1", port, secure=False, page=False)).answer is Answer.NOBODY
        assert (await knock("::1", port, secure=True, page=False)).answer is Answer.NOBODY


async def test_with_tls_it_is_asked_with_and_without(tmp_path: Path) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    tls = open_tls(TlsSettings(enabled=True), tmp_path, names=["localhost"], now=now)
    assert tls is not None
    async with gateway(ssl=tls.context) as running:
        knocks = await knock_everywhere(["127.0.0.1"], running.gateway.port, secure=True)
    assert [(one.secure, one.page, one.answer) for one in knocks] == [
        (True, False, Answer.REFUSED),
        (True, True, Answer.REFUSED),
        (False, False, Answer.NOBODY),
        (False, True, Answer.NOBODY),
    ]
    assert knocks[0].url == f"wss://127.0.0.1:{running.gateway.port}"


async def test_every_address_is_knocked_at_at_once() -> None:
    async with gateway() as running, asyncio.timeout(20):
        knocks = await knock_everywhere(["127.0.0.1", "192.0.2.1"], running.gateway.port, secure=False, patience=0.5)
    assert [(one.host, one.answer) for one in knocks] == [
        *[("127.0.0.1", Answer.REFUSED)] * 2,
        *[("192.0.2.1", Answer.NOBODY)] * 2,
    ]
