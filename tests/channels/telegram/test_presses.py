"""Buttons under messages: sent, pressed, answered, taken away; over the real adapter (threats.md D14)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clawdbot.channels.base import Button, Buttons, Press
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.channels.telegram.presses import MOST
from clawdbot.domain.names import SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import DeliveryFailed, RecipientRefused
from tests.channels.telegram.conftest import ACCOUNT, FAST
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram, error
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

ROWS = [[Button("✅ Approve", "approve K7QXM"), Button("Reject", "reject K7QXM")]]
ALICE = SenderId("777")


@dataclass
class Owner:
    """Takes presses over: what was pressed, and how each is answered."""

    presses: list[Press] = field(default_factory=list)
    answer: str = "Approved."
    hold: asyncio.Event | None = None
    failing: Exception | None = None

    async def __call__(self, press: Press) -> str:
        self.presses.append(press)
        if self.hold:
            await self.hold.wait()
        if self.failing:
            raise self.failing
        return self.answer


@asynccontextmanager
async def bot(
    telegram: FakeTelegram, tmp_path: Path, owner: Owner, desk: Desk | None = None
) -> AsyncIterator[TelegramAdapter]:
    made = TelegramAdapter(
        ACCOUNT, Secret(telegram.token), TelegramSettings(telegram.url), state_dir=tmp_path, timing=FAST
    )
    made.on_press(owner)
    run = asyncio.create_task(made.run(desk or Desk(), Reports()))
    try:
        await eventually(lambda: telegram.polling)
        yield made
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await made.close()


async def test_a_press_arrives_with_the_verified_id_and_is_answered(telegram: FakeTelegram, tmp_path: Path) -> None:
    """Who pressed is whom Telegram says; what becomes of it is shown to him, cut to what Telegram shows."""
    owner, alice = Owner(answer="x" * 500), telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, owner) as adapter:
        assert isinstance(adapter, Buttons)
        message = int(await adapter.ask(ALICE, "Eve waits", ROWS))
        assert alice.buttons() == {message: [["approve K7QXM", "reject K7QXM"]]}
        assert await alice.press(message, "approve K7QXM") == "x" * 199 + "…"
        await eventually(lambda: not telegram.unconfirmed)
    assert owner.presses == [Press(ACCOUNT, ALICE, "approve K7QXM")]


async def test_buttons_are_taken_away(telegram: FakeTelegram, tmp_path: Path) -> None:
    """Some, and then the rest; to change nothing, or what is not there, is a failure that says so."""
    alice = telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, Owner()) as adapter:
        message = await adapter.ask(ALICE, "Eve waits", ROWS)
        await adapter.change(ALICE, message, "Eve waits", [ROWS[0][:1]])
        assert alice.buttons() == {int(message): [["approve K7QXM"]]}
        await adapter.change(ALICE, message, "Eve is in", [])
        assert alice.buttons() == {}
        assert alice.messages[int(message)]["text"] == "Eve is in"
        for gone in (message, "4711"):
            with pytest.raises(DeliveryFailed):
                await adapter.change(ALICE, gone, "Eve is in", [])


async def test_D8_a_press_is_no_message_and_a_message_no_press(telegram: FakeTelegram, tmp_path: Path) -> None:
    """What is pressed is not delivered; what is written is not pressed."""
    owner, desk, alice = Owner(), Desk(), telegram.user(777, "Alice")
    async with bot(telegram, tmp_path, owner, desk) as adapter:
        alice.write("approve K7QXM")
        await desk.wait_ended("approve K7QXM")
        await alice.press(int(await adapter.ask(ALICE, "Eve waits", ROWS)), "reject K7QXM")
    assert desk.begun == ["approve K7QXM"]
    assert [press.data for press in owner.presses] == ["reject K7QXM"]


async def test_D14_presses_elsewhere_are_left_aside(telegram: FakeTelegram, tmp_path: Path) -> None:
    """In groups, by bots, in somebody else's chat, without a message or data: nobody hears of them."""
    owner, alice = Owner(), telegram.user(777, "Alice")
    person = {"id": 777, "is_bot": False, "first_name": "Alice"}
    query = {"id": "1", "from": person, "message": {"chat": {"id": 777, "type": "private"}}, "data": "approve K7QXM"}
    odd: list[dict[str, object]] = [
        {"message": {"chat": {"id": -5, "type": "group"}}},
        {"message": {"chat": {"id": 888, "type": "private"}}},
        {"message": None},
        {"from": {**person, "is_bot": True}},
        {"from": {**person, "id": "777"}},
        {"from": None},
        {"data": None},
        {"data": "x" * 65},
        {"id": ""},
    ]
    async with bot(telegram, tmp_path, owner):
        for each in odd:
            telegram.push({"callback_query": {**query, **each}})
        telegram.push({"callback_query": query})
        await eventually(lambda: bool(owner.presses))
        await eventually(lambda: not telegram.unconfirmed)
    assert owner.presses == [Press(ACCOUNT, ALICE, "approve K7QXM")]
    assert alice.received == []


async def test_presses_do_not_wait_for_messages(telegram: FakeTelegram, tmp_path: Path) -> None:
    """Nor does a press that takes its time hold up a message."""
    owner, desk, alice = Owner(hold=asyncio.Event()), Desk(), telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, owner, desk) as adapter:
        pressed = asyncio.ensure_future(alice.press(int(await adapter.ask(ALICE, "Eve waits", ROWS)), "reject K7QXM"))
        await eventually(lambda: bool(owner.presses))
        alice.write("hello")
        await desk.wait_ended("hello")
        assert owner.hold
        owner.hold.set()
        assert await pressed == "Approved."


async def test_trouble_that_goes_on_does_not_disturb_a_press_under_way(telegram: FakeTelegram, tmp_path: Path) -> None:
    """The channel is handed to its supervisor when the press is done with, and not before."""
    owner, alice = Owner(hold=asyncio.Event()), telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, owner) as adapter:
        pressed = asyncio.ensure_future(alice.press(int(await adapter.ask(ALICE, "Eve waits", ROWS)), "reject K7QXM"))
        await eventually(lambda: bool(owner.presses))
        before = len(telegram.calls("getUpdates"))
        telegram.fail("getUpdates", *[faults.html()] * 1000)
        await eventually(lambda: len(telegram.calls("getUpdates")) > before + 2 * FAST.patience)
        assert owner.hold
        owner.hold.set()
        assert await pressed == "Approved."


async def test_S7_what_goes_wrong_with_a_press_ends_nothing(
    telegram: FakeTelegram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect, or an answer that Telegram does not take: logged without what was pressed, and the next one works."""
    caplog.set_level(logging.INFO)
    owner, alice = Owner(failing=ValueError("reject K7QXM")), telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, owner) as adapter:
        message = int(await adapter.ask(ALICE, "Eve waits", ROWS))
        telegram.query(alice, message, "reject K7QXM")
        await eventually(lambda: "which is a bug: ValueError" in caplog.text)
        owner.failing = None
        telegram.fail("answerCallbackQuery", error(400, "Bad Request: query is too old"))
        telegram.query(alice, message, "reject K7QXM")
        await eventually(lambda: "a press got no answer" in caplog.text)
        assert await alice.press(message, "reject K7QXM") == "Approved."
        await eventually(lambda: not telegram.unconfirmed)
    assert "K7QXM" not in caplog.text


async def test_presses_are_bounded(telegram: FakeTelegram, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However fast somebody presses, so many are under way at once."""
    owner, alice = Owner(hold=asyncio.Event()), telegram.user(777, "Alice")
    alice.wrote = True
    async with bot(telegram, tmp_path, owner) as adapter:
        message = int(await adapter.ask(ALICE, "Eve waits", ROWS))
        for _ in range(3 * MOST):
            telegram.query(alice, message, "reject K7QXM")
        await eventually(lambda: caplog.text.count("one is left aside") == 2 * MOST)
        assert len(owner.presses) == MOST


async def test_who_cannot_be_written_to_cannot_be_asked(telegram: FakeTelegram, tmp_path: Path) -> None:
    telegram.user(777, "Alice")
    async with bot(telegram, tmp_path, Owner()) as adapter:
        for who in (ALICE, SenderId("@alice"), SenderId("-5")):
            with pytest.raises(RecipientRefused):
                await adapter.ask(who, "Eve waits", ROWS)
