"""What a platform sends again after a restart of ours is known: nothing is answered twice (threats.md D16)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel
from tests.support.bots import Bot
from tests.support.fakes import open_fake
from tests.support.gateway import Home, until

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)


@pytest.fixture
async def platform(channel: Channel) -> AsyncIterator[Any]:
    async with open_fake(channel) as fake:
        yield fake


async def test_D16_what_comes_again_after_a_stop_is_not_processed_again(platform: Any, tmp_path: Path) -> None:
    """Neither once, nor over and over; and what a stranger wrote brings no second code."""
    anne, bert, olive = platform.person(1, "Anne"), platform.person(2, "Bert"), platform.person(99, "Olive")

    def bot() -> Bot:
        found = Bot(platform.channel, tmp_path / "state")
        found.configure(DEFAULT_ACCOUNT, allowFrom=[anne.sender, olive.sender], **platform.settings())
        return found

    async with bot().running() as first:
        await first.asks(bert)
        await first.answers(anne, "once")
    for _ in range(2):
        async with bot().running() as again:
            for person in (anne, bert, anne):
                platform.redeliver(person)
            await again.answers(olive)
            anne.write("after")
            assert await anne.next_message() == "You said: after"
            assert "once" not in again.assistant.texts
            assert [message.text for message, _ in again.decisions if message.sender == bert.sender] == []
    assert len(bert.received) == 1


async def test_D16_S2_what_comes_again_after_kill_9_is_not_processed_again(platform: Any, tmp_path: Path) -> None:
    """Killed as soon as a message is done with: no moment to put things in order."""
    anne = platform.person(1, "Anne")
    home = Home(tmp_path / "state", platform)
    home.configure(allowFrom=[anne.sender])
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        written = anne.write("once")
        assert await anne.next_message(30) == "You said: once"
        await until(lambda: _is_done_with(home, written))
        await gateway.kill()
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        platform.redeliver(anne)
        anne.write("after")
        assert await anne.next_message(30) == "You said: after"
        assert await gateway.stop() == 0
    assert anne.received == ["You said: once", "You said: after"]


def _is_done_with(home: Home[Any], written: Any) -> bool:
    """Whether the one message is remembered: its number where messages have one, else a line beneath the first."""
    channel: Channel = home.platform.channel
    folder = home.state / channel
    match channel:
        case Channel.TELEGRAM:
            return _number(folder / "update-offset-default.json", "lastUpdateId") == int(written)
        case Channel.IMESSAGE:
            # Our answer, too: for a moment it looks like hers. After a start it would not any more, except here.
            newest = int(home.platform.rows[-1]["id"])
            return _number(folder / "progress-default.json", "lastRowid") >= newest
        case _:
            journal = folder / "done-default.log"
            return journal.exists() and journal.read_bytes().count(b"\n") == 2


def _number(path: Path, name: str) -> int:
    return int(msgspec.json.decode(path.read_bytes())[name] or -1) if path.exists() else -1
