"""Twenty owners decide about devices at once while devices ask and come back, and somebody reads all the time (S3).

Run as ``python -m tests.support.register_crowd STATE_DIR DEVICES``. All are processes of their own, forked from here;
they tell on a pipe what they were answered. The findings are printed as JSON.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clawdbot.domain.admission import Admitted, Waiting
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import Approved, Rejected
from clawdbot.domain.effects import Change
from clawdbot.store.base import DeviceKey
from clawdbot.store.files import FileStore
from tests.support.register_moves import DeviceMove
from tests.support.store_crowd import Say, Work, fork

OWNERS = 20
DOORS = 2


def now() -> int:
    return time.time_ns() // 1_000_000


def decision(verb: str, number: int, seed: int = 0) -> Callable[[Device], Change[Device, Any]]:
    """The time is taken under the lock."""
    return lambda device: DeviceMove(verb, number, now(), seed)(device)


async def let_devices_ask(store: FileStore, numbers: list[int], say: Say) -> None:
    """A gateway to which devices connect: each asks, and comes back until it is in or turned away."""
    open_ones = dict.fromkeys(numbers, "")
    seed = 0
    while open_ones:
        for number, waits in list(open_ones.items()):
            seed += 1
            key = DeviceMove("ask", number).key
            if waits and await store.read(key) == Device(key.device):
                del open_ones[number]
                continue
            answer = (await store.update(key, decision("ask", number, seed))).answer
            if isinstance(answer, Admitted):
                say(f"came in {number}")
                del open_ones[number]
            elif isinstance(answer, Waiting) and answer.request.id != waits:
                say(f"requested {answer.request.id} {number}")
                open_ones[number] = answer.request.id
        await asyncio.sleep(0.002)
    await store.close()


async def decide_until(store: FileStore, is_over: Callable[[], bool], chance: random.Random, say: Say) -> None:
    """An owner who approves or rejects whatever waits, until there is nobody left."""
    while not is_over():
        waiting = [one for one in (await store.read_all(DeviceKey)).values() if one.pending]
        if not waiting:
            await asyncio.sleep(0.002)
            continue
        device = chance.choice(waiting)
        answer = (await store.update(DeviceKey(device.id), aimed(device, chance.random() < 0.5))).answer
        if isinstance(answer, Approved | Rejected):
            say(f"{type(answer).__name__.lower()} {answer.request.id}")


def aimed(seen: Device, approves: bool) -> Callable[[Device], Change[Device, Any]]:
    """Decide about the request that was seen, and about no other."""

    def decide(device: Device) -> Change[Device, Any]:
        same = device.pending and seen.pending and device.pending.id == seen.pending.id
        move = DeviceMove("approve" if approves else "reject", now=now(), seed=random.randrange(2**32))
        return move(device) if same else Change(device, None)

    return decide


def door(state_dir: Path, numbers: list[int]) -> Work:
    return lambda say: let_devices_ask(FileStore(state_dir), numbers, say)


def owner(state_dir: Path, number: int) -> Work:
    stop = state_dir.with_name("stop").exists
    return lambda say: decide_until(FileStore(state_dir), stop, random.Random(number), say)


def read_all(state_dir: Path) -> int:
    """Both files as they are this moment: whole, and private."""
    reads = 0
    for path in (state_dir / "devices").glob("*.json"):
        assert isinstance(json.loads(path.read_bytes()), dict)
        assert path.stat().st_mode & 0o777 == 0o600
        reads += 1
    return reads


def main(state_dir: Path, devices: int) -> None:
    numbers = list(range(1, devices + 1))
    doors = [fork(door(state_dir, numbers[number::DOORS])) for number in range(DOORS)]
    owners = [fork(owner(state_dir, number)) for number in range(OWNERS)]
    reads = 0
    open_doors = {pid for pid, _ in doors}
    failed: list[int] = []
    while open_doors:
        for pid in list(open_doors):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                open_doors.remove(pid)
                failed += [pid] if status else []
        reads += read_all(state_dir)
        time.sleep(0.001)
    state_dir.with_name("stop").touch()
    failed += [pid for pid, _ in owners if os.waitpid(pid, 0)[1] != 0]
    said = [line for _, heard in doors + owners for line in os.fdopen(heard).read().splitlines()]
    sys.stdout.write(json.dumps({"reads": reads, "failed": failed, "said": said}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
