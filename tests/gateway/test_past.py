"""The history as a gateway hands it out: off the event loop, one page at a time, with what was just told."""

import asyncio
import threading
from pathlib import Path

from clawdbot.domain.facts import Fact
from clawdbot.domain.names import DeviceId
from clawdbot.gateway.past import Past
from clawdbot.history.pages import Page
from clawdbot.history.scribe import Scribe
from tests.support.histories import fact, log

ONE = DeviceId("1")


def everything(_: Fact) -> bool:
    return True


async def test_a_page_holds_what_was_told_before_it_was_asked_for(tmp_path: Path) -> None:
    """Also what the scribe has not written yet; otherwise who hears of a decision would not find it."""
    history = log(tmp_path)
    scribe = Scribe(history)
    past = Past(history, scribe.wait_until_idle)
    for number in range(20):
        scribe.record(fact(str(number)))
        found = await past.page(ONE, everything, before=None, limit=1)
        assert [entry.fact.about.id for entry in found.entries] == [str(number)]
    scribe.close()


async def test_reading_keeps_nobody_else_waiting_and_is_done_one_at_a_time(tmp_path: Path) -> None:
    """While a disk takes its time the loop goes on, and a second page is not begun."""
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def slow() -> None:
        begun.release()
        assert go_on.acquire(timeout=20)

    past = Past(log(tmp_path), slow)
    devices = [ONE, DeviceId("2")]
    pages = [asyncio.create_task(past.page(each, everything, before=None, limit=1)) for each in devices]
    while not begun.acquire(blocking=False):
        await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not begun.acquire(blocking=False)
    go_on.release(2)
    assert await asyncio.gather(*pages) == [Page(), Page()]


async def test_without_a_history_there_is_nothing_on_it() -> None:
    assert await Past().page(ONE, everything, before=None, limit=1) == Page()
