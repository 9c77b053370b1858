"""Dialogues of the real adapter with a signal-cli of our own, over real sockets: what it receives."""

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import SignalSettings
from clawdbot.errors import StoreUnavailable
from tests.channels.signal.conftest import FAST, Receive
from tests.fakes import faults
from tests.fakes.signal import FakeSignal, error
from tests.fakes.signal_people import NUMBER, uuid_of
from tests.support.desk import Desk
from tests.support.waiting import eventually

OTHER = "+15550008888"

RECEIVE_AND_PRINT = """
import asyncio, functools, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.signal.adapter import SignalAdapter
from clawdbot.channels.settings import SignalSettings
from clawdbot.domain.names import Channel, ChannelAccount

url, number, state, slow = sys.argv[1:]
show = functools.partial(print, flush=True)

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

settings = SignalSettings(number, url, auto_start=False)
adapter = SignalAdapter(ChannelAccount(Channel.SIGNAL), settings, state_dir=pathlib.Path(state))
asyncio.run(adapter.run(deliver, Reports()))
"""


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        alice.write("hi", sent_at=1_790_000_000_000)
        await bot.desk.wait_ended("hi")

    [message] = bot.desk.messages
    assert (message.sender, message.conversation, message.sent_at) == (alice.number, alice.uuid, 1_790_000_000_000)
    assert (message.id_line, message.name) == (alice.id_line, "Alice")
    assert bot.ready == [BotIdentity(NUMBER, NUMBER)]


async def test_an_answer_reaches_who_hides_his_number(signal: FakeSignal, receive: Receive) -> None:
    bob = signal.hidden(2, "Bob")
    async with receive() as bot:
        bob.write("hi")
        await bot.desk.wait_ended("hi")
        [message] = bot.desk.messages
        await bot.adapter.send(message.conversation, "hello")

    assert (message.sender, message.id_line) == (bob.sender, f"Your Signal sender id: uuid:{bob.uuid}")
    assert bob.received == ["hello"]


async def test_what_waited_at_signal_is_received_in_order(signal: FakeSignal, receive: Receive) -> None:
    people = [signal.person(n, f"person {n}") for n in range(5)]
    for n in range(250):
        people[n % 5].write(f"{n}")
    async with receive() as bot:
        await eventually(lambda: len(bot.desk.ended) == 250)

    for n in range(5):
        assert [each.text for each in bot.desk.messages if each.sender == people[n].sender] == [
            f"{each}" for each in range(n, 250, 5)
        ]


async def test_D8_what_is_older_than_the_connection_is_marked_late(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    alice.write("yesterday", sent_at=signal.now() - 86_400_000)
    alice.write("just now", sent_at=signal.now() - 20_000)
    async with receive() as bot:
        await bot.desk.wait_ended("yesterday", "just now")

    assert [(each.text, each.late) for each in bot.desk.messages] == [("yesterday", True), ("just now", False)]


async def test_D8_D9_noise_creates_nothing_and_nothing_is_asked_for(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        for make in signal.noise(alice).values():
            make()
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]
    assert [each.asked["method"] for each in signal.asked] == ["listAccounts"]


async def test_D8_our_own_uuid_is_an_echo_once_it_is_known(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    us = {"sourceNumber": NUMBER, "sourceUuid": uuid_of(NUMBER)}
    async with receive() as bot:
        signal.push({**alice.envelope(syncMessage={}), **us})
        signal.push({**alice.envelope(dataMessage={"timestamp": 5, "message": "echo"}), **us, "sourceNumber": None})
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]


async def test_D1_what_is_for_another_account_of_the_daemon_is_not_ours(signal: FakeSignal, receive: Receive) -> None:
    """Also by a daemon that does not part them: one that was started for somebody else alone."""
    signal.accounts.append(OTHER)
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        alice.write("to the other", to=OTHER)
        signal.push(alice.envelope(dataMessage={"timestamp": 5, "message": "stray"}), NUMBER)
        signal.push_raw(
            '{"envelope": {"sourceNumber": "+15550001", "dataMessage": {"timestamp": 6, "message": "x"}}, '
            f'"account": "{OTHER}"}}'
        )
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["stray", "hi"]
    assert signal.unheard == 1


async def test_the_only_account_need_not_be_named(signal: FakeSignal, receive: Receive) -> None:
    async with receive(settings=SignalSettings(http_url=signal.url, auto_start=False)) as bot:
        assert bot.ready == [BotIdentity(NUMBER, NUMBER)]


async def test_a_daemon_that_serves_a_single_account_will_do(signal: FakeSignal, receive: Receive) -> None:
    url = f"http://127.0.0.1:{await signal.serve(NUMBER)}"
    alice = signal.person(1, "Alice")
    async with receive(settings=SignalSettings(NUMBER, url, auto_start=False)) as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await bot.adapter.send(alice.uuid, "hello")

    assert alice.received == ["hello"]
    assert bot.ready == [BotIdentity(NUMBER, NUMBER)]


# --- once, and only once ----------------------------------------------------------------------------------------------


async def test_D16_a_redelivered_message_is_not_processed_twice(signal: FakeSignal, receive: Receive) -> None:
    alice, bob = signal.person(1, "Alice"), signal.person(2, "Bob")
    async with receive() as bot:
        alice.write("once", sent_at=7)
        signal.redeliver(alice)
        await bot.desk.wait_ended("once")
        signal.redeliver(alice)
        bob.write("of the same moment", sent_at=7)
        await bot.desk.wait_ended("of the same moment")
        signal.drop()
        await eventually(lambda: signal.connections == 2)
        signal.redeliver(alice)
        alice.write("next")
        await bot.desk.wait_ended("next")

    assert sorted(bot.desk.begun) == ["next", "of the same moment", "once"]


async def test_D16_a_restart_repeats_only_what_was_not_done_with(signal: FakeSignal, receive: Receive) -> None:
    """The daemon has handed it over, and does not send it again: it is kept beside the state."""
    alice, bob = signal.person(1, "Alice"), signal.hidden(2, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    async with receive(first):
        alice.write("alice 1")
        bob.write("bob 1")
        alice.write("alice 2")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
        await eventually(lambda: not signal.unheard)
    async with receive(second):
        bob.write("bob 2")
        await second.wait_ended("alice 2", "bob 2")

    assert first.ended == ["bob 1"]
    assert sorted(second.begun) == ["alice 1", "alice 2", "bob 2"]


async def test_D8_what_was_left_from_an_earlier_connection_is_late(signal: FakeSignal, receive: Receive) -> None:
    """A stranger whom a restart cut off gets no code for what he wrote days ago."""
    alice, first, second = signal.person(1, "Alice"), Desk(), Desk()
    first.hold("before")
    async with receive(first):
        alice.write("before")
        await first.wait_begun("before")
    async with receive(second):
        alice.write("now")
        await second.wait_ended("before", "now")

    assert [(each.text, each.late) for each in second.messages] == [("before", True), ("now", False)]


async def test_D16_kill_9_loses_nothing_that_was_handed_over(signal: FakeSignal, tmp_path: Path) -> None:
    async def run_until(wanted: str, *, slow: str) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECEIVE_AND_PRINT, signal.url, NUMBER, str(tmp_path), slow),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(60):
            while wanted not in lines:
                lines.append((await process.stdout.readline()).decode().strip())
                assert lines[-1], f"it ended after {lines}"
        process.kill()
        await process.wait()
        return [line for line in lines if line.startswith("begin")]

    alice, bob = signal.person(1, "Alice"), signal.hidden(2, "Bob")
    alice.write("alice 1")
    alice.write("alice 2")
    bob.write("bob 1")

    assert sorted(await run_until("end bob 1", slow="alice 1")) == ["begin alice 1", "begin bob 1"]
    assert signal.unheard == 0
    assert await run_until("end alice 2", slow="none") == ["begin alice 1", "begin alice 2"]


async def test_a_message_that_the_store_could_not_take_comes_again(signal: FakeSignal, receive: Receive) -> None:
    desk = Desk()
    desk.refuse("hi", StoreUnavailable("the lock is held"), StoreUnavailable("the lock is held"))
    async with receive(desk):
        signal.person(1, "Alice").write("hi")
        await desk.wait_ended("hi")

    assert desk.begun == ["hi", "hi", "hi"]


async def test_S4_while_nothing_can_be_written_down_nothing_is_lost(
    signal: FakeSignal, receive: Receive, tmp_path: Path
) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        folder = tmp_path / "signal"
        (folder / "inbox-default").rmdir()
        (folder / "inbox-default").write_text("in the way")
        alice.write("hi")
        await eventually(lambda: bot.reports.troubles)
        assert "inbox-default" in bot.reports.troubles[-1].message
        (folder / "inbox-default").unlink()
        await bot.desk.wait_ended("hi")
        await eventually(lambda: len(bot.ready) == 2)

    assert bot.desk.begun == ["hi"]


async def test_a_stop_gives_what_is_under_way_time_to_end(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    desk, again = Desk(), Desk()
    slow = desk.hold("hi")
    async with receive(desk, timing=replace(FAST, grace=30)) as bot:
        alice.write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await asyncio.sleep(0.01)
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)
    async with receive(again):
        alice.write("hello")
        await again.wait_ended("hello")

    assert desk.ended == ["hi"]
    assert again.begun == ["hello"]


async def test_a_stop_leaves_no_task_behind(signal: FakeSignal, receive: Receive) -> None:
    before = asyncio.all_tasks()
    async with receive() as bot:
        signal.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")
    await eventually(lambda: not signal.listening)

    assert {task for task in asyncio.all_tasks() - before if "clawdbot" in repr(task)} == set()


# --- discretion -------------------------------------------------------------------------------------------------------


async def test_S7_no_text_and_no_number_of_a_person_is_ever_logged(
    signal: FakeSignal, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    alice = signal.person(1, "Alice")
    desk = Desk()
    desk.refuse("sesame", StoreUnavailable("away"))
    desk.refuse("sesame too", RuntimeError("sesame too"))
    signal.fail("events", faults.html(), faults.drop, faults.raw("sesame"))
    async with receive(desk, timing=replace(FAST, patience=1000)) as bot:
        signal.fail("rpc", faults.drop, error(-1, f"sesame {alice.number}"), faults.raw("sesame"), error(-5))
        alice.write("sesame")
        signal.push_raw('{"envelope": {"dataMessage": {"message": "sesame"}}}')
        signal.push_raw("sesame")
        for make in signal.noise(alice).values():
            make()
        alice.write("sesame too")
        await desk.wait_ended("sesame")
        await desk.wait_begun("sesame too")
        for _ in range(5):
            await asyncio.gather(bot.adapter.send(alice.uuid, "open sesame"), return_exceptions=True)
        assert alice.received[-1] == "open sesame"
        signal.drop()
        await eventually(lambda: len(bot.ready) > 1)

    logged = "".join(f"{record.getMessage()}{record.args}{record.exc_info}" for record in caplog.records)
    assert "an event is left aside: malformed" in logged
    assert "sesame" not in logged
    assert alice.number not in logged
    assert alice.uuid not in logged
