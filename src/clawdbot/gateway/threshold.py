"""A socket before anybody knows who is at its other end (threats.md G12).

It is counted, it has ten seconds, and what it may say before it is admitted is little. Then the threshold steps aside
and the socket belongs to the protocol behind it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from clawdbot.gateway.tries import Doorstep
from clawdbot.wire.plain import MAX_FIRST_FRAME

MOST_BYTES: Final = MAX_FIRST_FRAME + 1024
"""What a client may send between the upgrade and hello-ok: its first frame, and a ping or two."""

TURNED_AWAY: Final = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Threshold(asyncio.Protocol):
    """Stands before another protocol until :meth:`let_in`.

    Args:
        inner: what the socket is for.
        doorstep: counts those who are not in yet.
        key: under what a socket is counted, from its address; ``None`` if that will only be known from its request.
        patience: seconds.
    """

    __slots__ = (
        "_deadline",
        "_doorstep",
        "_inner",
        "_key",
        "_key_of",
        "_left",
        "_patience",
        "_timer",
        "_too_late",
        "_too_much",
        "_transport",
    )

    def __init__(
        self, inner: asyncio.Protocol, doorstep: Doorstep, *, key: Callable[[str], str | None], patience: float
    ) -> None:
        self._inner = inner
        self._doorstep = doorstep
        self._key_of = key
        self._patience = patience
        self._key: str | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._left: int | None = None
        self._too_much: Callable[[], None] = _nothing
        self._too_late: Callable[[], None] = _nothing
        self._deadline = 0.0

    # --- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's promise to a streaming protocol
        peer = transport.get_extra_info("peername")
        if peer is None:  # gone before it was accepted
            transport.abort()
            return
        key = self._key_of(peer[0])
        if key is not None and not self._enter(key):
            transport.write(TURNED_AWAY)
            transport.close()
            return
        self._deadline = asyncio.get_running_loop().time() + self._patience
        self._too_late = transport.abort
        self._wait()
        self._transport = transport
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self._too_much()
                self._too_much = _nothing
                return
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._transport is None else self._inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self.wait_no_more()
        self._leave()
        if self._transport is not None:
            self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    # --- the server

    def requested(self, key: str) -> bool:
        """A whole request is here, from a client with this key; may it be served?"""
        return self._key is not None or self._enter(key)

    def wait_no_more(self) -> None:
        """The client has said what it wants, and to answer takes as long as it takes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def expect_little(self, too_much: Callable[[], None], too_late: Callable[[], None]) -> None:
        """From now on take at most :data:`MOST_BYTES`; then say so, once, and take nothing.

        Args:
            too_late: what is done, in place of cutting the client off, when its time is over.
        """
        self._left = MOST_BYTES
        self._too_much = too_much
        self._too_late = too_late
        if self._timer is None:
            self._wait()

    def let_in(self) -> None:
        """The client is admitted; this is over."""
        self.wait_no_more()
        self._leave()
        self._left = None
        if self._transport is not None:
            self._transport.set_protocol(self._inner)

    def _enter(self, key: str) -> bool:
        entered = self._doorstep.enter(key)
        self._key = key if entered else None
        return entered

    def _leave(self) -> None:
        if self._key is not None:
            self._doorstep.leave(self._key)
            self._key = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._too_late()


def _nothing() -> None:
    pass
