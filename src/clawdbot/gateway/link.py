"""The way out to one client: frames wait here until its socket takes them, and a close is never waited for long."""

import asyncio
from collections import deque
from typing import Final

from aiohttp import WSMsgType, web

from clawdbot.gateway.hub import MOST_BUFFERED

CLOSE_S: Final = 0.8
"""Seconds that a client has to take what is before the close frame, and to answer that (threats.md G8)."""


class Link:
    """Sends what it is given, in order, in a task of its own (:meth:`run`)."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._closing: tuple[int, str] | None = None
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def unsent(self) -> int:
        """Bytes that the client's system has not taken yet."""
        return self._waiting + self._transport.get_write_buffer_size()

    def send(self, frame: bytes) -> None:
        """Send a frame as soon as those before it are sent. Without effect once the link is closing."""
        if self._closing is None:
            self._frames.append(frame)
            self._waiting += len(frame)
            if self.unsent > MOST_BUFFERED:
                self._has_room.clear()
            self._changed.set()

    def close(self, code: int, reason: str) -> None:
        """Close once everything before is sent, or after :data:`CLOSE_S` in any case."""
        if self._closing is None:
            self._closing = (code, reason)
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
            self._changed.set()
            self._has_room.set()

    async def room(self) -> None:
        """Wait until the client has taken enough to be told more: whoever does not listen is not listened to."""
        await self._has_room.wait()

    async def run(self) -> None:
        """Send until the link is closed; never raises."""
        try:
            while self._closing is None or self._frames:
                await self._changed.wait()
                self._changed.clear()
                await self._flush()
            code, reason = self._closing
            await self._ws.close(code=code, message=reason.encode())
        except ConnectionError:
            pass  # the client is gone, and with it whoever would have read this
        finally:
            self._has_room.set()

    async def _flush(self) -> None:
        while self._frames:
            frame = self._frames.popleft()
            await self._ws.send_frame(frame, WSMsgType.TEXT)
            self._waiting -= len(frame)
            if self.unsent <= MOST_BUFFERED:
                self._has_room.set()
