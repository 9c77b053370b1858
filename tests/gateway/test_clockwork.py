"""What is done again and again."""

import asyncio
import logging

import pytest

from clawdbot.errors import StoreUnavailable
from clawdbot.gateway.clockwork import Clockwork
from clawdbot.gateway.logs import JsonLines


async def test_it_goes_on_after_a_failure_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """Failures alike are one line; a success in between makes the next one news. A defect says where it is (S7)."""
    disk, defect = StoreUnavailable("disk"), ZeroDivisionError("in the dark")
    outcomes = [disk, disk, None, disk, defect, defect]
    over = asyncio.Event()

    async def do() -> None:
        if not outcomes:
            over.set()
            return
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    clockwork = Clockwork()
    with caplog.at_level(logging.ERROR):
        clockwork.add(0.001, "sweep", do)
        async with asyncio.timeout(20):
            await over.wait()
        await clockwork.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "sweep failed: disk",
        "sweep failed: disk",
        "a defect in sweep",
    ]
    assert caplog.records[-1].exc_info is not None
    assert "in the dark" not in JsonLines().format(caplog.records[-1])
