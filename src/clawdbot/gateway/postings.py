"""Messages to owners: with buttons where the platform has them, which go when there is nothing to decide any more."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from clawdbot.channels.base import Button, Buttons, ChannelAdapter, Posted
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.owners import Owner
from clawdbot.domain.references import MOST, Action, Asked, Command, Given
from clawdbot.errors import ClawdbotError

log = logging.getLogger("clawdbot")

TELL_S = 20.0
"""A platform that takes longer leaves an owner untold."""

_LABELS = {Action.APPROVE: "✅ Approve", Action.REJECT: "Reject", Action.BLOCK: "🚫 Block", Action.EXTEND: "Extend"}


@dataclass(slots=True)
class _Posting:
    """A message with buttons, and the references that can be answered under it still.

    Attributes:
        named: it tells of several requests, so that the buttons of each show its reference, the last ones too.
        turn: one change at a time, so that none comes after a later one.
    """

    at: ChannelAccount
    message: Posted
    text: str
    under: tuple[Given, ...]
    named: bool
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


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
            message = await adapter.ask(owner.sender, text, rows(under, named=len(under) > 1))
        self._posted = [*self._posted[1 - MOST :], _Posting(at, message, message.text, under, len(under) > 1)]

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
                async with posting.turn, asyncio.timeout(TELL_S):
                    shown = rows(posting.under, named=posting.named)
                    await adapter.change(posting.message, posting.text, shown)
        except (ClawdbotError, TimeoutError) as error:
            log.debug("%s: buttons stay under a message: %s", posting.at, error)

    async def close(self) -> None:
        """Give what is under way a moment to end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()


def rows(given: Sequence[Given], *, named: bool) -> list[list[Button]]:
    """One row for each reference; if they are named, the first button of each shows it."""
    return [_row(each, named) for each in given]


def _row(given: Given, named: bool) -> list[Button]:
    actions = [action for action in Action if action in given.actions]
    shown = {action: _LABELS[action] for action in actions}
    if named:
        shown[actions[0]] += f" {given.reference}"
    return [Button(shown[action], str(Command(action, given.reference))) for action in actions]
