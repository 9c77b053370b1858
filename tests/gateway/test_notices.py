"""Owners are told who waits: once, together, not at night, and without disturbing the door."""

import asyncio
import logging

import pytest

from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import SenderId
from clawdbot.domain.owners import Owners, Quiet, read_owner
from clawdbot.errors import DeliveryFailed, RecipientRefused
from clawdbot.gateway.notices import FULL_AGAIN_MS, MOST_NOTED
from tests.support.owners import SIGNAL, TELEGRAM, Street
from tests.support.waiting import eventually


async def settled() -> None:
    """Let everything happen that can happen now."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_an_owner_is_told_who_waits_where_and_since_when() -> None:
    """One message, with what the sender calls himself in quotes, and never the pairing code (S7)."""
    street = Street()
    async with street.telling():
        await street.write("7", name="Eve\u202e\nApproved: all")
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    (request,) = await street.house.senders.waiting(TELEGRAM)
    assert text.startswith('telegram: 7 ("Eve\\u202e\\nApproved: all") wants to write to the bot\nsince ')
    assert "UTC, until " in text
    assert request.code.reveal() not in text


async def test_several_at_once_are_one_message() -> None:
    """Who comes while the first is being gathered is told with him; each has a reference and a row of his own."""
    street = Street()
    street.awake.clear()
    async with street.telling():
        for sender in ("7", "8", "9"):
            await street.write(sender)
        await settled()
        assert street.said_to("1") == []
        street.awake.set()
        await eventually(lambda: bool(street.said_to("1")))
        await settled()
    (text,) = street.said_to("1")
    assert text.startswith("3 requests wait for you:")
    assert len(street.telegram.keyboards["1"]) == 3
    first = text.partition("approve ")[2][:5]
    await street.write("1", f"approve {first}")
    await eventually(lambda: len(street.telegram.keyboards["1"]) == 2)


async def test_a_waiting_sender_is_told_of_once() -> None:
    """However often he writes (threats.md D10)."""
    street = Street()
    async with street.telling():
        for _ in range(20):
            await street.write("7")
            street.clock.now += 2_000
        await eventually(lambda: bool(street.said_to("1")))
        await settled()
    assert len(street.said_to("1")) == 1


async def test_quiet_hours_hold_messages_back() -> None:
    """At night nothing is sent; in the morning he is told who waits still, and how many have gone."""
    street = Street()
    street.owners = Owners(street.owners.who, Quiet(22 * 60, 7 * 60))
    street.minute = 3 * 60
    async with street.telling():
        await street.write("7")
        await settled()
        assert street.said_to("1") == []
        street.clock.now += 60 * 60 * 1000
        await street.write("8")
        await settled()
        assert street.said_to("1") == []
        street.minute = 7 * 60
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    assert "telegram: 8 wants" in text
    assert "1 asked meanwhile, and waits no more" in text


async def test_D10_a_full_queue_is_told_once_an_hour() -> None:
    """500 strangers: one message says who waits and that others are turned away; the next comes an hour later."""
    street = Street()
    async with street.telling():
        for number in range(100, 600):
            await street.write(str(number))
        await eventually(lambda: any("turned away" in text for text in street.said_to("1")))
        await settled()
        assert sum("turned away" in text for text in street.said_to("1")) == 1
        street.clock.now += FULL_AGAIN_MS
        for number in range(600, 610):
            await street.write(str(number))
        await eventually(lambda: sum("turned away" in text for text in street.said_to("1")) == 2)


async def test_who_was_decided_about_meanwhile_is_left_out() -> None:
    """Approved before the owner was told: he is told that nobody waits any more."""
    street = Street()
    await street.write("7")
    (request,) = await street.house.senders.waiting(TELEGRAM)
    await street.house.senders.approve_sender(TELEGRAM, request.code, by="terminal")
    async with street.telling():
        await eventually(lambda: bool(street.said_to("1")))
    assert street.said_to("1") == ["1 asked meanwhile, and waits no more"]


async def test_an_owner_is_told_only_where_he_is_in() -> None:
    """A stranger whom the configuration calls an owner hears nothing: the door does not admit him."""
    street = Street("telegram:5", "telegram:1")
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.said_to("1")))
    assert street.said_to("5") == []


async def test_each_owner_is_told_on_his_own_channel() -> None:
    """With references of their own: what one decides the other cannot decide again."""
    street = Street("telegram:1", "signal:+15550001111")
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.said_to("1")) and bool(street.signal.sent))
    mine = street.said_to("1")[0].partition("approve ")[2][:5]
    ((owner, text),) = street.signal.sent
    assert mine not in text
    await street.write("1", f"approve {mine}")
    await street.write(owner, f"reject {text.partition('approve ')[2][:5]}", at=street.signal)
    assert street.signal.sent[-1][1] == "Nothing changed: the request of telegram sender 7 is approved already."


@pytest.mark.parametrize("failure", [RecipientRefused("blocked the bot"), DeliveryFailed("too many")])
async def test_failures_never_disturb_the_door(failure: DeliveryFailed, caplog: pytest.LogCaptureFixture) -> None:
    """The owner cannot be reached: strangers get their codes, the log says so, and the next notice is tried."""
    caplog.set_level(logging.WARNING)
    street = Street("signal:+15550001111")
    street.signal.failing = failure
    async with street.telling():
        await street.write("7")
        await eventually(lambda: "could not be told" in caplog.text)
        street.signal.failing = None
        await street.write("8")
        await eventually(lambda: bool(street.signal.sent))
    assert len(street.said_to("7")) == len(street.said_to("8")) == 1


async def test_a_channel_that_does_not_run_leaves_the_other_owner_told() -> None:
    street = Street("signal:+15550001111", "telegram:1")
    del street.running[SIGNAL]
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.said_to("1")))


async def test_without_owners_nothing_is_kept() -> None:
    """Nor while the configuration is broken; once it is mended, the next request is told of."""
    street = Street()
    street.broken = True
    async with street.telling():
        await street.write("7")
        await settled()
        street.broken = False
        await street.write("8")
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    assert "telegram: 8 " in text


async def test_what_is_noted_is_bounded() -> None:
    """However many ask while an owner sleeps: he is told how many."""
    street = Street()
    for number in range(MOST_NOTED + 50):
        street.notices.sender_waits(TELEGRAM, SenderId(str(1000 + number)))
    async with street.telling():
        await eventually(lambda: bool(street.said_to("1")))
    assert street.said_to("1") == [f"{MOST_NOTED + 50} asked meanwhile, and wait no more"]


async def test_D4_an_owner_under_a_disabled_policy_is_not_told() -> None:
    """What the door does not admit is nobody to talk to."""
    street = Street("signal:+15550001111")
    street.owners = Owners((read_owner("signal:+15550001111"),))
    street.rules[SIGNAL] = DmRules(DmPolicy.DISABLED)
    async with street.telling():
        await street.write("7")
        await settled()
    assert street.signal.sent == []


async def test_what_was_certainly_not_delivered_is_tried_again() -> None:
    """The platform is away for a moment: the owner is told all the same, once."""
    street = Street("signal:+15550001111")
    street.signal.failing = DeliveryFailed("away")
    street.awake.clear()
    async with street.telling():
        await street.write("7")
        street.awake.set()
        await asyncio.sleep(0)
        street.awake.clear()
        await settled()
        street.signal.failing = None
        street.awake.set()
        await eventually(lambda: bool(street.signal.sent))
        await settled()
    assert len(street.signal.sent) == 1
