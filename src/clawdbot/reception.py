"""Where a message goes that the door let in: to an owner's decision, or to the assistant."""

import logging
from collections.abc import Awaitable, Callable

from clawdbot.assistant.base import Assistant, Prompt
from clawdbot.channels.base import DirectMessage
from clawdbot.domain.gate import Admit
from clawdbot.domain.texts import NO_ANSWER, visible
from clawdbot.errors import AssistantFailed, DeliveryFailed
from clawdbot.service import Knock, Send

log = logging.getLogger("clawdbot")

Decide = Callable[[DirectMessage], Awaitable[str | None]]
"""Sees whether an admitted message is an owner's decision: then the answer to it, otherwise ``None``.

Raises StoreError if what was decided cannot be saved.
"""


async def no_owner(_: DirectMessage) -> None:
    """The :data:`Decide` where nobody decides in chat."""


class Reception:
    """Lets whom the door admits talk to the assistant; what an owner decides goes no further (threats.md D14)."""

    def __init__(self, door: Knock, *, assistant: Assistant, send: Send, decide: Decide = no_owner) -> None:
        self._door = door
        self._assistant = assistant
        self._send = send
        self._decide = decide

    async def on_direct_message(self, message: DirectMessage) -> None:
        """See a message through: answered by the assistant, answered with a code, or ignored.

        Raises as :meth:`Door.knock`, with nothing processed.
        """
        if isinstance(await self._door.knock(message), Admit):
            reply = await self._decide(message)
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
