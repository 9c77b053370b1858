"""Buttons under messages, where Discord is a case of its own; the rest is in ``channels/test_presses.py``."""

import logging
from pathlib import Path
from typing import Any

import pytest

from clawdbot.channels.base import Button, Press
from clawdbot.channels.presses import Presses
from clawdbot.domain.names import SenderId
from tests.channels.discord.conftest import ACCOUNT
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_interactions import InteractionFailed
from tests.fakes.faults import drop
from tests.support.presses import scene
from tests.support.waiting import eventually

CALLBACK = "POST /interactions/{}/{}/callback"


async def test_a_press_is_accepted_before_it_is_decided(discord: FakeDiscord, tmp_path: Path) -> None:
    """However long the decision takes, Discord hears within three seconds; the answer is for the presser alone."""
    async with scene(discord, tmp_path) as it:
        message = await it.ask()
        it.owner.hold.clear()
        made = discord.interact(
            discord.person(1, "Alice"), discord.person(1, "Alice").messages[message], "reject K7QXM"
        )
        await eventually(lambda: it.owner.presses)
        assert made.answered
        it.owner.hold.set()
        assert await made.said == "Approved."
    (shown,) = discord.asked("POST /webhooks/{}/{}")
    assert shown.asked == {"content": "Approved.", "flags": 64, "allowed_mentions": {"parse": []}}


async def test_D16_a_press_that_comes_late_or_again_decides_nothing(
    discord: FakeDiscord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Told again after a break, or after its time: Discord does not accept it from us, and neither does the owner."""
    async with scene(discord, tmp_path) as it:
        message = await it.ask()
        assert await it.alice.press(message, "approve K7QXM") == "Approved."
        discord.gateway.tell("INTERACTION_CREATE", discord.interacted[-1])
        await eventually(lambda: "code 40060" in caplog.text)
        discord.interactions.reply_s = 0
        with pytest.raises(InteractionFailed):
            await it.alice.press(message, "reject K7QXM")
        await eventually(lambda: "code 10062" in caplog.text)
    assert [press.data for press in it.owner.presses] == ["approve K7QXM"]
    assert str(discord.interacted[0]["token"]) not in caplog.text


async def test_S2_a_press_of_which_nobody_knows_whether_it_was_accepted_decides_nothing(
    discord: FakeDiscord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The buttons are there still, and the next press works."""
    async with scene(discord, tmp_path) as it:
        message = await it.ask()
        for fault in (drop, discord.lose_answer):
            discord.fail(CALLBACK, fault)
            discord.interact(discord.person(1, "Alice"), discord.person(1, "Alice").messages[message], "reject K7QXM")
        await eventually(lambda: caplog.text.count("a press is left aside: no usable answer") == 2)
        assert it.owner.presses == []
        assert await it.alice.press(message, "reject K7QXM") == "Approved."


async def test_D14_S8_presses_elsewhere_and_odd_ones_are_left_aside(discord: FakeDiscord, tmp_path: Path) -> None:
    """In servers and groups, by bots, under messages of others, commands and forms, malformed ones: nobody hears of
    them, Discord is asked nothing, and the connection lives."""
    async with scene(discord, tmp_path) as it:
        message, alice = await it.ask(), discord.person(1, "Alice")
        shown = alice.messages[message]
        odd: list[dict[str, Any]] = [
            {"guild_id": "5", "member": {"user": alice.user}, "user": ...},
            {"guild_id": "5"},
            {"channel": {"id": "5", "type": 3}},
            {"channel": ...},
            {"user": alice.user | {"bot": True}},
            {"user": alice.user | {"id": alice.id}},
            {"user": ...},
            {"message": shown | {"author": alice.user}},
            {"message": ...},
            {"type": 2, "data": {"name": "approve"}},
            {"type": 5},
            {"data": {"component_type": 3, "custom_id": "x", "values": ["approve K7QXM"]}},
            {"data": {"component_type": 2, "custom_id": "x" * 101}},
            {"data": {"component_type": 2, "custom_id": 5}},
            {"token": "../../users/@me"},
            {"token": ""},
            {"id": "x"},
        ]
        for more in odd:
            discord.interact(alice, shown, "approve K7QXM", **more)
        nothing: tuple[object, ...] = (None, [], "x", 5)
        for each in nothing:
            discord.gateway.tell("INTERACTION_CREATE", each)
        assert await it.alice.press(message, "reject K7QXM") == "Approved."
        assert len(discord.asked(CALLBACK)) == 1
        assert len(discord.gateway.opened) == 1
    assert it.owner.presses == [Press(ACCOUNT, SenderId(it.alice.sender), "reject K7QXM")]


async def test_there_is_room_for_five_rows_and_others_move_up(discord: FakeDiscord, tmp_path: Path) -> None:
    """More than Discord takes are not sent; when some have gone, the next ones are."""
    rows = [[Button("✅ Approve", f"approve {number}"), Button("Reject", f"reject {number}")] for number in range(8)]
    async with scene(discord, tmp_path) as it:
        posted = await it.adapter.ask(SenderId(it.alice.sender), "eight wait", rows)
        (shown,) = it.alice.buttons().values()
        assert shown == [[f"approve {number}", f"reject {number}"] for number in range(5)]
        await it.adapter.change(posted, "eight wait", rows[2:])
        (shown,) = it.alice.buttons().values()
        assert shown == [[f"approve {number}", f"reject {number}"] for number in range(2, 7)]


async def test_without_anybody_who_takes_presses_they_are_left_aside(
    discord: FakeDiscord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway without owners says nothing to Discord of them."""
    caplog.set_level(logging.DEBUG, "clawdbot")
    async with scene(discord, tmp_path) as it:
        message, alice = await it.ask(), discord.person(1, "Alice")
        it.adapter._presses = Presses()
        discord.interact(alice, alice.messages[message], "approve K7QXM")
        alice.write("still there")
        await it.running.desk.wait_ended("still there")
    assert discord.asked(CALLBACK) == []
