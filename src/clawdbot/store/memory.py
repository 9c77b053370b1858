"""The store in memory: for tests, and for whoever wants to try things without leaving traces."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.domain.node_records import Node
from clawdbot.domain.senders import Senders
from clawdbot.store.base import A, DeviceKey, Key, NodeKey, S, SendersKey


class MemoryStore:
    """Keeps aggregates as long as it lives. One event loop; decisions run in it, one after another."""

    def __init__(self) -> None:
        self._aggregates: dict[Key[Any], object] = {}
        self._all: dict[type[Key[Any]], Mapping[Key[Any], Any]] = {}

    async def read(self, key: Key[S]) -> S:
        return cast(S, self._aggregates.get(key) or empty(key))

    async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
        if kind not in self._all:
            self._all[kind] = {key: await self.read(key) for key in await self.keys(kind)}
        return self._all[kind]

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        old = await self.read(key)
        change = decide(old)
        if change.state is not old:
            self._aggregates[key] = change.state
            self._all.pop(type(key), None)
        return change

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        kept = ((key, kept) for key, kept in self._aggregates.items() if isinstance(key, kind))
        return [key for key, aggregate in kept if aggregate != empty(key)]

    async def close(self) -> None:
        """Nothing waits to be saved."""


def empty(key: Key[Any]) -> object:
    """The aggregate under a key under which nothing is stored."""
    match key:
        case SendersKey():
            return _NOBODY
        case DeviceKey(device):
            return Device(device)
        case NodeKey(node):
            return Node(node)
        case _:
            raise TypeError(f"{type(key).__name__} names nothing that is stored")


_NOBODY = Senders()
