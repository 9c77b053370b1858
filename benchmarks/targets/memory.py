"""What idle connections cost: memory, and a processor's time while ticks go out."""

import asyncio
from contextlib import ExitStack

from benchmarks.client import Device, Socket
from benchmarks.figures import OURS, REFERENCE, Figure, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server, ours, theirs

TARGET = 4
AT_ONCE = 16
MIB, KIB = 2**20, 2**10


async def measure(plan: Plan) -> list[Figure]:
    return [*await _idle(plan), await _crowd(plan)]


async def _idle(plan: Plan) -> list[Figure]:
    operator = Device(1, TOKEN)
    memory: dict[str, list[float]] = {}
    each: dict[str, list[float]] = {}
    count = 160 if plan.quick else 1008
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(ours(paired([operator])))}
        if plan.reference:
            servers[REFERENCE] = stack.enter_context(theirs(plan.reference, paired([operator])))
        for who, server in servers.items():
            await enter(server, [operator] * AT_ONCE)
            before = server.memory
            memory[who] = [before / MIB]
            sockets = await enter(server, [operator] * count)
            await asyncio.sleep(2)
            each[who] = [(server.memory - before) / len(sockets) / KIB]
            for socket in sockets:
                socket.close()
    idle, per = ({who: sample(some) for who, some in found.items()} for found in (memory, each))
    return [
        Figure(
            TARGET,
            "memory of an idle gateway",
            "MiB",
            idle,
            (at_most("of the reference", ratio(idle, OURS, REFERENCE), 1 / 6),),
        ),
        Figure(
            TARGET,
            f"memory for each of {count:,} idle connections",
            "KiB",
            per,
            (at_most("KiB", per[OURS].median, 16),),
        ),
    ]


async def _crowd(plan: Plan) -> Figure:
    """As many nodes as devices on record, all connected and idle: how much of a processor that takes."""
    nodes = [Device(number, TOKEN, "node", ()) for number in range(1, plan.many + 1)]
    watched = 20 if plan.quick else 60
    with ours(paired(nodes)) as server:
        sockets = await enter(server, nodes)
        await asyncio.sleep(3)
        before = server.seconds
        await asyncio.sleep(watched)
        share = (server.seconds - before) / watched * 100
        assert all(socket.is_open for socket in sockets)
        for socket in sockets:
            socket.close()
    samples = {OURS: sample([share])}
    return Figure(
        TARGET, f"{plan.many:,} idle nodes, with ticks", "% of a processor", samples, (at_most("%", share, 5),)
    )


async def enter(server: Server, devices: list[Device]) -> list[Socket]:
    """Connect all of them, a few at a time."""
    sockets: list[Socket] = []
    for start in range(0, len(devices), AT_ONCE):
        some = devices[start : start + AT_ONCE]
        sockets += await asyncio.gather(*[device.enter(server.port) for device in some])
    for socket in sockets:
        socket.on_frame = _ignore
    return sockets


def _ignore(_: bytes) -> None:
    pass
