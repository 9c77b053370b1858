"""The verbs on the legacy store of nodes, ``node.pair.*``: apart from devices, and opening nothing (threats.md G14)."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from clawdbot.device_service import Perform, nothing, system_mint
from clawdbot.domain import nodes
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.devices import BadName, Denied, Renamed
from clawdbot.domain.effects import Change
from clawdbot.domain.names import DeviceId, NodeId, RequestId
from clawdbot.domain.node_records import Node, NodeAbout
from clawdbot.domain.nodes import Approved, NotVerified, QueueFull, Rejected, Requested, Verified
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint
from clawdbot.service import Clock, wall_clock
from clawdbot.store.base import NodeKey, Store

A = TypeVar("A")


class NodeService:
    """Nodes on record. Raises and takes arguments as :class:`~clawdbot.device_service.DeviceService` does."""

    def __init__(
        self,
        store: Store,
        *,
        perform: Perform = nothing,
        limits: Callable[[], QueueLimits] = QueueLimits,
        now: Clock = wall_clock,
        mint: Mint | None = None,
    ) -> None:
        self._store = store
        self._perform = perform
        self._limits = limits
        self._now = now
        self._mint = mint or system_mint()
        self._queue = asyncio.Lock()

    async def all(self) -> list[Node]:
        """Every node that anything is on record about."""
        return [*(await self._store.read_all(NodeKey)).values()]

    async def who_waits(self, request: RequestId) -> NodeId | None:
        """The node whose request this is; a decision about it looks again."""
        for node in await self.all():
            if node.pending is not None and node.pending.id == request:
                return node.id
        return None

    async def request(self, node: NodeId, about: NodeAbout, *, silent: bool | None) -> Requested | QueueFull:
        """Ask for a node to be put on record."""
        async with self._queue:
            await self.forget_expired()
            waiting = [one for one in await self.all() if one.waiting(self._now()) is not None]
            room = len(waiting) < self._limits().total

            def decide(known: Node) -> Change[Node, Requested | QueueFull]:
                return nodes.request(known, about, silent=silent, now=self._now(), mint=self._mint, room=room)

            return await self._decide(node, decide)

    async def forget_expired(self) -> None:
        """Drop the requests that nobody decided."""
        for node in await self.all():
            if node.pending is not None and not node.pending.is_live(self._now()):
                await self._decide(node.id, lambda known: nodes.expire(known, now=self._now()))

    async def approve(self, node: NodeId, request: RequestId, *, caller: Caller) -> Approved | Denied:
        """Put a node on record. When this returns, the approval is durable."""

        def decide(known: Node) -> Change[Node, Approved | Denied]:
            return nodes.approve(known, request, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide(node, decide)

    async def reject(self, node: NodeId, request: RequestId, *, caller: Caller) -> Rejected | Denied:
        """Dismiss a request."""
        return await self._decide(node, lambda known: nodes.reject(known, request, caller=caller, now=self._now()))

    async def rename(self, node: NodeId, name: str, *, caller: Caller) -> Renamed | BadName | Denied:
        """Give a node on record another name."""
        return await self._decide(node, lambda known: nodes.rename(known, name, caller=caller))

    async def verify(self, node: NodeId, token: Secret) -> Verified | NotVerified:
        """Is this the node's token?"""
        return nodes.verify(await self._store.read(NodeKey(node)), token)

    async def connected(self, device: DeviceId) -> None:
        """Note that a device of that name connected as a node, if it is on record here at all."""
        key = NodeKey(NodeId(device))
        if (await self._store.read(key)).paired is not None:
            await self._decide(key.node, lambda known: nodes.connected(known, now=self._now()))

    async def _decide(self, node: NodeId, decide: Callable[[Node], Change[Node, A]]) -> A:
        change = await self._store.update(NodeKey(node), decide)
        for effect in change.effects:
            self._perform(effect)
        return change.answer
