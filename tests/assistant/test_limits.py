"""How many messages an assistant works on at once, and for how long."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from clawdbot.assistant.limits import Slots
from clawdbot.errors import AssistantFailed

Work = Callable[[], Coroutine[Any, Any, str]]


class Bench:
    """Work that starts when it is let and ends when it is told."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.may_end = asyncio.Event()

    def work(self, name: str) -> Work:
        async def run() -> str:
            self.started.append(name)
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.cancelled.append(name)
                raise
            return name

        return run


def _stubborn(seconds: float) -> Work:
    """Work that takes its time, cancelled or not."""

    async def run() -> str:
        ending = asyncio.ensure_future(asyncio.sleep(seconds))
        try:
            await asyncio.shield(ending)
        finally:
            await ending
        return "late"

    return run


async def settle() -> None:
    """Let everything that can run now run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_more_than_so_many_run_and_the_rest_are_served_in_order() -> None:
    """With two slots, the third to fifth wait, and start in the order in which they came."""
    bench, slots = Bench(), Slots(concurrency=2, timeout=60)
    tasks = [asyncio.create_task(slots.run(bench.work(name))) for name in "abcde"]
    await settle()
    assert bench.started == ["a", "b"]
    bench.may_end.set()
    assert await asyncio.gather(*tasks) == list("abcde")
    assert bench.started == list("abcde")


async def test_waiting_for_a_slot_costs_no_time() -> None:
    """The clock of a waiting message starts with its slot: here it waits longer than it may run."""
    slots = Slots(concurrency=1, timeout=0.5)
    stuck = asyncio.create_task(slots.run(_stubborn(0.6)))
    await settle()

    async def quick() -> str:
        return "done"

    assert await slots.run(quick) == "done"
    assert stuck.done()
    with pytest.raises(AssistantFailed):
        await stuck


async def test_work_whose_time_is_up_is_cancelled_and_its_slot_is_free_again() -> None:
    """The caller gets AssistantFailed after the work has ended."""
    bench, slots = Bench(), Slots(concurrency=1, timeout=0.05)
    with pytest.raises(AssistantFailed, match=r"no answer within 0\.05 s"):
        await slots.run(bench.work("slow"))
    assert bench.cancelled == ["slow"]
    bench.may_end.set()
    assert await slots.run(bench.work("next")) == "next"


async def test_a_cancelled_caller_takes_its_work_along() -> None:
    """Cancellation reaches the work, stays a cancellation, and frees the slot."""
    bench, slots = Bench(), Slots(concurrency=1, timeout=60)
    running = asyncio.create_task(slots.run(bench.work("running")))
    waiting = asyncio.create_task(slots.run(bench.work("waiting")))
    await settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.cancelled == ["running"]
    bench.may_end.set()
    assert await waiting == "waiting"


async def test_a_caller_that_is_cancelled_while_it_waits_never_starts_and_blocks_nobody() -> None:
    """Giving up in the queue leaves the queue intact."""
    bench, slots = Bench(), Slots(concurrency=1, timeout=60)
    tasks = [asyncio.create_task(slots.run(bench.work(name))) for name in "abc"]
    await settle()
    tasks[1].cancel()
    bench.may_end.set()
    assert [await tasks[0], await tasks[2]] == ["a", "c"]
    assert tasks[1].cancelled()
    assert bench.started == ["a", "c"]


async def test_close_ends_what_runs_and_refuses_what_waits() -> None:
    """After close() nothing runs, and callers get an error of ours, not a cancellation that was not meant for them."""
    bench, slots = Bench(), Slots(concurrency=1, timeout=60)
    tasks = [asyncio.create_task(slots.run(bench.work(name))) for name in "ab"]
    await settle()
    await slots.close()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [AssistantFailed, AssistantFailed]
    assert (bench.started, bench.cancelled) == (["a"], ["a"])
    with pytest.raises(AssistantFailed, match="stopped"):
        await slots.run(bench.work("late"))


async def test_work_that_cancels_itself_is_a_failure_and_no_cancellation_of_the_caller() -> None:
    """A CancelledError out of the work must not look as if the gateway were stopping."""

    async def work() -> str:
        raise asyncio.CancelledError

    with pytest.raises(AssistantFailed):
        await Slots(concurrency=1, timeout=60).run(work)


@pytest.mark.parametrize(("concurrency", "timeout"), [(0, 1.0), (1, 0.0), (1, float("nan"))])
def test_limits_that_let_nothing_through_are_refused(concurrency: int, timeout: float) -> None:
    """No slot or no time can only be a mistake."""
    with pytest.raises(ValueError):
        Slots(concurrency=concurrency, timeout=timeout)
