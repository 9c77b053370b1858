"""A channel account with people on it, in this process: what the door sees of a platform, and no more."""

import itertools
from dataclasses import dataclass, field

from clawdbot.assistant.base import Prompt
from clawdbot.channels.base import BotIdentity, Deliver, DirectMessage, Report
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.errors import AssistantFailed, DeliveryFailed


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self, now: int = 1_795_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@dataclass
class Platform:
    """A channel account that remembers what was sent to whom; ``failing`` is raised instead of sending."""

    account: ChannelAccount = field(default_factory=lambda: ChannelAccount(Channel.TELEGRAM))
    sent: list[tuple[str, str]] = field(default_factory=list)
    failing: DeliveryFailed | None = None
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def message(self, sender: str, text: str = "hello", *, name: str = "", **meta: str) -> DirectMessage:
        return DirectMessage(
            account=self.account,
            sender=SenderId(sender),
            message_id=str(next(self.numbers)),
            conversation=sender,
            text=text,
            sent_at=0,
            id_line=f"Your Telegram user id: {sender}",
            name=name,
            meta=meta,
        )

    async def run(self, deliver: Deliver, report: Report) -> None:
        raise NotImplementedError

    async def send(self, conversation: str, text: str) -> None:
        if self.failing:
            raise self.failing
        self.sent.append((conversation, text))

    async def tell(self, sender: SenderId, text: str) -> None:
        await self.send(sender, text)

    async def probe(self) -> BotIdentity:
        return BotIdentity("1", "bot")

    async def close(self) -> None:
        pass


@dataclass
class Echo:
    """An assistant that repeats what it is told and remembers it; ``failing`` is raised instead."""

    heard: list[Prompt] = field(default_factory=list)
    failing: AssistantFailed | None = None

    async def answer(self, prompt: Prompt) -> str:
        self.heard.append(prompt)
        if self.failing:
            raise self.failing
        return prompt.text

    async def close(self) -> None:
        pass
