"""Connected nodes and the commands that are under way on them (threats.md G14)."""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import pytest

from clawdbot.domain.names import NodeId, Role
from clawdbot.domain.platforms import CommandPolicy, MayNotRun, WhyNot
from clawdbot.gateway.nodes import (
    CallerLeft,
    ConnectedNodes,
    Done,
    NodeLeft,
    NotConnected,
    NotSent,
    Outcome,
    TookTooLong,
)
from clawdbot.gateway.session import Session
from clawdbot.wire.params import NodeInvoke, NodeInvokeResult
from tests.support.sessions import session

RUN = "system.run"


class Floor:
    """Connected nodes that hear what they are told."""

    def __init__(self, **policy: frozenset[str]) -> None:
        self.told: asyncio.Queue[tuple[Session, Any]] = asyncio.Queue()
        self.deaf = False
        ids = itertools.count(1)
        self.nodes = ConnectedNodes(
            tell=self.tell, policy=lambda: CommandPolicy(**policy), new_id=lambda: f"i{next(ids)}"
        )

    def tell(self, to: Session, event: str, payload: object) -> bool:
        assert event == "node.invoke.request"
        if not self.deaf:
            self.told.put_nowait((to, payload))
        return not self.deaf

    def node(self, number: int = 1, *commands: str, id: str = "") -> Session:
        node = session(number, role=Role.NODE, commands=commands or (RUN,), id=id or f"n{number}")
        self.nodes.register(node)
        return node

    def invoke(
        self, on: Session, command: str = RUN, by: Session | None = None, **more: Any
    ) -> Coroutine[Any, Any, Outcome]:
        asked = NodeInvoke(node_id=NodeId(on.device), command=command, idempotency_key="k", **more)
        return self.nodes.invoke(by or session(9, "admin"), asked)


def result(id: str, node: Session, **more: Any) -> NodeInvokeResult:
    return NodeInvokeResult(id=id, node_id=NodeId(node.device), ok=True, **more)


async def test_a_command_goes_to_the_node_and_its_result_to_the_caller() -> None:
    floor = Floor()
    node = floor.node()
    call = asyncio.create_task(floor.invoke(node, params={"a": 1}, timeout_ms=15000))
    to, request = await floor.told.get()
    assert to is node
    assert (request.params_json, request.timeout_ms, request.idempotency_key) == ('{"a":1}', 15000, "k")
    assert floor.nodes.answered(node, result(request.id, node))
    assert isinstance(await call, Done)
    assert not floor.nodes.answered(node, result(request.id, node)), "once"


@pytest.mark.parametrize(
    ("command", "declared", "policy", "why"),
    [
        (RUN, ("system.which",), {}, WhyNot.NOT_DECLARED),
        (RUN, ("  ",), {}, WhyNot.NOTHING_DECLARED),
        ("canvas.eval", ("canvas.eval",), {}, WhyNot.NOT_ALLOWLISTED),
        (RUN, (RUN,), {"deny": frozenset({RUN})}, WhyNot.NOT_ALLOWLISTED),
        ("own.thing", ("system.which",), {"allow": frozenset({"own.thing"})}, WhyNot.NOT_DECLARED),
    ],
)
async def test_G14_only_what_is_declared_and_allowed_is_sent(
    command: str, declared: tuple[str, ...], policy: dict[str, frozenset[str]], why: WhyNot
) -> None:
    floor = Floor(**policy)
    assert await floor.invoke(floor.node(1, *declared), command) == MayNotRun(why)
    assert floor.told.empty()


async def test_G14_only_the_node_that_was_asked_can_answer() -> None:
    """Not another node, and not another connection of the same one."""
    floor = Floor()
    node, other, again = floor.node(1, id="old"), floor.node(2), session(1, role=Role.NODE, id="new")
    call = asyncio.create_task(floor.invoke(node))
    _, request = await floor.told.get()
    assert not floor.nodes.answered(other, result(request.id, other))
    assert not floor.nodes.answered(again, result(request.id, again))
    assert floor.nodes.answered(node, result(request.id, node))
    assert isinstance(await call, Done)


async def test_G8_calls_in_flight_fail_when_the_node_is_out() -> None:
    floor = Floor()
    node = floor.node()
    call = asyncio.create_task(floor.invoke(node))
    await floor.told.get()
    floor.nodes.drop(node)
    assert isinstance(await call, NodeLeft)
    assert isinstance(await floor.invoke(node), NotConnected)


async def test_nobody_waits_for_the_answer_to_a_caller_that_left() -> None:
    floor = Floor()
    node, caller = floor.node(), session(9, "admin")
    call = asyncio.create_task(floor.invoke(node, by=caller))
    _, request = await floor.told.get()
    floor.nodes.drop(caller)
    assert isinstance(await call, CallerLeft)
    assert not floor.nodes.answered(node, result(request.id, node))


async def test_a_command_that_takes_too_long() -> None:
    floor = Floor()
    assert isinstance(await floor.invoke(floor.node(), timeout_ms=0), TookTooLong)


async def test_a_node_that_does_not_listen() -> None:
    floor = Floor()
    floor.deaf = True
    assert isinstance(await floor.invoke(floor.node()), NotSent)


async def test_of_two_connections_the_newer_serves_and_the_older_may_go() -> None:
    floor = Floor()
    old, new = floor.node(1, id="old"), floor.node(1, "system.which", id="new")
    assert floor.nodes.get(new.device) is new
    assert floor.nodes.all() == [new]
    floor.nodes.drop(old)
    assert floor.nodes.get(new.device) is new
    floor.nodes.drop(new)
    assert floor.nodes.get(new.device) is None


def test_what_a_node_is_listed_with_is_what_it_may_run() -> None:
    floor = Floor(deny=frozenset({"system.which"}))
    assert floor.nodes.commands(floor.node(1, RUN, "system.which", " system.notify ", "canvas.eval", RUN)) == (
        "system.notify",
        RUN,
    )
