"""Connected nodes: what they can do, and the commands that are under way on them (threats.md G14)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from clawdbot.domain import platforms
from clawdbot.domain.names import DeviceId
from clawdbot.domain.platforms import CommandPolicy, MayNotRun, MayRun
from clawdbot.gateway.session import Session
from clawdbot.wire.params import NodeInvoke, NodeInvokeResult

DEFAULT_TIMEOUT_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Done:
    """The node answered."""

    result: NodeInvokeResult


@dataclass(frozen=True, slots=True)
class NotConnected:
    """Nobody of that name is connected."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The node does not take what it is sent."""


@dataclass(frozen=True, slots=True)
class TookTooLong:
    """No answer in time; one that comes later is ignored."""


@dataclass(frozen=True, slots=True)
class NodeLeft:
    """The node went away with the command."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """Nobody waits for the answer any more."""


Outcome = Done | NotConnected | NotSent | TookTooLong | NodeLeft | CallerLeft | MayNotRun


@dataclass(eq=False, slots=True)
class _Invocation:
    """One command under way: who was asked, by whom."""

    node: Session
    caller: Session
    outcome: "asyncio.Future[Outcome]" = field(repr=False)

    def settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class _InvokeRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    node_id: DeviceId
    command: str
    params_json: str | None = msgspec.field(name="paramsJSON")
    timeout_ms: int | msgspec.UnsetType = msgspec.UNSET
    idempotency_key: str


class ConnectedNodes:
    """The nodes that are connected now. Of two connections of one node the newer serves.

    Args:
        tell: sends an event to one session; answers whether it could.
        policy: the owner's own word on commands, as it is now.
        new_id: names an invocation.
    """

    def __init__(
        self,
        *,
        tell: Callable[[Session, str, object], bool],
        policy: Callable[[], CommandPolicy],
        new_id: Callable[[], str],
    ) -> None:
        self._tell = tell
        self._policy = policy
        self._new_id = new_id
        self._nodes: dict[DeviceId, list[Session]] = {}
        self._open: dict[str, _Invocation] = {}

    def register(self, session: Session) -> None:
        """A node is in."""
        self._nodes.setdefault(session.device, []).append(session)

    def drop(self, session: Session) -> None:
        """A session is out, node or not: what it was asked to do fails, what it asked for is not waited for."""
        connections = self._nodes.get(session.device, [])
        if session in connections:
            connections.remove(session)
            if not connections:
                del self._nodes[session.device]
        for invocation in list(self._open.values()):
            if invocation.node is session:
                invocation.settle(NodeLeft())
            elif invocation.caller is session:
                invocation.settle(CallerLeft())

    def get(self, device: str) -> Session | None:
        """The session that serves a node."""
        connections = self._nodes.get(DeviceId(device))
        return connections[-1] if connections else None

    def all(self) -> list[Session]:
        """The serving session of every connected node."""
        return [connections[-1] for connections in self._nodes.values()]

    def commands(self, session: Session) -> tuple[str, ...]:
        """What a node declared and may be asked for."""
        return platforms.usable(session.offer.commands, self._allowed(session))

    async def invoke(self, caller: Session, asked: NodeInvoke) -> Outcome:
        """Have a node run a command: one that it declared, and that its platform's list and the owner allow."""
        node = self.get(asked.node_id)
        if node is None:
            return NotConnected()
        allowed = self._allowed(node)
        may = platforms.decide(asked.command, platforms.usable(node.offer.commands, allowed), allowed)
        match may:
            case MayNotRun():
                return may
            case MayRun():
                return await self._run(caller, node, asked)

    async def _run(self, caller: Session, node: Session, asked: NodeInvoke) -> Outcome:
        loop = asyncio.get_running_loop()
        invocation_id = self._new_id()
        invocation = self._open[invocation_id] = _Invocation(node, caller, loop.create_future())
        timeout_ms = DEFAULT_TIMEOUT_MS if asked.timeout_ms is None else asked.timeout_ms
        timer = loop.call_later(timeout_ms / 1000, partial(invocation.settle, TookTooLong()))
        try:
            if not self._tell(node, "node.invoke.request", _request(invocation_id, node.device, asked)):
                return NotSent()
            return await invocation.outcome
        finally:
            timer.cancel()
            del self._open[invocation_id]

    def answered(self, node: Session, result: NodeInvokeResult) -> bool:
        """A node reports a result; answers whether anybody waits for it from this very session."""
        invocation = self._open.get(result.id)
        if invocation is None or invocation.node is not node or invocation.outcome.done():
            return False
        invocation.settle(Done(result))
        return True

    def _allowed(self, session: Session) -> frozenset[str]:
        family = platforms.family(session.client.platform, session.client.device_family)
        return platforms.allowed_commands(family, self._policy())


def _request(invocation_id: str, node: DeviceId, asked: NodeInvoke) -> _InvokeRequest:
    absent = asked.params is msgspec.UNSET
    return _InvokeRequest(
        id=invocation_id,
        node_id=node,
        command=asked.command,
        params_json=None if absent else msgspec.json.encode(asked.params).decode(),
        timeout_ms=msgspec.UNSET if asked.timeout_ms is None else asked.timeout_ms,
        idempotency_key=asked.idempotency_key,
    )
