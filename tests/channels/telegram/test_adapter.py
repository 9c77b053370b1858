"""Dialogues of the real adapter with a Telegram of our own, over real sockets: what it receives."""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreUnavailable
from tests.channels.telegram.conftest import ACCOUNT, FAST, Receive
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram, error, too_many
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

LISTENS = BotIdentity("123456789", "@clawd_test_bot")

RECEIVE_AND_PRINT = """
import asyncio, functools, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret

url, token, state, slow = sys.argv[1:]
show = functools.partial(print, flush=True)

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

account = ChannelAccount(Channel.TELEGRAM)
adapter = TelegramAdapter(account, Secret(token), TelegramSettings(url), state_dir=pathlib.Path(state))
asyncio.run(adapter.run(deliver, Reports()))
"""

ANSWER_AND_LOG_ALL = """
import asyncio, logging, pathlib, sys
from tests.support.channels import Reports
logging.basicConfig(level=logging.DEBUG)
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret

async def deliver(message):
    await adapter.send(message.conversation, "open " + message.text)

async def main():
    try:
        await adapter.run(deliver, Reports())
    finally:
        await adapter.close()

url, token, state = sys.argv[1:]
account = ChannelAccount(Channel.TELEGRAM)
adapter = TelegramAdapter(account, Secret(token), TelegramSettings(url), state_dir=pathlib.Path(state))
asyncio.run(main(), debug=True)
"""


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message(telegram: FakeTelegram, receive: Receive) -> None:
    async with receive() as bot:
        telegram.user(777, "Alice", username="alice").write("hi", date=1_790_000_000)
        await bot.desk.wait_ended("hi")

    [message] = bot.desk.messages
    assert (message.sender, message.conversation, message.sent_at) == ("777", "777", 1_790_000_000_000)
    assert bot.ready == [LISTENS]


async def test_D8_what_waited_at_telegram_is_received_in_order(telegram: FakeTelegram, receive: Receive) -> None:
    people = [telegram.user(700 + n, f"person {n}") for n in range(5)]
    for n in range(250):
        people[n % 5].write(f"{n}")
    async with receive() as bot:
        await eventually(lambda: len(bot.desk.ended) == 250)
        await eventually(lambda: not telegram.unconfirmed)

    for n in range(5):
        assert [message.text for message in bot.desk.messages if message.sender == f"{700 + n}"] == [
            f"{each}" for each in range(n, 250, 5)
        ]


async def test_D8_D9_only_new_messages_are_asked_for_and_nothing_is_downloaded(
    telegram: FakeTelegram, receive: Receive
) -> None:
    alice = telegram.user(777, "Alice")
    async with receive() as bot:
        await eventually(lambda: telegram.polling)
        telegram.push({"edited_message": alice.message(text="edited", edit_date=1)})
        alice.write(None, photo=[{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}])
        alice.write("in a group", chat={"id": -5, "type": "group", "title": "Tea"})
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await eventually(lambda: not telegram.unconfirmed)

    assert bot.desk.begun == ["hi"]
    assert {each.method for each in telegram.traffic} == {"getMe", "deleteWebhook", "getUpdates"}


async def test_a_webhook_is_removed_and_what_waits_is_kept(telegram: FakeTelegram, receive: Receive) -> None:
    telegram.webhook = "https://example.invalid/hook"
    telegram.user(777, "Alice").write("hi")
    async with receive() as bot:
        await bot.desk.wait_ended("hi")

    assert telegram.webhook == ""


# --- once, and only once ----------------------------------------------------------------------------------------------


async def test_D16_a_restart_repeats_only_what_was_not_done_with(telegram: FakeTelegram, receive: Receive) -> None:
    alice, bob = telegram.user(777, "Alice"), telegram.user(888, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    async with receive(first):
        alice.write("alice 1")
        bob.write("bob 1")
        alice.write("alice 2")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
    async with receive(second):
        bob.write("bob 2")
        await second.wait_ended("alice 2", "bob 2")
        await eventually(lambda: not telegram.unconfirmed)

    assert first.ended == ["bob 1"]
    assert sorted(second.begun) == ["alice 1", "alice 2", "bob 2"]


async def test_D16_what_hangs_is_written_down_when_it_would_hide_what_comes_after_it(
    telegram: FakeTelegram, receive: Receive, tmp_path: Path
) -> None:
    """Telegram shows a hundred updates at once. What was written down is not lost, repeated or out of order."""
    alice, bob = telegram.user(777, "Alice"), telegram.user(888, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 0")
    texts = [f"alice {number}" for number in range(130)]
    async with receive(first):
        for text in texts:
            alice.write(text)
        bob.write("bob")
        await first.wait_ended("bob")
    assert len(list((tmp_path / "telegram" / "inbox-default").iterdir())) == 100
    async with receive(second):
        bob.write("bob again")
        await second.wait_ended(texts[-1], "bob again")
        await eventually(lambda: not telegram.unconfirmed)

    assert first.ended == ["bob"]
    assert [text for text in second.begun if text.startswith("alice")] == texts
    assert "bob" not in second.begun
    assert list((tmp_path / "telegram" / "inbox-default").iterdir()) == []


async def test_D16_kill_9_repeats_only_what_was_not_done_with(telegram: FakeTelegram, tmp_path: Path) -> None:
    async def run_until(enough: Callable[[list[str]], bool], *, slow: str) -> list[str]:
        arguments = (telegram.url, telegram.token, str(tmp_path), slow)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECEIVE_AND_PRINT, *arguments), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(60):
            while not enough(lines):
                lines.append((await process.stdout.readline()).decode().strip())
                assert lines[-1], f"it ended after {lines}"
        process.kill()
        await process.wait()
        return lines

    alice, bob = telegram.user(777, "Alice"), telegram.user(888, "Bob")
    alice.write("alice 1")
    alice.write("alice 2")
    bob.write("bob 1")

    first = await run_until(lambda lines: "end bob 1" in lines, slow="alice 1")
    second = await run_until(lambda lines: "end alice 2" in lines, slow="none")

    assert [line for line in first if line.startswith("begin")] == ["begin alice 1", "begin bob 1"]
    assert [line for line in second if line.startswith("begin")] == ["begin alice 1", "begin alice 2"]


async def test_D16_a_redelivered_update_is_not_processed_twice(telegram: FakeTelegram, receive: Receive) -> None:
    alice = telegram.user(777, "Alice")
    async with receive() as bot:
        number = alice.write("once")
        await bot.desk.wait_ended("once")
        await eventually(lambda: not telegram.unconfirmed)
        telegram.repeat(number)
        alice.write("next")
        await bot.desk.wait_ended("next")

    assert bot.desk.begun == ["once", "next"]


async def test_D16_a_message_under_two_numbers_is_processed_once_also_across_reconnects(
    telegram: FakeTelegram, adapter: TelegramAdapter
) -> None:
    message = telegram.user(777, "Alice").message(text="once")
    desk = Desk()
    for _ in range(2):
        telegram.push({"message": message})
        telegram.push({"message": message})
        run = asyncio.create_task(adapter.run(desk, Reports()))
        await eventually(lambda: not telegram.unconfirmed)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)

    assert desk.begun == ["once"]


async def test_a_message_that_the_store_could_not_take_comes_again(telegram: FakeTelegram, receive: Receive) -> None:
    desk = Desk()
    desk.refuse("hi", StoreUnavailable("the lock is held"), StoreUnavailable("the lock is held"))
    async with receive(desk):
        telegram.user(777, "Alice").write("hi")
        await desk.wait_ended("hi")
        await eventually(lambda: not telegram.unconfirmed)

    assert desk.begun == ["hi", "hi", "hi"]


async def test_a_stop_gives_what_is_under_way_time_to_end(telegram: FakeTelegram, receive: Receive) -> None:
    desk, again = Desk(), Desk()
    slow = desk.hold("hi")
    async with receive(desk, timing=replace(FAST, grace=30)) as bot:
        telegram.user(777, "Alice").write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await asyncio.sleep(0.01)
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)
    async with receive(again):
        telegram.user(888, "Bob").write("hello")
        await again.wait_ended("hello")

    assert desk.ended == ["hi"]
    assert again.begun == ["hello"]


async def test_polls_do_not_spin_while_a_message_is_under_way(telegram: FakeTelegram, receive: Receive) -> None:
    desk = Desk()
    slow = desk.hold("slow")
    async with receive(desk, timing=replace(FAST, lull=3600)):
        telegram.user(777, "Alice").write("slow")
        await desk.wait_begun("slow")
        await eventually(lambda: len(telegram.calls("getUpdates")) == 2)
        await asyncio.sleep(0.1)
        assert len(telegram.calls("getUpdates")) == 2
        slow.set()
        telegram.user(888, "Bob").write("next")
        await desk.wait_ended("next")


async def test_a_numbering_that_begins_anew_far_below_is_followed(telegram: FakeTelegram, receive: Receive) -> None:
    alice = telegram.user(777, "Alice")
    async with receive() as bot:
        alice.write("before the quiet week")
        await bot.desk.wait_ended("before the quiet week")
        await eventually(lambda: not telegram.unconfirmed)
        telegram.next_update = 1_000
        alice.write("after it")
        alice.write("and later")
        await bot.desk.wait_ended("and later")
        await eventually(lambda: not telegram.unconfirmed)


# --- discretion -------------------------------------------------------------------------------------------------------


async def test_S7_neither_the_token_nor_a_text_is_ever_logged(
    telegram: FakeTelegram, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    alice = telegram.user(777, "Alice")
    desk = Desk()
    desk.refuse("sesame", StoreUnavailable("away"))
    desk.refuse("sesame too", RuntimeError("sesame too"))
    telegram.fail("getUpdates", faults.html(), faults.drop, too_many(0), error(400, "sesame"))
    telegram.fail("sendMessage", faults.drop, error(400, "sesame"), too_many(0))
    async with receive(desk, timing=replace(FAST, patience=1000, flood=0.05)) as bot:
        alice.write("sesame")
        alice.write("sesame too", sender_chat={"id": -1})
        alice.write("sesame too")
        await desk.wait_ended("sesame")
        await desk.wait_begun("sesame too")
        while not alice.received:  # each failure is met, however soon a slow machine gives up
            await asyncio.gather(bot.adapter.send("777", "open sesame"), return_exceptions=True)
        await telegram.stop()
        await asyncio.gather(bot.adapter.tell(desk.messages[0].sender, "open sesame"), return_exceptions=True)
    async with receive(token="123456789:another-sesame"):
        pass

    logged = "".join(f"{record.getMessage()}{record.args}{record.exc_info}" for record in caplog.records)
    assert "telegram" in logged
    assert telegram.token not in logged
    assert "sesame" not in logged


async def test_S7_a_program_that_logs_everything_logs_no_token_and_no_text(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    alice = telegram.user(777, "Alice")
    telegram.fail("getUpdates", faults.redirect(f"/bot{telegram.token}/sesame"), error(400, "sesame"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ANSWER_AND_LOG_ALL, telegram.url, telegram.token, str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
    )
    alice.write("sesame")
    assert await alice.next_message(60) == "open sesame"
    await eventually(lambda: not telegram.unconfirmed)
    telegram.token = "123456789:another"  # which ends it
    alice.write("sesame too")
    _, output = await process.communicate()

    logged = output.decode()
    assert "DEBUG:asyncio:" in logged
    assert "WARNING:clawdbot.channels.patience:" in logged
    assert "telegram does not accept this bot token" in logged
    assert "TEST-token" not in logged
    assert "sesame" not in logged


async def test_the_adapter_prints_no_secret(tmp_path: Path) -> None:
    adapter = TelegramAdapter(ACCOUNT, Secret("1:sesame"), TelegramSettings(), state_dir=tmp_path)

    assert "sesame" not in f"{adapter!r}{vars(adapter)}"
