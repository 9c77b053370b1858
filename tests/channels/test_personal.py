"""Accounts that are a person's own, on Signal, iMessage and WhatsApp: what waited there, and people under two ids."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from clawdbot.domain.names import Channel
from tests.support.bots import bot_on
from tests.support.channels import Platform
from tests.support.fakes import open_fake

WITH_TWO_IDS = [Channel.SIGNAL, Channel.WHATSAPP]


@pytest.fixture
async def platform(channel: Channel) -> AsyncIterator[Platform]:
    async with open_fake(channel) as fake:
        yield fake


def wrote_an_hour_ago(channel: Channel, person: Any, text: str) -> None:
    """As the platform hands it over now."""
    then = int((time.time() - 3600) * 1000)
    match channel:
        case Channel.SIGNAL:
            person.write(text, sent_at=then)
        case Channel.IMESSAGE:
            person.write_before(text)
        case _:
            person.write(text, time=then)


def hide_number(person: Any, channel: Channel) -> None:
    """From now on his messages show his account id alone."""
    if channel is Channel.SIGNAL:
        person.hidden = True
    else:
        person.shows = "lid"


@pytest.mark.parametrize("channel", [Channel.SIGNAL, Channel.IMESSAGE, Channel.WHATSAPP], ids=str)
async def test_D8_what_waited_for_us_brings_no_code_and_is_not_lost(platform: Platform, channel: Channel) -> None:
    """A stranger of an hour ago hears nothing until he writes again; who is in is answered."""
    anne, olive = platform.person(1, "Anne"), platform.person(99, "Olive")
    async with bot_on(platform, allowFrom=[olive.sender]) as bot:
        await bot.answers(olive)
        wrote_an_hour_ago(channel, anne, "an hour ago")
        await bot.decided("an hour ago")
        wrote_an_hour_ago(channel, olive, "an hour ago, too")
        assert await olive.next_message() == "You said: an hour ago, too"
        assert anne.received == []
        assert await bot.waiting() == []
        await bot.asks(anne, "now")
    assert "an hour ago" not in bot.assistant.texts


@pytest.mark.parametrize("channel", WITH_TWO_IDS, ids=str)
async def test_D7_who_is_approved_is_known_by_either_id(platform: Platform, channel: Channel) -> None:
    """Approved with both, answered when he hides his number; whoever has that number next is a stranger."""
    anne: Any = platform.person(1, "Anne")
    eve: Any = platform.person(2, "Eve")
    async with bot_on(platform) as bot:
        await bot.paired(anne)
        hide_number(anne, channel)
        await bot.answers(anne)
        eve.number = anne.number
        await bot.asks(eve, "the number is mine now")
        await bot.answers(anne)
    assert "the number is mine now" not in bot.assistant.texts


@pytest.mark.parametrize("channel", WITH_TWO_IDS, ids=str)
async def test_D7_who_waits_under_one_id_gets_no_second_code_under_the_other(
    platform: Platform, channel: Channel
) -> None:
    anne: Any = platform.person(1, "Anne")
    async with bot_on(platform) as bot:
        await bot.asks(anne)
        hide_number(anne, channel)
        anne.write("and again")
        await bot.decided("and again")
        assert len(anne.received) == 1
        assert len(await bot.waiting()) == 1


@pytest.mark.parametrize("channel", [Channel.WHATSAPP], ids=str)
@pytest.mark.parametrize("policy", ["pairing", "allowlist"])
async def test_D8_the_owner_talks_to_his_bot_in_the_chat_with_himself(platform: Any, policy: str) -> None:
    """If his number is listed; otherwise what he notes for himself is his own business."""
    me = f"{platform.lid}"
    async with bot_on(platform, dmPolicy=policy) as bot:
        platform.myself("a note")
        await bot.decided("a note")
        bot.configure(allowFrom=[platform.number])
        platform.myself("to the bot")
        await bot.decided("to the bot")
        assert await bot.waiting() == []
        assert bot.assistant.texts == ["to the bot"]
    assert [text for chat, text in platform.sent if chat == me] == ["You said: to the bot"]
