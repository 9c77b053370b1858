"""The way out to one client, over a real socket."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import WSMsgType, web

from clawdbot.config.gateway_model import TlsSettings
from clawdbot.gateway.hub import MOST_BUFFERED
from clawdbot.gateway.link import CLOSE_S, Link
from clawdbot.gateway.requests import Upgraded, server
from clawdbot.gateway.tls import Tls, open_tls
from tests.support.waiting import eventually

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

Use = Callable[[Link, web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def linked(use: Use, tls: Tls | None = None) -> AsyncIterator[str]:
    """A server that does something with the link to each client."""

    async def handle(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False, timeout=CLOSE_S)
        drain = await ws.prepare(request)
        assert request.transport is not None
        await use(Link(ws, request.transport, drain), ws)
        return ws

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls.context if tls else None)
    await site.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def connect_and_read_nothing(url: str) -> asyncio.StreamWriter:
    """A client whose buffers are full soon."""
    _, writer = await asyncio.open_connection(*url.removeprefix("http://").rstrip("/").split(":"), limit=1024)
    writer.write(UPGRADE)
    return writer


async def test_what_was_sent_before_the_close_arrives_before_it_and_nothing_after() -> None:
    async def use(link: Link, _: web.WebSocketResponse) -> None:
        for number in range(100):
            link.send(str(number).encode())
        link.close(1008, "device access changed")
        link.close(1000, "later")
        link.send(b"too late")
        await link.closed()

    async with linked(use) as url, aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert [(await ws.receive()).data for _ in range(100)] == [str(number) for number in range(100)]
        end = await ws.receive()
        assert (end.type, end.data, end.extra) == (WSMsgType.CLOSE, 1008, "device access changed")


async def test_the_answer_to_an_upgrade_and_the_first_frame_are_one_write() -> None:
    """Each of them would wake the client."""
    written: list[bytes] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        transport, ws = request.transport, Upgraded(compress=False)
        assert isinstance(transport, asyncio.Transport)
        write = transport.write

        def counted(data: bytes) -> None:
            written.append(bytes(data))
            write(data)

        transport.write = counted  # type: ignore[method-assign, assignment]
        link = Link(ws, transport, await ws.prepare(request))
        await link.begin(b"first")
        link.send(b"second")
        return ws

    runner = web.ServerRunner(server(answer, keep_alive=1))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert [await ws.receive_str() for _ in range(2)] == ["first", "second"]
        assert written[0].startswith(b"HTTP/1.1 101")
        assert written[0].endswith(b"first")
        assert written[1].endswith(b"second")
    await runner.cleanup()


async def test_G8_a_client_that_does_not_answer_is_cut() -> None:
    """Its buffers are full, and it reads nothing: the socket is gone all the same, and nobody waits for room in it."""
    over = asyncio.Event()

    async def use(link: Link, __: web.WebSocketResponse) -> None:
        for _ in range(40):
            link.send(b"x" * 400_000)
        assert link.unsent > MOST_BUFFERED
        waiting = asyncio.create_task(link.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        link.close(1008, "slow consumer")
        await waiting
        await link.closed()
        over.set()

    async with linked(use) as url:
        writer = await connect_and_read_nothing(url)
        async with asyncio.timeout(20):
            await over.wait()
        writer.close()


async def test_a_client_that_says_goodbye_and_reads_nothing_is_cut_too() -> None:
    """What it was told before is not kept for it, nor its socket: it need never take it."""
    links: list[Link] = []

    async def use(link: Link, ws: web.WebSocketResponse) -> None:
        for _ in range(40):
            link.send(b"x" * 400_000)
        await ws.receive()
        assert link.unsent > MOST_BUFFERED
        link.close(1000, "")
        await link.closed()
        links.append(link)

    async with linked(use) as url:
        writer = await connect_and_read_nothing(url)
        writer.write(b"\x88\x82\0\0\0\0\x03\xe8")  # a close frame, 1000
        await eventually(lambda: links and not links[0].unsent)
        writer.close()


async def test_room_comes_back_when_the_client_reads() -> None:
    async def use(link: Link, __: web.WebSocketResponse) -> None:
        for _ in range(10):
            link.send(b"x" * 400_000)
        await link.room()
        assert link.unsent <= MOST_BUFFERED
        link.close(1000, "")
        await link.closed()

    async with linked(use) as url, aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert [len((await ws.receive()).data) for _ in range(10)] == [400_000] * 10
        assert (await ws.receive()).data == 1000


async def test_a_client_that_is_gone_ends_the_link() -> None:
    ended: list[bool] = []

    async def use(link: Link, ws: web.WebSocketResponse) -> None:
        await ws.receive()
        for _ in range(5):
            link.send(b"x" * 100_000)
        link.close(1000, "")
        await link.closed()
        ended.append(True)

    async with linked(use) as url:
        async with aiohttp.ClientSession() as http, http.ws_connect(url):
            pass
        await eventually(lambda: ended)


async def test_a_client_that_goes_without_a_word_ends_the_link_over_tls_too(tmp_path: Path) -> None:
    """By then the transport was closed twice, and cannot be asked any more how much it holds."""
    ended: list[int] = []

    async def use(link: Link, ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            pass
        link.close(1000, "")
        await link.closed()
        ended.append(link.unsent)

    tls = open_tls(TlsSettings(enabled=True), tmp_path, names=["127.0.0.1"], now=time.time_ns() // 1_000_000)
    assert tls is not None
    async with linked(use, tls) as url:
        trusting = ssl.create_default_context(cafile=str(tls.cert))
        address = url.removeprefix("https://").rstrip("/").split(":")
        reader, writer = await asyncio.open_connection(*address, ssl=trusting)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await eventually(lambda: ended)
    assert ended == [0]
