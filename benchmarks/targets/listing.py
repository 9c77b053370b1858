"""``device.pair.list``: how many a second, and what many devices on record do to everybody else."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from benchmarks.client import Closed, Device, Socket, encode
from benchmarks.figures import OURS, REFERENCE, Figure, Sample, Times, at_least, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server, ours, theirs

TARGET = 2
CLIENTS = 32
FEW = 10
LIST = encode({"type": "req", "id": "list", "method": "device.pair.list", "params": {}})
PING = encode({"type": "req", "id": "ping", "method": "last-heartbeat", "params": {}})


async def measure(plan: Plan) -> list[Figure]:
    return [await _rate(plan), *await _stall(plan)]


async def _rate(plan: Plan) -> Figure:
    devices = [Device(number, TOKEN) for number in range(1, FEW + 1)]
    calls = 20 if plan.quick else 150
    rates: dict[str, list[float]] = {}
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(ours(paired(devices)))}
        if plan.reference:
            servers[REFERENCE] = stack.enter_context(theirs(plan.reference, paired(devices)))
        for _ in range(plan.rounds):
            for who, server in servers.items():
                sockets = [await devices[0].enter(server.port) for _ in range(CLIENTS)]
                started = time.perf_counter()
                await asyncio.gather(*[_calls(socket, calls) for socket in sockets])
                rates.setdefault(who, []).append(CLIENTS * calls / (time.perf_counter() - started))
                for socket in sockets:
                    socket.close()
    samples = {who: sample(some) for who, some in rates.items()}
    goal = at_least("as much as the reference", ratio(samples, OURS, REFERENCE), 10)
    return Figure(TARGET, f"device.pair.list of {FEW} devices, {CLIENTS} clients", "1/s", samples, (goal,))


async def _calls(socket: Socket, count: int) -> None:
    for _ in range(count):
        socket.send(LIST)
        await socket.answer("list")


async def _stall(plan: Plan) -> list[Figure]:
    devices = [Device(number, TOKEN) for number in range(1, plan.many + 1)]
    answers: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(ours(paired(devices)))}
        if plan.reference:
            servers[REFERENCE] = stack.enter_context(theirs(plan.reference, paired(devices)))
        for who, server in servers.items():
            await _one_list(server, devices)
            for _ in range(3 * plan.rounds):
                answer, wait = await _one_list(server, devices)
                answers.setdefault(who, []).append(answer * 1000)
                waits.setdefault(who, []).append(wait * 1000)
    lists = {who: sample(some) for who, some in answers.items()}
    stalls = {who: sample(some) for who, some in waits.items()}
    return [
        _at_most(f"device.pair.list of {plan.many:,} devices", lists, 100),
        _at_most("the longest that another client's call waits meanwhile", stalls, 50),
    ]


def _at_most(name: str, samples: dict[str, Sample], bound: float) -> Figure:
    return Figure(TARGET, name, "ms", samples, (at_most("median", samples[OURS].median, bound),))


async def _one_list(server: Server, devices: Sequence[Device]) -> tuple[float, float]:
    """How long one list takes, and the longest that a client waits who asks for small things all the time."""
    lister, other = await devices[0].enter(server.port), await devices[-1].enter(server.port)
    times = Times()
    pings = asyncio.create_task(_pings(other, times))
    await asyncio.sleep(0.05)
    times.values.clear()
    whole: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def seen(frame: bytes) -> None:  # not decoded: the client's own pause would be taken for the server's
        if frame.startswith(b'{"type":"res"') and not whole.done():
            whole.set_result(time.perf_counter())

    lister.on_frame = seen
    started = time.perf_counter()
    lister.send(LIST)
    answer = await whole - started
    await asyncio.sleep(0.05)
    pings.cancel()
    with suppress(asyncio.CancelledError):
        await pings
    lister.close()
    other.close()
    return answer, max(times.values)


async def _pings(socket: Socket, times: Times) -> None:
    with suppress(Closed):
        while True:
            started = time.perf_counter()
            socket.send(PING)
            await socket.answer("ping")
            times.values.append(time.perf_counter() - started)
            await asyncio.sleep(0.001)
