"""Dialogues of the real adapter with a Mac of our own, through a real program: what it receives."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.imessage.adapter import ImessageAdapter
from clawdbot.errors import ChannelFailed, StoreUnavailable
from tests.channels.imessage.conftest import FAST, Receive
from tests.fakes.imessage import Echo, FakeImessage
from tests.fakes.imsg_rpc import crashes, fails, silent
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.programs import wait_until_gone
from tests.support.waiting import eventually

RECEIVE_AND_PRINT = """
import asyncio, functools, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.imessage.adapter import ImessageAdapter
from clawdbot.channels.settings import ImessageSettings
from clawdbot.domain.names import Channel, ChannelAccount

program, state, slow = sys.argv[1:]
show = functools.partial(print, flush=True)

class Told(Reports):
    def ready(self, bot):
        show("ready")

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

adapter = ImessageAdapter(
    ChannelAccount(Channel.IMESSAGE), ImessageSettings(cli_path=program), state_dir=pathlib.Path(state)
)
asyncio.run(adapter.run(deliver, Told()))
"""


def left(tmp_path: Path) -> dict[str, object]:
    """What the adapter remembers."""
    found: dict[str, object] = json.loads((tmp_path / "imessage" / "progress-default.json").read_text())
    return found


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message(mac: FakeImessage, receive: Receive) -> None:
    """With the conversation that the answer goes to."""
    async with receive() as bot:
        alice = mac.person(1, "Alice")
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        [message] = bot.desk.messages
        await bot.adapter.send(message.conversation, "hello")
        assert await alice.next_message() == "hello"

    assert (message.sender, message.conversation, message.name) == ("+15550000001", "chat_id:1", "Alice")
    assert bot.reports.ready_as == [BotIdentity("imsg", "imsg")]


async def test_D8_nothing_from_before_the_first_start_is_received(mac: FakeImessage, receive: Receive) -> None:
    """Whatever is in the database by then."""
    alice = mac.person(1, "Alice")
    alice.write("before")
    async with receive() as bot:
        alice.write("after")
        await bot.desk.wait_ended("after")

    assert bot.desk.begun == ["after"]


async def test_more_than_imsg_reads_at_once_arrives_in_order(mac: FakeImessage, receive: Receive) -> None:
    """imsg tells a hundred rows for one change; we ask for the rest."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        for number in range(250):
            alice.write(f"{number}")
        await eventually(lambda: len(bot.desk.ended) == 250)

    assert bot.desk.begun == [f"{number}" for number in range(250)]


async def test_what_there_is_no_room_for_stays_in_the_database(mac: FakeImessage, receive: Receive) -> None:
    """Nothing is lost or overtaken, and requests are answered meanwhile."""
    people = [mac.person(number, "") for number in range(1, 8)]
    desk = Desk()
    held = [desk.hold(f"{number} 0") for number in range(1, 8)]
    async with receive(desk) as bot:
        for count in range(120):
            for number, person in enumerate(people, 1):
                person.write(f"{number} {count}")
            if count % 10 == 0:
                await asyncio.sleep(0.005)
        await eventually(lambda: len(desk.begun) == 7)
        await bot.adapter.send("chat_id:1", "still here")
        for each in held:
            each.set()
        await eventually(lambda: len(desk.ended) == 840)

    for number in range(1, 8):
        mine = [text for text in desk.begun if text.startswith(f"{number} ")]
        assert mine == [f"{number} {count}" for count in range(120)]


async def test_D8_noise_is_left_aside(mac: FakeImessage, receive: Receive) -> None:
    """Nothing but new direct texts from people is delivered as such."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        for make in mac.noise(alice).values():
            make()
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]


async def test_D8_what_is_older_than_the_connection_is_late_and_what_is_much_older_is_history(
    mac: FakeImessage, receive: Receive
) -> None:
    """The gate gives no code for the one; the other is not even shown to it."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        alice.write_before("yesterday", hours=25)
        alice.write_before("an hour ago", hours=1)
        alice.write("now")
        await bot.desk.wait_ended("now")

    assert [(message.text, message.late) for message in bot.desk.messages] == [("an hour ago", True), ("now", False)]


async def test_D9_nothing_is_downloaded(mac: FakeImessage, receive: Receive) -> None:
    """Attachments are not even asked for."""
    async with receive() as bot:
        mac.person(1, "Alice").write("look \ufffc")
        await bot.desk.wait_ended("look ")

    assert {method for method, _ in mac.calls} == {"chats.list", "watch.subscribe"}
    assert mac.calls[-1][1]["attachments"] is False


# --- echoes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("echo", Echo)
@pytest.mark.parametrize("tells_guid", [False, True])
async def test_D8_what_we_sent_does_not_come_back(
    mac: FakeImessage, receive: Receive, echo: Echo, tells_guid: bool
) -> None:
    """Whether Messages says that it is ours or not; and the same words from the other are his."""
    mac.echo, mac.tells_guid = echo, tells_guid
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await bot.adapter.send("chat_id:1", "yes")
        await bot.adapter.tell(bot.desk.messages[0].sender, "and no")
        await alice.next_message()
        await alice.next_message()
        if echo is not Echo.NONE:
            alice.write("yes")
            await bot.desk.wait_ended("yes")
        alice.write("end")
        await bot.desk.wait_ended("end")

    assert bot.desk.begun == (["hi", "end"] if echo is Echo.NONE else ["hi", "yes", "end"])


# --- once, and only once ----------------------------------------------------------------------------------------------


async def test_D16_a_restart_repeats_only_what_was_not_done_with(mac: FakeImessage, receive: Receive) -> None:
    alice, bob = mac.person(1, "Alice"), mac.person(2, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    async with receive(first):
        alice.write("alice 1")
        bob.write("bob 1")
        alice.write("alice 2")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
    bob.write("bob 2")
    async with receive(second):
        await second.wait_ended("alice 2", "bob 2")

    assert first.ended == ["bob 1"]
    assert sorted(second.begun) == ["alice 1", "alice 2", "bob 2"]


async def test_D16_kill_9_repeats_only_what_was_not_done_with_and_leaves_no_imsg(
    mac: FakeImessage, tmp_path: Path
) -> None:
    alice, bob = mac.person(1, "Alice"), mac.person(2, "Bob")

    async def run_until(enough: Callable[[list[str]], bool], *, slow: str, act: Callable[[], None]) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECEIVE_AND_PRINT, str(mac.program), str(tmp_path), slow),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(60):
            while not enough(lines):
                lines.append((await process.stdout.readline()).decode().strip())
                assert lines[-1], f"it ended after {lines}"
                if lines[-1] == "ready":
                    act()
        process.kill()
        await process.wait()
        return lines

    def write() -> None:
        alice.write("alice 1")
        alice.write("alice 2")
        bob.write("bob 1")

    first = await run_until(lambda lines: "end bob 1" in lines, slow="alice 1", act=write)
    second = await run_until(lambda lines: "end alice 2" in lines, slow="none", act=lambda: None)

    assert [line for line in first if line.startswith("begin")] == ["begin alice 1", "begin bob 1"]
    assert [line for line in second if line.startswith("begin")] == ["begin alice 1", "begin alice 2"]
    await eventually(lambda: not mac.sessions)
    for pid in mac.pids:
        await asyncio.to_thread(wait_until_gone, pid)


async def test_D16_what_is_told_again_is_not_processed_twice(mac: FakeImessage, receive: Receive) -> None:
    """Neither the same row nor the same message under another number."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        alice.write("once")
        await bot.desk.wait_ended("once")
        mac.redeliver(alice)
        alice.write("next")
        await bot.desk.wait_ended("next")

    assert bot.desk.begun == ["once", "next"]


async def test_D8_D16_an_echo_that_comes_again_is_still_ours(mac: FakeImessage, receive: Receive) -> None:
    """Under another number, as another Mac's copy."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        await bot.adapter.send("chat_id:1", "ours")
        await eventually(lambda: mac.ours)
        [row] = [row for row in mac.rows if row["id"] in mac.ours]
        mac.insert({key: value for key, value in row.items() if key != "id"})
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]


async def test_a_message_that_the_store_could_not_take_comes_again(mac: FakeImessage, receive: Receive) -> None:
    desk = Desk()
    desk.refuse("hi", StoreUnavailable("the lock is held"), StoreUnavailable("the lock is held"))
    async with receive(desk):
        mac.person(1, "Alice").write("hi")
        await desk.wait_ended("hi")

    assert desk.begun == ["hi", "hi", "hi"]


async def test_a_stop_gives_what_is_under_way_time_to_end_and_to_be_answered(
    mac: FakeImessage, receive: Receive, tmp_path: Path
) -> None:
    """imsg is still there for the answer."""
    desk = Desk()
    slow = desk.hold("hi")
    alice = mac.person(1, "Alice")
    async with receive(desk, timing=replace(FAST, grace=30)) as bot:
        alice.write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await asyncio.sleep(0.01)
        await bot.adapter.send("chat_id:1", "hello")
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)

    assert alice.received == ["hello"]
    assert left(tmp_path)["lastRowid"] in (1, 2)  # 2 is what we sent, if it came back by then


async def test_nothing_is_left_of_a_run(mac: FakeImessage, receive: Receive) -> None:
    """No task, no program."""
    before = asyncio.all_tasks()
    async with receive() as bot:
        mac.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")
    await eventually(lambda: not mac.sessions)

    assert {task for task in asyncio.all_tasks() if not task.done()} <= before


# --- another database -------------------------------------------------------------------------------------------------


async def test_another_database_is_begun_with_anew(
    mac: FakeImessage, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    """Its numbers begin below those we saw: without care, we would be deaf until it catches up."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        for number in range(50):
            alice.write(f"{number}")
        await bot.desk.wait_ended("49")
    mac.rows.clear()
    alice.write("on the new Mac", created_at="2126-01-01T00:00:00.000Z")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]
    assert "another one" in caplog.text


# --- secrets ----------------------------------------------------------------------------------------------------------


async def test_S7_texts_stay_out_of_the_log_at_every_level(
    mac: FakeImessage, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that come, those that go, those that are left aside and those that cannot be read."""
    caplog.set_level(logging.DEBUG)
    alice = mac.person(1, "Alice")
    mac.faults["send"].append(fails(-32603, "cannot send open sesame"))
    async with receive() as bot:
        mac.raw(b"open sesame")
        mac.raw(b'{"jsonrpc": "2.0", "method": "open sesame"}')
        mac.disguise(alice.write("open sesame"), text=["open sesame"])
        alice.write("open sesame", is_group=True)
        alice.write("open sesame")
        await bot.desk.wait_ended("open sesame")
        with pytest.raises(Exception, match="did not take") as failed:
            await bot.adapter.send("chat_id:1", "open sesame")
        await bot.adapter.send("chat_id:1", "open sesame")

    assert "sesame" not in caplog.text
    assert "sesame" not in str(failed.value)


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_what_came_while_imsg_was_away_is_received(mac: FakeImessage, receive: Receive) -> None:
    """It is started anew, and asked for what we did not see; trouble is reported meanwhile."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        alice.write("one")
        await bot.desk.wait_ended("one")
        mac.drop()
        alice.write("two")
        await bot.desk.wait_ended("two")
        await eventually(lambda: len(bot.reports.ready_as) == 2)

    assert bot.desk.begun == ["one", "two"]
    assert [type(trouble) for trouble in bot.reports.troubles] == [ChannelFailed]


async def test_a_crash_does_not_disturb_what_is_under_way_and_the_answer_waits_for_imsg(
    mac: FakeImessage, receive: Receive
) -> None:
    """The message is begun once, and answered by the next imsg."""
    alice = mac.person(1, "Alice")
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk) as bot:
        alice.write("hi")
        await desk.wait_begun("hi")
        mac.drop()
        await eventually(lambda: bot.reports.troubles)
        await bot.adapter.send("chat_id:1", "hello")
        slow.set()
        await desk.wait_ended("hi")

    assert (desk.begun, alice.received) == (["hi"], ["hello"])


async def test_a_watch_that_went_deaf_is_renewed(mac: FakeImessage, receive: Receive) -> None:
    """macOS may stop telling imsg of changes; nothing says so."""
    alice = mac.person(1, "Alice")
    async with receive(timing=replace(FAST, check=0.05)) as bot:
        mac.is_deaf = True
        alice.write("can you hear me?")
        await bot.desk.wait_ended("can you hear me?")
        assert mac.watched == 1

    assert bot.reports.troubles == []


async def test_a_watch_that_breaks_is_begun_anew(mac: FakeImessage, receive: Receive) -> None:
    """imsg says so, once."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        mac.break_watch()
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert "watch" in bot.reports.troubles[0].message


async def test_an_imsg_that_falls_silent_is_started_anew(mac: FakeImessage, receive: Receive) -> None:
    """The regular renewal shows it."""
    alice = mac.person(1, "Alice")
    async with receive(timing=replace(FAST, answer=0.5, check=0.05)) as bot:
        mac.is_deaf = True
        mac.faults["chats.list"].append(silent)
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert "does not answer" in bot.reports.troubles[0].message


async def test_when_it_goes_on_the_supervisor_is_told(adapter: ImessageAdapter, mac: FakeImessage) -> None:
    """After so many failures in a row."""
    mac.faults["chats.list"].extend([crashes] * 10)
    reports = Reports()
    with pytest.raises(ChannelFailed, match="ended"):
        await adapter.run(Desk(), reports)
    assert len(reports.troubles) == FAST.patience


async def test_malformed_and_oversized_lines_do_no_harm(mac: FakeImessage, receive: Receive) -> None:
    """Whatever imsg, or ssh around it, says beside the point."""
    async with receive() as bot:
        for line in (b"Last login", b"[]", b"{}", b'{"method": 1}', b'{"method": "message", "params": []}'):
            mac.raw(line)
        mac.raw(b'{"method": "message", "params": {"subscription": true}}')
        mac.raw(b'{"method": "message", "params": {"subscription": 1, "message": {"id": 1e400}}}')
        mac.raw(b'{"x": "' + b"x" * 20_000_000 + b'"}')
        mac.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert (bot.desk.begun, bot.reports.troubles) == (["hi"], [])
