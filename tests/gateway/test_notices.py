"""Owners are told who waits: once, together, not at night, and without disturbing the door."""

import asyncio
import logging

import pytest

from clawdbot.domain.check_words import check_words
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import SenderId
from clawdbot.domain.owners import Owners, Quiet, read_owner
from clawdbot.domain.secret import Secret
from clawdbot.errors import DeliveryFailed, RecipientRefused
from clawdbot.gateway.endings import AGAIN_MS
from clawdbot.gateway.notes import MOST_NOTED
from clawdbot.gateway.notices import FULL_AGAIN_MS, Pace
from clawdbot.gateway.push import Failure, Push
from clawdbot.service import Service
from tests.support.devices import arrival, identity
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
    """Nor while the configuration is broken; once it is mended, the next request is told of, without a pause."""
    street = Street()
    street.broken = True
    async with street.telling():
        await street.write("7")
        await settled()
        assert set(street.slept) == {Pace().gather}
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


# --- approvals that end ----------------------------------------------------------------------------------------------

DAY_MS = 24 * 60 * 60 * 1000


async def lend(street: Street, sender: str, days: int) -> None:
    """Let somebody who waits in for so many days."""
    (request,) = [one for one in await street.house.senders.waiting(TELEGRAM) if one.sender == sender]
    await street.house.senders.approve_sender(TELEGRAM, request.code, by="terminal", lasts_ms=days * DAY_MS)


async def lent(days: int = 7) -> Street:
    """``7`` is in for a week, and nobody is being told of anything yet."""
    street = Street()
    await street.write("7")
    await lend(street, "7", days)
    await street.house.senders.label_sender(TELEGRAM, SenderId("7"), "the plumber")
    async with street.telling():
        await eventually(lambda: bool(street.said_to("1")))
    street.telegram.sent.clear()
    return street


async def test_an_owner_is_told_before_an_approval_ends_and_extends_it() -> None:
    """Once, a day before, with the answer that lets him go on for another week; it is good once."""
    street = await lent()
    async with street.telling():
        await street.notices.look_for_endings()
        await settled()
        assert street.said_to("1") == []
        street.clock.now += 6 * DAY_MS
        for _ in range(3):
            await street.notices.look_for_endings()
            await settled()
        (text,) = street.said_to("1")
        assert text.startswith('telegram: 7 ("the plumber") is in until 2026-')
        assert "that is in 1 d; extend gives 7 d from then on" in text
        reference = text.partition("extend ")[2].partition("Answer: extend ")[2][:5]
        assert street.telegram.keyboards[max(street.telegram.keyboards)] == [[f"extend {reference}"]]
        assert await street.telegram.press("1", f"extend {reference}") == "Extended: telegram sender 7."
        said = await street.telegram.press("1", f"extend {reference}")
        assert said == "Nothing changed: the approval of telegram sender 7 is extended already."
        street.clock.now += 5 * DAY_MS
        assert await street.is_in("7")
        await street.notices.look_for_endings()
        await settled()
        street.clock.now += DAY_MS
        await street.notices.look_for_endings()
        await eventually(lambda: sum("is in until" in text for text in street.said_to("1")) == 2)


async def test_D14_nobody_but_the_owner_extends() -> None:
    """Not the one whose approval ends, and not by another action than was offered."""
    street = await lent()
    street.clock.now += 6 * DAY_MS
    async with street.telling():
        await street.notices.look_for_endings()
        await eventually(lambda: bool(street.said_to("1")))
        reference = street.said_to("1")[0].partition("Answer: extend ")[2][:5]
        assert await street.telegram.press("7", f"extend {reference}") == "Only the owner can decide."
        assert await street.telegram.press("1", f"block {reference}") == (
            "Nothing decided: about telegram sender 7 you can extend."
        )
        assert "tried to decide about telegram sender 7" in street.said_to("1")[1]
        street.clock.now += DAY_MS
        assert (await street.telegram.press("1", f"extend {reference}")).startswith("Too late: the approval of")
    assert not await street.is_in("7")


async def test_G5_an_approval_that_was_changed_is_not_extended_by_an_old_answer() -> None:
    """Extended or taken back elsewhere since: the answer is void, and the buttons go."""
    street = await lent()
    await street.watched.sweep()
    street.clock.now += 6 * DAY_MS
    async with street.telling():
        await street.notices.look_for_endings()
        await eventually(lambda: bool(street.said_to("1")))
        reference = street.said_to("1")[0].partition("Answer: extend ")[2][:5]
        service = Service(street.store, now=street.clock)
        await service.extend_sender(TELEGRAM, SenderId("7"), by="terminal", lasts_ms=30 * DAY_MS)
        said = await street.telegram.press("1", f"extend {reference}")
        assert said == "Nothing changed: the approval of telegram sender 7 is gone already."
        until = (await service.read(TELEGRAM)).allowed[SenderId("7")].until
        assert until == street.clock.now + 30 * DAY_MS
    await eventually(lambda: not any(street.telegram.keyboards.values()))


async def test_who_is_revoked_before_he_is_told_of_is_left_out() -> None:
    """Quiet hours held the warning back; in the morning there is nothing to say."""
    street = await lent()
    street.owners = Owners(street.owners.who, Quiet(22 * 60, 7 * 60))
    street.minute = 3 * 60
    street.clock.now += 6 * DAY_MS
    async with street.telling():
        await street.notices.look_for_endings()
        await settled()
        assert street.said_to("1") == []
        await street.house.senders.revoke_sender(TELEGRAM, SenderId("7"), by="terminal")
        street.minute = 7 * 60
        await settled()
        await street.write("8")
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    assert "8 wants to write" in text
    assert "7" not in text.partition("\n")[0]
    assert "no more" not in text


async def test_requests_come_before_endings_in_a_digest() -> None:
    street = await lent()
    street.clock.now += 6 * DAY_MS
    await street.notices.look_for_endings()
    await street.write("8")
    async with street.telling():
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    assert text.startswith("2 matters wait for you:\n\ntelegram: 8 wants")
    assert text.index("8 wants") < text.index("is in until")


async def test_a_warning_that_reached_nobody_comes_again() -> None:
    """The owner's channel did not run: he is told when it does, ten minutes later at the latest."""
    street = await lent()
    street.clock.now += 6 * DAY_MS
    del street.running[TELEGRAM]
    async with street.telling():
        await street.notices.look_for_endings()
        await settled()
        street.running[TELEGRAM] = street.telegram
        await street.notices.look_for_endings()
        await settled()
        assert street.said_to("1") == []
        street.clock.now += AGAIN_MS
        await street.notices.look_for_endings()
        await eventually(lambda: len(street.said_to("1")) == 1)
        street.clock.now += AGAIN_MS
        await street.notices.look_for_endings()
        await settled()
    assert len(street.said_to("1")) == 1


async def test_without_owners_nobody_looks() -> None:
    """What nobody can be told of stays to be told."""
    street = await lent()
    street.clock.now += 6 * DAY_MS
    owners, street.owners = street.owners, Owners()
    await street.notices.look_for_endings()
    street.owners = owners
    async with street.telling():
        await street.notices.look_for_endings()
        await eventually(lambda: len(street.said_to("1")) == 1)


# --- outside the chats -----------------------------------------------------------------------------------------------


class Places(Push):
    """Places that take what they are told; none is a real one."""

    def __init__(self) -> None:
        super().__init__(lambda: (Secret("ntfy://x/y"),))
        self.told: list[str] = []

    async def try_to_tell(self, url: Secret, text: str) -> Failure | None:
        self.told.append(text)
        return None


async def test_places_outside_are_told_the_same_without_references() -> None:
    """Who waits, full queues, approvals that end: with the command, and never a code (threats.md S7)."""
    street = Street(places=(places := Places()))
    street.owners = Owners()
    street.cap = 1
    async with street.telling():
        await street.write("7", name="Eve")
        await street.write("8")
        await eventually(lambda: bool(places.told))
        (request,) = await street.house.senders.waiting(TELEGRAM)
        (text,) = places.told
        assert text.startswith('telegram: 7 ("Eve") wants to write to the bot\nsince ')
        assert "Decide: clawdbot pairing list telegram" in text
        assert "telegram: the queue is full" in text
        assert request.code.reveal() not in text
        assert "Answer" not in text
        await lend(street, "7", 2)
        street.clock.now += DAY_MS
        await street.notices.look_for_endings()
        await eventually(lambda: len(places.told) == 2)
        assert "Decide: clawdbot pairing extend telegram 7" in places.told[1]
        street.clock.now += AGAIN_MS
        await street.notices.look_for_endings()
        await settled()
    assert len(places.told) == 2


async def test_D14_a_misused_reference_is_told_outside_too() -> None:
    """It is named in the chat where it was given, and nowhere else."""
    street = Street(places=(places := Places()))
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.said_to("1")))
        reference = street.said_to("1")[0].partition("approve ")[2][:5]
        assert await street.telegram.press("2", f"approve {reference}") == "Only the owner can decide."
        await eventually(lambda: len(places.told) == 2)
    assert "Somebody else tried to decide about telegram sender 7 with a reference of yours" in places.told[1]
    assert reference not in "".join(places.told)
    assert reference in street.said_to("1")[1]


async def test_G19_an_owner_reads_the_check_words_of_a_device_in_chat() -> None:
    """With its request, and as the device shows them."""
    street = Street()
    street.house.checks.key = identity(2).public_key
    async with street.telling():
        await street.house.devices.connect(arrival(identity(1)), silent_local=False)
        await eventually(lambda: bool(street.said_to("1")))
    (text,) = street.said_to("1")
    assert f"\nCheck words: {check_words(identity(1).public_key, identity(2).public_key)}\nAnswer: " in text
