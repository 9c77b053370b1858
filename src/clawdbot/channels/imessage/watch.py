"""What imsg tells of new messages, in order, within bounds, and never deaf for long.

The database itself keeps what we have no room for: a subscription is ended and begun anew above the last row that we
took. That is done regularly too, for three reasons:

- after its log file was exchanged, macOS no longer tells imsg of changes, and imsg does not notice;
- imsg reads 100 rows at most for each change, so that more of them wait for the next change;
- the answer shows that imsg is alive.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from clawdbot.channels.imessage import failures
from clawdbot.channels.imessage.failures import Rejected
from clawdbot.channels.imessage.rpc import ImsgRpc
from clawdbot.errors import ChannelFailed

_BATCH = 100
"""The most rows that imsg reads for one change."""

_FROM_THE_FIRST = -1
"""To imsg, 0 means from now on."""

DEBOUNCE_MS = 500
"""How long imsg lets a change settle: Messages says of our own messages that they are ours only after it has written
them."""


class Watch:
    """The subscription of one running imsg.

    Args:
        room: how many messages may wait here.
    """

    def __init__(self, *, room: int = 500) -> None:
        self._room = room
        self._waiting: deque[object] = deque()
        self._changed = asyncio.Event()
        self._again = False
        self._is_full = False
        self._told = 0
        self._number: int | None = None
        self._ended = 0
        """The highest number of a subscription that is over; what still comes of it does not count."""
        self._failure: ChannelFailed | None = None

    async def subscribe(self, rpc: ImsgRpc, since: int) -> None:
        """Ask for what is above a row, and no longer for what was asked for before. Raises ChannelFailed."""
        old, self._number = self._number, None
        try:
            if old is not None:
                self._ended = old
                with suppress(Rejected):
                    await rpc.call("watch.unsubscribe", subscription=old)
            self._is_full, self._again, self._told = False, False, 0
            answer = await rpc.call(
                "watch.subscribe", attachments=False, debounce_ms=DEBOUNCE_MS, since_rowid=since or _FROM_THE_FIRST
            )
        except Rejected as error:
            failure = failures.of_connecting(error)
        else:
            number = answer.get("subscription")
            if type(number) is int:
                self._number = number
                return
            failure = ChannelFailed("imsg did not say which subscription it began")
        raise failure

    async def next(self, within: float) -> object | None:
        """The next message; ``None`` when it is time to subscribe again, after ``within`` seconds at most.

        Raises:
            ChannelFailed: imsg has ended, or watches no more.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self._waiting and not self._again and not self._failure:
                    self._changed.clear()
                    await self._changed.wait()
        if self._waiting:
            return self._waiting.popleft()
        if self._failure:
            raise self._failure
        return None

    def hear(self, method: str, params: Mapping[str, object]) -> None:
        """Take a notification."""
        number = params.get("subscription")
        if type(number) is not int or number <= self._ended:
            return
        if method == "error":
            self.over(ChannelFailed("imsg cannot watch the Messages database any more"))
        elif method == "message" and not self._is_full:
            self._told += 1
            self._is_full = len(self._waiting) >= self._room
            if not self._is_full:
                self._waiting.append(params.get("message"))
            self._again = self._again or self._is_full or self._told % _BATCH == 0
            self._changed.set()

    def over(self, failure: ChannelFailed) -> None:
        """There will be nothing more."""
        self._failure = self._failure or failure
        self._changed.set()
