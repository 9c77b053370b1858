"""A connection to a gateway that let us in: calls, events, and its end."""

import asyncio
import logging
import uuid
from collections import deque
from types import TracebackType
from typing import Final

from msgspec import UNSET

from clawdbot.client import refusals
from clawdbot.client.events import Events
from clawdbot.client.hello import Hello
from clawdbot.client.transport import ABNORMAL, MAX_MESSAGE, Closed, Socket
from clawdbot.errors import GatewayUnavailable, InvalidFrame, Refused
from clawdbot.wire.frames import Answer, Event, Refusal, Request, encode, read_from_gateway

log = logging.getLogger("clawdbot.client")

CALL_S: Final = 10.0
EARLY: Final = 100
"""Events that are kept for the first who listens, from before he does."""

TICK_TIMEOUT: Final = Closed(4000, "tick timeout")


class Connection:
    """One connection. Made by :class:`~clawdbot.client.connector.Connector`; close it, or use it as a context.

    Attributes:
        hello: what the gateway said when it let us in.
        end: how it ended, as soon as it has.
    """

    def __init__(self, socket: Socket, hello: Hello) -> None:
        self.hello = hello
        self.end: Closed | None = None
        self._socket = socket
        self._over = asyncio.Event()
        self._calls: dict[str, _Call] = {}
        self._listeners: set[Events] = set()
        self._early: deque[Event] | None = deque(maxlen=EARLY)
        self._reader = asyncio.create_task(self._read())

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, method: str, params: object = UNSET, *, within: float = CALL_S, final: bool = False) -> object:
        """Call a method; the answer is JSON from outside.

        Args:
            params: JSON; they may be left out, which is not ``None``.
            within: seconds to wait for the answer.
            final: some methods answer twice, first that they accepted: wait for the second answer.

        Raises:
            CallRefused: the gateway says no.
            GatewayUnavailable: it does not answer in time, or went away. The call may have had its effect.
        """
        request = Request(str(uuid.uuid4()), method, params)
        frame = encode(request)
        if len(frame) > self.hello.max_payload:
            raise Refused(f"a request of {len(frame)} bytes is more than the gateway takes")
        if self.end is not None:
            raise _gone(self.end)
        call = self._calls[request.id] = _Call(final)
        try:
            async with asyncio.timeout(within):
                await self._socket.send(frame)
                return await call.answer
        except TimeoutError:
            raise too_late(within) from None
        finally:
            call.leave()
            del self._calls[request.id]

    def events(self, *names: str) -> Events:
        """Listen, from now on, to the events of these names, or to all.

        Whoever listens first also gets what came before, back to hello.
        """
        events = Events(frozenset(names), self._listeners.discard)
        for event in self._early or ():
            events.put(event)
        self._early = None
        if self.end is None:
            self._listeners.add(events)
        else:
            events.end()
        return events

    async def ended(self) -> Closed:
        """Wait until the connection is over, and say how it ended."""
        await self._over.wait()
        assert self.end is not None  # noqa: S101 - it is over
        return self.end

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection; what waits for an answer fails."""
        if self.end is None:
            self._finish(Closed(code, reason))
            self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._socket.close(self.end)  # the reader has done so, unless it was too young to begin

    # --- reading

    async def _read(self) -> None:
        """Take what comes, until nothing does. A gateway that is silent for two ticks is gone."""
        try:
            while not isinstance(message := await self._next(), Closed):
                self._take(message)
            self._finish(message)
        finally:
            self._finish(Closed(ABNORMAL))
            await self._socket.close(self.end)

    async def _next(self) -> bytes | str | Closed:
        try:
            async with asyncio.timeout(2 * self.hello.tick):
                return await self._socket.receive()
        except TimeoutError:
            return TICK_TIMEOUT

    def _take(self, message: bytes | str) -> None:
        try:
            frame = read_from_gateway(message, MAX_MESSAGE)
        except InvalidFrame as error:
            log.warning("%s; it is passed over", error)
            return
        match frame:
            case Event():
                self._announce(frame)
            case Answer() | Refusal():
                call = self._calls.get(frame.id)
                if call is not None:
                    call.take(frame)

    def _announce(self, event: Event) -> None:
        if self._early is not None:
            self._early.append(event)
        for events in list(self._listeners):
            events.put(event)

    def _finish(self, end: Closed) -> None:
        if self.end is not None:
            return
        self.end = end
        for call in self._calls.values():
            call.fail(_gone(end))
        for events in list(self._listeners):
            events.end()
        self._over.set()


def too_late(seconds: float) -> GatewayUnavailable:
    """The gateway did not answer in time."""
    return GatewayUnavailable(f"gateway timeout after {round(seconds * 1000)}ms")


def _gone(end: Closed) -> GatewayUnavailable:
    return GatewayUnavailable(f"gateway closed ({end})")


class _Call:
    """A call that waits for its answer."""

    def __init__(self, final: bool) -> None:
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._final = final

    def take(self, frame: Answer | Refusal) -> None:
        match frame:
            case Refusal():
                self.fail(refusals.of_call(frame.error))
            case Answer(payload={"status": "accepted"}) if self._final:
                pass
            case Answer():
                if not self.answer.done():
                    self.answer.set_result(frame.payload)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def leave(self) -> None:
        """Nobody waits any more, be there an answer or not."""
        if self.answer.done() and not self.answer.cancelled():
            self.answer.exception()
