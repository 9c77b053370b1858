"""Presses of buttons: taken over at once, answered when it is decided what they do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from clawdbot.channels.base import OnPress, Press
from clawdbot.channels.patience import ApiError, wind_up

_log = logging.getLogger(__name__)

MOST = 16
"""Presses at once; somebody who presses faster gets no answer to the rest."""

Answer = Callable[[str], Awaitable[None]]
"""Shows a text to who pressed. Raises ApiError."""

Accept = Callable[[], Awaitable[None]]
"""Tells the platform that a press arrived. Raises ApiError if the platform does not know it, or nobody can say."""


async def _at_once() -> None: ...


def _nothing() -> None: ...


class Presses:
    """Hands presses over, beside the messages and not in their order."""

    def __init__(self) -> None:
        self._pressed: OnPress | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def on_press(self, pressed: OnPress) -> None:
        """Say what becomes of a press; its answer is shown to who pressed."""
        self._pressed = pressed

    @property
    def wanted(self) -> bool:
        """Somebody takes presses over; while nobody does, they are like all else that is no message."""
        return self._pressed is not None

    def take(
        self, press: Press, answer: Answer, *, accept: Accept = _at_once, done: Callable[[], None] = _nothing
    ) -> None:
        """Begin with a press, where presses are wanted.

        Args:
            accept: where the platform wants to hear of it first. A press that it does not accept does nothing: who
                pressed was told that it failed, or presses again.
            done: called when it is done with, and not for what :meth:`close` cuts off.
        """
        pressed = self._pressed
        if pressed is None:
            raise ValueError("nobody takes presses over")
        if len(self._tasks) >= MOST:
            _log.warning("%s: too many presses at once; one is left aside", press.account)
            done()
            return
        task = asyncio.get_running_loop().create_task(self._serve(press, pressed, answer, accept, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._tasks

    async def _serve(
        self, press: Press, pressed: OnPress, answer: Answer, accept: Accept, done: Callable[[], None]
    ) -> None:
        try:
            if await self._is_accepted(press, accept):
                await answer(await pressed(press))
        except ApiError as error:  # it is decided all the same, and the buttons have changed
            _log.info("%s: a press got no answer: %s", press.account, error)
        except Exception as defect:  # its words may quote what was pressed (threats.md S7)
            _log.error("%s: a press was dropped, which is a bug: %s", press.account, type(defect).__name__)
        done()

    async def _is_accepted(self, press: Press, accept: Accept) -> bool:
        try:
            await accept()
        except ApiError as error:
            _log.warning("%s: a press is left aside: %s", press.account, error)
            return False
        return True

    async def close(self, grace: float) -> None:
        """Give what is under way a moment to end, and cut off the rest."""
        await wind_up(list(self._tasks), grace)
