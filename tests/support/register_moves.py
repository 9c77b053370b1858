"""What devices, nodes and their owner do, as data: for a store, for a model, for a child process."""

import random
import uuid
from dataclasses import dataclass
from typing import Any

from clawdbot.domain import admission, devices, nodes
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.domain.names import NodeId, RequestId, Role
from clawdbot.domain.node_records import Node, NodeAbout
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint
from clawdbot.store.base import DeviceKey, NodeKey
from tests.support.devices import arrival, identity, scopes

NOW = 1_795_367_603_000
NOBODY = RequestId("nobody's")


def mint(seed: object) -> Mint:
    """Draws the same each time."""
    chance = random.Random(str(seed))
    return Mint(
        request_id=lambda: RequestId(str(uuid.UUID(int=chance.getrandbits(128), version=4))),
        token=lambda: Secret(f"{chance.getrandbits(128):032x}"),
    )


@dataclass(frozen=True)
class DeviceMove:
    """One decision about one device; called with a state, it decides."""

    verb: str
    number: int = 1
    now: int = NOW
    seed: int = 0

    @property
    def key(self) -> DeviceKey:
        return DeviceKey(identity(self.number).device_id)

    def __call__(self, device: Device) -> Change[Device, Any]:
        if self.verb in ASKS:
            return self._connects(device, *ASKS[self.verb])
        waiting = device.pending.id if device.pending else NOBODY
        draw = mint((self.seed, self.number))
        match self.verb:
            case "approve":
                return devices.approve(device, waiting, caller=OWNER, now=self.now, mint=draw)
            case "reject":
                return devices.reject(device, waiting, caller=OWNER, now=self.now)
            case "remove":
                return devices.remove(device, caller=OWNER, now=self.now)
            case "revoke":
                return devices.revoke(device, Role.OPERATOR, caller=OWNER, now=self.now, mint=draw)
            case "rotate":
                return devices.rotate(device, Role.OPERATOR, None, caller=OWNER, now=self.now, mint=draw)
            case "rename":
                return devices.rename(device, f"Box {self.seed}", caller=OWNER)
            case "expire":
                return devices.expire(device, now=self.now)
            case _:
                raise AssertionError(self.verb)

    def _connects(self, device: Device, role: Role, *names: str) -> Change[Device, Any]:
        """With its token, if it has one that is alive; named after the seed."""
        token = device.paired.tokens.get(role) if device.paired else None
        arrived = arrival(
            identity(self.number),
            role=role,
            wanted=scopes(*names),
            token=token.secret if token and device.paired and device.paired.may(role, scopes(*names)) else None,
            name=f"Name {self.seed}",
        )
        return admission.connect(device, arrived, now=self.now, mint=mint((self.seed, self.number)), room=True)


ASKS: dict[str, tuple[Any, ...]] = {
    "ask": (Role.OPERATOR, "read"),
    "ask more": (Role.OPERATOR, "read", "write"),
    "ask as node": (Role.NODE,),
}
DEVICE_VERBS = (*ASKS, "approve", "reject", "remove", "revoke", "rotate", "rename", "expire")


@dataclass(frozen=True)
class NodeMove:
    """One decision about one node of the legacy store."""

    verb: str
    number: int = 1
    now: int = NOW
    seed: int = 0

    @property
    def key(self) -> NodeKey:
        return NodeKey(NodeId(f"node-{self.number}"))

    def __call__(self, node: Node) -> Change[Node, Any]:
        waiting = node.pending.id if node.pending else NOBODY
        draw = mint((self.seed, self.number))
        match self.verb:
            case "ask":
                about = NodeAbout(f"Name {self.seed}", "darwin", "1.0", caps=("canvas",), commands=())
                return nodes.request(node, about, silent=bool(self.seed % 2), now=self.now, mint=draw, room=True)
            case "approve":
                return nodes.approve(node, waiting, caller=OWNER, now=self.now, mint=draw)
            case "reject":
                return nodes.reject(node, waiting, caller=OWNER, now=self.now)
            case "remove":
                return nodes.remove(node, caller=OWNER)
            case "rename":
                return nodes.rename(node, f"Box {self.seed}", caller=OWNER)
            case "connect":
                return nodes.connected(node, now=self.now, bins=("git",) if self.seed % 2 else None)
            case "expire":
                return nodes.expire(node, now=self.now)
            case _:
                raise AssertionError(self.verb)


NODE_VERBS = ("ask", "approve", "reject", "remove", "rename", "connect", "expire")
