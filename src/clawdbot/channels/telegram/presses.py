"""Presses of inline buttons: taken over at once, answered when it is decided what they do."""

import asyncio
import logging
from collections.abc import Callable

from clawdbot.channels.base import OnPress
from clawdbot.channels.patience import ApiError
from clawdbot.channels.telegram.api import BotApi
from clawdbot.channels.telegram.parse import Pressed

_log = logging.getLogger(__name__)

MOST = 16
"""Presses at once; somebody who presses faster gets no answer to the rest."""


class Presses:
    """Hands presses over, beside the messages and not in their order.

    Args:
        pressed: what becomes of a press; its answer is shown to who pressed.
    """

    def __init__(self, api: BotApi, pressed: OnPress) -> None:
        self._api = api
        self._pressed = pressed
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, query: Pressed, done: Callable[[], None]) -> None:
        """Begin with a press; ``done`` is called when it is done with, and not for what :meth:`close` cuts off."""
        if len(self._tasks) >= MOST:
            _log.warning("%s: too many presses at once; one is left aside", query.press.account)
            done()
            return
        task = asyncio.get_running_loop().create_task(self._answer(query, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._tasks

    async def _answer(self, query: Pressed, done: Callable[[], None]) -> None:
        try:
            answer = await self._pressed(query.press)
            await self._api.answer_press(query.id, answer)
        except ApiError as error:  # it is decided all the same, and the buttons have changed
            _log.info("%s: a press got no answer: %s", query.press.account, error)
        except Exception as defect:  # its words may quote what was pressed (threats.md S7)
            _log.error("%s: a press was dropped, which is a bug: %s", query.press.account, type(defect).__name__)
        done()

    async def close(self, grace: float) -> None:
        """Give what is under way a moment to end, and cut off the rest."""
        tasks = list(self._tasks)
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=grace)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
