"""Buttons under messages: sent, pressed, answered, taken away (threats.md D14).

One suite, over the real adapter of each channel that has them, on a platform of our own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clawdbot.channels.base import Buttons, Posted, Press
from clawdbot.channels.patience import Unreachable
from clawdbot.channels.presses import MOST, Presses
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.errors import DeliveryFailed, RecipientRefused
from tests.fakes import discord, slack, telegram
from tests.fakes.faults import Fault
from tests.support.fakes import open_fake
from tests.support.presses import ROWS, Owner, cut_off, scene
from tests.support.waiting import eventually

CHANNELS = (Channel.TELEGRAM, Channel.DISCORD, Channel.SLACK)
UNANSWERED: Mapping[Channel, tuple[str, Fault]] = {
    Channel.TELEGRAM: ("answerCallbackQuery", telegram.error(400, "Bad Request: query is too old")),
    Channel.DISCORD: ("POST /webhooks/{}/{}", discord.error(404, 10015)),
    Channel.SLACK: ("chat.postEphemeral", slack.error("user_not_in_channel")),
}
"""What each platform is asked for to show an answer, and a way in which it refuses."""

NOBODY = {Channel.TELEGRAM: "-5", Channel.DISCORD: "alice", Channel.SLACK: "@alice"}


@pytest.fixture(params=CHANNELS, ids=str)
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with open_fake(request.param) as fake:
        yield fake


async def test_D14_a_press_arrives_with_the_verified_id_and_is_answered(platform: Any, tmp_path: Path) -> None:
    """Who pressed is whom the platform says; what becomes of it is shown to him."""
    async with scene(platform, tmp_path) as it:
        assert isinstance(it.adapter, Buttons)
        message = await it.ask()
        assert it.alice.buttons() == {message: [["approve K7QXM", "reject K7QXM"]]}
        assert it.alice.shows(message) == "Eve waits"
        assert await it.alice.press(message, "approve K7QXM") == "Approved."
    assert it.owner.presses == [Press(ChannelAccount(platform.channel), SenderId(it.alice.sender), "approve K7QXM")]


async def test_D14_any_data_can_come_as_a_press_and_is_handed_over_as_it_is(platform: Any, tmp_path: Path) -> None:
    """A program of the presser's own sends what no button says; that is for the owner's decisions to judge."""
    async with scene(platform, tmp_path) as it:
        message = await it.ask()
        for data in ("", "approve 22222", "<!channel> & \u202e", "x" * 64):
            await it.alice.press(message, data)
    assert [press.data for press in it.owner.presses] == ["", "approve 22222", "<!channel> & \u202e", "x" * 64]


async def test_buttons_are_taken_away(platform: Any, tmp_path: Path) -> None:
    """Some, and then the rest; what is not there cannot be changed, which is said."""
    async with scene(platform, tmp_path) as it:
        posted = await it.adapter.ask(SenderId(it.alice.sender), "Eve waits & <hopes>", ROWS)
        (message,) = it.alice.buttons()
        await it.adapter.change(posted, "Eve waits & <hopes>", [ROWS[0][:1]])
        assert it.alice.buttons() == {message: [["approve K7QXM"]]}
        assert it.alice.shows(message) == "Eve waits & <hopes>"
        await it.adapter.change(posted, "Eve waits\n\nApproved: Eve.", [])
        assert it.alice.buttons() == {}
        assert it.alice.shows(message) == "Eve waits\n\nApproved: Eve."
        with pytest.raises(DeliveryFailed):
            await it.adapter.change(Posted(posted.conversation, "4711", ""), "Eve is in", [])


async def test_a_long_text_takes_several_messages_and_keeps_who_waits(platform: Any, tmp_path: Path) -> None:
    """The last one has the buttons. What is written below it later never pushes out who waits."""
    text = "\n\n".join(f"sender {number}: " + "&" * 400 for number in range(20))
    async with scene(platform, tmp_path) as it:
        posted = await it.adapter.ask(SenderId(it.alice.sender), text, ROWS)
        (message,) = it.alice.buttons()
        assert len(it.alice.received) > 1
        assert "".join(it.alice.received).replace("\n", "") == text.replace("\n", "")
        before = it.alice.shows(message)
        assert posted.text.startswith("sender ")
        await it.adapter.change(posted, posted.text + "\n\nApproved." * 1000, [])
        assert it.alice.shows(message).replace("\n", "").startswith(before.replace("\n", ""))
        assert it.alice.shows(message).endswith("…")


async def test_D8_a_press_is_no_message_and_a_message_no_press(platform: Any, tmp_path: Path) -> None:
    """What is pressed is not delivered; what is written is not pressed."""
    async with scene(platform, tmp_path) as it:
        it.alice.write("approve K7QXM")
        await it.alice.press(await it.ask(), "reject K7QXM")
        await it.running.desk.wait_ended("approve K7QXM")
    assert it.running.desk.begun == ["hello", "approve K7QXM"]
    assert [press.data for press in it.owner.presses] == ["reject K7QXM"]


async def test_presses_and_messages_do_not_wait_for_each_other(platform: Any, tmp_path: Path) -> None:
    """Nor does a message that takes its time hold up a press."""
    async with scene(platform, tmp_path) as it:
        message, slow = await it.ask(), it.running.desk.hold("slow")
        it.owner.hold.clear()
        it.alice.write("slow")
        await it.running.desk.wait_begun("slow")
        pressed = asyncio.ensure_future(it.alice.press(message, "reject K7QXM"))
        await eventually(lambda: it.owner.presses)
        slow.set()
        it.alice.write("quick")
        await it.running.desk.wait_ended("quick")
        it.owner.hold.set()
        assert await pressed == "Approved."


async def test_S7_what_goes_wrong_with_a_press_ends_nothing(
    platform: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect, or an answer that is not taken: logged without what was pressed, and the next press works."""
    caplog.set_level(logging.INFO)
    async with scene(platform, tmp_path, Owner(failing=ValueError("reject K7QXM"))) as it:
        message = await it.ask()
        lost = [asyncio.ensure_future(it.alice.press(message, "reject K7QXM"))]
        await eventually(lambda: "which is a bug: ValueError" in caplog.text)
        it.owner.failing = None
        platform.fail(*UNANSWERED[platform.channel])
        lost.append(asyncio.ensure_future(it.alice.press(message, "reject K7QXM")))
        await eventually(lambda: "a press got no answer" in caplog.text)
        await cut_off(lost)
        assert await it.alice.press(message, "reject K7QXM") == "Approved."
    assert "K7QXM" not in caplog.text
    assert len(it.owner.presses) == 3


async def test_presses_are_bounded(platform: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However fast somebody presses, so many are under way at once."""
    async with scene(platform, tmp_path) as it:
        message = await it.ask()
        it.owner.hold.clear()
        pressed = [asyncio.ensure_future(it.alice.press(message, "reject K7QXM")) for _ in range(2 * MOST)]
        await eventually(lambda: caplog.text.count("one is left aside") == len(it.owner.presses) == MOST)
        await cut_off(pressed)


async def test_who_cannot_be_written_to_cannot_be_asked(platform: Any, tmp_path: Path) -> None:
    async with scene(platform, tmp_path) as it:
        with pytest.raises(RecipientRefused):
            await it.adapter.ask(SenderId(NOBODY[platform.channel]), "Eve waits", ROWS)


# --- without a platform ----------------------------------------------------------------------------------------------

PRESS = Press(ChannelAccount(Channel.DISCORD), SenderId("1"), "approve K7QXM")


@pytest.mark.parametrize(
    ("accept", "handed_over"),
    [(None, True), (Unreachable("no answer"), False), (ValueError("approve K7QXM"), False)],
    ids=["accepted", "not accepted", "a defect"],
)
async def test_a_press_that_its_platform_does_not_accept_does_nothing(
    accept: Exception | None, handed_over: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is done with all the same; and what was pressed is in no log (threats.md S7)."""
    owner, said, done = Owner(), asyncio.Queue[str](), asyncio.Event()
    presses = Presses()
    presses.on_press(owner)

    async def accepting() -> None:
        if accept:
            raise accept

    presses.take(PRESS, said.put, accept=accepting, done=done.set)
    assert not presses.idle
    await done.wait()
    assert (owner.presses, said.qsize()) == (([PRESS], 1) if handed_over else ([], 0))
    await eventually(lambda: presses.idle)
    assert "K7QXM" not in caplog.text


async def test_what_is_under_way_at_the_end_gets_a_moment_and_is_cut_off() -> None:
    """What was cut off is not done with: the platform may bring it again."""
    owner, said = Owner(), asyncio.Queue[str]()
    presses, done = Presses(), list[str]()
    presses.on_press(owner)
    owner.hold.clear()
    presses.take(PRESS, said.put, done=lambda: done.append("first"))
    await eventually(lambda: owner.presses)
    asyncio.get_running_loop().call_soon(owner.hold.set)
    await presses.close(10)
    assert done == ["first"]
    owner.hold.clear()
    presses.take(PRESS, said.put, done=lambda: done.append("second"))
    await presses.close(0)
    assert (done, presses.idle) == (["first"], True)


def test_presses_are_wanted_once_somebody_takes_them_over() -> None:
    """Until then an adapter leaves them where all else is that is no message."""
    presses = Presses()
    assert not presses.wanted
    with pytest.raises(ValueError, match="nobody"):
        presses.take(PRESS, asyncio.Queue[str]().put)
    presses.on_press(Owner())
    assert presses.wanted
