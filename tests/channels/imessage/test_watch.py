"""What is heard of new messages, within bounds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clawdbot.channels.imessage.rpc import ImsgRpc, connect
from clawdbot.channels.imessage.watch import Watch
from clawdbot.channels.settings import ImessageSettings
from clawdbot.errors import ChannelFailed
from tests.fakes.imessage import FakeImessage
from tests.fakes.imsg_rpc import fails, says


def told(watch: Watch, *rows: int, subscription: object = 1) -> None:
    for row in rows:
        watch.hear("message", {"subscription": subscription, "message": row})


async def heard(watch: Watch) -> list[object]:
    found = []
    while (message := await watch.next(0.05)) is not None:
        found.append(message)
    return found


@pytest.fixture
async def rpc(mac: FakeImessage) -> AsyncIterator[ImsgRpc]:
    watch = Watch()
    settings = ImessageSettings(cli_path=str(mac.program))
    async with connect(settings, hear=watch.hear, over=watch.over, answer_s=10.0) as connected:
        yield connected


async def test_messages_come_in_order_and_then_it_is_time_to_subscribe_again() -> None:
    watch = Watch()
    told(watch, 1, 2, 3)
    assert await heard(watch) == [1, 2, 3]


async def test_who_waits_is_woken() -> None:
    watch = Watch()
    waiting = asyncio.create_task(watch.next(600))
    await asyncio.sleep(0)
    told(watch, 1)
    assert await waiting == 1


async def test_a_full_batch_may_not_be_all() -> None:
    """Then it is time to subscribe again at once."""
    watch = Watch()
    told(watch, *range(100))
    assert [await watch.next(600) for _ in range(101)] == [*range(100), None]


async def test_what_there_is_no_room_for_is_dropped_with_all_that_follows() -> None:
    """Until the next subscription, which brings it again: order is kept."""
    watch = Watch(room=3)
    told(watch, 1, 2, 3, 4)
    assert await watch.next(600) == 1
    told(watch, 5)
    assert [await watch.next(600) for _ in range(3)] == [2, 3, None]


@pytest.mark.parametrize("number", [None, "1", True, 1.0, 0, -1])
async def test_S8_what_belongs_to_no_subscription_does_not_count(number: object) -> None:
    watch = Watch()
    told(watch, 1, subscription=number)
    assert await heard(watch) == []


async def test_what_is_left_of_an_ended_subscription_does_not_count(rpc: ImsgRpc) -> None:
    watch = Watch()
    await watch.subscribe(rpc, 5)
    await watch.subscribe(rpc, 5)
    told(watch, 6, subscription=1)
    told(watch, 7, subscription=2)
    assert await heard(watch) == [7]


async def test_there_is_one_subscription_at_a_time(mac: FakeImessage, rpc: ImsgRpc) -> None:
    """From a row on; from the very first one for 0, which to imsg would mean from now on."""
    watch = Watch()
    for since in (5, 0):
        await watch.subscribe(rpc, since)
    assert mac.watched == 1
    assert [params["since_rowid"] for method, params in mac.calls if method == "watch.subscribe"] == [5, -1]


async def test_an_ended_subscription_that_imsg_does_not_know_any_more_is_no_trouble(
    mac: FakeImessage, rpc: ImsgRpc
) -> None:
    watch = Watch()
    await watch.subscribe(rpc, 5)
    mac.faults["watch.unsubscribe"].append(fails(-32602, "unknown subscription"))
    await watch.subscribe(rpc, 5)


@pytest.mark.parametrize("fault", [fails(-32603, "disk I/O error"), says({}), says({"subscription": "1"})])
async def test_a_subscription_that_does_not_begin_is_a_failure(mac: FakeImessage, rpc: ImsgRpc, fault: object) -> None:
    assert callable(fault)
    mac.faults["watch.subscribe"].append(fault)
    with pytest.raises(ChannelFailed):
        await Watch().subscribe(rpc, 5)


async def test_what_was_heard_before_the_end_is_told_before_it() -> None:
    watch = Watch()
    told(watch, 1)
    watch.over(ChannelFailed("imsg ended"))
    watch.over(ChannelFailed("later"))
    assert await watch.next(600) == 1
    with pytest.raises(ChannelFailed, match="imsg ended"):
        await watch.next(600)


async def test_a_broken_watch_is_a_failure() -> None:
    watch = Watch()
    watch.hear("error", {"subscription": 1, "error": {"message": "disk I/O error"}})
    with pytest.raises(ChannelFailed, match="cannot watch"):
        await watch.next(600)
