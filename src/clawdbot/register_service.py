"""What the services of devices and of nodes have in common: decide, commit, perform.

The gateway performs effects on its live sessions; a command that works on the state directory while no gateway runs has
none, and performs nothing.
"""

import asyncio
import secrets
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Generic, TypeVar

from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change, Effect
from clawdbot.domain.facts import Fact, Record, keep_nothing
from clawdbot.domain.names import RequestId
from clawdbot.domain.node_records import Node
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint
from clawdbot.service import Clock, wall_clock
from clawdbot.store.base import Key, Store

Perform = Callable[[Effect], None]
"""Does what a decision asked for. Called after the commit, in order; must not fail."""


def system_mint() -> Mint:
    """New names and secrets from the system's CSPRNG."""
    return Mint(request_id=lambda: RequestId(str(uuid.uuid4())), token=lambda: Secret(secrets.token_hex(16)))


S = TypeVar("S", bound=Device | Node)
A = TypeVar("A")


class RegisterService(ABC, Generic[S]):
    """The verbs on one register.

    Every method raises :class:`~clawdbot.errors.StoreError` if the state cannot be read or saved; nothing changed then.
    One process at a time lets devices connect on a state directory, so that the bound of the queue holds.

    Args:
        perform: does what decisions ask for.
        limits: how many requests may wait.
        record: takes down what happened.
    """

    kind: ClassVar[type[Key[S]]]

    def __init__(
        self,
        store: Store,
        *,
        perform: Perform = lambda _: None,
        limits: Callable[[], QueueLimits] = QueueLimits,
        now: Clock = wall_clock,
        mint: Mint | None = None,
        record: Record = keep_nothing,
    ) -> None:
        self._store = store
        self._perform = perform
        self._limits = limits
        self._now = now
        self._mint = mint or system_mint()
        self._record = record
        self._queue = asyncio.Lock()

    async def on_record(self) -> Mapping[Key[S], S]:
        """Everybody about whom anything is on record; the same object again while nothing changes."""
        return await self._store.read_all(self.kind)

    async def all(self) -> list[S]:
        """The same as a list."""
        return [*(await self.on_record()).values()]

    async def forget_expired(self) -> None:
        """Drop the requests of those who gave up, all with one commit."""
        now = self._now()
        await asyncio.gather(
            *[
                self._decide(key, self._expire)
                for key, known in (await self.on_record()).items()
                if known.pending is not None and not known.pending.is_live(now)
            ]
        )

    @abstractmethod
    def _expire(self, known: S) -> Change[S, object]:
        """Drop a dead request."""

    async def _who_waits(self, request: RequestId) -> Key[S] | None:
        """Whose request this is; a decision about it looks again."""
        records = (await self.on_record()).items()
        return next((key for key, known in records if known.pending is not None and known.pending.id == request), None)

    async def _decide(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> A:
        return (await self._commit(key, decide)).answer

    async def _commit(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        change = await self._store.update(key, decide)
        for effect in change.effects:
            self._perform(effect)
        return change

    def _note(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._record(fact)
