"""How many messages an assistant works on at once, and for how long."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from clawdbot.errors import AssistantFailed

DEFAULT_TIMEOUT = 120.0
"""Seconds for one answer."""

DEFAULT_CONCURRENCY = 4

CLOSE_PATIENCE = 10.0
"""Seconds that :meth:`Slots.close` gives what it cancelled."""


class Slots:
    """So many answers at once, first come, first served, each with its own time limit.

    Waiting for a slot costs none of the time. One sender cannot fill the queue: a channel adapter delivers the
    messages of a conversation one after another.
    """

    def __init__(self, *, concurrency: int, timeout: float) -> None:
        if concurrency < 1 or not timeout > 0:
            raise ValueError("an assistant needs at least one slot, and time")
        self._timeout = timeout
        self._free = asyncio.Semaphore(concurrency)
        self._running: set[asyncio.Task[str]] = set()
        self._closed = False

    async def run(self, work: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """Wait for a slot, then do the work in it. Returns after the work has ended, however it ended.

        Raises:
            AssistantFailed: the time is up, or :meth:`close` was called; the work was cancelled.
        """
        async with self._free:
            if self._closed:
                raise _closed()
            task = asyncio.create_task(work())
            self._running.add(task)
            try:
                async with asyncio.timeout(self._timeout):
                    return await task
            except TimeoutError:
                raise AssistantFailed(
                    f"the assistant gave no answer within {self._timeout:g} s",
                    hint="try it by hand; if it needs longer, raise assistant.timeoutSeconds",
                ) from None
            except asyncio.CancelledError:
                if _is_being_cancelled():
                    raise
                raise _closed() from None
            finally:
                self._running.discard(task)

    async def close(self) -> None:
        """Cancel what is running, and wait for its end. Later work is refused, and so is what waits for a slot."""
        self._closed = True
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CLOSE_PATIENCE)


def _is_being_cancelled() -> bool:
    """Whether the current task is meant, and not just the one that it awaits."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def _closed() -> AssistantFailed:
    return AssistantFailed("the assistant was stopped before it answered")
