"""The way out to one client: what it is told goes to its socket at once, and a close is never waited for long.

Frames are written here and not by the library, whose way of doing it can wait: that would need a queue and a task for
every client, also for the thousands that are told nothing but a tick. A frame of a server is its bytes behind a length
(RFC 6455, 5.2); what a client has not taken yet waits in the transport, which knows how much that is.
"""

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from clawdbot.gateway.hub import MOST_BUFFERED

CLOSE_S: Final = 0.8
"""Seconds that a client has to take what is before the close frame, and to answer that (threats.md G8)."""

_TEXT: Final = 0x81
"""A whole message of text."""


class Link:
    """Sends what it is given, in order.

    Args:
        writer: what :meth:`aiohttp.web.WebSocketResponse.prepare` gives; waits until the client has taken most.
    """

    __slots__ = ("_closing", "_transport", "_writer", "_ws")

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport, writer: AbstractStreamWriter) -> None:
        self._ws = ws
        self._transport = transport
        self._writer = writer
        self._closing: asyncio.Task[None] | None = None

    @property
    def unsent(self) -> int:
        """Bytes that the client's system has not taken yet; zero where TLS knows no more."""
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:  # asyncio's TLS transport drops what it would have to ask, when it is closed twice
            return 0

    async def begin(self, frame: bytes) -> None:
        """Send the first frame, and with it the answer to the upgrade (:class:`.requests.Upgraded`)."""
        with suppress(ConnectionError):
            await self._writer.write(_head(len(frame)) + frame)

    def send(self, frame: bytes) -> None:
        """Send a frame. Without effect once the link is closing, or the client is gone."""
        if self._closing is None and not self._transport.is_closing():
            self._transport.write(_head(len(frame)) + frame)

    def close(self, code: int, reason: str) -> None:
        """Close once everything before is sent, or after :data:`CLOSE_S` in any case."""
        if self._closing is not None:
            return
        gone = self._transport.is_closing()
        if not gone or self.unsent:  # who has said goodbye need never take what it was told before
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
        if not gone:
            self._closing = asyncio.create_task(self._close(code, reason))

    @property
    def has_room(self) -> bool:
        """May the client be told more? Whoever does not listen is not listened to."""
        return self.unsent <= MOST_BUFFERED or self._transport.is_closing()

    async def room(self) -> None:
        """Wait until the client has taken enough to be told more."""
        while not self.has_room:
            with suppress(ConnectionError):
                await self._writer.drain()

    async def closed(self) -> None:
        """Wait until the link is closed, after :meth:`close`; never raises."""
        if self._closing is not None:
            await self._closing

    async def _close(self, code: int, reason: str) -> None:
        with suppress(ConnectionError):  # the client is gone, and with it whoever would have read this
            await self._ws.close(code=code, message=reason.encode())


def _head(size: int) -> bytes:
    """What stands before a message of that many bytes."""
    if size < 126:
        return bytes((_TEXT, size))
    if size < 65536:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big")
