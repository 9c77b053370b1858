"""An event to a thousand operators, of whom one may not be listening."""

import asyncio
import itertools
import time
from contextlib import ExitStack
from socket import SO_RCVBUF, SOL_SOCKET

from benchmarks import machine
from benchmarks.client import AFAR, Device, Socket
from benchmarks.figures import OURS, REFERENCE, Figure, at_most, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server, ours, theirs
from benchmarks.targets.listing import LIST

TARGET = 3
REQUESTED = b'{"type":"event","event":"device.pair.requested"'
AT_ONCE = 16
ON_RECORD = 500
"""So many that a few lists of them are more than anybody may be behind."""


class Audience:
    """Operators who all wait for the next announcement."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sockets: list[Socket] = []
        self._heard = 0
        self._all = asyncio.Event()
        self._strangers = itertools.count(1_000_000)

    async def gather(self, operator: Device, count: int) -> None:
        for _ in range(count // AT_ONCE):
            self._sockets += await asyncio.gather(*[operator.enter(self._server.port) for _ in range(AT_ONCE)])
        for socket in self._sockets:
            socket.on_frame = self._hear

    def _hear(self, frame: bytes) -> None:
        if frame.startswith(REQUESTED):
            self._heard += 1
            if self._heard == len(self._sockets):
                self._all.set()

    async def announcement(self, decider: Socket) -> float:
        """Seconds from a stranger's connect frame until the last operator has heard of it."""
        self._heard = 0
        self._all.clear()
        stranger = Device(next(self._strangers), TOKEN)
        socket = await Socket.open(self._server.port, host=AFAR)
        challenge = await socket.event("connect.challenge")
        claim = stranger.claim(challenge["nonce"])
        started = time.perf_counter()
        socket.send(claim)
        async with asyncio.timeout(60):
            await self._all.wait()
        took = time.perf_counter() - started
        socket.close()
        listed = await decider.call("device.pair.list")
        for request in listed["pending"]:
            await decider.call("device.pair.reject", requestId=request["requestId"])
        return took

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()


async def measure(plan: Plan) -> list[Figure]:
    devices = [Device(number, TOKEN) for number in range(1, ON_RECORD + 1)]
    operator = devices[0]
    times: dict[str, list[float]] = {}
    cut_off = None
    count = 96 if plan.quick else 1008
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(ours(paired(devices)))}
        if plan.reference:
            servers[REFERENCE] = stack.enter_context(theirs(plan.reference, paired(devices)))
        for who, server in servers.items():
            decider, audience = await operator.enter(server.port), Audience(server)
            await audience.gather(operator, count)
            for _ in range(plan.rounds):
                times.setdefault(who, []).append(await audience.announcement(decider) * 1000)
            if who == OURS:
                deaf = await _deaf(operator, server)
                times["ours, one deaf"] = [await audience.announcement(decider) * 1000 for _ in range(plan.rounds)]
                await (await operator.enter(server.port)).call("health")
                await asyncio.sleep(3)  # until the next event that nobody may miss has found it behind, and a little
                cut_off = not machine.is_connected(server.port, deaf.transport.get_extra_info("sockname")[1])
                deaf.close()
            audience.close()
            decider.close()
    samples = {who: sample(some) for who, some in times.items()}
    goals = (
        at_most("last of all, median", samples[OURS].median, 100),
        at_most("the same beside one who does not read", samples["ours, one deaf"].median, 100),
        at_most("who does not read is still connected", float(not cut_off), 0),
    )
    return [Figure(TARGET, f"device.pair.requested to {count:,} operators", "ms", samples, goals)]


async def _deaf(operator: Device, server: Server) -> Socket:
    """Somebody who asks and asks, and does not read."""
    socket = await operator.enter(server.port)
    socket.transport.pause_reading()
    socket.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    for _ in range(64):
        socket.send(LIST)
    before = -1.0
    while server.seconds > before:  # until the gateway does not listen to it any more either
        before = server.seconds
        await asyncio.sleep(0.5)
    return socket
