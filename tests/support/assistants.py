"""Prompts for the tests of assistants."""

from clawdbot.assistant.base import Prompt
from clawdbot.domain.names import Channel, ChannelAccount, SenderId

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


def prompt(text: str = "hello", *, sender: str = "111", account: ChannelAccount = TELEGRAM) -> Prompt:
    """An admitted message."""
    return Prompt(
        account=account,
        sender=SenderId(sender),
        name="Alice",
        conversation="chat-1",
        text=text,
        sent_at=1_700_000_000_123,
    )
