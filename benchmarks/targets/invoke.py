"""A command on a node, there and back through the gateway."""

import asyncio
import time
from contextlib import ExitStack

import msgspec

from benchmarks.client import Device, Frame, Socket, encode
from benchmarks.figures import BARE, OURS, REFERENCE, Figure, Times, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import TOKEN, Server, bare, ours, theirs

TARGET = 9
COMMAND = "system.which"
OPERATOR = Device(1, TOKEN, scopes=("operator.admin", "operator.write"))
NODE = Device(2, TOKEN, "node", (), commands=(COMMAND,))


async def measure(plan: Plan) -> list[Figure]:
    count = 100 if plan.quick else 1500
    trips: dict[str, list[float]] = {}
    with ExitStack() as stack:
        gateways = {OURS: stack.enter_context(ours(paired([OPERATOR, NODE])))}
        if plan.reference:
            gateways[REFERENCE] = stack.enter_context(theirs(plan.reference, paired([OPERATOR, NODE])))
        relay = stack.enter_context(bare("relay"))
        for _ in range(plan.rounds):
            for who, gateway in gateways.items():
                trips.setdefault(who, []).append(await _invocations(gateway, count) * 1000)
            trips.setdefault(BARE, []).append(await _hops(relay, count) * 1000)
    samples = {who: sample(some) for who, some in trips.items()}
    goal = at_most("of two bare hops", ratio(samples, OURS, BARE), 2)
    return [Figure(TARGET, "node.invoke, there and back, median", "ms", samples, (goal,))]


async def _invocations(gateway: Server, count: int) -> float:
    node, operator = await NODE.enter(gateway.port), await OPERATOR.enter(gateway.port)
    node.on_frame = lambda frame: _answer(node, frame)
    asked = {"nodeId": NODE.public[0], "command": COMMAND, "params": {"bins": ["git"]}, "timeoutMs": 20_000}
    times = Times()
    for number in range(count):
        params = {**asked, "idempotencyKey": str(number)}
        text = encode({"type": "req", "id": "run", "method": "node.invoke", "params": params})
        started = time.perf_counter()
        operator.send(text)
        answer = await operator.answer("run")
        times.values.append(time.perf_counter() - started)
        assert answer.ok, bytes(answer.error)
    node.close()
    operator.close()
    return times.p50


def _answer(node: Socket, text: bytes) -> None:
    frame = msgspec.json.decode(text, type=Frame)
    if frame.event == "node.invoke.request":
        asked = msgspec.json.decode(frame.payload)
        params = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payload": {"bins": {"git": "/bin/git"}}}
        node.send(encode({"type": "req", "id": "done", "method": "node.invoke.result", "params": params}))


async def _hops(relay: Server, count: int) -> float:
    """As many bytes to the other socket and back, through a server that only hands them on."""
    node, operator = await Socket.open(relay.port), await Socket.open(relay.port)
    for socket in (node, operator):
        await socket.event("ready")
    node.on_frame = lambda _: node.send(_BACK)
    times = Times()
    for _ in range(count):
        started = time.perf_counter()
        operator.send(_THERE)
        await operator.frame()
        times.values.append(time.perf_counter() - started)
    for socket in (node, operator):
        socket.close()
    await asyncio.sleep(0.1)  # until the relay has noticed
    return times.p50


_THERE = encode({"type": "event", "event": "node.invoke.request", "payload": {"id": "0" * 36, "text": "x" * 200}})
_BACK = encode({"type": "res", "id": "run", "ok": True, "payload": {"id": "0" * 36, "text": "x" * 200}})
