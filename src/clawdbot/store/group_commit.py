"""Group commit: whatever waits for one aggregate is decided together and saved with one write.

A flush takes as long as hundreds of decisions. While one group is on its way to the disk the next one gathers, so that
many callers cost a few flushes, and nobody is answered before his change is durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

from clawdbot.domain.effects import Change

S = TypeVar("S")
A = TypeVar("A")

Decide = Callable[[S], Change[S, A]]
Outcome = Change[S, Any] | Exception
Transact = Callable[[Sequence[Decide[S, Any]], Callable[[], bool]], Sequence[Outcome[S]]]
"""Applies decisions in order and saves the last state: one outcome each. It blocks, may ask whether anybody still waits
for that, and raises if nothing could be saved, which is then everybody's outcome."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[S]):
    decide: Decide[S, Any]
    done: "asyncio.Future[Change[S, Any]]"

    def settle(self, outcome: Outcome[S]) -> None:
        if self.done.done():  # the caller went away
            return
        if isinstance(outcome, Exception):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


def _is_awaited(group: Sequence[_Job[Any]]) -> bool:
    return not all(job.done.done() for job in group)


class GroupCommit(Generic[S]):
    """The queue of one aggregate.

    Args:
        transact: how a group is saved.
        threads: where it runs, one call at a time.
    """

    def __init__(self, transact: Transact[S], threads: Executor) -> None:
        self._transact = transact
        self._threads = threads
        self._waiting: list[_Job[S]] = []
        self._worker: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, and nothing is on its way to the disk, not even for callers who went away."""
        return self._worker is None or self._worker.done()

    async def submit(self, decide: Decide[S, A]) -> Change[S, A]:
        """Decide and save. A caller who is cancelled leaves either no trace or a whole change."""
        job = _Job(decide, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self.is_idle:
            self._worker = asyncio.create_task(self._work())
        return cast(Change[S, A], await job.done)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = [job for job in self._waiting if not job.done.done()]
            self._waiting.clear()
            if not group:
                break
            outcomes: Sequence[Outcome[S]]
            decides = [job.decide for job in group]
            wanted = partial(_is_awaited, group)
            try:
                outcomes = await loop.run_in_executor(self._threads, self._transact, decides, wanted)
            except asyncio.CancelledError:
                for job in group + self._waiting:
                    job.done.cancel()
                self._waiting.clear()
                raise
            except Exception as error:
                outcomes = [error] * len(group)
            for job, outcome in zip(group, outcomes, strict=True):
                job.settle(outcome)
