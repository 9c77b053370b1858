"""What needs no lock, what waits for one, and what is saved when nobody waits for it."""

import asyncio
import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.admission import Admitted, Waiting
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import Denied
from clawdbot.domain.effects import Change
from clawdbot.store import register_files
from clawdbot.store.commit import commit
from clawdbot.store.places import RegisterPlace
from tests.support.register_files import document, files, make
from tests.support.register_moves import NOW, DeviceMove

Place = RegisterPlace[Any, Any, Any]

KEY = DeviceMove("ask").key


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def place(state_dir: Path, threads: ThreadPoolExecutor) -> Place:
    """A register with one device in it."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    return RegisterPlace(files(state_dir), threads)


def connect(number: int = 1) -> DeviceMove:
    return DeviceMove("ask", now=NOW + number, seed=number)


def saved(state_dir: Path) -> int | None:
    used: int | None = document(state_dir, "devices/paired")[KEY.device]["tokens"]["operator"].get("lastUsedAtMs")
    return used


async def until_saved(state_dir: Path, when: int) -> None:
    while saved(state_dir) != when:
        await asyncio.sleep(0.005)


async def test_what_nobody_waits_for_needs_no_lock(place: Place, state_dir: Path) -> None:
    """While somebody else holds it, paired devices are let in and refusals are given; a decision waits."""
    with files(state_dir).locked():
        for number in range(1, 50):
            assert isinstance((await place.update(KEY, connect(number))).answer, Admitted)
        assert isinstance((await place.update(KEY, DeviceMove("approve"))).answer, Denied)
        decision = asyncio.ensure_future(place.update(KEY, DeviceMove("rename")))
        assert (await asyncio.wait([decision], timeout=0.1))[1] == {decision}
    state = (await decision).state
    assert state.paired.alias == "Box 0"
    assert state.paired.about.display_name == "Name 49"


@pytest.mark.parametrize("gives_up", [False, True], ids=["waits", "gives up"])
async def test_G8_whoever_comes_after_a_decision_is_decided_after_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    """While a removal is on its way to the disk nobody is let in as if it were not, even if its caller went away."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> None:
        begun.set()
        assert go_on.wait(20)
        commit(*arguments)

    monkeypatch.setattr(register_files, "commit", slow)
    removal = asyncio.ensure_future(place.update(KEY, DeviceMove("remove")))
    assert await asyncio.to_thread(begun.wait, 20)
    if gives_up:
        removal.cancel()
    arrival = asyncio.ensure_future(place.update(KEY, connect()))
    assert (await asyncio.wait([arrival], timeout=0.05))[1] == {arrival}
    go_on.set()
    assert isinstance((await arrival).answer, Waiting)
    await asyncio.gather(removal, return_exceptions=True)


async def test_a_state_of_passing_interest_is_saved_by_itself(state_dir: Path, threads: ThreadPoolExecutor) -> None:
    """Once after the pause, for all that came meanwhile, and again for what comes later."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    place: Place = RegisterPlace(files(state_dir), threads, pause_s=0.02)
    for round_ in (10, 20):
        for number in range(round_, round_ + 5):
            await place.update(KEY, connect(number))
        await until_saved(state_dir, NOW + round_ + 4)


async def test_a_store_that_was_used_in_a_loop_that_ended_saves_in_the_next(
    state_dir: Path, threads: ThreadPoolExecutor
) -> None:
    """Whoever runs one loop after another on it loses no alarm."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    place: Place = RegisterPlace(files(state_dir), threads, pause_s=0.02)

    def another_loop() -> None:
        asyncio.run(place.update(KEY, connect(1)))

    await asyncio.to_thread(another_loop)
    await place.update(KEY, connect(2))
    await until_saved(state_dir, NOW + 2)


async def test_what_cannot_be_saved_in_passing_is_saved_with_the_next_decision(
    place: Place, state_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why; nobody else hears of it."""
    await place.update(KEY, connect(1))
    flock = state_dir / "devices" / "register.flock"
    flock.unlink()
    flock.mkdir()
    with caplog.at_level(logging.WARNING, "clawdbot.store"):
        await place.close()
    assert "could not note who was here: cannot lock" in caplog.text
    assert saved(state_dir) is None
    shutil.rmtree(flock)
    await place.update(KEY, DeviceMove("rename"))
    assert saved(state_dir) == NOW + 1


async def test_closing_waits_for_what_is_saved_and_can_be_done_twice(place: Place, state_dir: Path) -> None:
    """And the place can still be used."""
    await place.update(KEY, connect(1))
    await place.close()
    await place.close()
    assert saved(state_dir) == NOW + 1
    await place.update(KEY, connect(2))
    await place.close()
    assert saved(state_dir) == NOW + 2


async def test_a_decision_is_made_once_more_under_the_lock(place: Place, state_dir: Path) -> None:
    """The last time counts: what another process decided meanwhile is known to it."""
    seen: list[str | None] = []

    def rename(device: Device) -> Change[Device, Any]:
        assert device.paired
        seen.append(device.paired.alias)
        if len(seen) == 1:
            make(state_dir, DeviceMove("rename", seed=7))
        return DeviceMove("rename", seed=8)(device)

    await place.update(KEY, rename)
    assert seen == [None, "Box 7"]
    assert document(state_dir, "devices/paired")[KEY.device]["alias"] == "Box 8"


async def test_all_of_them_are_the_same_object_until_something_changes(place: Place, state_dir: Path) -> None:
    """Also what is only noted in passing is a change, and is in it."""
    known = await place.read_all()
    assert await place.read_all() is known
    await place.update(KEY, connect(1))
    noted = await place.read_all()
    assert noted is not known
    assert noted[KEY].paired.about.display_name == "Name 1"
    assert await place.read_all() is noted
    make(state_dir, DeviceMove("rename", seed=3))
    assert (await place.read_all())[KEY].paired.alias == "Box 3"
