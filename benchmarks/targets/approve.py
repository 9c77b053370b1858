"""Approving a device where many are on record."""

import time
from contextlib import ExitStack

import msgspec

from benchmarks.client import AFAR, Device
from benchmarks.figures import OURS, REFERENCE, Figure, Times, at_most, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server, ours, theirs

TARGET = 8


async def measure(plan: Plan) -> list[Figure]:
    devices = [Device(number, TOKEN) for number in range(1, plan.many + 1)]
    count = 10 if plan.quick else 100
    medians, tails = {}, {}
    with ExitStack() as stack:
        servers = {OURS: (stack.enter_context(ours(paired(devices))), count)}
        if plan.reference:
            servers[REFERENCE] = (stack.enter_context(theirs(plan.reference, paired(devices))), count // 5)
        for who, (server, times) in servers.items():
            found = await _approvals(server, devices[0], times)
            medians[who], tails[who] = sample([found.p50 * 1000]), sample([found.p99 * 1000])
    name = f"approve a device beside {plan.many:,}"
    return [
        Figure(TARGET, f"{name}, median", "ms", medians),
        Figure(TARGET, f"{name}, p99", "ms", tails, (at_most("ms", tails[OURS].median, 100),)),
    ]


async def _approvals(server: Server, operator: Device, count: int) -> Times:
    times = Times()
    decider = await operator.enter(server.port)
    for number in range(count):
        request = await ask(server, Device(2_000_000 + number, TOKEN))
        started = time.perf_counter()
        await decider.call("device.pair.approve", requestId=request)
        times.values.append(time.perf_counter() - started)
    decider.close()
    return times


async def ask(server: Server, stranger: Device) -> str:
    """A device from afar wants in; the id of its request."""
    socket, answer = await stranger.connect(server.port, host=AFAR)
    socket.close()
    request: str = msgspec.json.decode(answer.error)["details"]["requestId"]
    return request
