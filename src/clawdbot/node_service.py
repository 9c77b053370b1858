"""The verbs on the legacy store of nodes, ``node.pair.*``: apart from devices, and opening nothing (threats.md G14)."""

from clawdbot.domain import device_facts, nodes
from clawdbot.domain.devices import BadName, Denied, Renamed
from clawdbot.domain.effects import Change
from clawdbot.domain.facts import Kind
from clawdbot.domain.names import DeviceId, NodeId, RequestId
from clawdbot.domain.node_records import Node, NodeAbout
from clawdbot.domain.nodes import Approved, NotVerified, QueueFull, Rejected, Requested, Verified
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.register_service import RegisterService
from clawdbot.store.base import NodeKey


class NodeService(RegisterService[Node]):
    """Nodes on record."""

    kind = NodeKey

    async def who_waits(self, request: RequestId) -> NodeId | None:
        """The node whose request this is; a decision about it looks again."""
        key = await self._who_waits(request)
        return key.node if isinstance(key, NodeKey) else None

    async def request(self, node: NodeId, about: NodeAbout, *, silent: bool | None) -> Requested | QueueFull:
        """Ask for a node to be put on record."""
        async with self._queue:
            await self.forget_expired()
            waiting = [one for one in await self.all() if one.waiting(self._now()) is not None]
            room = len(waiting) < self._limits().total

            def decide(known: Node) -> Change[Node, Requested | QueueFull]:
                return nodes.request(known, about, silent=silent, now=self._now(), mint=self._mint, room=room)

            answer = await self._decide(NodeKey(node), decide)
        self._note(device_facts.asked(node, about, answer, at=self._now()))
        return answer

    async def approve(self, node: NodeId, request: RequestId, *, caller: Caller) -> Approved | Denied:
        """Put a node on record. When this returns, the approval is durable."""

        def decide(known: Node) -> Change[Node, Approved | Denied]:
            return nodes.approve(known, request, caller=caller, now=self._now(), mint=self._mint)

        answer = await self._decide(NodeKey(node), decide)
        self._note(device_facts.decided(Kind.APPROVED, device_facts.node(node), answer, caller, at=self._now()))
        return answer

    async def reject(self, node: NodeId, request: RequestId, *, caller: Caller) -> Rejected | Denied:
        """Dismiss a request."""
        answer = await self._decide(
            NodeKey(node), lambda known: nodes.reject(known, request, caller=caller, now=self._now())
        )
        self._note(device_facts.decided(Kind.REJECTED, device_facts.node(node), answer, caller, at=self._now()))
        return answer

    async def rename(self, node: NodeId, name: str, *, caller: Caller) -> Renamed | BadName | Denied:
        """Give a node on record another name."""
        return await self._decide(NodeKey(node), lambda known: nodes.rename(known, name, caller=caller))

    async def verify(self, node: NodeId, token: Secret) -> Verified | NotVerified:
        """Is this the node's token?"""
        return nodes.verify(await self._store.read(NodeKey(node)), token)

    async def connected(self, device: DeviceId) -> None:
        """Note that a device of that name connected as a node, if it is on record here at all."""
        key = NodeKey(NodeId(device))
        if (await self._store.read(key)).paired is not None:
            await self._decide(key, lambda known: nodes.connected(known, now=self._now()))

    def _expire(self, known: Node) -> Change[Node, object]:
        return nodes.expire(known, now=self._now())
