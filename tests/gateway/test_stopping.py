"""What becomes of the signals that end the gateway; as a process, in test_app.py."""

import asyncio

import pytest

from clawdbot.errors import ClawdbotError
from clawdbot.gateway.stopping import Stop, together
from clawdbot.reception import Underway


async def _forever() -> None:
    await asyncio.Event().wait()


async def _answer(underway: Underway, done: list[str]) -> None:
    try:
        async with underway.one():
            await _forever()
    except ClawdbotError as error:
        done.append(str(error))


@pytest.mark.parametrize(("answers", "said"), [(0, []), (1, ["1 message"]), (3, ["3 messages"])])
async def test_the_first_signal_stops_the_work_and_says_what_it_waits_for(answers: int, said: list[str]) -> None:
    """One line, and none if nothing is under way; nothing is ended by it."""
    underway, done, lines = Underway(), list[str](), list[str]()
    running = [asyncio.create_task(_answer(underway, done)) for _ in range(answers)]
    work = asyncio.create_task(together(_forever()))
    await asyncio.sleep(0)
    Stop(work, underway, lambda: 20.0, lines.append).asked()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert lines == [f"finishing {what}, at most 20 s; Ctrl-C again ends now" for what in said]
    assert (len(underway), done) == (answers, [])
    underway.end()
    await asyncio.gather(*running)


async def test_the_second_signal_ends_what_is_under_way_and_what_comes() -> None:
    """Each is told why; a third one changes nothing, and the work is cancelled once: it may still clean up."""
    underway, done, cleaned = Underway(), list[str](), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await cleaned.wait()

    running = asyncio.create_task(_answer(underway, done))
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    stop = Stop(task, underway, lambda: 10.0, lambda _: None)
    for _ in range(3):
        stop.asked()
        await asyncio.sleep(0)
    await running
    await _answer(underway, done)
    assert done == ["the gateway was told to end at once"] * 2
    assert (len(underway), task.done()) == (0, False)
    cleaned.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_that_is_up_elsewhere_is_no_end() -> None:
    """Whoever is seen through may have deadlines of his own."""
    underway = Underway()
    with pytest.raises(TimeoutError):
        async with underway.one(), asyncio.timeout(0):
            await asyncio.Event().wait()
    assert len(underway) == 0


async def test_work_together_is_cancelled_together() -> None:
    ended = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    task = asyncio.create_task(together(work("a"), work("b")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == ["a", "b"]
