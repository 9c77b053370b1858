"""What every channel adapter is, and the one shape in which a message leaves it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.errors import ChannelFailed

BACKLOG_MS = 30_000
"""On a person's own account, what is older than the connection by more than this waited for us (threats.md D8)."""


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """A new, direct message with text from one person to the bot; nothing else ever becomes one (threats.md D8).

    Attributes:
        message_id: the platform's id of this message, unique in its conversation.
        conversation: where the answer goes, as :meth:`ChannelAdapter.send` takes it.
        name: what the person calls himself; from outside, for show only.
        id_line: the line of the pairing reply that tells the sender his own id.
        meta: what ``pairing list`` shows about the person beside his id.
        aliases: his other ids, as the platform itself ties them to ``sender`` in this message (threats.md D7).
        late: older than our connection, on a person's own account: admitted or ignored, never given a code (D8).
        own: written on another device of our own account to itself; admitted or ignored, never given a code (D8).
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
    aliases: frozenset[SenderId] = frozenset()
    late: bool = False
    own: bool = False


Deliver = Callable[[DirectMessage], Awaitable[None]]
"""Takes a message over.

When it returns, the message is done with: answered, gated or ignored, once and for all. When it raises a
:class:`~clawdbot.errors.ClawdbotError`, the message is not done with, and the adapter delivers it again later.
"""


@runtime_checkable
class Hurried(Protocol):
    """What a :data:`Deliver` can say besides: some messages do not wait for the others of their conversation."""

    def comes_first(self, message: DirectMessage) -> bool:
        """May a message be delivered at once, beside what is under way in its conversation? Must not fail."""


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Whom the platform takes us for, as :meth:`ChannelAdapter.probe` learned it."""

    id: str
    name: str


class Report(Protocol):
    """How a channel does, told while it runs; the last word counts."""

    def ready(self, bot: BotIdentity) -> None:
        """Connected, for the first time or again: messages arrive."""

    def trouble(self, failure: ChannelFailed) -> None:
        """No messages arrive now, and the adapter itself tries again."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. ``data`` comes back when it is pressed: ASCII, at most 64 bytes."""

    label: str
    data: str


Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button under a message of the bot, in his own chat with it.

    Attributes:
        presser: his id, as the platform verified it.
        data: from outside, like a text: anybody can send any.
    """

    account: ChannelAccount
    presser: SenderId
    data: str


OnPress = Callable[[Press], Awaitable[str]]
"""Takes a press over; its answer is for the presser. Must not fail."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message with buttons, as it was sent; of a text that took several messages, the last.

    Attributes:
        conversation: where it stands.
        id: the platform's, there.
        text: what stands in it.
    """

    conversation: str
    id: str
    text: str


@runtime_checkable
class Buttons(Protocol):
    """What an adapter can do besides, where its platform has buttons."""

    def on_press(self, pressed: OnPress) -> None:
        """Receive presses, too; said before :meth:`ChannelAdapter.run`."""

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> Posted:
        """Send a person a text, with as many of the rows of buttons under it as the platform takes.

        Raises as :meth:`ChannelAdapter.send`.
        """

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        """Let a message have this text, of which the end is cut off if it is too long, and only these buttons.

        Raises as :meth:`ChannelAdapter.send`.
        """


class ChannelAdapter(Protocol):
    """One account of one platform: parse, normalise, send."""

    @property
    def account(self) -> ChannelAccount: ...

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled.

        Messages of one conversation are delivered in order, one at a time; conversations do not wait for each other,
        and what comes first (:class:`Hurried`) waits only for what came first before it.
        On cancellation, what is in flight is given a moment to end; what did not end is delivered again at the next
        start, where the platform allows it.

        Raises:
            ChannelRefused: trying again will not help (bad token, logged out); its class says which.
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
