"""What the door says to people: a stranger his code, once; somebody who was invited, that he is in."""

import logging
from collections.abc import Awaitable, Callable

from clawdbot.channels.base import DirectMessage
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import ChannelAccount, Instant
from clawdbot.domain.texts import APPROVED, ReplyPolicy, pairing_reply, visible
from clawdbot.domain.unsent import Unsent
from clawdbot.errors import DeliveryFailed, DeliveryUnknown, RecipientRefused

log = logging.getLogger("clawdbot")

Clock = Callable[[], Instant]
Send = Callable[[ChannelAccount, str, str], Awaitable[None]]
"""Sends a text to a conversation of an account. Raises DeliveryFailed."""


class Replies:
    """What was decided stands, whether or not a reply arrives: what fails is logged, and raises nothing.

    Args:
        reply: how much strangers are told on an account.
    """

    def __init__(self, send: Send, *, reply: Callable[[ChannelAccount], ReplyPolicy], now: Clock) -> None:
        self._send = send
        self.policy = reply
        self._now = now
        self._unsent = Unsent()

    async def code(self, message: DirectMessage, code: PairingCode, policy: ReplyPolicy) -> None:
        """Send the code once (threats.md D10).

        If the platform certainly did not take it, a later message of the sender tries again (:class:`Unsent`). If it
        may have, nothing does: where answers get lost, each message would bring another code.
        """
        waits = (message.account, message.sender)
        again = self._unsent.settled(waits)
        text = pairing_reply(message.account.channel, message.id_line, code, message.sender, policy)
        if not text:
            return
        try:
            await self._send(message.account, message.conversation, text)
        except RecipientRefused as error:
            log.warning("%s: no code for %s: %s", message.account, visible(message.sender), error)
        except DeliveryUnknown as error:
            log.warning("%s: the code for %s may not have arrived: %s", message.account, visible(message.sender), error)
        except DeliveryFailed as error:
            self._unsent.failed(waits, now=self._now(), again=again)
            log.warning("%s: the code for %s is not sent yet: %s", message.account, visible(message.sender), error)

    async def code_again(self, message: DirectMessage, code: PairingCode, policy: ReplyPolicy) -> None:
        """Send the code to somebody who waits, if it is certain that he has none, and time for another try."""
        if self._unsent.may_be_tried((message.account, message.sender), now=self._now()):
            await self.code(message, code, policy)

    async def that_he_is_in(self, message: DirectMessage) -> None:
        """Answer to the word of an invite."""
        try:
            await self._send(message.account, message.conversation, APPROVED)
        except DeliveryFailed as error:
            log.warning("%s: %s is in, and is not told: %s", message.account, visible(message.sender), error)
