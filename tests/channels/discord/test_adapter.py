"""Dialogues of the real adapter with a Discord of our own, over real sockets: what it receives."""

import asyncio
import json
import logging
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.errors import StoreUnavailable
from tests.channels.discord.conftest import FAST, MESSAGES, Receive, adapter_of
from tests.fakes import faults
from tests.fakes.discord import BOT_ID, FakeDiscord, error, too_many
from tests.fakes.discord_gateway import DIRECT_MESSAGES
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

ANSWER_AND_LOG_ALL = """
import asyncio, logging, pathlib, sys
from tests.support.channels import Reports
logging.basicConfig(level=logging.DEBUG)
from clawdbot.channels.discord.adapter import DiscordAdapter
from clawdbot.channels.settings import DiscordSettings
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret

async def deliver(message):
    await adapter.send(message.conversation, "open " + message.text)

async def main():
    try:
        await adapter.run(deliver, Reports())
    finally:
        await adapter.close()

api, gateway, token, state = sys.argv[1:]
account, settings = ChannelAccount(Channel.DISCORD), DiscordSettings(api, gateway)
adapter = DiscordAdapter(account, Secret(token), settings, state_dir=pathlib.Path(state))
asyncio.run(main(), debug=True)
"""


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    [message] = bot.desk.messages
    assert (message.sender, message.conversation, message.name) == (alice.sender, str(alice.channel), "Alice")
    assert bot.reports.ready_as == [BotIdentity(str(BOT_ID), "@clawd_test_bot")]


async def test_only_direct_messages_are_asked_for(discord: FakeDiscord, receive: Receive) -> None:
    async with receive():
        pass

    assert discord.gateway.intents == DIRECT_MESSAGES


async def test_an_answer_goes_to_the_channel_of_the_message(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await bot.adapter.send(bot.desk.messages[0].conversation, "hello")

    assert alice.received == ["hello"]
    assert bot.desk.begun == ["hi"]  # and not the echo of the answer


async def test_D8_D9_nothing_but_a_new_text_of_a_person_arrives_and_nothing_is_asked_for_it(
    discord: FakeDiscord, receive: Receive
) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        before = len(discord.traffic)
        for make in discord.noise(alice).values():
            make()
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        assert len(discord.traffic) == before

    assert bot.desk.begun == ["hi"]


async def test_what_discord_shows_no_kind_for_is_a_direct_message_without_asking(
    discord: FakeDiscord, receive: Receive
) -> None:
    discord.fail("GET /channels/{}", *[error(500)] * 100)
    async with receive() as bot:
        discord.person(1, "alice").write("hi", channel_type=...)
        await bot.desk.wait_ended("hi")

    assert not discord.asked("GET /channels/{}")


# --- once, and only once ----------------------------------------------------------------------------------------------


async def test_D16_a_message_that_is_told_twice_is_processed_once(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("once")
        discord.redeliver(alice)
        await bot.desk.wait_ended("once")
        discord.redeliver(alice)
        alice.write("next")
        await bot.desk.wait_ended("next")

    assert bot.desk.begun == ["once", "next"]


async def test_messages_that_are_told_in_another_order_are_all_received(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        first, second = alice.message(content="first"), alice.message(content="second")
        discord.tell("MESSAGE_CREATE", second)
        await bot.desk.wait_ended("second")
        discord.tell("MESSAGE_CREATE", first)
        await bot.desk.wait_ended("first")


async def test_a_message_that_the_store_could_not_take_comes_again(discord: FakeDiscord, receive: Receive) -> None:
    desk = Desk()
    desk.refuse("hi", StoreUnavailable("the lock is held"), StoreUnavailable("the lock is held"))
    async with receive(desk):
        discord.person(1, "alice").write("hi")
        await desk.wait_ended("hi")

    assert desk.begun == ["hi", "hi", "hi"]


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_stop_gives_what_is_under_way_time_to_end_and_to_answer(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk, timing=replace(FAST, grace=30)) as bot:
        alice.write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await eventually(lambda: not discord.gateway.listening)
        await bot.adapter.send(str(alice.channel), "hello")
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)

    assert desk.ended == ["hi"]
    assert alice.received == ["hello"]


async def test_a_stop_leaves_no_task_no_thread_and_no_session(discord: FakeDiscord, receive: Receive) -> None:
    desk = Desk()
    desk.hold("hi")
    tasks = asyncio.all_tasks()
    async with receive(desk) as bot:
        discord.person(1, "alice").write("hi")
        await desk.wait_begun("hi")
        assert any("keep-alive" in thread.name for thread in threading.enumerate())
    assert bot.run.cancelled()
    await eventually(lambda: not discord.gateway.sessions)
    await eventually(lambda: not any("keep-alive" in thread.name for thread in threading.enumerate()))
    await eventually(lambda: asyncio.all_tasks() <= tasks)


@pytest.mark.parametrize("mute", [True, False], ids=["before the greeting", "before the answer"])
async def test_a_stop_while_connecting_leaves_nothing(discord: FakeDiscord, tmp_path: Path, mute: bool) -> None:
    discord.gateway.mute = mute
    discord.gateway.deaf = not mute
    adapter = adapter_of(discord, tmp_path)
    run = asyncio.create_task(adapter.run(Desk(), Reports()))
    await eventually(lambda: discord.gateway.sockets if mute else discord.gateway.opened)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    await adapter.close()

    assert run.cancelled()
    await eventually(lambda: not any("keep-alive" in thread.name for thread in threading.enumerate()))
    await eventually(lambda: not discord.gateway.sockets)


# --- discretion -------------------------------------------------------------------------------------------------------


async def test_S7_neither_the_token_nor_a_text_is_ever_logged(
    discord: FakeDiscord, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    alice = discord.person(1, "alice")
    desk = Desk()
    desk.refuse("sesame", StoreUnavailable("away"))
    desk.refuse("sesame too", RuntimeError("sesame too"))
    discord.fail(f"POST {MESSAGES}", faults.drop, error(500, message="sesame"), too_many(0))
    discord.fail(f"POST {MESSAGES}", error(400, message="sesame"))
    async with receive(desk) as bot:
        alice.write("sesame")
        alice.write("sesame too", type=6)
        alice.write("sesame too")
        await desk.wait_ended("sesame")
        await desk.wait_begun("sesame too")
        for _ in range(2):
            await asyncio.gather(bot.adapter.send(str(alice.channel), "open sesame"), return_exceptions=True)
        assert alice.received == ["open sesame"]
        discord.drop()
        await eventually(lambda: len(bot.reports.ready_as) == 2)
    async with receive(token="another.sesame"):
        pass

    logged = "".join(f"{record.getMessage()}{record.args}{record.exc_info}" for record in caplog.records)
    assert "discord" in logged
    assert discord.token not in logged
    assert "sesame" not in logged


async def test_S7_a_program_that_logs_everything_logs_no_token_and_no_text(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    alice = discord.person(1, "alice")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ANSWER_AND_LOG_ALL, discord.api_base, discord.gateway.url),
        *(discord.token, str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: discord.gateway.listening)
    alice.write("sesame")
    assert await alice.next_message(60) == "open sesame"
    discord.gateway.token = "another"
    discord.drop()  # which ends it
    _, output = await process.communicate()

    logged = output.decode()
    assert "DEBUG:asyncio:" in logged
    assert "discord does not accept this bot token" in logged
    assert "GTest0" not in logged
    assert "sesame" not in logged


async def test_the_adapter_prints_no_secret(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = adapter_of(discord, tmp_path, token="sesame")

    assert "sesame" not in f"{adapter!r}{vars(adapter)}"


async def test_S1_what_is_remembered_names_no_text(discord: FakeDiscord, receive: Receive, tmp_path: Path) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("sesame")
        await bot.desk.wait_ended("sesame")

    path = tmp_path / "discord" / "checkpoints-default.json"
    assert list(json.loads(path.read_text())["conversations"]) == [str(alice.channel)]
    assert "sesame" not in path.read_text()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
