"""Dialogues of the real adapter with a WhatsApp of our own, through a bridge in a process of its own."""

import asyncio
import itertools
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.whatsapp.adapter import MESSAGE_LIMIT, WhatsappAdapter, place
from clawdbot.channels.whatsapp.connection import OUR_BRIDGE
from clawdbot.domain.names import SenderId
from clawdbot.errors import (
    ChannelFailed,
    DeliveryFailed,
    DeliveryUnknown,
    NeedsLogin,
    RecipientRefused,
    StoreUnavailable,
)
from tests.channels.whatsapp.conftest import ACCOUNT, FAST, Receive, settings
from tests.fakes.whatsapp import FakeWhatsapp
from tests.support.desk import Desk
from tests.support.waiting import eventually

ME = BotIdentity("+15550009999", "Clawd")

RECEIVE_AND_PRINT = """
import asyncio, functools, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.whatsapp.adapter import WhatsappAdapter
from clawdbot.channels.settings import WhatsappSettings
from clawdbot.domain.names import Channel, ChannelAccount

state, slow, *command = sys.argv[1:]
show = functools.partial(print, flush=True)

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

settings = WhatsappSettings(bridge_command=tuple(command))
adapter = WhatsappAdapter(ChannelAccount(Channel.WHATSAPP), settings, state_dir=pathlib.Path(state))
asyncio.run(adapter.run(deliver, Reports()))
"""


# --- the road --------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message_and_is_answered_where_it_came_from(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    """In the chat as WhatsApp named it, not in one that is made from the number."""
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        [message] = bot.desk.messages
        await bot.adapter.send(message.conversation, "hello @15550012222")

    assert (message.sender, message.conversation, message.late) == ("+15550010001", "77700000001@lid", False)
    assert alice.received == ["hello @15550012222"]
    assert whatsapp.sent == [("77700000001@lid", "hello @15550012222")]
    assert bot.reports.ready_as == [ME]


async def test_D7_somebody_with_a_lid_alone_is_not_dropped(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """And can be answered, and told."""
    alice = whatsapp.person(1, "Alice", shows="lid")
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        [message] = bot.desk.messages
        await bot.adapter.send(message.conversation, "hello")
        await bot.adapter.tell(message.sender, "welcome")

    assert message.sender == alice.sender
    assert alice.received == ["hello", "welcome"]


async def test_a_person_can_be_told_by_number(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        await bot.adapter.tell(SenderId("+15550010001"), "welcome")

    assert alice.received == ["welcome"]


async def test_order_is_kept_and_a_slow_chat_stalls_no_other(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice, bob = whatsapp.person(1, "Alice"), whatsapp.person(2, "Bob")
    desk = Desk()
    slow = desk.hold("alice 0")
    async with receive(desk):
        for n in range(3):
            alice.write(f"alice {n}")
            bob.write(f"bob {n}")
        await desk.wait_ended("bob 2")
        assert desk.begun == ["alice 0", "bob 0", "bob 1", "bob 2"]
        slow.set()
        await desk.wait_ended("alice 2")

    assert [text for text in desk.ended if "alice" in text] == ["alice 0", "alice 1", "alice 2"]


async def test_more_messages_than_there_is_room_for_hold_up_no_answer(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """What the bridge answers to a message being sent is heard while messages wait in front."""
    people = [whatsapp.person(n, f"Person {n}") for n in range(130)]
    desk = Desk()
    held = [desk.hold(f"from {n}") for n in range(130)]
    async with receive(desk) as bot:
        for n, person in enumerate(people):
            person.write(f"from {n}")
        await eventually(lambda: len(desk.begun) == 100)
        await bot.adapter.send(people[0].chat, "patience")
        for event in held:
            event.set()
        await desk.wait_ended("from 129")
        await eventually(lambda: not whatsapp.untaken)

    assert people[0].received == ["patience"]


async def test_a_long_text_goes_in_pieces(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice = whatsapp.person(1, "Alice")
    text = "word " * (MESSAGE_LIMIT // 4)
    async with receive() as bot:
        await bot.adapter.send(alice.chat, text)

    assert len(alice.received) == 2
    assert " ".join(alice.received) == text.strip()


# --- once, and only once ---------------------------------------------------------------------------------------------


async def test_D16_a_message_that_comes_again_is_delivered_once_also_across_reconnects(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        alice.write("once")
        await bot.desk.wait_ended("once")
        whatsapp.redeliver(alice)
        whatsapp.drop()
        whatsapp.redeliver(alice)
        alice.write("next")
        await bot.desk.wait_ended("next")

    assert bot.desk.begun == ["once", "next"]


async def test_a_stop_leaves_nothing_behind_and_loses_nothing(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """One under way, one that waits for it, one that the bridge has not handed over; and no task, no process."""
    alice, bob = whatsapp.person(1, "Alice"), whatsapp.person(2, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    before = asyncio.all_tasks()
    async with receive(first):
        alice.write("alice 1")
        alice.write("alice 2")
        bob.write("bob 1")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
    await eventually(lambda: not whatsapp.connected)
    alice.write("alice 3")
    mine = [task for task in asyncio.all_tasks() - before if "_meet" not in repr(task)]
    assert mine == []
    async with receive(second):
        await second.wait_ended("alice 1", "alice 2", "alice 3")

    assert second.ended == ["alice 1", "alice 2", "alice 3"]


async def test_a_stop_gives_what_is_under_way_time_to_be_answered(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice = whatsapp.person(1, "Alice")
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk, timing=replace(FAST, grace=20)) as bot:
        alice.write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await asyncio.sleep(0.01)
        await bot.adapter.send(alice.chat, "just in time")
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)

    assert desk.ended == ["hi"]
    assert alice.received == ["just in time"]


async def test_D16_kill_9_repeats_only_what_was_not_done_with(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    async def run_until(enough: Callable[[list[str]], bool], *, slow: str) -> list[str]:
        arguments = (str(tmp_path), slow, *settings(whatsapp).bridge_command)
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
        process._transport.close()  # type: ignore[attr-defined]
        await eventually(lambda: not whatsapp.connected, "the bridge ends with its gateway")
        return lines

    alice, bob = whatsapp.person(1, "Alice"), whatsapp.person(2, "Bob")
    alice.write("alice 1")
    alice.write("alice 2")
    bob.write("bob 1")

    first = await run_until(lambda lines: "end bob 1" in lines, slow="alice 1")
    second = await run_until(lambda lines: "end alice 2" in lines, slow="none")

    assert [line for line in first if line.startswith("begin")] == ["begin alice 1", "begin bob 1"]
    assert [line for line in second if line.startswith("begin")] == ["begin alice 1", "begin alice 2"]


async def test_a_message_that_cannot_be_written_down_is_not_taken(
    whatsapp: FakeWhatsapp, receive: Receive, tmp_path: Path
) -> None:
    inbox = tmp_path / "whatsapp" / "inbox-default"
    inbox.parent.mkdir(mode=0o700)
    async with receive() as bot:
        await eventually(inbox.exists, "there is a folder for messages")
        inbox.rename(tmp_path / "aside")
        inbox.touch()
        whatsapp.person(1, "Alice").write("hi")
        failure = await bot.failure()
    assert "inbox-default" in failure.message
    assert whatsapp.untaken == 1
    inbox.unlink()
    async with receive() as bot:
        await bot.desk.wait_ended("hi")


# --- what is ours ----------------------------------------------------------------------------------------------------


async def test_a_note_to_oneself_is_ours_and_its_answer_no_note(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """The echo of what we send there is known by its id."""
    async with receive() as bot:
        whatsapp.myself("remind me")
        await bot.desk.wait_ended("remind me")
        [note] = bot.desk.messages
        await bot.adapter.send(note.conversation, "of what?")
        whatsapp.myself("of what?", id=whatsapp.last_sent)
        whatsapp.myself("of tea")
        await bot.desk.wait_ended("of tea")

    assert note.own
    assert bot.desk.begun == ["remind me", "of tea"]


async def test_an_echo_that_comes_before_its_answer_is_known_by_its_text(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    async with receive() as bot:
        whatsapp.lose()
        sending = asyncio.create_task(bot.adapter.send(whatsapp.jid, "of what?"))
        await eventually(lambda: whatsapp.sent)
        whatsapp.myself("of what?")
        whatsapp.myself("of tea")
        await bot.desk.wait_ended("of tea")
        sending.cancel()

    assert bot.desk.begun == ["of tea"]


async def test_D8_what_waited_while_nobody_was_connected_is_late(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice = whatsapp.person(1, "Alice")
    now = int(time.time() * 1000)
    alice.write("an hour ago", time=now - 3_600_000)
    alice.write("just now", time=now - 20_000)
    async with receive() as bot:
        await bot.desk.wait_ended("an hour ago", "just now")

    assert [message.late for message in bot.desk.messages] == [True, False]


async def test_D8_what_was_left_from_an_earlier_connection_is_late(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """A stranger whom a restart cut off gets no code for what he wrote days ago."""
    alice, first, second = whatsapp.person(1, "Alice"), Desk(), Desk()
    first.hold("before")
    async with receive(first):
        alice.write("before")
        await first.wait_begun("before")
    async with receive(second):
        alice.write("now")
        await second.wait_ended("before", "now")

    assert [(each.text, each.late) for each in second.messages] == [("before", True), ("now", False)]


async def test_S4_what_cannot_be_read_is_passed_over_and_holds_nothing_up(
    whatsapp: FakeWhatsapp, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    """More of it than the bridge may have under way, lines that are no JSON, and lines that are far too long."""
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        for n in range(150):
            whatsapp.push({"sesame": n})
        whatsapp.tell_raw(b"sesame")
        whatsapp.tell_raw(b'{"ev":"message","n":"sesame"}')
        whatsapp.tell_raw(b"[" * 100_000)
        whatsapp.tell_raw(b'{"ev":"' + b"x" * (17 * 1024 * 1024) + b'"}')
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await eventually(lambda: not whatsapp.untaken)

    assert "sesame" not in caplog.text


# --- sending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"outcome": "refused", "why": "server returned error 463"}, DeliveryFailed),
        ({"outcome": "never", "why": "no LID found"}, RecipientRefused),
        ({"outcome": "unknown", "why": "timed out"}, DeliveryUnknown),
        ({"outcome": "of tomorrow"}, DeliveryUnknown),
        ({"outcome": "not_now"}, DeliveryFailed),
    ],
)
async def test_what_became_of_a_message_is_told_apart(
    whatsapp: FakeWhatsapp, receive: Receive, answer: dict[str, str], kind: type[DeliveryFailed]
) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        whatsapp.answer(*([answer] * 100))
        with pytest.raises(DeliveryFailed) as caught:
            await bot.adapter.send(alice.chat, "hi")

    assert type(caught.value) is kind
    assert answer.get("why", "") in caught.value.message
    assert alice.received == []


async def test_only_what_was_certainly_not_sent_is_sent_again(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive(timing=replace(FAST, answer=0.2, flood=5)) as bot:
        whatsapp.answer({"outcome": "not_now"}, {"outcome": "not_now"})
        await bot.adapter.send(alice.chat, "again and again")
        whatsapp.lose()
        with pytest.raises(DeliveryUnknown):
            await bot.adapter.send(alice.chat, "perhaps")

    assert alice.received == ["again and again", "perhaps"]


async def test_a_fall_of_the_bridge_leaves_open_what_became_of_a_message(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        whatsapp.lose()
        sending = asyncio.create_task(bot.adapter.send(alice.chat, "perhaps"))
        await alice.next_message()
        whatsapp.crash()
        with pytest.raises(DeliveryUnknown):
            await sending


async def test_who_is_not_on_whatsapp_cannot_be_written_to(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    whatsapp.person(1, "Alice", on_whatsapp=False)
    async with receive() as bot:
        with pytest.raises(RecipientRefused):
            await bot.adapter.tell(SenderId("+15550010001"), "hi")


@pytest.mark.parametrize("chat", ["", "+15550010001", "5@g.us", "status@broadcast", "5@lid@lid", " 5@lid", "5:1@lid"])
async def test_D2_only_the_chats_of_people_are_written_to(adapter: WhatsappAdapter, chat: str) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.send(chat, "hi")


@pytest.mark.parametrize("sender", ["", "Alice", "5@g.us"])
async def test_D6_only_people_are_told(adapter: WhatsappAdapter, sender: str) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.tell(SenderId(sender), "hi")


async def test_another_process_cannot_send_and_says_who_can(adapter: WhatsappAdapter) -> None:
    """A session connects once, and the gateway's connection is not to be ended for a notice."""
    with pytest.raises(DeliveryFailed, match="not connected in this process") as caught:
        await adapter.tell(SenderId("+15550010001"), "hi")
    assert "clawdbot gateway" in caught.value.hint


# --- who we are ------------------------------------------------------------------------------------------------------


async def test_a_probe_ends_no_connection(whatsapp: FakeWhatsapp, adapter: WhatsappAdapter, receive: Receive) -> None:
    async with receive() as bot:
        assert await adapter.probe() == ME
        assert await bot.adapter.probe() == ME
        assert not bot.run.done()

    assert [opened["mode"] for opened in whatsapp.opened] == ["run", "look"]


async def test_a_probe_says_that_nobody_is_linked(whatsapp: FakeWhatsapp, adapter: WhatsappAdapter) -> None:
    whatsapp.linked = False
    with pytest.raises(NeedsLogin) as caught:
        await adapter.probe()
    assert caught.value.hint == 'run "clawdbot channels login whatsapp"'


async def test_the_session_is_where_the_configuration_says(tmp_path: Path) -> None:
    ours = place(ACCOUNT, WhatsappSettings(), tmp_path)
    assert (ours.folder, ours.argv) == (tmp_path / "credentials" / "whatsapp" / "default", OUR_BRIDGE)
    assert place(ACCOUNT, WhatsappSettings(auth_dir=tmp_path / "x"), tmp_path).folder == tmp_path / "x"


# --- discretion ------------------------------------------------------------------------------------------------------


async def test_S7_no_text_is_ever_logged_nor_left_on_the_disk(
    whatsapp: FakeWhatsapp, receive: Receive, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    alice = whatsapp.person(1, "Alice")
    desk = Desk()
    desk.refuse("sesame", StoreUnavailable("away"))
    async with receive(desk) as bot:
        for send in whatsapp.noise(alice).values():
            if "echo" not in repr(send):
                send()
        alice.write("sesame")
        await desk.wait_ended("sesame")
        whatsapp.answer({"outcome": "refused"}, {"outcome": "unknown"})
        for _ in range(3):
            await asyncio.gather(bot.adapter.send(alice.chat, "open sesame"), return_exceptions=True)
        whatsapp.crash()
        await bot.failure()

    assert alice.received == ["open sesame"]
    assert "sesame" not in caplog.text
    assert "no message" not in caplog.text
    left = [path for path in itertools.chain.from_iterable(map(Path(tmp_path).rglob, ["*"])) if path.is_file()]
    assert [path for path in left if b"sesame" in path.read_bytes()] == []


async def test_S7_the_bridge_gets_no_secrets_of_others(
    whatsapp: FakeWhatsapp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "sesame")
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    script = f"import os, pathlib; pathlib.Path({str(tmp_path / 'environment')!r}).write_text(repr(dict(os.environ)))"
    nosy = WhatsappSettings(bridge_command=(sys.executable, "-c", script))
    with pytest.raises(ChannelFailed):
        await WhatsappAdapter(ACCOUNT, nosy, state_dir=tmp_path / "state", timing=FAST).probe()

    environment = (tmp_path / "environment").read_text()
    assert "sesame" not in environment
    assert "de_DE" in environment
    assert os.environ["TELEGRAM_BOT_TOKEN"] == "sesame"
