"""What goes wrong between a client and an HTTP server, for fakes to do on demand."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers a request in the server's place, or lets the server answer (``None``)."""


def raw(body: str, status: int = 200, content_type: str = "application/json") -> Fault:
    """Any answer at all."""

    async def fault(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, content_type=content_type)

    return fault


def html(status: int = 502) -> Fault:
    """The page of a proxy whose server is away."""
    return raw("<html><body><h1>Bad Gateway</h1></body></html>", status, "text/html")


def redirect(to: str) -> Fault:
    async def fault(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": to})

    return fault


async def drop(request: web.Request) -> web.StreamResponse:
    """The connection breaks before the answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    """The answer never ends: a byte now and then, so that each of them comes in time."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    while True:
        await answer.write(b" ")
        await asyncio.sleep(0.05)


def hold(until: asyncio.Event) -> Fault:
    """The answer takes its time, and then is as usual."""

    async def fault(_: web.Request) -> None:
        await until.wait()

    return fault
