"""The events of one connection, as one of those who listen gets them."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from clawdbot.errors import GatewayUnavailable
from clawdbot.wire.frames import Event

BACKLOG: Final = 1000
"""Events that wait for a listener; whoever falls further behind is told so rather than missing some."""


class Events:
    """An asynchronous iterator over events, in their order. It ends with the connection, or with :meth:`close`."""

    def __init__(self, names: frozenset[str], forget: Callable[["Events"], None]) -> None:
        self._names = names
        self._forget = forget
        self._waiting: deque[Event] = deque()
        self._came = asyncio.Event()
        self._over = False
        self._overrun = False

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Event:
        """The next event.

        Raises:
            GatewayUnavailable: events came faster than they were taken, and some are lost.
        """
        while not self._waiting:
            if self._overrun:
                raise GatewayUnavailable("events came faster than they were taken")
            if self._over:
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        """Listen no longer; what came so far is still there."""
        self._forget(self)
        self.end()

    # --- for the connection

    def put(self, event: Event) -> None:
        if self._over or (self._names and event.event not in self._names):
            return
        if len(self._waiting) >= BACKLOG:
            self._overrun = True
            self.close()
            return
        self._waiting.append(event)
        self._came.set()

    def end(self) -> None:
        self._over = True
        self._came.set()
