"""Buttons under messages, where Telegram is a case of its own; the rest is in ``channels/test_presses.py``."""

import asyncio
from pathlib import Path
from typing import Any

from clawdbot.channels.base import Press
from clawdbot.domain.names import SenderId
from tests.channels.telegram.conftest import ACCOUNT
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram
from tests.support.presses import Owner, scene
from tests.support.waiting import eventually


async def test_an_answer_is_cut_to_what_telegram_shows(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with scene(telegram, tmp_path, Owner(answer="x" * 500)) as it:
        assert await it.alice.press(await it.ask(), "approve K7QXM") == "x" * 199 + "…"
        await eventually(lambda: not telegram.unconfirmed)


async def test_D14_presses_elsewhere_are_left_aside(telegram: FakeTelegram, tmp_path: Path) -> None:
    """In groups, by bots, in somebody else's chat, without a message or data: nobody hears of them."""
    person = {"id": 1, "is_bot": False, "first_name": "Alice"}
    query = {"id": "1", "from": person, "message": {"chat": {"id": 1, "type": "private"}}, "data": "approve K7QXM"}
    odd: list[dict[str, Any]] = [
        {"message": {"chat": {"id": -5, "type": "group"}}},
        {"message": {"chat": {"id": 888, "type": "private"}}},
        {"message": None},
        {"from": {**person, "is_bot": True}},
        {"from": {**person, "id": "1"}},
        {"from": None},
        {"data": None},
        {"data": "x" * 65},
        {"id": ""},
    ]
    async with scene(telegram, tmp_path) as it:
        for each in odd:
            telegram.push({"callback_query": {**query, **each}})
        telegram.push({"callback_query": query})
        await eventually(lambda: it.owner.presses)
        await eventually(lambda: not telegram.unconfirmed)
    assert it.owner.presses == [Press(ACCOUNT, SenderId("1"), "approve K7QXM")]


async def test_D16_a_press_that_comes_again_is_handed_over_once(telegram: FakeTelegram, tmp_path: Path) -> None:
    """An update is what it was before, by its number."""
    async with scene(telegram, tmp_path) as it:
        message, number = await it.ask(), telegram.next_update
        assert await it.alice.press(message, "approve K7QXM") == "Approved."
        telegram.repeat(number)
        assert await it.alice.press(message, "reject K7QXM") == "Approved."
    assert [press.data for press in it.owner.presses] == ["approve K7QXM", "reject K7QXM"]


async def test_trouble_that_goes_on_does_not_disturb_a_press_under_way(telegram: FakeTelegram, tmp_path: Path) -> None:
    """The channel is handed to its supervisor when the press is done with, and not before."""
    async with scene(telegram, tmp_path, patience=3) as it:
        message = await it.ask()
        it.owner.hold.clear()
        pressed = asyncio.ensure_future(it.alice.press(message, "reject K7QXM"))
        await eventually(lambda: it.owner.presses)
        before = len(telegram.calls("getUpdates"))
        telegram.fail("getUpdates", *[faults.html()] * 1000)
        await eventually(lambda: len(telegram.calls("getUpdates")) > before + 6)
        it.owner.hold.set()
        assert await pressed == "Approved."
