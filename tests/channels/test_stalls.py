"""A recipient that hangs holds up himself alone: whatever waits for him, everybody else is answered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from clawdbot.channels.base import ChannelAdapter
from clawdbot.config import Config
from clawdbot.domain.names import Channel, ChannelAccount
from tests.fakes.faults import hold
from tests.fakes.imsg_rpc import hangs
from tests.support.bots import Bot
from tests.support.fakes import open_fake
from tests.support.waiting import eventually

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)

WAITING = 120
"""More than an account has places for conversations, and than Telegram shows at once."""

_SENDING = {
    Channel.TELEGRAM: "sendMessage",
    Channel.DISCORD: "POST /channels/{}/messages",
    Channel.SLACK: "chat.postMessage",
    Channel.SIGNAL: "rpc",
}


@pytest.fixture
async def platform(channel: Channel) -> AsyncIterator[Any]:
    async with open_fake(channel) as fake:
        yield fake


def _hang(platform: Any) -> Callable[[], bool]:
    """Let the next message to send never be answered; whether it has come."""
    match platform.channel:
        case Channel.IMESSAGE:
            platform.faults["send"].append(hangs)
            return lambda: not platform.faults["send"]
        case Channel.WHATSAPP:
            platform.lose()
            return lambda: not platform._answers
        case channel:
            met = asyncio.Event()
            never = hold(asyncio.Event())

            async def fault(request: Any) -> Any:
                met.set()
                return await never(request)

            platform.fail(_SENDING[channel], fault)
            return met.is_set


class _Bot(Bot):
    """A bot that loses patience with imsg sooner: it alone does one thing after the other, and others wait for it."""

    def _open(self, config: Config, account: ChannelAccount) -> ChannelAdapter:
        adapter: Any = super()._open(config, account)
        if self.channel is Channel.IMESSAGE:
            adapter._timing = replace(adapter._timing, answer=3.0)
        return cast(ChannelAdapter, adapter)


async def test_a_recipient_that_hangs_holds_up_nobody_else(platform: Any, tmp_path: Path) -> None:
    """The answer to one message of his never goes out, many more wait, and 200 messages of others are answered."""
    stuck, *others = (platform.person(number, f"Person {number}") for number in range(1, 12))
    bot = _Bot(platform.channel, tmp_path / "state")
    bot.configure(allowFrom=[each.sender for each in (stuck, *others)], **platform.settings())
    async with bot.running():
        await bot.answers(stuck, "before")
        hangs = _hang(platform)
        for number in range(WAITING):
            stuck.write(f"stuck {number}")
        await eventually(hangs, "the platform is asked to send what it will not")
        for number in range(20):
            for person in others:
                person.write(f"other {number}")
            for person in others:
                assert await person.next_message(30) == f"You said: other {number}"
