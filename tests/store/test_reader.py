"""Reading without keeping the event loop waiting, and never less than what was committed before (threats.md G13)."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import StoreCorrupt
from clawdbot.store.reader import Reader
from clawdbot.store.register_files import RegisterFiles
from tests.support.register_files import files, make, put
from tests.support.register_moves import DeviceMove

ONE, TWO = DeviceMove("ask"), DeviceMove("ask", 2)


class Held:
    """Files that a test lets be looked at: each look says that it has begun, and goes on when it may."""

    def __init__(self, of: RegisterFiles[Any, Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.files = of
        self.looks = 0
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self._look = of.look
        monkeypatch.setattr(of, "look", self._held)

    def _held(self) -> Any:
        found = self._look()
        self.looks += 1
        self.begun.release()
        assert self.may_end.acquire(timeout=20)
        return found

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=20)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def held(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    make(state_dir, ONE)
    return Held(files(state_dir), monkeypatch)


async def test_while_nothing_changes_no_thread_is_needed(state_dir: Path, threads: ThreadPoolExecutor) -> None:
    """A glance is enough, and the answer is the same object."""
    make(state_dir, ONE)
    await asyncio.sleep(0.06)  # what was written this moment ago is not trusted yet
    one = Reader(files(state_dir), threads)
    known = await one.read()
    threads.shutdown()
    assert await one.read() is known


async def test_G13_nobody_else_waits_for_a_long_look(held: Held, threads: ThreadPoolExecutor) -> None:
    """The loop goes on, and whoever comes meanwhile shares one more look, however many they are."""
    one = Reader(held.files, threads)
    first = asyncio.ensure_future(one.read())
    await held.has_begun()
    others = [asyncio.ensure_future(one.read()) for _ in range(50)]
    await asyncio.sleep(0)
    held.may_end.release()
    await first
    await held.has_begun()
    held.may_end.release()
    assert len({id(register) for register in await asyncio.gather(*others)}) == 1
    assert held.looks == 2


async def test_what_was_committed_before_somebody_came_is_read_to_him(
    state_dir: Path, held: Held, threads: ThreadPoolExecutor
) -> None:
    """The look that was under way had missed it."""
    one = Reader(held.files, threads)
    first = asyncio.ensure_future(one.read())
    await held.has_begun()
    make(state_dir, TWO)
    second = asyncio.ensure_future(one.read())
    await asyncio.sleep(0)
    held.may_end.release(2)
    assert set((await first).states) == {ONE.key.device}
    assert set((await second).states) == {ONE.key.device, TWO.key.device}


async def test_who_goes_away_takes_nobody_along(held: Held, threads: ThreadPoolExecutor) -> None:
    one = Reader(held.files, threads)
    gone, stays = asyncio.ensure_future(one.read()), asyncio.ensure_future(one.read())
    await held.has_begun()
    gone.cancel()
    held.may_end.release()
    assert set((await stays).states) == {ONE.key.device}
    assert gone.cancelled()


async def test_S4_what_cannot_be_read_is_everybody_s_error_and_not_the_next_one_s(
    state_dir: Path, threads: ThreadPoolExecutor
) -> None:
    put(state_dir, "devices/paired", b"{")
    one = Reader(files(state_dir), threads)
    answers = await asyncio.gather(*[one.read() for _ in range(3)], return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreCorrupt}
    put(state_dir, "devices/paired", {})
    assert (await one.read()).states == {}


def test_one_loop_after_another(state_dir: Path, threads: ThreadPoolExecutor) -> None:
    """Also if one ended with a look under way."""
    make(state_dir, ONE)
    one = Reader(files(state_dir), threads)

    async def leaves() -> None:
        asyncio.ensure_future(one.read())  # noqa: RUF006 - ends with the loop
        await asyncio.sleep(0)

    asyncio.run(leaves())
    assert set(asyncio.run(one.read()).states) == {ONE.key.device}
