"""Messages to owners: with buttons where the platform has them, which go when there is nothing to decide any more."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from clawdbot.channels.base import Button, Buttons, ChannelAdapter
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.owners import Owner
from clawdbot.domain.references import MOST, Action, Asked, Command, Given
from clawdbot.errors import ClawdbotError

log = logging.getLogger("clawdbot")

TELL_S = 20.0
"""A platform that takes longer leaves an owner untold."""

_LABELS = {Action.APPROVE: "✅ Approve", Action.REJECT: "Reject", Action.BLOCK: "🚫 Block"}


@dataclass(slots=True)
class _Posting:
    """A message with buttons, and the references that can be answered under it still."""

    at: ChannelAccount
    owner: Owner
    message: str
    text: str
    under: tuple[Given, ...]


class Postings:
    """Sends owners what they are to know.

    Args:
        adapter: the adapter that runs for an account. Raises ChannelRefused if none does.
    """

    def __init__(self, adapter: Callable[[ChannelAccount], ChannelAdapter]) -> None:
        self._adapter = adapter
        self._posted: list[_Posting] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def post(self, at: ChannelAccount, owner: Owner, text: str, given: Iterable[Given] = ()) -> None:
        """Send an owner a text, with a row of buttons for each reference where the platform has buttons.

        Raises:
            ClawdbotError: it did not arrive, or nobody knows.
            TimeoutError: the platform takes its time.
        """
        adapter, under = self._adapter(at), tuple(given)
        async with asyncio.timeout(TELL_S):
            if not (under and isinstance(adapter, Buttons)):
                await adapter.tell(owner.sender, text)
                return
            message = await adapter.ask(owner.sender, text, rows(under))
        self._posted = [*self._posted[1 - MOST :], _Posting(at, owner, message, text, under)]

    def settle(self, asked: Asked, outcome: str) -> None:
        """Take the buttons of a request away, wherever they are, and write what became of it below."""
        for posting in self._posted:
            left = tuple(each for each in posting.under if each.asked != asked)
            if left != posting.under:
                posting.under = left
                posting.text += f"\n\n{outcome}"
                task = asyncio.get_running_loop().create_task(self._change(posting))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        self._posted = [posting for posting in self._posted if posting.under]

    async def _change(self, posting: _Posting) -> None:
        try:
            adapter = self._adapter(posting.at)
            if isinstance(adapter, Buttons):
                async with asyncio.timeout(TELL_S):
                    await adapter.change(posting.owner.sender, posting.message, posting.text, rows(posting.under))
        except (ClawdbotError, TimeoutError) as error:
            log.debug("%s: buttons stay under a message: %s", posting.at, error)

    async def close(self) -> None:
        """Give what is under way a moment to end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()


def rows(given: Sequence[Given]) -> list[list[Button]]:
    """One row for each reference; where there are several, the first button of each shows it."""
    return [[_button(each, action, len(given) > 1) for action in Action if action in each.actions] for each in given]


def _button(given: Given, action: Action, several: bool) -> Button:
    label = _LABELS[action]
    shown = f"{label} {given.reference}" if several and action is Action.APPROVE else label
    return Button(shown, str(Command(action, given.reference)))
