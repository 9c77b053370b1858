"""What the event loop has to do with the files: hot reads, and a queue for whoever wants to change something."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Generic

from clawdbot.domain.effects import Change
from clawdbot.domain.sender_records import Senders
from clawdbot.errors import StoreError
from clawdbot.store.base import A, Key
from clawdbot.store.group_commit import GroupCommit
from clawdbot.store.reader import Reader
from clawdbot.store.register import P, R, Register, S
from clawdbot.store.register_files import Desk, RegisterFiles, about, clear, is_passing
from clawdbot.store.senders_files import SendersFiles
from clawdbot.store.traces import Trace, fitting

log = logging.getLogger("clawdbot.store")

PAUSE_S: Final = 10.0


class SendersPlace:
    """One channel account: its files, and the queue of those who want to change them."""

    def __init__(self, files: SendersFiles, threads: Executor) -> None:
        self.reader = Reader(files, threads)
        self._queue = GroupCommit(files.transact, threads)

    async def update(self, decide: Callable[[Senders], Change[Senders, A]]) -> Change[Senders, A]:
        return await self._queue.submit(decide)


@dataclass(frozen=True, slots=True)
class _All(Generic[S, P, R]):
    """What everybody who asks for all of a register is answered, and what it was made of."""

    register: Register[S, P, R]
    traces: Mapping[str, Trace[S]]
    by_id: Mapping[str, S]
    states: Mapping[Key[S], S]


class RegisterPlace(Generic[S, P, R]):
    """One register: its files, the queue, and what is saved later because nobody waits for it.

    Args:
        pause_s: how long that may take at most.
    """

    def __init__(self, files: RegisterFiles[S, P, R], threads: Executor, *, pause_s: float = PAUSE_S) -> None:
        self._files = files
        self._reader = Reader(files, threads)
        self._queue: GroupCommit[Desk[S, P, R]] = GroupCommit(files.transact, threads)
        self._pause_s = pause_s
        self._alarm: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clearing: asyncio.Task[None] | None = None
        self._all: _All[S, P, R] | None = None

    async def read(self, key: Key[S]) -> S:
        id = self._files.kind.id(key)
        return self._files.traces.over(id, (await self._reader.read()).get(id))

    async def read_all(self) -> Mapping[Key[S], S]:
        register, traces = await self._reader.read(), self._files.traces.all()
        if self._all is None or self._all.register is not register or self._all.traces != traces:
            by_id = {**register.states, **fitting(traces, register.get)}
            self._all = _All(register, traces, by_id, self._keyed(by_id))
        return self._all.states

    def _keyed(self, by_id: Mapping[str, S]) -> Mapping[Key[S], S]:
        """The same by key: what was answered before, changed. To make thousands of keys takes longer than all else."""
        before, key = self._all, self._files.kind.key
        known: Mapping[str, S] = {} if before is None else before.by_id
        keyed = {} if before is None else dict(before.states)
        for id in known.keys() - by_id.keys():
            del keyed[key(id)]
        keyed.update({key(id): state for id, state in by_id.items() if known.get(id) is not state})
        return keyed

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        """Decide in the queue. While that is empty, what changes nothing that anybody waits for needs no lock."""
        id = self._files.kind.id(key)
        register = await self._reader.read()
        change = self._in_passing(id, register.get(id), decide) if self._queue.is_idle else None
        if change is None:
            saved = await self._queue.submit(about(id, decide))
            change = Change(saved.state.get(id), saved.answer, saved.effects)
        if self._files.traces:
            self._clear_later()
        return change

    def _in_passing(self, id: str, stored: S, decide: Callable[[S], Change[S, A]]) -> Change[S, A] | None:
        seen = self._files.traces.over(id, stored)
        change = decide(seen)
        if change.state is seen:
            return change
        if not is_passing(self._files.kind, seen, change):
            return None
        self._files.traces.note(id, stored, change.state)
        return change

    async def close(self) -> None:
        """Save what nobody waited for, as far as that can be done."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        await self._clear()

    def _clear_later(self) -> None:
        loop = asyncio.get_running_loop()
        if self._alarm is None or self._loop is not loop:
            self._loop = loop
            self._alarm = loop.call_later(self._pause_s, self._begin_to_clear)

    def _begin_to_clear(self) -> None:
        self._alarm = None
        self._clearing = asyncio.create_task(self._clear())

    async def _clear(self) -> None:
        """What cannot be saved now goes with whatever is saved next."""
        if not self._files.traces:
            return
        try:
            await self._queue.submit(clear)
        except StoreError as error:
            log.warning("could not note who was here: %s", error)
