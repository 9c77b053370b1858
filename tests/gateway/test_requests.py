"""What anybody who asks by HTTP gets to see. Which request is let in: test_server.py."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from clawdbot.gateway import requests
from clawdbot.gateway.locality import Upgrade
from clawdbot.gateway.requests import refusal


@asynccontextmanager
async def serving(answer: requests.Handler) -> AsyncIterator[int]:
    runner = web.ServerRunner(requests.server(answer, keep_alive=10))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize("status", [200, 403, 404])
async def test_an_answer_says_little(status: int) -> None:
    """Neither which library made it, nor what a browser could take it for."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return refusal(status, "no")

    async with (
        serving(answer) as port,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/any/where") as said,
    ):
        assert (said.status, await said.text()) == (status, "no\n")
        assert "Server" not in said.headers
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert (said.headers.get("Connection") == "close") is (status != 404)


async def test_what_is_no_request_is_answered_as_little() -> None:
    """The library answers it by itself."""
    async with serving(lambda _: pytest.fail("answered")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"nonsense\r\n\r\n")
        said = await reader.read()
        assert said.startswith(b"HTTP/1.0 400")
        assert b"Server:" not in said
        writer.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET http://[::1/?token=sekrit HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sekrit\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Token: sekrit\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nsekrit",
    ],
)
async def test_S7_what_is_no_request_is_not_in_the_log(nonsense: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It may hold a token, anybody can send it, and as often as he likes."""
    caplog.set_level(logging.DEBUG)

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response()

    async with serving(answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(nonsense)
        assert (await reader.read()).startswith(b"HTTP/1")
        writer.close()
        await writer.wait_closed()
    assert [one for one in caplog.records if one.exc_info or "sekrit" in one.getMessage()] == []


async def test_a_defect_of_ours_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        raise ZeroDivisionError

    async with serving(answer) as port, aiohttp.ClientSession() as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).status == 500
    (told,) = [one for one in caplog.records if one.exc_info]
    assert (told.levelno, told.exc_info and told.exc_info[0]) == (logging.ERROR, ZeroDivisionError)


async def test_where_a_request_comes_from() -> None:
    """Both ends of the socket without a zone, and all headers, also those that come twice."""
    seen: list[Upgrade] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        seen.append(requests.upgrade(request, request.transport))
        return refusal(404, "no")

    async with serving(answer) as port, aiohttp.ClientSession() as http:
        await http.get(f"http://127.0.0.1:{port}/", headers=[("X-One", "a"), ("X-One", "b")])
        assert (seen[0].peer, seen[0].own, seen[0].port, seen[0].secure) == ("127.0.0.1", "127.0.0.1", port, False)
        assert seen[0].all("x-one") == ["a", "b"]
