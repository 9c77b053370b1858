"""How the gateway ends: the first signal lets what is under way finish, the second one ends it."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress

from clawdbot.gateway.notify import READY, STOPPING, ServiceManager
from clawdbot.reception import Underway


async def until_stopped(
    work: Coroutine[None, None, None],
    manager: ServiceManager,
    *,
    underway: Underway,
    longest_s: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Work until SIGINT or SIGTERM; whoever started this as a service is told.

    Args:
        work: is cancelled then, and takes its time to end cleanly.
        underway: the messages that this time is for. At the second signal they have none: they are not done with,
            and come again at the next start, as after a kill.
        longest_s: how long they may take from now on.
    """
    task = asyncio.create_task(work)
    loop, stop = asyncio.get_running_loop(), Stop(task, underway, longest_s, say)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.asked)
    manager.tell(READY)
    try:
        with suppress(asyncio.CancelledError):
            await task
    finally:
        manager.tell(STOPPING)


class Stop:
    """What becomes of the signals; see :func:`until_stopped`."""

    def __init__(
        self, task: asyncio.Task[None], underway: Underway, longest_s: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._task = task
        self._underway = underway
        self._longest_s = longest_s
        self._say = say
        self._is_begun = False

    def asked(self) -> None:
        """A signal came."""
        if self._is_begun:
            self._underway.end()
            return
        self._is_begun = True
        if count := len(self._underway):
            messages = "1 message" if count == 1 else f"{count} messages"
            self._say(f"finishing {messages}, at most {self._longest_s():.0f} s; Ctrl-C again ends now")
        self._task.cancel()


async def together(*work: Coroutine[None, None, None]) -> None:
    """Run until cancelled; then each piece of work has its time to end cleanly."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
