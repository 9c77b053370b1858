"""What the event loop does to read files: a ``stat`` of each while nothing changes, a thread when something did.

The first look at ten thousand devices takes half a second. Nobody else in the process has to wait for that.
"""

import asyncio
import time
from concurrent.futures import Executor
from typing import Final, Generic

from clawdbot.errors import StoreUnavailable
from clawdbot.store.disk import DOCTOR
from clawdbot.store.file_set import FileSet, T

LOOKS: Final = 100
"""How often files that change all the time are looked at before a reader gives up."""

PAUSE_S: Final = 0.001


class Reader(Generic[T]):
    """Reads one set of files, as many as may ask at once.

    One look at a time is under way. Whoever comes meanwhile shares the next one with everybody else who does: the one
    under way may have missed what was committed before he came.

    Args:
        threads: where files are read.
    """

    def __init__(self, files: FileSet[T], threads: Executor) -> None:
        self._files = files
        self._threads = threads
        self._now: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def read(self) -> T:
        """What the files say now; the same object again while nothing changes."""
        known = self._files.glance()
        if known is not None:
            return known
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._look_after(self._now))
        return await asyncio.shield(self._next)

    async def _look_after(self, other: "asyncio.Task[T] | None") -> T:
        if other is not None and not other.done():
            await asyncio.wait([other])
        self._now, self._next = self._next, None
        return await asyncio.get_running_loop().run_in_executor(self._threads, looked, self._files)


def looked(files: FileSet[T]) -> T:
    """What files say now, even if they are changed at this moment. Blocks."""
    for _ in range(LOOKS):
        stored = files.look()
        if stored is not None:
            return stored
        time.sleep(PAUSE_S)
    raise StoreUnavailable(f"the files in {files.folder} change faster than they can be read", hint=DOCTOR)
