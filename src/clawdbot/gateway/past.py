"""The history as a running gateway hands it out, without keeping anybody waiting who does not read it."""

import asyncio
from collections.abc import Callable
from contextlib import closing

from clawdbot.domain.facts import Fact
from clawdbot.domain.names import DeviceId
from clawdbot.gateway.turns import Turns
from clawdbot.history.log import Log
from clawdbot.history.pages import Page, page


class Past:
    """Reads pages of the history in a thread, one at a time: who asks for many at once waits for his own.

    Args:
        history: ``None`` if none is kept.
        settle: waits until what was told so far is on the disk, so that a page holds what its reader just heard of.
    """

    def __init__(self, history: Log | None = None, settle: Callable[[], None] = lambda: None) -> None:
        self._history = history
        self._settle = settle
        self._turns = Turns()
        self._one = asyncio.Lock()

    async def page(self, device: DeviceId, fits: Callable[[Fact], bool], *, before: int | None, limit: int) -> Page:
        """A page of what fits, for a device. Raises StoreError if the history cannot be read."""
        if self._history is None:
            return Page()
        async with self._turns.of(device), self._one:
            return await asyncio.to_thread(self._read, self._history, fits, before, limit)

    def _read(self, history: Log, fits: Callable[[Fact], bool], before: int | None, limit: int) -> Page:
        self._settle()
        with closing(history.entries_before(before)) as entries:
            return page(entries, fits, limit=limit)
