"""Messages on their way in: each conversation in order, conversations side by side, and nothing twice.

Every adapter hands what it receives to an :class:`Inbox` instead of trusting the order in which a library runs tasks.
"""

import asyncio
import logging
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import Deliver, DirectMessage, Hurried
from clawdbot.channels.patience import wind_up
from clawdbot.channels.spool import Spool
from clawdbot.errors import ChannelFailed, ClawdbotError

_log = logging.getLogger(__name__)

Key = tuple[str, str]
"""Conversation and message id: what is unique within one channel account."""


class Memory(Protocol):
    """What was done with: :class:`Seen` in memory alone, :class:`~clawdbot.channels.journal.Journal` on disk, too."""

    def add(self, key: Key) -> None: ...

    def __contains__(self, key: Key) -> bool: ...


class Seen:
    """Remembers what was done with, for a while and within bounds: platforms send things again (threats.md D16).

    Args:
        keep_s: for how long, at least as long as a platform repeats itself.
        most: how many; the oldest are forgotten first.
    """

    def __init__(
        self, *, keep_s: float = 30 * 60, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._times: OrderedDict[Key, float] = OrderedDict()

    def add(self, key: Key) -> None:
        self._times[key] = self._clock()
        self._times.move_to_end(key)
        self._forget()

    def __contains__(self, key: Key) -> bool:
        self._forget()
        return key in self._times

    def __len__(self) -> int:
        return len(self._times)

    def _forget(self) -> None:
        oldest_kept = self._clock() - self._keep_s
        while self._times and (len(self._times) > self._most or next(iter(self._times.values())) < oldest_kept):
            self._times.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message, and the number that the spool has it under, if it has."""

    content: DirectMessage
    number: int | None


@dataclass(slots=True)
class _Lane:
    """Messages that wait for each other, and the task that works them off."""

    waiting: deque[_Message] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class _Conversation:
    """The messages of one conversation that are not done with; those that come first wait for none of the others."""

    ordinary: _Lane = field(default_factory=_Lane)
    first: _Lane = field(default_factory=_Lane)

    @property
    def lanes(self) -> tuple[_Lane, _Lane]:
        return self.ordinary, self.first


def _nothing() -> None: ...


def comes_first(deliver: Deliver) -> Callable[[DirectMessage], bool]:
    """Which messages whoever delivers wants first: none, if he does not say."""
    return deliver.comes_first if isinstance(deliver, Hurried) else lambda _: False


class Inbox:
    """Delivers messages in the order of arrival, one at a time in each conversation.

    A message that ``deliver`` could not take (a :class:`~clawdbot.errors.ClawdbotError`) is delivered again, later and
    later, and what came after it in its conversation waits: a store that is away for a minute loses nothing and
    changes no order. Any other exception is a bug; trying again would only meet it again, perhaps after half of the
    work was done, so the message is dropped and the log says where.

    Messages that come first (:class:`~clawdbot.channels.base.Hurried`) have an order of their own in each conversation,
    and go beside the others: an owner's decision does not wait for the assistant.

    A conversation that stands still, since nobody answers what is sent to it, takes one place of many, however much
    waits in it.

    Args:
        limit: how many conversations may have messages here at once; then :meth:`put` waits.
        most: how many messages may be here at once, of all conversations; then :meth:`put` waits, too.
        seen: what was done with before, for adapters whose platform repeats itself across reconnects and restarts.
        spool: where messages are kept until they are done with, for platforms that will not send them again. When
            :meth:`put` has returned, the message may be acknowledged.
        patient: the platform keeps messages until they are done with; they are written down by :meth:`keep` alone.
    """

    def __init__(
        self,
        deliver: Deliver,
        *,
        limit: int = 100,
        most: int = 1000,
        seen: Memory | None = None,
        spool: Spool | None = None,
        patient: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self._deliver = deliver
        self._comes_first = comes_first(deliver)
        self._places = asyncio.Semaphore(limit)
        self._room = asyncio.Semaphore(most)
        self._seen: Memory = Seen() if seen is None else seen
        self._spool = spool
        self._patient = patient
        self._backoff = backoff or Backoff()
        self._here: dict[Key, list[Callable[[], None]]] = {}
        self._conversations: dict[str, _Conversation] = {}
        self._progress = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Nothing is here that is not done with."""
        return not self._here

    async def restore(self, *, late: bool = False) -> None:
        """Take what the spool has left from before.

        Args:
            late: what was left is older than the connection that begins now, and never brings a code (threats.md D8).

        Raises:
            ChannelFailed: the spool cannot be read.
        """
        for number, message in self._spool.load() if self._spool else ():
            await self._put(replace(message, late=message.late or late), _nothing, number)

    async def put(self, message: DirectMessage, done: Callable[[], None] = _nothing) -> None:
        """Take a message; wait while there are too many.

        Args:
            done: called when the message is done with, at once if it was already; one that is here is not delivered
                twice, and is done with when it is. It is not called for what is cut off by :meth:`close`, and must not
                raise.

        Raises:
            ChannelFailed: the spool did not take it; the message is not here.
        """
        await self._put(message, done, None)

    async def _put(self, message: DirectMessage, done: Callable[[], None], number: int | None) -> None:
        key = (message.conversation, message.message_id)
        if key in self._seen:
            self._forget(number)
            done()
            return
        if key in self._here:
            self._here[key].append(done)
            return
        self._here[key] = [done]
        try:
            await self._enter(message.conversation)
        except asyncio.CancelledError:
            del self._here[key]
            raise
        if self._spool and number is None and not self._patient:
            try:
                number = self._spool.save(message)
            except ChannelFailed:
                del self._here[key]
                self._room.release()
                self._leave(message.conversation)
                raise
        if self._closing.is_set():
            return
        conversation = self._conversations[message.conversation]
        lane = conversation.first if self._comes_first(message) else conversation.ordinary
        lane.waiting.append(_Message(message, number))
        if lane.worker is None:
            lane.worker = asyncio.create_task(self._work(message.conversation, lane))

    async def _enter(self, name: str) -> None:
        """Wait for room for a message, and for its conversation if that is not here yet."""
        await self._room.acquire()
        try:
            while name not in self._conversations:
                await self._places.acquire()
                if name in self._conversations:
                    self._places.release()
                else:
                    self._conversations[name] = _Conversation()
        except asyncio.CancelledError:
            self._room.release()
            raise

    def _leave(self, name: str) -> None:
        """Let a conversation go if nothing of it is here."""
        if all(lane.worker is None for lane in self._conversations[name].lanes):
            del self._conversations[name]
            self._places.release()

    def keep(self) -> None:
        """Write down what is here and is not: then the platform need not keep it, and ``done`` is called for it.

        Raises:
            ChannelFailed: the spool did not take all of it.
        """
        for lane in self._lanes_here():
            for place, message in enumerate(lane.waiting):
                if self._spool and message.number is None:
                    lane.waiting[place] = _Message(message.content, self._spool.save(message.content))
                    key = (message.content.conversation, message.content.message_id)
                    waiting, self._here[key] = self._here[key], []
                    for done in waiting:
                        done()

    async def progress(self, at_most: float) -> None:
        """Wait until a message was done with since the last call, ``at_most`` so many seconds, or none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._progress.wait()
        self._progress.clear()

    async def close(self, grace: float) -> None:
        """Begin nothing more, give what was begun ``grace`` seconds to end, and cut off the rest."""
        self._closing.set()
        await wind_up([lane.worker for lane in self._lanes_here() if lane.worker is not None], grace)

    def _lanes_here(self) -> list[_Lane]:
        return [lane for conversation in self._conversations.values() for lane in conversation.lanes]

    async def _work(self, name: str, lane: _Lane) -> None:
        try:
            while lane.waiting and not self._closing.is_set():
                if not await self._finish(lane.waiting[0].content):
                    return
                message = lane.waiting.popleft()
                self._done(message.content, message.number)
        finally:
            lane.worker = None
            self._leave(name)

    def _done(self, message: DirectMessage, number: int | None) -> None:
        """Remember first, then let go: killed in between, we meet the message again, and know it."""
        key = (message.conversation, message.message_id)
        self._seen.add(key)
        self._forget(number)
        self._room.release()
        self._progress.set()
        for done in self._here.pop(key):
            done()

    def _forget(self, number: int | None) -> None:
        if self._spool and number is not None:
            self._spool.forget(number)

    async def _finish(self, message: DirectMessage) -> bool:
        """Deliver until the message is done with; ``False`` if we are closing before that."""
        failures = 0
        while not self._closing.is_set():
            try:
                await self._deliver(message)
            except ClawdbotError as error:
                if self._closing.is_set():
                    _log.warning("%s: a message has to wait for the next start: %s", message.account, error)
                    return False
                failures += 1
                delay = self._backoff.delay(failures)
                _log.warning("%s: a message has to wait, trying again in %.0f s: %s", message.account, delay, error)
                await self._pause(delay)
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                    raise
                _log.error("%s: a message was dropped, which is a bug: %s", message.account, _where(error))
                return True
            else:
                return True
        return False

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


def _is_cancelled() -> bool:
    """We were cancelled ourselves, as against a task that ``deliver`` waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _where(error: BaseException) -> str:
    """An exception's type and place. Not its message, which may quote the text (threats.md S7)."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place
