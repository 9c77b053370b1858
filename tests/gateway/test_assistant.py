"""The assistant changes with the configuration, and what is under way is not cut off."""

import asyncio

import pytest

from clawdbot.assistant.base import Prompt
from clawdbot.config import CommandSettings, Config, PythonSettings
from clawdbot.domain.names import Channel, ChannelAccount, Instant, SenderId
from clawdbot.errors import AssistantFailed, ConfigError
from clawdbot.gateway.assistant import ConfiguredAssistant

PROMPT = Prompt(ChannelAccount(Channel.TELEGRAM), SenderId("7"), "Alice", "7", "hello", Instant(0))
CAT, TAC = (Config(assistant=CommandSettings((program,))) for program in ("cat", "tac"))
BROKEN = Config(assistant=PythonSettings("nowhere:answer"))


class Named:
    """Answers with its name, once it may."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.closed = False

    async def answer(self, prompt: Prompt) -> str:
        await self.may_answer.wait()
        assert not self.closed
        return self.name

    async def close(self) -> None:
        self.closed = True


class Setting:
    """A configuration to change, and every assistant that was opened for it."""

    def __init__(self) -> None:
        self.config = CAT
        self.opened: list[Named] = []
        self.assistant = ConfiguredAssistant(lambda: self.config, self._open)

    def _open(self, config: Config) -> Named:
        match config.assistant:
            case CommandSettings(argv=(name, *_)):
                self.opened.append(Named(name))
                return self.opened[-1]
            case _:
                raise ConfigError("cannot import nowhere", hint="install it")

    async def says(self) -> str:
        return await self.assistant.answer(PROMPT)


async def test_the_next_message_goes_to_the_assistant_that_is_configured_then() -> None:
    """One is kept as long as the configuration names it; another takes its place and it is closed."""
    setting = Setting()
    assert [await setting.says(), await setting.says()] == ["cat", "cat"]
    setting.config = TAC
    assert await setting.says() == "tac"
    assert [(one.name, one.closed) for one in setting.opened] == [("cat", True), ("tac", False)]
    await setting.assistant.close()
    assert all(one.closed for one in setting.opened)


async def test_an_answer_under_way_is_finished_by_whom_it_was_begun() -> None:
    """The old assistant is closed after its last answer, not before."""
    setting = Setting()
    (cat,) = setting.opened
    cat.may_answer.clear()
    begun = asyncio.create_task(setting.says())
    await asyncio.sleep(0)
    setting.config = TAC
    assert await setting.says() == "tac"
    assert not cat.closed
    cat.may_answer.set()
    assert await begun == "cat"
    assert cat.closed


async def test_an_assistant_that_cannot_be_loaded_is_no_answer_and_is_tried_again() -> None:
    """The log gets the reason and the way out; mended, the next message is answered."""
    setting = Setting()
    setting.config = BROKEN
    with pytest.raises(AssistantFailed, match="cannot import nowhere") as failed:
        await setting.says()
    assert failed.value.hint == "install it"
    setting.config = TAC
    assert await setting.says() == "tac"


async def test_at_the_start_it_has_to_be_loadable() -> None:
    """A gateway does not start with an assistant that is not there."""
    setting = Setting()
    with pytest.raises(ConfigError):
        ConfiguredAssistant(lambda: BROKEN, setting._open)


async def test_closing_ends_those_that_still_answer() -> None:
    """Also the one that is not configured any more."""
    setting = Setting()
    setting.opened[0].may_answer.clear()
    begun = asyncio.create_task(setting.says())
    await asyncio.sleep(0)
    setting.config = TAC
    await setting.says()
    await setting.assistant.close()
    assert all(one.closed for one in setting.opened)
    begun.cancel()
