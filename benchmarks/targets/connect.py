"""Connecting: challenge, signed nonce, hello-ok; with one device on record and with many."""

import asyncio
import random
import time
from contextlib import ExitStack

from benchmarks import servers
from benchmarks.client import Device
from benchmarks.figures import BARE, OURS, REFERENCE, Figure, Times, at_least, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server

TARGET = 1
AT_ONCE = 16
FEW = 4
"""Likewise, where more would wait longer than a handshake may take."""
KNOWN = 64
"""Devices that connect, of those on record."""


class Runner:
    """One server, connected to again and again."""

    def __init__(self, server: Server, devices: list[Device], connects: int, at_once: int = AT_ONCE) -> None:
        self.server = server
        self.rates: list[float] = []
        self.costs: list[float] = []
        self.tails: list[float] = []
        self._devices = devices
        self._connects = connects
        self._at_once = at_once

    async def round(self) -> None:
        times, before, started = Times(), self.server.seconds, time.perf_counter()
        await asyncio.gather(*[self._many(times, self._connects // self._at_once) for _ in range(self._at_once)])
        self.rates.append(len(times.values) / (time.perf_counter() - started))
        self.costs.append((self.server.seconds - before) / len(times.values) * 1000)
        self.tails.append(times.p99 / times.p50)

    def forget(self) -> None:
        """What was measured only warmed the caches."""
        for values in (self.rates, self.costs, self.tails):
            values.clear()

    async def _many(self, times: Times, count: int) -> None:
        for _ in range(count):
            device = random.choice(self._devices)
            started = time.perf_counter()
            socket = await device.enter(self.server.port)
            times.values.append(time.perf_counter() - started)
            socket.close()


async def measure(plan: Plan) -> list[Figure]:
    devices = [Device(number, TOKEN) for number in range(1, plan.many + 1)]
    alone, crowd = devices[:1], devices[:: max(1, plan.many // KNOWN)]
    count = 160 if plan.quick else 1600
    with ExitStack() as stack:
        one, all_of_them = paired(alone), paired(devices)
        runners = {
            (OURS, 1): Runner(stack.enter_context(servers.ours(one)), alone, count),
            (OURS, plan.many): Runner(stack.enter_context(servers.ours(all_of_them)), crowd, count),
            (BARE, 1): Runner(stack.enter_context(servers.bare("connect")), alone, count),
        }
        if plan.reference:
            runners[REFERENCE, 1] = Runner(stack.enter_context(servers.theirs(plan.reference, one)), alone, count // 4)
            runners[REFERENCE, plan.many] = Runner(
                stack.enter_context(servers.theirs(plan.reference, all_of_them)), crowd, 2 * FEW, FEW
            )
        for runner in runners.values():
            await runner.round()
            runner.forget()
        for _ in range(plan.rounds):
            for runner in runners.values():
                await runner.round()
    return _figures(plan, runners)


def _figures(plan: Plan, runners: dict[tuple[str, int], Runner]) -> list[Figure]:
    rates = {who: sample(runner.rates) for (who, size), runner in runners.items() if size == 1}
    crowded = {who: sample(runner.rates) for (who, size), runner in runners.items() if size == plan.many}
    costs = {who: sample(runner.costs) for (who, size), runner in runners.items() if size == 1}
    ours, many = runners[OURS, 1], runners[OURS, plan.many]
    flat = {"many": sample(many.rates), "one": sample(ours.rates)}
    return [
        Figure(
            TARGET,
            "connect, 1 device on record",
            "1/s",
            rates,
            (
                at_least("as much as the reference", ratio(rates, OURS, REFERENCE), 10),
                at_least("of a bare handler", ratio(rates, OURS, BARE), 0.7),
                at_most("p99 / p50", sample(ours.tails).median, 5),
            ),
        ),
        Figure(
            TARGET,
            f"connect, {plan.many:,} devices on record",
            "1/s",
            crowded,
            (
                at_least("of what it is with one", ratio(flat, "many", "one"), 0.85),
                at_least("as much as the reference", ratio(crowded, OURS, REFERENCE), 200),
                at_most("p99 / p50", sample(many.tails).median, 5),
            ),
        ),
        Figure(
            TARGET,
            "processor time of the server for a connect",
            "ms",
            costs,
            (
                at_most("of the reference", ratio(costs, OURS, REFERENCE), 1 / 10),
                at_most("of a bare handler", ratio(costs, OURS, BARE), 1 / 0.7),
            ),
        ),
    ]
