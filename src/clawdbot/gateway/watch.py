"""The store as a running gateway uses it: what others do to it is noticed.

Others are the owner's commands, an editor, the reference's programs. They decide on the files, so that no effects of
theirs reach the gateway; told from before and after, its operators hear of each decision once all the same. What is
decided through this store is known, and is not noticed: whoever decided performs its effects.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from clawdbot.domain.effects import Change
from clawdbot.errors import StoreError
from clawdbot.store.base import A, DeviceKey, Key, NodeKey, S, SendersKey, Store
from clawdbot.store.memory import empty

KINDS: Final[tuple[type[Key[Any]], ...]] = (DeviceKey, NodeKey, SendersKey)

Notice = Callable[[Key[Any], Any, Any], None]
"""Is told of an aggregate that others changed: its key, as it was when last heard of, and as it is. Must not fail."""

States = Mapping[Key[Any], Any]


class WatchedStore:
    """A :class:`~clawdbot.store.base.Store` that notices what others did: in :meth:`sweep`, and before it decides.

    A sweep believes a change when it sees it for the second time. The reference writes one file after the other:
    between the two, somebody who was just approved looks like somebody who was rejected.
    """

    def __init__(self, store: Store, notice: Notice) -> None:
        self._store = store
        self._notice = notice
        self._known: dict[type[Key[Any]], dict[Key[Any], Any]] = {}
        """What was heard of, here or from others."""
        self._seen: dict[type[Key[Any]], States] = {}
        """What the last sweep saw."""
        self._settled: dict[type[Key[Any]], States] = {}
        """The same, if all of it is known."""
        self._deciding: Counter[Key[Any]] = Counter()
        self._decided: set[Key[Any]] = set()

    # --- the store

    async def read(self, key: Key[S]) -> S:
        return await self._store.read(key)

    async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
        return await self._store.read_all(kind)

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        return await self._store.keys(kind)

    async def close(self) -> None:
        await self._store.close()

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        """Decide; what others had done until then is noticed before."""
        found: list[S] = []

        def decide_on(state: S) -> Change[S, A]:
            found[:] = [state]
            return decide(state)

        self._deciding[key] += 1
        try:
            change = await self._store.update(key, decide_on)
        finally:
            self._deciding[key] -= 1
            if not self._deciding[key]:
                del self._deciding[key]
            self._decided.add(key)
        known = self._known.get(type(key))
        if known is not None and not (known.get(key) is found[0] is change.state):
            self._hear(key, found[0])
            self._know(key, change.state)
        return change

    # --- the watch

    async def sweep(self) -> None:
        """Look for what others did since the last sweep, one at a time; a look at the files while that is nothing.

        The first one learns how things are.

        Raises:
            StoreError: something cannot be read now; the rest was looked at.
        """
        failures: list[StoreError] = []
        for kind in KINDS:
            try:
                await self._sweep(kind)
            except StoreError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def _sweep(self, kind: type[Key[Any]]) -> None:
        self._decided.clear()
        states = await self._store.read_all(kind)
        if states is self._settled.get(kind):
            return
        ours = {*self._decided, *self._deciding}  # what was read may be older than what is decided meanwhile
        if kind not in self._known:
            if not any(isinstance(key, kind) for key in ours):
                self._known[kind], self._seen[kind] = dict(states), states
            return
        known, before = self._known[kind], self._seen[kind]
        changed = [key for key in {**known, **states} if states.get(key) is not known.get(key)]
        believed = [key for key in changed if key not in ours and states.get(key) == before.get(key)]
        for key in believed:
            self._hear(key, states.get(key, empty(key)))
        self._seen[kind] = states
        if len(believed) == len(changed):
            self._settled[kind] = states

    def _hear(self, key: Key[Any], state: Any) -> None:
        """Take notice of what others made of an aggregate."""
        old = self._known[type(key)].get(key, empty(key))
        self._know(key, state)
        if state != old:
            self._notice(key, old, state)

    def _know(self, key: Key[Any], state: Any) -> None:
        if state == empty(key):
            self._known[type(key)].pop(key, None)
        else:
            self._known[type(key)][key] = state
