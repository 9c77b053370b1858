"""What the event loop does to read files: a ``stat`` of each while nothing changes, a thread when something did.

The first look at ten thousand devices takes half a second. Nobody else in the process has to wait for that.
"""

import asyncio
from concurrent.futures import Executor
from typing import Generic

from clawdbot.store.sight import Sight, T, looked


class Reader(Generic[T]):
    """Reads one set of files, as many as may ask at once.

    One look at a time is under way. Whoever comes meanwhile shares the next one with everybody else who does: the one
    under way may have missed what was committed before he came.

    Args:
        threads: where files are read.
    """

    def __init__(self, files: Sight[T], threads: Executor) -> None:
        self._files = files
        self._threads = threads
        self._now: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def read(self) -> T:
        """What the files say now; the same object again while nothing changes."""
        known = self._files.unchanged()
        if known is not None:
            return known.stored
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._look_after(self._now))
        return await asyncio.shield(self._next)

    async def _look_after(self, other: "asyncio.Task[T] | None") -> T:
        if other is not None and not other.done():
            await asyncio.wait([other])
        self._now, self._next = self._next, None
        return await asyncio.get_running_loop().run_in_executor(self._threads, looked, self._files)
