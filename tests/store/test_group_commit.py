"""Whatever waits is saved together; everybody gets his own answer, and nobody who gives up stops the others."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clawdbot.domain.effects import Change
from clawdbot.errors import StoreUnavailable
from clawdbot.store.group_commit import GroupCommit

Number = Callable[[int], Change[int, Any]]


class Sum:
    """An aggregate that is a number, saved by a slow disk that opens at our word."""

    def __init__(self) -> None:
        self.value = 0
        self.groups: list[int] = []
        self.disk = threading.Semaphore(0)
        self.wanted: list[bool] = []
        self.broken = False
        self.queue: GroupCommit[int] = GroupCommit(self.transact, ThreadPoolExecutor(4))

    def transact(self, decides: Sequence[Number], wanted: Callable[[], bool]) -> list[Change[int, Any] | Exception]:
        self.groups.append(len(decides))
        assert self.disk.acquire(timeout=20)
        self.wanted.append(wanted())
        if self.broken:
            raise StoreUnavailable("broken")
        answers: list[Change[int, Any] | Exception] = []
        for decide in decides:
            try:
                change = decide(self.value)
            except Exception as error:
                answers.append(error)
            else:
                answers.append(change)
                self.value = change.state
        return answers

    async def begun(self, groups: int) -> None:
        while len(self.groups) < groups:
            await asyncio.sleep(0.001)


def add(number: int) -> Number:
    return lambda value: Change(value + number, value)


def refuse(value: int) -> Change[int, Any]:
    raise LookupError("no")


async def test_what_waits_is_saved_together_in_order() -> None:
    """The first goes at once; the ninety-nine that come meanwhile go as one."""
    total = Sum()
    first = asyncio.ensure_future(total.queue.submit(add(1)))
    await total.begun(1)
    others = [asyncio.ensure_future(total.queue.submit(add(1))) for _ in range(99)]
    await asyncio.sleep(0)
    total.disk.release(2)
    answers = [change.answer for change in await asyncio.gather(first, *others)]
    assert answers == list(range(100))
    assert total.groups == [1, 99]


async def test_one_who_raises_answers_only_himself() -> None:
    """The others of his group are saved."""
    total = Sum()
    total.disk.release(5)
    results = await asyncio.gather(
        *[total.queue.submit(decide) for decide in (add(1), refuse, add(2))], return_exceptions=True
    )
    assert isinstance(results[1], LookupError)
    assert total.value == 3


async def test_what_could_not_be_saved_is_everybody_s_failure_and_the_next_group_works() -> None:
    """The queue does not get stuck."""
    total = Sum()
    total.broken = True
    total.disk.release(2)
    for result in await asyncio.gather(*[total.queue.submit(add(1)) for _ in range(3)], return_exceptions=True):
        assert isinstance(result, StoreUnavailable)
    total.broken = False
    assert (await total.queue.submit(add(1))).state == 1


async def test_a_caller_who_gives_up_while_waiting_leaves_no_trace() -> None:
    """And one who gives up while it is being saved leaves a whole change; the others do not notice."""
    total = Sum()
    saved = asyncio.ensure_future(total.queue.submit(add(1)))
    await total.begun(1)
    waiting, other = (asyncio.ensure_future(total.queue.submit(add(number))) for number in (10, 100))
    await asyncio.sleep(0)
    saved.cancel()
    waiting.cancel()
    total.disk.release(2)
    assert (await other).state == 101
    assert total.groups == [1, 1]
    assert total.wanted == [False, True]
    with pytest.raises(asyncio.CancelledError):
        await saved


async def test_a_group_that_everybody_left_is_not_begun() -> None:
    """No lock is taken for nobody."""
    total = Sum()
    lonely = asyncio.ensure_future(total.queue.submit(add(1)))
    await asyncio.sleep(0)
    lonely.cancel()
    await asyncio.sleep(0.01)
    total.disk.release(2)
    assert (await total.queue.submit(add(5))).state == 5
    assert total.groups == [1]


def test_the_end_of_the_event_loop_leaves_no_one_waiting() -> None:
    """Callers are cancelled, and a later loop finds a queue that works."""
    total = Sum()

    async def give_up() -> None:
        task = asyncio.ensure_future(total.queue.submit(add(1)))
        await total.begun(1)
        asyncio.ensure_future(total.queue.submit(add(10)))  # noqa: RUF006 – left behind on purpose
        await asyncio.sleep(0)
        for other in asyncio.all_tasks() - {asyncio.current_task()}:
            other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    total.disk.release()
    while total.value == 0:  # what was on its way arrives, heard by nobody
        time.sleep(0.001)
    total.disk.release()

    async def go_on() -> int:
        return (await total.queue.submit(add(100))).state

    assert asyncio.run(go_on()) == 101
