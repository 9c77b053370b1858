"""From the command to the first connection."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.client import Device
from benchmarks.figures import OURS, REFERENCE, Figure, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Start, gateway_command, home_with, reference_command, running

TARGET = 5


async def measure(plan: Plan) -> list[Figure]:
    few = [Device(1, TOKEN)]
    many = [Device(number, TOKEN) for number in range(1, plan.many + 1)]
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        homes = [stack.enter_context(home_with(paired(devices))) for devices in (few, many, few)]
        for count in range(plan.rounds + 1):  # the first one only warms the caches
            for who, start in _starts(homes, plan.reference).items():
                took = await _started(start, few[0])
                if count:
                    times.setdefault(who, []).append(took)
    samples = {who: sample(some) for who, some in times.items()}
    goals = (
        at_most("of the reference", ratio(samples, OURS, REFERENCE), 1 / 8),
        at_most(f"with {plan.many:,} devices on record, of ours", ratio(samples, "ours, many", OURS), 2),
    )
    return [Figure(TARGET, "from the command to the first hello-ok", "s", samples, goals)]


def _starts(homes: Sequence[Path], reference: Sequence[str] | None) -> dict[str, Start]:
    starts = {OURS: gateway_command(homes[0]), "ours, many": gateway_command(homes[1])}
    return {**starts, **({REFERENCE: reference_command(reference, homes[2])} if reference else {})}


async def _started(start: Start, device: Device) -> float:
    began = time.perf_counter()
    with running(*start) as server:
        socket = await device.enter(server.port)
        took = time.perf_counter() - began
        socket.close()
    return took
