"""Where a message goes that the door let in: to an owner's decision, or to the assistant."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from clawdbot.assistant.base import Assistant, Prompt
from clawdbot.channels.base import DirectMessage
from clawdbot.domain.gate import Admit
from clawdbot.domain.texts import NO_ANSWER, visible
from clawdbot.errors import AssistantFailed, ClawdbotError, DeliveryFailed
from clawdbot.service import Knock, Send

log = logging.getLogger("clawdbot")


class Decides(Protocol):
    """Where owners decide by what they write."""

    def is_decision(self, message: DirectMessage) -> bool:
        """Does an owner decide something with this, if the door admits him? Must not fail."""

    async def reply(self, message: DirectMessage) -> str | None:
        """Take an admitted message for a decision, if it is one: the answer to it, otherwise ``None``.

        Raises StoreError if what was decided cannot be saved.
        """


class NoOwner:
    """The :class:`Decides` where nobody decides in chat."""

    def is_decision(self, _: DirectMessage) -> bool:
        return False

    async def reply(self, _: DirectMessage) -> None:
        return None


class Underway:
    """The messages that are under way: how many they are, and their end when nobody wants to wait for it."""

    def __init__(self) -> None:
        self._limits: set[asyncio.Timeout] = set()
        self._is_over = False

    def __len__(self) -> int:
        return len(self._limits)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """See one through. Raises ClawdbotError once :meth:`end` was called; then it is not done with."""
        if self._is_over:
            raise _at_once()
        limit = asyncio.timeout(None)
        self._limits.add(limit)
        try:
            async with limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise _at_once() from None
            raise
        finally:
            self._limits.discard(limit)

    def end(self) -> None:
        """End what is under way and whatever comes; each has still to clean up after itself."""
        self._is_over = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(0)


def _at_once() -> ClawdbotError:
    return ClawdbotError("the gateway was told to end at once")


class Reception:
    """Lets whom the door admits talk to the assistant; what an owner decides goes no further (threats.md D14).

    It is the :data:`~clawdbot.channels.base.Deliver` of every channel, and has decisions come first: they do not wait
    until the assistant has answered.
    """

    def __init__(self, door: Knock, *, assistant: Assistant, send: Send, decides: Decides | None = None) -> None:
        self._door = door
        self._assistant = assistant
        self._send = send
        self._decides = decides or NoOwner()
        self.underway = Underway()

    async def __call__(self, message: DirectMessage) -> None:
        await self.on_direct_message(message)

    def comes_first(self, message: DirectMessage) -> bool:
        return self._decides.is_decision(message)

    async def on_direct_message(self, message: DirectMessage) -> None:
        """See a message through: answered by the assistant, answered with a code, or ignored.

        Raises as :meth:`Door.knock`, with nothing processed, and as :meth:`Underway.one`.
        """
        async with self.underway.one():
            if isinstance(await self._door.knock(message), Admit):
                reply = await self._decides.reply(message)
                if reply is None:
                    await self._hand_over(message)
                else:
                    await self._reply(message, reply)

    async def _hand_over(self, message: DirectMessage) -> None:
        """Let the assistant answer. Its words go to the one who wrote, as text, and nowhere else (threats.md D14)."""
        prompt = Prompt(
            account=message.account,
            sender=message.sender,
            name=message.name,
            conversation=message.conversation,
            text=message.text,
            sent_at=message.sent_at,
        )
        try:
            reply = await self._assistant.answer(prompt)
        except AssistantFailed as error:
            why = f"{error}; {error.hint}" if error.hint else error.message
            log.error("%s: the assistant gave no answer: %s", message.account, why)
            reply = NO_ANSWER
        if reply:
            await self._reply(message, reply)

    async def _reply(self, message: DirectMessage, reply: str) -> None:
        try:
            await self._send(message.account, message.conversation, reply)
        except DeliveryFailed as error:
            log.error("%s: a reply to %s was not delivered: %s", message.account, visible(message.sender), error)
