"""Adapters under test: one that receives, stopped as the gateway stops it, and one that waits for nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity, ChannelAdapter
from clawdbot.channels.patience import Timing
from clawdbot.errors import ClawdbotError
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

A = TypeVar("A", bound=ChannelAdapter)
T = TypeVar("T", bound=Timing)

SOON = Backoff(first=0.01, most=0.02)


@dataclass
class Running(Generic[A]):
    """An adapter that receives: ``run`` is its task."""

    adapter: A
    desk: Desk
    run: asyncio.Task[None]
    reports: Reports

    @property
    def ready(self) -> list[BotIdentity]:
        return self.reports.ready_as

    async def failure(self) -> ClawdbotError:
        """What ``run`` ends with."""
        async with asyncio.timeout(20):
            await asyncio.wait([self.run])
        error = self.run.exception()
        assert isinstance(error, ClawdbotError)
        return error


@asynccontextmanager
async def receiving(adapter: A, desk: Desk | None = None) -> AsyncIterator[Running[A]]:
    """Let an adapter receive until it is ready, or has failed; afterwards it leaves no task of ours behind."""
    desk, reports, before = desk or Desk(), Reports(), asyncio.all_tasks()
    run = asyncio.create_task(adapter.run(desk, reports))
    try:
        await eventually(lambda: reports.ready_as or reports.troubles or run.done(), "the adapter is ready")
        yield Running(adapter, desk, run, reports)
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await adapter.close()
    left = [task for task in asyncio.all_tasks() - before if "clawdbot" in repr(task) or "slack_sdk" in repr(task)]
    assert left == [], "no task is left behind"


def without_waiting(timing: T) -> tuple[T, list[float]]:
    """The timing, but sleeping takes no time; and how long it would have slept each time."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0.001)

    return replace(timing, sleep=sleep), slept
