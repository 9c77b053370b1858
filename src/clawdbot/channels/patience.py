"""Patience with a platform: what every adapter does alike while its platform fails, or asks it to wait.

What goes wrong for a while is waited out where it happens, so that messages under way are not disturbed. Only when a
connection goes on failing, and nothing is under way, does the adapter hand it to its supervisor.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Final, TypeVar

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import Report
from clawdbot.domain.names import ChannelAccount, Instant
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

GRACE_S: Final = 10.0
"""What messages under way get to end when we stop."""

_LONGEST_S = 3600.0
"""However long a platform asks us to wait for a connection, we look again after this."""


class ApiError(Exception):
    """A platform did not do what it was asked. Holds neither a token nor a text (threats.md S7).

    Attributes:
        retry_after: seconds that it asks us to wait; 0 if it does not.
    """

    retry_after: float = 0.0


class Unreachable(ApiError):
    """No answer, or none that the platform gives. ``sent`` is false if the request certainly did not arrive."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds; arguments, so that tests need not wait. Each channel adds its own.

    Attributes:
        answer: how long any answer may take.
        flood: how long a message to send may wait in all, for a platform that is away or asks for it.
        grace: what messages under way get to end when we stop.
        patience: after so many failures in a row, ``run`` gives up, if nothing is under way.
        sleep: how to wait before trying again.
        clock: the time, in seconds since the Unix epoch.
    """

    answer: float = 30.0
    flood: float = 60.0
    grace: float = GRACE_S
    patience: int = 5
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.time

    def now(self) -> Instant:
        return int(self.clock() * 1000)

    async def pause(self, failures: int, at_least: float = 0.0) -> None:
        """Wait after the n-th failure in a row, at least as long as the platform asks us to."""
        await self.sleep(self.delay(failures, at_least))

    def delay(self, failures: int, at_least: float = 0.0) -> float:
        return max(self.backoff.delay(failures), min(at_least, _LONGEST_S))


class Outage:
    """The failures in a row of a connection that its adapter makes again by itself.

    Args:
        idle: nothing is under way.
    """

    def __init__(self, account: ChannelAccount, report: Report, timing: Timing, *, idle: Callable[[], bool]) -> None:
        self.failures = 0
        self._account = account
        self._report = report
        self._timing = timing
        self._idle = idle

    async def wait_out(self, failure: ChannelFailed, at_least: float = 0.0, *, level: int = logging.WARNING) -> None:
        """Tell of one more failure and wait. Raises it if trying again will not help, or did not.

        Args:
            at_least: how long the platform asks us to wait.
            level: of the log's line.
        """
        if isinstance(failure, ChannelRefused):
            raise failure
        self.failures += 1
        delay = self._timing.delay(self.failures, at_least)
        _log.log(level, "%s: %s; trying again in %.0f s", self._account, failure, delay)
        self._report.trouble(failure)
        await self._timing.sleep(delay)
        if self.failures >= self._timing.patience and self._idle():
            raise failure


async def insist(
    ask: Callable[[], Awaitable[_T]],
    timing: Timing,
    *,
    again: Callable[[ApiError], bool],
    undelivered: Callable[[ApiError], DeliveryFailed],
) -> _T:
    """Ask a platform until it does what it is asked, for ``timing.flood`` seconds in all.

    Args:
        again: whether it may be asked once more after such an error. Only if it certainly did not do it, or knows a
            repetition from a second message: nothing is sent twice (threats.md D10).
        undelivered: what the last error means for the message.

    Raises:
        DeliveryFailed: it did not, or nobody knows.
    """
    waited, attempts, now = 0.0, 0, asyncio.get_running_loop().time
    while True:
        began = now()
        try:
            return await ask()
        except ApiError as error:
            trouble = error
        attempts += 1
        delay = max(timing.backoff.delay(attempts), trouble.retry_after)
        waited += now() - began + delay
        if not again(trouble) or waited > timing.flood:
            raise undelivered(trouble)
        await timing.sleep(delay)


async def together(*work: Coroutine[object, object, None]) -> None:
    """Run all until one of them fails or ends, or we are cancelled; leave none behind."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def wind_up(tasks: Collection[asyncio.Task[None]], grace: float) -> None:
    """Give tasks ``grace`` seconds to end, and cut off the rest; leave none behind, even if we are cancelled."""
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
