"""Messages to owners, and the buttons under them."""

import asyncio
from dataclasses import dataclass, field

import pytest

from clawdbot.channels.base import Buttons, ChannelAdapter, Posted, Rows
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import SenderId
from clawdbot.domain.notices import SENDER_ACTIONS
from clawdbot.domain.owners import read_owner
from clawdbot.domain.references import Given, SenderAsks
from clawdbot.errors import DeliveryFailed
from clawdbot.gateway.postings import Postings, rows
from tests.support.owners import TELEGRAM, Pressable
from tests.support.people import Platform
from tests.support.waiting import eventually

ADA = read_owner("telegram:1")


def given(reference: str, sender: str = "7") -> Given:
    asked = SenderAsks(TELEGRAM, SenderId(sender), PairingCode("ABCDEFGH"))
    return Given(reference, asked, SENDER_ACTIONS, ADA, TELEGRAM, 10)


def on(platform: ChannelAdapter) -> Postings:
    return Postings(lambda _: platform)


@dataclass
class Slow(Pressable):
    """Takes its time to leave one row of buttons."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        if len(rows) == 1:
            self.begun.set()
            await self.go.wait()
        await super().change(posted, text, rows)


def test_a_platform_with_buttons_is_known_by_what_it_can_do() -> None:
    assert isinstance(Pressable(), Buttons)
    assert not isinstance(Platform(), Buttons)


def test_each_reference_has_a_row() -> None:
    """What a button says when pressed is what a reply would say, and fits into 64 bytes of ASCII."""
    (one,) = rows([given("AAAA2")], named=False)
    assert [button.data for button in one] == ["approve AAAA2", "reject AAAA2", "block AAAA2"]
    assert "AAAA2" not in one[0].label
    several = rows([given("AAAA2"), given("AAAA3")], named=True)
    assert [row[0].label for row in several] == ["✅ Approve AAAA2", "✅ Approve AAAA3"]
    assert all(button.data.isascii() and len(button.data) <= 64 for row in several for button in row)


async def test_buttons_go_with_their_requests() -> None:
    """What was decided loses its row, and its outcome is written below; what was not keeps it."""
    platform = Pressable(TELEGRAM)
    postings = on(platform)
    await postings.post(TELEGRAM, ADA, "two wait", [given("AAAA2", "7"), given("AAAA3", "8")])
    postings.settle(given("", "7").asked, "Approved: 7.")
    await eventually(lambda: len(platform.keyboards["1"]) == 1)
    postings.settle(given("", "8").asked, "Rejected: 8.")
    await eventually(lambda: platform.keyboards["1"] == [])
    postings.settle(given("", "8").asked, "Rejected: 8.")
    await postings.close()
    assert platform.sent == [("1", "two wait")]
    assert platform.texts == {"1": "two wait\n\nApproved: 7.\n\nRejected: 8."}


async def test_the_last_of_several_still_says_which_it_is() -> None:
    """The text tells of all of them, so the button has to."""
    platform = Pressable(TELEGRAM)
    postings = on(platform)
    await postings.post(TELEGRAM, ADA, "two wait", [given("AAAA2", "7"), given("AAAA3", "8")])
    postings.settle(given("", "7").asked, "Approved: 7.")
    await postings.close()
    ((first, *_),) = platform.rows["1"]
    assert first.label == "✅ Approve AAAA3"


async def test_changes_of_a_message_do_not_overtake_each_other() -> None:
    """However long the platform takes for the first, the last one stays."""
    platform = Slow(TELEGRAM)
    postings = on(platform)
    await postings.post(TELEGRAM, ADA, "two wait", [given("AAAA2", "7"), given("AAAA3", "8")])
    postings.settle(given("", "7").asked, "Approved: 7.")
    await platform.begun.wait()
    postings.settle(given("", "8").asked, "Rejected: 8.")
    await asyncio.sleep(0)
    platform.go.set()
    await postings.close()
    assert platform.keyboards == {"1": []}


async def test_a_platform_without_buttons_gets_the_text() -> None:
    platform = Platform(TELEGRAM)
    await on(platform).post(TELEGRAM, ADA, "one waits", [given("AAAA2")])
    assert platform.sent == [("1", "one waits")]


async def test_buttons_that_cannot_be_taken_away_disturb_nobody() -> None:
    """The message is gone, the platform is away: the decision stands."""
    platform = Pressable(TELEGRAM)
    postings = on(platform)
    await postings.post(TELEGRAM, ADA, "one waits", [given("AAAA2")])

    async def change(*_: object) -> None:
        raise DeliveryFailed("message to edit not found")

    platform.change = change  # type: ignore[method-assign,assignment]
    postings.settle(given("AAAA2").asked, "Approved: 7.")
    await asyncio.sleep(0)
    await postings.close()


async def test_what_does_not_arrive_is_said() -> None:
    platform = Pressable(TELEGRAM, failing=DeliveryFailed("away"))
    with pytest.raises(DeliveryFailed):
        await on(platform).post(TELEGRAM, ADA, "one waits", [given("AAAA2")])
