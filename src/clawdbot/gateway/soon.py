"""Doing once, a moment later, what many ask for now."""

import asyncio
from collections.abc import Callable


class Soon:
    """Does something once for all who asked since it was done last.

    Args:
        pause: seconds from the first of them until it is done.
    """

    def __init__(self, do: Callable[[], None], *, pause: Callable[[], float]) -> None:
        self._do = do
        self._pause = pause
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Have it done."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause(), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._do()
