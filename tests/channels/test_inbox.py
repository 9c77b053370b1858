import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import DirectMessage
from clawdbot.channels.inbox import Inbox, Seen
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.errors import StoreUnavailable
from tests.support.desk import Desk
from tests.support.waiting import eventually

ACCOUNT = ChannelAccount(Channel.TELEGRAM)
AT_ONCE = Backoff(first=0, most=0)


def message(conversation: str, text: str, message_id: str = "") -> DirectMessage:
    return DirectMessage(ACCOUNT, SenderId(conversation), message_id or text, conversation, text, 0, "")


@asynccontextmanager
async def opened(desk: Desk, *, limit: int = 100, most: int = 1000, backoff: Backoff = AT_ONCE) -> AsyncIterator[Inbox]:
    inbox = Inbox(desk, limit=limit, most=most, backoff=backoff)
    try:
        yield inbox
    finally:
        await inbox.close(0)


async def test_a_conversation_keeps_its_order_and_no_other_waits_for_it() -> None:
    desk = Desk()
    slow = desk.hold("a1")
    async with opened(desk) as inbox:
        for conversation, text in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("b", "b2")]:
            await inbox.put(message(conversation, text))
        await desk.wait_ended("b1", "b2")
        assert desk.begun == ["a1", "b1", "b2"]
        slow.set()
        await desk.wait_ended("a3")

    assert desk.ended == ["b1", "b2", "a1", "a2", "a3"]


async def test_done_is_called_once_for_each_message_when_it_is_done_with() -> None:
    desk, done = Desk(), list[str]()
    slow = desk.hold("a1")
    async with opened(desk) as inbox:
        await inbox.put(message("a", "a1"), lambda: done.append("a1"))
        await inbox.put(message("b", "b1"), lambda: done.append("b1"))
        await desk.wait_ended("b1")
        assert done == ["b1"]
        assert not inbox.idle
        slow.set()
        await eventually(lambda: inbox.idle)

    assert done == ["b1", "a1"]


async def test_D16_what_is_here_or_was_done_with_is_not_delivered_again() -> None:
    desk, done = Desk(), list[str]()
    slow = desk.hold("once")
    async with opened(desk) as inbox:
        await inbox.put(message("a", "once"))
        await inbox.put(message("a", "once"), lambda: done.append("while here"))
        slow.set()
        await eventually(lambda: inbox.idle)
        await inbox.put(message("a", "once"), lambda: done.append("afterwards"))
        await inbox.put(message("b", "the same id elsewhere", message_id="once"))
        await desk.wait_ended("the same id elsewhere")

    assert desk.begun == ["once", "the same id elsewhere"]
    assert done == ["while here", "afterwards"]


class Hurrying(Desk):
    """Wants first what is marked."""

    def comes_first(self, message: DirectMessage) -> bool:
        return message.text.startswith("!")


async def test_what_comes_first_waits_only_for_what_came_first_before() -> None:
    """Of the same conversation: one that is refused comes again before the next; the others keep their own order."""
    desk = Hurrying()
    slow = desk.hold("a1")
    desk.refuse("!1", StoreUnavailable("the disk is full"))
    async with opened(desk) as inbox:
        for text in ("a1", "a2", "!1", "!2"):
            await inbox.put(message("a", text))
        await desk.wait_ended("!1", "!2")
        assert desk.begun == ["a1", "!1", "!1", "!2"]
        await inbox.put(message("a", "!2"))
        slow.set()
        await desk.wait_ended("a2")
        await inbox.put(message("a", "!3"))
        await desk.wait_ended("!3")
    assert desk.ended == ["!1", "!2", "a1", "a2", "!3"]


async def test_what_comes_first_takes_no_further_place() -> None:
    """A conversation is one, with what waits in it of both kinds; it is free again when the last is done with."""
    desk = Hurrying()
    slow, slow_first = desk.hold("a1"), desk.hold("!1")
    async with opened(desk, limit=1) as inbox:
        for text in ("a1", "!1"):
            await inbox.put(message("a", text))
        await desk.wait_begun("a1", "!1")
        putting = asyncio.create_task(inbox.put(message("b", "b1")))
        slow.set()
        await desk.wait_ended("a1")
        assert not putting.done()
        assert "b1" not in desk.begun
        slow_first.set()
        await desk.wait_ended("b1")
        await putting


async def test_what_comes_first_is_cut_off_like_the_rest() -> None:
    """A close leaves nothing behind, and what was not done with is not said to be."""
    desk, done = Hurrying(), list[str]()
    desk.hold("a1")
    desk.hold("!1")
    async with opened(desk) as inbox:
        for text in ("a1", "!1", "!2"):
            await inbox.put(message("a", text), lambda text=text: done.append(text))  # type: ignore[misc]
        await desk.wait_begun("a1", "!1")
    assert (desk.begun, desk.ended, done) == (["a1", "!1"], [], [])


async def test_what_is_refused_while_it_closes_waits_for_the_next_start(caplog: pytest.LogCaptureFixture) -> None:
    """It is not tried again, not done with, and nobody waits for the rest of the grace."""
    desk, done = Desk(), list[str]()
    slow = desk.hold("a1")
    desk.refuse("a1", StoreUnavailable("told to end"))
    async with opened(desk) as inbox:
        await inbox.put(message("a", "a1"), lambda: done.append("a1"))
        await desk.wait_begun("a1")
        closing = asyncio.create_task(inbox.close(3600))
        await asyncio.sleep(0)
        slow.set()
        await closing
    assert (desk.begun, done) == (["a1"], [])
    assert "a message has to wait for the next start: told to end" in caplog.text


async def test_a_refused_message_comes_again_and_nothing_overtakes_it_in_its_conversation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    desk.refuse("a1", StoreUnavailable("the disk is full"), StoreUnavailable("the disk is full"))
    async with opened(desk) as inbox:
        await inbox.put(message("a", "a1"))
        await inbox.put(message("a", "a2"))
        await desk.wait_ended("a2")

    assert desk.begun == ["a1", "a1", "a1", "a2"]
    assert caplog.text.count("the disk is full") == 2


async def test_a_refused_message_waits_longer_each_time_and_close_does_not_wait_for_it() -> None:
    desk, done = Desk(), list[str]()
    desk.refuse("a1", StoreUnavailable("away"))
    inbox = Inbox(desk, backoff=Backoff(first=3600, most=3600))
    await inbox.put(message("a", "a1"), lambda: done.append("a1"))
    await desk.wait_begun("a1")

    async with asyncio.timeout(10):
        await inbox.close(3600)

    assert done == []


@pytest.mark.parametrize("bug", [RuntimeError("the text was: sesame"), asyncio.CancelledError("sesame")])
async def test_S7_a_bug_drops_its_message_alone_and_the_log_says_where_without_the_text(
    bug: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    desk, done = Desk(), list[str]()
    desk.refuse("poison", bug)
    async with opened(desk) as inbox:
        await inbox.put(message("a", "poison"), lambda: done.append("poison"))
        await inbox.put(message("a", "next"))
        await desk.wait_ended("next")

    assert desk.begun == ["poison", "next"]
    assert done == ["poison"]
    assert type(bug).__name__ in caplog.text
    assert "desk.py" in caplog.text
    assert "sesame" not in caplog.text


async def test_only_so_many_conversations_and_messages_are_here_at_once() -> None:
    """Whichever limit is reached first."""
    for limit, most in ((1, 1000), (100, 2)):
        desk = Desk()
        slow = desk.hold("0")
        async with opened(desk, limit=limit, most=most) as inbox:
            await inbox.put(message("a", "0"))
            await inbox.put(message("a", "1"))
            third = asyncio.create_task(inbox.put(message("b", "2")))
            await asyncio.sleep(0)
            assert not third.done()
            slow.set()
            await third
            await desk.wait_ended("2")


async def test_a_conversation_that_stands_still_takes_one_place_however_much_waits_in_it() -> None:
    desk = Desk()
    desk.hold("stuck 0")
    async with opened(desk, limit=3) as inbox:
        for number in range(50):
            await inbox.put(message("stuck", f"stuck {number}"))
        async with asyncio.timeout(10):
            for number in range(200):
                await inbox.put(message(f"other {number % 10}", f"other {number}"))
        await desk.wait_ended(*(f"other {number}" for number in range(200)))

    assert desk.begun.count("stuck 1") == 0


async def test_D16_what_comes_again_while_it_is_here_is_done_with_only_when_it_is() -> None:
    """Confirmed any earlier, a message that is cut off by a crash would not come once more."""
    desk = Desk()
    slow = desk.hold("0")
    confirmed: list[str] = []
    async with opened(desk) as inbox:
        await inbox.put(message("a", "0"), lambda: confirmed.append("first"))
        await inbox.put(message("a", "0"), lambda: confirmed.append("again"))
        await desk.wait_begun("0")
        assert confirmed == []
        slow.set()
        await desk.wait_ended("0")
        await eventually(lambda: confirmed == ["first", "again"])
    assert desk.begun == ["0"]


async def test_a_put_that_is_cancelled_leaves_nothing_behind() -> None:
    desk = Desk()
    slow = desk.hold("0")
    async with opened(desk, limit=1) as inbox:
        await inbox.put(message("a", "0"))
        second = asyncio.create_task(inbox.put(message("b", "1")))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        slow.set()
        await eventually(lambda: inbox.idle)
        await inbox.put(message("b", "1"))
        await desk.wait_ended("1")


async def test_close_lets_what_was_begun_end_and_begins_nothing_more() -> None:
    desk, done = Desk(), list[str]()
    slow = desk.hold("begun")
    inbox = Inbox(desk)
    await inbox.put(message("a", "begun"), lambda: done.append("begun"))
    await inbox.put(message("a", "waiting"), lambda: done.append("waiting"))
    await desk.wait_begun("begun")

    closing = asyncio.create_task(inbox.close(30))
    await asyncio.sleep(0)
    slow.set()
    await closing
    await inbox.put(message("b", "late"), lambda: done.append("late"))

    assert desk.begun == desk.ended == done == ["begun"]


async def test_close_cuts_off_what_does_not_end_in_time() -> None:
    desk, done = Desk(), list[str]()
    desk.hold("endless")
    inbox = Inbox(desk)
    await inbox.put(message("a", "endless"), lambda: done.append("endless"))
    await desk.wait_begun("endless")

    await inbox.close(0.01)

    assert (desk.ended, done) == ([], [])


async def test_a_close_that_is_cancelled_cuts_off_at_once() -> None:
    desk = Desk()
    desk.hold("endless")
    inbox = Inbox(desk)
    await inbox.put(message("a", "endless"))
    await desk.wait_begun("endless")

    closing = asyncio.create_task(inbox.close(3600))
    await asyncio.sleep(0)
    closing.cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(closing, return_exceptions=True)

    assert desk.ended == []


async def test_progress_is_what_was_done_since_the_last_look() -> None:
    desk = Desk()
    async with opened(desk) as inbox:
        await inbox.put(message("a", "1"))
        await desk.wait_ended("1")
        async with asyncio.timeout(10):
            await inbox.progress(3600)
        await inbox.progress(0.001)


async def test_the_log_level_of_a_refusal_is_a_warning_and_of_a_bug_an_error(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.refuse("a1", StoreUnavailable("away"), ValueError())
    async with opened(desk) as inbox:
        await inbox.put(message("a", "a1"))
        await eventually(lambda: inbox.idle)

    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]


@given(
    arrivals=st.lists(st.sampled_from("abc"), max_size=30),
    pauses=st.lists(st.integers(0, 3), min_size=30, max_size=30),
    refused=st.sets(st.integers(0, 29), max_size=5),
    limit=st.integers(1, 5),
)
def test_whatever_the_pace_each_conversation_ends_in_its_order_and_one_at_a_time(
    arrivals: list[str], pauses: list[int], refused: set[int], limit: int
) -> None:
    ended: list[tuple[str, int]] = []
    busy: set[str] = set()
    refusals = set(refused)

    async def deliver(message: DirectMessage) -> None:
        number = int(message.text)
        assert message.conversation not in busy
        assert len(busy) < limit
        busy.add(message.conversation)
        for _ in range(pauses[number]):
            await asyncio.sleep(0)
        busy.remove(message.conversation)
        if number in refusals:
            refusals.remove(number)
            raise StoreUnavailable("away")
        ended.append((message.conversation, number))

    async def dialogue() -> None:
        inbox = Inbox(deliver, limit=limit, backoff=AT_ONCE)
        for number, conversation in enumerate(arrivals):
            await inbox.put(message(conversation, str(number)))
        await eventually(lambda: inbox.idle)
        await inbox.close(0)

    asyncio.run(dialogue())

    for conversation in "abc":
        expected = [number for number, name in enumerate(arrivals) if name == conversation]
        assert [number for name, number in ended if name == conversation] == expected


@given(keys=st.lists(st.integers(0, 30), max_size=60), most=st.integers(1, 10))
def test_D16_what_was_seen_is_bounded_and_the_latest_is_known(keys: list[int], most: int) -> None:
    seen = Seen(most=most, clock=lambda: 0.0)
    for key in keys:
        seen.add(("a", str(key)))
        assert ("a", str(key)) in seen
        assert len(seen) <= most


def test_D16_what_was_seen_is_known_for_more_than_twenty_minutes_and_then_forgotten() -> None:
    now = 0.0
    seen = Seen(clock=lambda: now)
    seen.add(("a", "1"))

    now = 20 * 60
    assert ("a", "1") in seen
    now = 31 * 60
    assert ("a", "1") not in seen
    assert len(seen) == 0
