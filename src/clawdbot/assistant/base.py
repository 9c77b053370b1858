"""What an assistant is: text of an admitted sender in, text for that sender out, and nothing more.

An assistant gets no handle on the store, on approvals or on other conversations; whatever it returns is only ever sent
as text to the one who wrote (threats.md D14).
"""

from dataclasses import dataclass
from typing import Protocol

from clawdbot.domain.names import ChannelAccount, Instant, SenderId


@dataclass(frozen=True, slots=True)
class Prompt:
    """One admitted message, as an assistant sees it."""

    account: ChannelAccount
    sender: SenderId
    name: str
    conversation: str
    text: str
    sent_at: Instant


class Assistant(Protocol):
    """Answers admitted messages."""

    async def answer(self, prompt: Prompt) -> str:
        """The reply to send; empty for silence.

        Raises:
            AssistantFailed: no answer could be had; the message says why, without the prompt's text.
        """

    async def close(self) -> None:
        """End what is running and give back connections."""
