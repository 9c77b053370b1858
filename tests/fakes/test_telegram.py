"""The Telegram of our own, as a client of another make sees it: python-telegram-bot."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.fakes.faults import html
from tests.fakes.telegram import FakeTelegram, too_many
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def _as_in_future_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    async with Bot(fake.token, base_url=f"{fake.url}/bot") as client:
        yield client


async def test_a_message_comes_and_is_answered(fake: FakeTelegram, bot: Bot) -> None:
    alice = fake.user(777, "Alice", username="alice")
    alice.write("hi")

    [update] = await bot.get_updates(timeout=5, allowed_updates=["message"])
    assert update.message is not None
    assert (update.message.chat.username, update.message.chat.type, update.message.text) == ("alice", "private", "hi")
    sent = await bot.send_message(777, "hello")

    assert sent.chat.id == 777
    assert await alice.next_message() == "hello"


async def test_what_is_not_confirmed_comes_again_and_what_is_confirmed_does_not(fake: FakeTelegram, bot: Bot) -> None:
    alice = fake.user(777, "Alice")
    for n in range(120):
        alice.write(f"{n}")

    first = await bot.get_updates()
    assert [update.update_id for update in first] == [update.update_id for update in await bot.get_updates()]
    assert len(first) == 100
    assert len(await bot.get_updates(offset=first[-1].update_id + 1)) == 20
    [last] = await bot.get_updates(offset=-1)
    assert last.message is not None
    assert last.message.text == "119"


async def test_an_offset_out_of_range_begins_at_the_head(fake: FakeTelegram, bot: Bot) -> None:
    fake.user(777, "Alice").write("hi")

    assert len(await bot.get_updates(offset=fake.next_update + 1_000_000)) == 1
    assert len(await bot.get_updates(offset=5)) == 1


async def test_kinds_that_were_not_asked_for_do_not_come(fake: FakeTelegram, bot: Bot) -> None:
    alice = fake.user(777, "Alice")
    await bot.get_updates(allowed_updates=["message"])
    fake.push({"edited_message": alice.message(text="edited", edit_date=1)})

    assert await bot.get_updates() == ()


async def test_a_second_poll_ends_the_first(fake: FakeTelegram, bot: Bot) -> None:
    async with Bot(fake.token, base_url=f"{fake.url}/bot") as other:
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await eventually(lambda: fake.polling)
        second = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates"):
            await first
        fake.user(777, "Alice").write("hi")
        assert len(await second) == 1


async def test_there_is_no_polling_beside_a_webhook(fake: FakeTelegram, bot: Bot) -> None:
    await bot.set_webhook("https://example.invalid/hook")
    fake.user(777, "Alice").write("hi")

    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1


async def test_the_errors_are_those_that_the_client_knows(fake: FakeTelegram, bot: Bot) -> None:
    alice, bob = fake.user(777, "Alice"), fake.user(888, "Bob")
    alice.write("hi")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(999, "hi")
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(777, "👋" * 2049)
    with pytest.raises(BadRequest, match="text is empty"):
        await bot.send_message(777, " ")
    with pytest.raises(Forbidden, match="can't initiate"):
        await bot.send_message(bob.id, "hi")
    alice.blocked = True
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(777, "hi")
    fake.fail("sendMessage", too_many(3), html())
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(777, "hi")
    assert caught.value.retry_after == timedelta(seconds=3)
    with pytest.raises(NetworkError):
        await bot.send_message(777, "hi")


@pytest.mark.parametrize("token", ["123456789:wrong", "1:wrong"])
async def test_a_wrong_token_is_refused(fake: FakeTelegram, token: str) -> None:
    with pytest.raises(InvalidToken):
        async with Bot(token, base_url=f"{fake.url}/bot"):
            pass
