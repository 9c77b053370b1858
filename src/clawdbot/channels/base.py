"""What every channel adapter is, and the one shape in which a message leaves it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clawdbot.domain.names import ChannelAccount, Instant, SenderId


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """A new, direct message with text from one person to the bot; nothing else ever becomes one (threats.md D8).

    Attributes:
        message_id: the platform's id of this message, unique in its conversation.
        conversation: where the answer goes, as :meth:`ChannelAdapter.send` takes it.
        name: what the person calls himself; from outside, for show only.
        id_line: the line of the pairing reply that tells the sender his own id.
        meta: what ``pairing list`` shows about the person beside his id.
    """

    account: ChannelAccount
    sender: SenderId
    message_id: str
    conversation: str
    text: str
    sent_at: Instant
    id_line: str
    name: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)


Deliver = Callable[[DirectMessage], Awaitable[None]]
"""Takes a message over.

When it returns, the message is done with: answered, gated or ignored, once and for all. When it raises a
:class:`~clawdbot.errors.ClawdbotError`, the message is not done with, and the adapter delivers it again later.
"""


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Whom the platform takes us for, as :meth:`ChannelAdapter.probe` learned it."""

    id: str
    name: str


class ChannelAdapter(Protocol):
    """One account of one platform: parse, normalise, send."""

    @property
    def account(self) -> ChannelAccount: ...

    async def run(self, deliver: Deliver, ready: Callable[[BotIdentity], None]) -> None:
        """Receive until cancelled, calling ``ready`` after each successful connect.

        Messages of one conversation are delivered in order, one at a time; conversations do not wait for each other.
        On cancellation, what is in flight is given a moment to end; what did not end is delivered again at the next
        start, where the platform allows it.

        Raises:
            ChannelRefused: trying again will not help (bad token, logged out).
            ChannelFailed: the platform cannot be reached or used now.
        """

    async def send(self, conversation: str, text: str) -> None:
        """Send a text, in as many messages as the platform needs.

        Raises:
            RecipientRefused: this person cannot be written to.
            DeliveryUnknown: nobody can say whether the platform took it.
            DeliveryFailed: the platform did not take it.
        """

    async def tell(self, sender: SenderId, text: str) -> None:
        """Send a text to a person by sender id, outside of any conversation. Raises as :meth:`send`."""

    async def probe(self) -> BotIdentity:
        """Ask the platform who we are. Raises as :meth:`run`."""

    async def close(self) -> None:
        """Give back connections. The adapter is not used afterwards."""
