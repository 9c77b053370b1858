"""The reference's own command lets a stranger in: the message that he asked with is answered, once."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.domain.names import Channel
from tests.fakes.telegram import FakeTelegram
from tests.support import peer
from tests.support.bots import Bot
from tests.support.waiting import eventually


@pytest.mark.parametrize("stopped", [False, True], ids=["while we run", "while we do not"])
async def test_the_reference_approves(tmp_path: Path, stopped: bool) -> None:
    state, config = tmp_path / "state", tmp_path / "reference.json"  # which does not take keys that are ours alone
    config.write_text('{"channels": {"telegram": {"botToken": "123456:a"}}}')
    reference = replace(peer.find(tmp_path, state), environ={"CLAWDBOT_CONFIG_PATH": str(config)})
    async with FakeTelegram() as telegram:
        bot, again = Bot(Channel.TELEGRAM, state), Bot(Channel.TELEGRAM, state)
        for each in (bot, again):
            each.configure(holdFirstMessage=True, **telegram.settings())
        anne = telegram.person(7, "Anne")

        async def approve(code: str) -> None:
            await asyncio.to_thread(reference.run, "pairing", "approve", "telegram", code)

        async with bot.running():
            code = await bot.asks(anne, "first")
            await eventually(lambda: [*(state / "held").glob("*")], "the message is held")
            if not stopped:
                await approve(code)
                assert await anne.next_message() == "You said: first"
        if stopped:
            await approve(code)
        async with again.running():
            if stopped:
                assert await anne.next_message() == "You said: first"
            await again.answers(anne, "second")
        assert anne.received[1:] == ["You said: first", "You said: second"]
        assert [*(state / "held").glob("*")] == []
