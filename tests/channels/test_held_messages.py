"""The held first message, as every channel does it: over the real adapter of each on a platform of our own."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel
from clawdbot.domain.senders import Approved
from clawdbot.gateway.held_files import FOLDER
from clawdbot.service import Service
from clawdbot.store.files import FileStore
from tests.support.bots import Bot, bot_on
from tests.support.channels import Person, Platform
from tests.support.fakes import open_fake
from tests.support.waiting import eventually

HOUR_MS = 60 * 60 * 1000
FIRST = "the very first words of somebody"

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)


@pytest.fixture
async def platform(channel: Channel) -> AsyncIterator[Platform]:
    async with open_fake(channel) as fake:
        yield fake


@asynccontextmanager
async def _started(platform: Platform) -> AsyncIterator[tuple[Bot, Person]]:
    """A bot that holds first messages, and Olive, whom its configuration lists."""
    olive = platform.person(99, "Olive")
    async with bot_on(platform, allowFrom=[olive.sender], holdFirstMessage=True) as bot:
        yield bot, olive


def _files(bot: Bot) -> list[Path]:
    return list((bot.state / FOLDER).glob("*")) if (bot.state / FOLDER).exists() else []


def _everything(bot: Bot) -> bytes:
    """What is on the disk. Where a platform sends nothing again, its inbox keeps a message while it is looked at."""
    found = b""
    for path in bot.state.rglob("*"):
        with suppress(FileNotFoundError):
            found += path.read_bytes() if path.is_file() else b""
    return found


async def _approve_elsewhere(bot: Bot, code: str) -> None:
    """As a command does, that the gateway is not told of."""
    owner = Service(FileStore(bot.state), now=bot.clock)
    answer = await owner.approve_sender(bot.account(), PairingCode(code), by="terminal")
    assert isinstance(answer, Approved)


async def test_it_is_answered_after_the_approval_once_and_before_what_came_later(platform: Platform) -> None:
    """Whoever approves; what was written while he waited is not answered, and a newer message waits its turn."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        go = bot.assistant.hold(FIRST)
        code = await bot.asks(anne, FIRST)
        anne.write("is anybody there?")
        await bot.decided("is anybody there?")
        assert len(_files(bot)) == 1
        await _approve_elsewhere(bot, code)
        await eventually(lambda: FIRST in bot.assistant.texts, "the first message is handed over")
        anne.write("hello again")
        await bot.decided("hello again")
        await bot.answers(olive)
        assert "hello again" not in bot.assistant.texts
        go.set()
        assert await anne.next_message() == f"You said: {FIRST}"
        assert await anne.next_message() == "You said: hello again"
        heard = [prompt.text for prompt in bot.assistant.heard if prompt.sender == anne.sender]
        assert heard == [FIRST, "hello again"]
        assert _files(bot) == []


async def test_a_message_that_comes_at_once_after_the_approval_does_not_overtake_it(platform: Platform) -> None:
    """Before the gateway has looked what others decided, too."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, _):
        await _approve_elsewhere(bot, await bot.asks(anne, FIRST))
        anne.write("second")
        assert await anne.next_message() == f"You said: {FIRST}"
        assert await anne.next_message() == "You said: second"


async def test_D9_S7_refused_or_too_late_it_goes_nowhere_and_is_nowhere(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """Rejected, blocked, expired: the assistant hears nothing, the file goes, and no file or log ever held the text."""
    people = [platform.person(number, f"Person {number}") for number in range(1, 4)]
    caplog.set_level(logging.DEBUG)
    async with _started(platform) as (bot, olive):
        for person in people:
            await bot.asks(person, FIRST)
        await eventually(lambda: len(_files(bot)) == 3, "all three are held")
        await eventually(lambda: FIRST.encode() not in _everything(bot), "the text is nowhere in the state directory")
        rejected, blocked, _ = await bot.waiting()
        await bot.service.reject_sender(bot.account(), rejected.code)
        await bot.service.block_sender(bot.account(), blocked.sender, by="test")
        await eventually(lambda: len(_files(bot)) == 1, "those of the refused are gone")
        bot.clock.ahead_ms += HOUR_MS
        await eventually(lambda: _files(bot) == [], "that of the expired request is gone")
        await bot.answers(olive)
        assert [len(person.received) for person in people] == [1, 1, 1]
        assert FIRST not in bot.assistant.texts
    assert FIRST not in caplog.text


@pytest.mark.parametrize("stopped", [False, True], ids=["approved after a restart", "approved while stopped"])
async def test_it_outlives_a_restart(platform: Platform, tmp_path: Path, stopped: bool) -> None:
    anne, olive = platform.person(1, "Anne"), platform.person(99, "Olive")
    bot, again = (Bot(platform.channel, tmp_path / "state") for _ in range(2))
    for each in (bot, again):
        keys = {"allowFrom": [olive.sender], "holdFirstMessage": True, **platform.settings()}
        each.configure(DEFAULT_ACCOUNT, **keys)
    async with bot.running():
        code = await bot.asks(anne, FIRST)
        await bot.answers(olive)
    if stopped:
        await _approve_elsewhere(bot, code)
    async with again.running():
        if not stopped:
            await _approve_elsewhere(bot, code)
        assert await anne.next_message(30) == f"You said: {FIRST}"
        await again.answers(anne, "second")
        assert [prompt.text for prompt in again.assistant.heard] == [FIRST, "second"]
    assert bot.assistant.texts != []
    assert FIRST not in bot.assistant.texts


async def test_without_the_key_nothing_is_kept(platform: Platform) -> None:
    """As the reference does it, and as it is unless the owner wants it."""
    anne = platform.person(1, "Anne")
    async with bot_on(platform) as bot:
        assert isinstance(await bot.approve(await bot.asks(anne, FIRST)), Approved)
        await bot.answers(anne, "second")
        assert FIRST not in bot.assistant.texts
        assert not (bot.state / FOLDER).exists()
