"""The verbs on devices: decided, saved, then performed (house rule 3)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from clawdbot.device_service import DeviceService
from clawdbot.domain.admission import Admitted, QueueFull, Waiting
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.device_records import TTL_MS
from clawdbot.domain.devices import Approved, Denied, Rejected, Removed, Renamed, Revoked, Rotated, Why
from clawdbot.domain.effects import AnnounceDeviceRequest, AnnounceDeviceResolved, Change, Disconnect, Effect
from clawdbot.domain.names import RequestId, Role
from clawdbot.domain.scopes import OWNER
from clawdbot.errors import StoreUnavailable
from clawdbot.store.base import DeviceKey
from clawdbot.store.memory import MemoryStore
from tests.support.devices import HERE, NOW, arrival, identity, scopes, session
from tests.support.people import Clock


class Desk:
    """A service, the store behind it, and the effects that it performed."""

    def __init__(self, store: MemoryStore | None = None, limits: QueueLimits | None = None) -> None:
        self.clock = Clock(NOW)
        self.store = store or MemoryStore()
        self.performed: list[Effect] = []
        self.devices = DeviceService(
            self.store, perform=self.performed.append, limits=lambda: limits or QueueLimits(), now=self.clock
        )

    async def wait(self, number: int = 1, **asked: Any) -> RequestId:
        answer = await self.devices.connect(arrival(identity(number), **asked), silent_local=False)
        assert isinstance(answer, Waiting)
        return answer.request.id


async def test_the_whole_road_of_a_device() -> None:
    """It waits, is approved, connects, is renamed, rotated, revoked and removed; effects come after each commit."""
    desk = Desk()
    request = await desk.wait(wanted=scopes("read"))
    assert isinstance(desk.performed.pop(), AnnounceDeviceRequest)
    assert isinstance(await desk.devices.approve(request, caller=OWNER), Approved)
    assert isinstance(desk.performed.pop(), AnnounceDeviceResolved)
    admitted = await desk.devices.connect(arrival(wanted=scopes("read")), silent_local=False)
    assert isinstance(admitted, Admitted)
    device = identity().device_id
    assert await desk.devices.rename(device, " Box ", caller=OWNER) == Renamed("Box")
    assert isinstance(await desk.devices.rotate(device, Role.OPERATOR, None, caller=OWNER), Rotated)
    assert isinstance(await desk.devices.revoke(device, Role.OPERATOR, caller=OWNER), Revoked)
    assert isinstance(await desk.devices.remove(device, caller=OWNER), Removed)
    assert [type(effect) for effect in desk.performed] == [Disconnect] * 3
    assert await desk.store.keys(DeviceKey) == []


async def test_G9_a_program_of_this_machine_is_paired_without_asking_if_that_is_on() -> None:
    desk = Desk()
    assert isinstance(await desk.devices.connect(arrival(peer=HERE), silent_local=False), Waiting)
    assert isinstance(await desk.devices.connect(arrival(identity(2), peer=HERE), silent_local=True), Admitted)


async def test_G5_only_the_request_that_was_seen_is_decided() -> None:
    """An id that is superseded, decided or made up decides nothing."""
    desk = Desk()
    old = await desk.wait(wanted=scopes("read"))
    new = await desk.wait(wanted=scopes("admin"))
    assert await desk.devices.approve(old, caller=OWNER) == Denied(Why.UNKNOWN)
    assert isinstance(await desk.devices.reject(new, caller=OWNER), Rejected)
    for id in (new, RequestId("__proto__"), RequestId("")):
        assert await desk.devices.approve(id, caller=OWNER) == Denied(Why.UNKNOWN)


async def test_an_expired_request_is_decided_by_the_time_of_the_decision() -> None:
    """Not by that of the call: who waited for the lock may be too late."""

    class Slow(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            desk.clock.now += TTL_MS
            return await super().update(key, decide)

    desk = Desk()
    request = await desk.wait()
    desk.devices._store = slow = Slow()
    slow._aggregates = desk.store._aggregates
    assert await desk.devices.approve(request, caller=OWNER) == Denied(Why.UNKNOWN)


async def test_what_is_not_saved_is_not_performed() -> None:
    class Full(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            raise StoreUnavailable("the disk is full")

    desk = Desk(Full())
    with pytest.raises(StoreUnavailable):
        await desk.wait()
    assert desk.performed == []


async def test_G13_ten_thousand_fresh_keys_leave_an_honest_request_approvable() -> None:
    """The queue stays short however many knock, also at once; and what expired makes room and is forgotten."""
    desk = Desk()
    honest = await desk.wait()
    for number in range(2, 10_000, 50):
        crowd = (arrival(identity(number + n)) for n in range(50))
        await asyncio.gather(*(desk.devices.connect(one, silent_local=False) for one in crowd))
    assert len((await desk.devices.list(OWNER)).pending) == QueueLimits().from_address
    assert isinstance(await desk.devices.approve(honest, caller=OWNER), Approved)
    desk.clock.now += TTL_MS
    await desk.wait(3)
    assert len(await desk.store.keys(DeviceKey)) == 2


async def test_G13_parallel_newcomers_do_not_overrun_the_bound() -> None:
    """Whether there is room is asked by one at a time, however slow the store."""

    class Slow(MemoryStore):
        async def update(self, key: Any, decide: Callable[[Any], Change[Any, Any]]) -> Change[Any, Any]:
            await asyncio.sleep(0)
            return await super().update(key, decide)

    desk = Desk(Slow(), QueueLimits(total=5, from_address=5))
    answers = await asyncio.gather(
        *(desk.devices.connect(arrival(identity(number)), silent_local=False) for number in range(1, 30))
    )
    assert sum(isinstance(answer, Waiting) for answer in answers) == 5
    assert sum(isinstance(answer, QueueFull) for answer in answers) == 24


async def test_G6_a_device_session_sees_itself_alone() -> None:
    desk = Desk()
    await desk.wait(1, wanted=scopes("pairing"))
    await desk.wait(2)
    listing = await desk.devices.list(session(identity(1), "pairing"))
    assert [device for device, _ in listing.pending] == [identity(1).device_id]
