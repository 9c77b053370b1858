"""What senders call themselves. Only for show, so it costs little: a flood of strangers makes no flood of calls."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

from clawdbot.channels.base import Deliver, DirectMessage
from clawdbot.channels.inbox import comes_first
from clawdbot.channels.patience import ApiError
from clawdbot.channels.text import for_show


class Names:
    """Asks for names, each at most once an hour and all of them a few times a minute (threats.md D10).

    Args:
        ask: a person's name by his id; if it raises ApiError or takes too long, he is nameless for the hour.
        keep_s: for how long an answer counts, also one that failed.
        most: how many are remembered; the oldest are forgotten first.
        a_minute: how often to ask at most; who writes beyond that is nameless this time.
        patience_s: how long a message may wait for the name of its author.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[str]],
        *,
        keep_s: float = 3600.0,
        most: int = 1000,
        a_minute: int = 20,
        patience_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._keep_s = keep_s
        self._most = most
        self._a_minute = a_minute
        self._patience_s = patience_s
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._asked: deque[float] = deque()

    async def of(self, user_id: str) -> str:
        """A person's name, or nothing."""
        known = self._known.get(user_id)
        if known is not None and self._clock() - known[0] < self._keep_s:
            return known[1]
        if not self._may_ask():
            return ""
        self._remember(user_id, "")  # also for those who write again before the answer is there
        try:
            async with asyncio.timeout(self._patience_s):
                name = for_show(await self._ask(user_id))
        except (ApiError, TimeoutError):
            return ""
        self._remember(user_id, name)
        return name

    def _may_ask(self) -> bool:
        now = self._clock()
        while self._asked and now - self._asked[0] >= 60:
            self._asked.popleft()
        if len(self._asked) >= self._a_minute:
            return False
        self._asked.append(now)
        return True

    def _remember(self, user_id: str, name: str) -> None:
        self._known[user_id] = (self._clock(), name)
        self._known.move_to_end(user_id)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


class Named:
    """Delivers messages with the names of those who wrote them; what comes first comes first as before."""

    def __init__(self, deliver: Deliver, names: Names) -> None:
        self._deliver = deliver
        self._names = names
        self.comes_first = comes_first(deliver)

    async def __call__(self, message: DirectMessage) -> None:
        name = await self._names.of(message.sender)
        await self._deliver(replace(message, name=name, meta={"name": name}) if name else message)
