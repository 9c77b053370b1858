"""What the gateway does by itself, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from clawdbot.errors import ClawdbotError

log = logging.getLogger("clawdbot")


async def every(seconds: float, what: str, do: Callable[[], Awaitable[None]]) -> None:
    """Do something each so many seconds from now on, until cancelled.

    A failure does not end it, and is logged once until it is another one or over.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    failure = ""
    while True:
        due = max(due + seconds, loop.time())
        await asyncio.sleep(due - loop.time())
        try:
            await do()
            failure = ""
        except Exception as error:
            if repr(error) != failure:
                _complain(what, error)
            failure = repr(error)


def _complain(what: str, error: Exception) -> None:
    if isinstance(error, ClawdbotError):
        log.error("%s failed: %s", what, error)
    else:
        log.error("a defect in %s", what, exc_info=error)


class Clockwork:
    """Tasks that run until they are stopped."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, seconds: float, what: str, do: Callable[[], Awaitable[None]]) -> None:
        """Start to do something each so many seconds."""
        self._tasks.append(asyncio.create_task(every(seconds, what, do), name=what))

    async def stop(self) -> None:
        """Do nothing any more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
