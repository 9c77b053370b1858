"""What has to be asked for, because nobody told of it: after a restart, after a gap, in a flood."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.backoff import Backoff
from tests.channels.discord.conftest import FAST, MESSAGES, Receive, adapter_of
from tests.fakes import faults
from tests.fakes.discord import FakeDiscord, error, too_many
from tests.fakes.discord_gateway import Op
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

RECEIVE_AND_PRINT = """
import asyncio, functools, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.discord.adapter import DiscordAdapter
from clawdbot.channels.settings import DiscordSettings
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret

api, gateway, token, state, slow = sys.argv[1:]
show = functools.partial(print, flush=True)

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

account, settings = ChannelAccount(Channel.DISCORD), DiscordSettings(api, gateway)
adapter = DiscordAdapter(account, Secret(token), settings, state_dir=pathlib.Path(state))
asyncio.run(adapter.run(deliver, Reports()))
"""


async def test_D8_what_known_people_write_while_we_are_away_is_received_in_order(
    discord: FakeDiscord, receive: Receive
) -> None:
    people = [discord.person(n, f"person {n}") for n in range(8)]
    async with receive() as bot:
        for n, person in enumerate(people):
            person.write(f"{n} before")
        await eventually(lambda: len(bot.desk.ended) == 8)
    for n, person in enumerate(people):
        for k in range(150):
            person.write(f"{n} {k}")
    async with receive() as bot:
        await eventually(lambda: len(bot.desk.ended) == 8 * 150)

    for n, person in enumerate(people):
        own = [message.text for message in bot.desk.messages if message.sender == person.sender]
        assert own == [f"{n} {k}" for k in range(150)]


async def test_what_was_written_long_ago_is_not_asked_for(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
    alice.write("long ago")
    await asyncio.sleep(0.01)  # the ids of messages count milliseconds
    async with receive(timing=replace(FAST, backlog=0)) as bot:
        alice.write("now")
        await bot.desk.wait_ended("now")

    assert bot.desk.begun == ["now"]


async def test_D16_a_restart_repeats_only_what_was_not_done_with(discord: FakeDiscord, receive: Receive) -> None:
    alice, bob = discord.person(1, "alice"), discord.person(2, "bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    async with receive(first):
        alice.write("alice 1")
        bob.write("bob 1")
        alice.write("alice 2")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
    async with receive(second):
        await second.wait_ended("alice 1", "alice 2")
        bob.write("bob 2")
        await second.wait_ended("bob 2")

    assert first.ended == ["bob 1"]
    assert second.begun == ["alice 1", "alice 2", "bob 2"]


async def test_D16_kill_9_repeats_only_what_was_not_done_with(discord: FakeDiscord, tmp_path: Path) -> None:
    async def run_until(
        enough: Callable[[list[str]], bool], *, slow: str, then: Callable[[], object] = lambda: None
    ) -> list[str]:
        arguments = (discord.api_base, discord.gateway.url, discord.token, str(tmp_path), slow)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECEIVE_AND_PRINT, *arguments), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        await eventually(lambda: discord.gateway.listening, timeout=60)
        then()
        lines: list[str] = []
        async with asyncio.timeout(60):
            while not enough(lines):
                lines.append((await process.stdout.readline()).decode().strip())
                assert lines[-1], f"it ended after {lines}"
        process.kill()
        await process.wait()
        await eventually(lambda: not discord.gateway.listening)
        discord.gateway.forget()
        return lines

    alice, bob = discord.person(1, "alice"), discord.person(2, "bob")

    def write() -> None:
        alice.write("alice 1")
        alice.write("alice 2")
        bob.write("bob 1")

    first = await run_until(lambda lines: {"end bob 1", "begin alice 1"} <= {*lines}, slow="alice 1", then=write)
    second = await run_until(lambda lines: "end alice 2" in lines, slow="none")

    assert sorted(line for line in first if line.startswith("begin")) == ["begin alice 1", "begin bob 1"]
    assert [line for line in second if line.startswith("begin")] == ["begin alice 1", "begin alice 2"]


async def test_what_comes_while_we_ask_waits_its_turn(discord: FakeDiscord, receive: Receive) -> None:
    alice, bob = discord.person(1, "alice"), discord.person(2, "bob")
    async with receive() as bot:
        alice.write("alice 0")
        await bot.desk.wait_ended("alice 0")
    alice.write("alice 1")
    slow = asyncio.Event()
    discord.fail(f"GET {MESSAGES}", faults.hold(slow))
    async with receive() as bot:
        await eventually(lambda: discord.gateway.listening)
        texts = [f"alice {n}" for n in range(2, 60)]
        for text in texts:
            alice.write(text)
        bob.write("bob")
        await bot.desk.wait_ended("bob")
        assert bot.desk.begun == ["bob"]
        slow.set()
        await bot.desk.wait_ended("alice 59")

    assert bot.desk.ended == ["bob", "alice 1", *texts]


@pytest.mark.parametrize(
    "fault", [error(500), faults.html(), faults.drop, faults.raw("{}"), too_many(0), faults.raw("[" * 100_000)]
)
async def test_an_answer_that_fails_is_asked_for_again(
    discord: FakeDiscord, receive: Receive, fault: faults.Fault
) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
    alice.write("missed")
    discord.fail(f"GET {MESSAGES}", fault, fault)
    async with receive() as bot:
        alice.write("after")
        await bot.desk.wait_ended("after")

    assert bot.desk.ended == ["missed", "after"]


async def test_answers_that_go_on_failing_hold_up_nobody_for_ever(
    discord: FakeDiscord, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
    alice.write("missed")
    discord.fail(f"GET {MESSAGES}", *[error(500)] * 1000)
    async with receive(timing=replace(FAST, flood=0.05)) as bot:
        alice.write("after")
        await bot.desk.wait_ended("after")

    assert bot.desk.ended == ["after"]
    assert "what was written meanwhile is not known" in caplog.text


async def test_a_refusal_of_a_while_makes_no_conversation_forgotten(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
    alice.write("missed")
    discord.fail(f"GET {MESSAGES}", faults.html(403), faults.html(404))
    async with receive() as bot:
        await bot.desk.wait_ended("missed")


async def test_a_conversation_that_is_no_more_is_asked_for_once(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
    discord.fail(f"GET {MESSAGES}", error(404, 10003))
    for _ in range(2):
        async with receive():
            await eventually(lambda: discord.asked(f"GET {MESSAGES}"))

    assert len(discord.asked(f"GET {MESSAGES}")) == 1


async def test_another_bot_does_not_ask_for_the_conversations_of_the_first(
    discord: FakeDiscord, receive: Receive
) -> None:
    async with receive() as bot:
        discord.person(1, "alice").write("before")
        await bot.desk.wait_ended("before")
    discord.me["id"] = "5"
    async with receive() as bot:
        discord.person(2, "bob").write("hi")
        await bot.desk.wait_ended("hi")

    assert not discord.asked(f"GET {MESSAGES}")


async def test_D10_a_flood_that_nobody_takes_neither_fills_the_memory_nor_loses_a_message(
    discord: FakeDiscord, receive: Receive
) -> None:
    desk = Desk()
    people = [discord.person(n, f"person {n}") for n in range(4)]
    texts = [[f"{n} {k}" for k in range(150)] for n in range(4)]
    holds = [desk.hold(each[0]) for each in texts]
    async with receive(desk):
        for k in range(150):
            for n, person in enumerate(people):
                person.write(texts[n][k])
        await desk.wait_begun(*(each[0] for each in texts))
        await eventually(lambda: len(discord.asked(f"GET {MESSAGES}")) == 4)  # there is no room for 600
        for hold in holds:
            hold.set()
        await eventually(lambda: len(desk.ended) >= 600)

    for n, person in enumerate(people):
        assert [message.text for message in desk.messages if message.sender == person.sender] == texts[n]


async def test_a_flood_does_not_keep_the_connection_from_being_heard(discord: FakeDiscord, receive: Receive) -> None:
    desk = Desk()
    alice = discord.person(1, "alice")
    slow = desk.hold("0")
    async with receive(desk):
        for n in range(1000):
            alice.write(f"{n}")
        await desk.wait_begun("0")
        discord.gateway.sockets[0].send(Op.HEARTBEAT)
        beats = discord.gateway.beats
        await eventually(lambda: discord.gateway.beats > beats)
        slow.set()


async def test_a_stop_in_a_flood_loses_nothing(discord: FakeDiscord, receive: Receive) -> None:
    desk, again = Desk(), Desk()
    alice = discord.person(1, "alice")
    desk.hold("0")
    async with receive(desk):
        for n in range(400):
            alice.write(f"{n}")
        await desk.wait_begun("0")
        await eventually(lambda: discord.asked(f"GET {MESSAGES}"))
    async with receive(again):
        await again.wait_ended("399")

    assert again.ended == [f"{n}" for n in range(400)]


async def test_a_run_that_failed_is_followed_by_one_that_loses_nothing(discord: FakeDiscord, tmp_path: Path) -> None:
    alice = discord.person(1, "alice")
    adapter, desk = adapter_of(discord, tmp_path, timing=replace(FAST, backoff=Backoff(first=0.01, most=0.02))), Desk()
    run = asyncio.create_task(adapter.run(desk, Reports()))
    await eventually(lambda: discord.gateway.listening)
    alice.write("before")
    await desk.wait_ended("before")
    discord.gateway.close_with = 4000
    discord.drop()
    alice.write("missed")
    await asyncio.wait([run])
    assert run.exception()
    discord.gateway.close_with = None
    run = asyncio.create_task(adapter.run(desk, Reports()))
    await desk.wait_ended("missed")
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    await adapter.close()

    assert desk.ended == ["before", "missed"]
