"""From Discord to the inbox: what the gateway tells of, and what has to be asked for because it did not.

A conversation is *behind* when some of its messages may not have been told: after a gap in the connection, or because
more came than there is room for. Its messages are then asked for, after the last one that is done with, and what comes
meanwhile waits behind them; so each conversation keeps its order, and no flood fills the memory.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.discord import parse
from clawdbot.channels.discord.api import PAGE, Rejected
from clawdbot.channels.discord.checkpoints import Checkpoints
from clawdbot.channels.discord.parse import Aside
from clawdbot.channels.discord.timing import Timing
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.patience import ApiError, together
from clawdbot.domain.names import ChannelAccount

_log = logging.getLogger(__name__)

ROOM = 200
"""How many messages wait for the inbox, of all conversations together."""

_HELD = 20
"""… and in one that is behind."""

_MOST_BEHIND = 2000
_AT_ONCE = 4
_PAGES = 20
_GONE = (10003, 50001)
"""Discord's codes for a conversation that is no more: unknown channel, missing access."""

Read = Callable[[object], DirectMessage | Aside]
Fetch = Callable[[int, int], Awaitable[list[object]]]
"""The earliest messages of a conversation after one. Raises ApiError."""


@dataclass(slots=True)
class _Behind:
    """What came meanwhile. ``again``: more than is held, so it has to be asked for once more."""

    held: deque[DirectMessage] = field(default_factory=deque)
    again: bool = False


class Intake:
    """Hands the messages of one run of an adapter to its inbox.

    Args:
        read: what of a message is one for us.
        fetch: asks Discord for messages.
    """

    def __init__(
        self,
        account: ChannelAccount,
        inbox: Inbox,
        checkpoints: Checkpoints,
        *,
        read: Read,
        fetch: Fetch,
        timing: Timing,
    ) -> None:
        self._account = account
        self._inbox = inbox
        self._checkpoints = checkpoints
        self._read = read
        self._fetch = fetch
        self._timing = timing
        self._told: asyncio.Queue[DirectMessage] = asyncio.Queue(ROOM)
        self._behind: dict[str, _Behind] = {}
        self._to_ask: asyncio.Queue[str] = asyncio.Queue()
        self._no_answer_since: float | None = None

    @property
    def idle(self) -> bool:
        """Nothing is here that is not done with."""
        return not self._behind and self._told.empty() and self._inbox.idle

    def gap(self) -> None:
        """There may be messages in any conversation that nobody will tell of."""
        for conversation in self._checkpoints.conversations:
            self._fall_behind(conversation)

    def told(self, data: object) -> None:
        """Take what the gateway tells of."""
        message = self._message(data)
        if message is None:
            return
        conversation = message.conversation
        self._checkpoints.begin(conversation, int(message.message_id))
        if conversation not in self._behind:
            if not self._told.full():
                self._told.put_nowait(message)
                return
            self._fall_behind(conversation)
        if (behind := self._behind.get(conversation)) is None:
            _log.warning("%s: too many people write at once; a message waits for the next connection", self._account)
        elif len(behind.held) < _HELD:
            behind.held.append(message)
        else:
            behind.again = True

    async def run(self) -> None:
        """Work until cancelled."""
        await together(self._pass_on(), *(self._catch_up() for _ in range(_AT_ONCE)))

    def _message(self, data: object) -> DirectMessage | None:
        message = self._read(data)
        if isinstance(message, DirectMessage):
            return message
        level = logging.WARNING if message is Aside.MALFORMED else logging.DEBUG
        _log.log(level, "%s: message %s is left aside: %s", self._account, parse.message_id(data), message)
        return None

    def _fall_behind(self, conversation: str) -> None:
        if (behind := self._behind.get(conversation)) is not None:
            behind.again = True
        elif len(self._behind) < _MOST_BEHIND:
            self._behind[conversation] = _Behind()
            self._to_ask.put_nowait(conversation)

    async def _pass_on(self) -> None:
        while True:
            await self._put(await self._told.get())

    async def _put(self, message: DirectMessage) -> None:
        number = int(message.message_id)
        if self._checkpoints.begin(message.conversation, number):
            await self._inbox.put(message, partial(self._checkpoints.finish, message.conversation, number))

    async def _catch_up(self) -> None:
        while True:
            conversation = await self._to_ask.get()
            behind = self._behind[conversation]
            while True:
                behind.again = False
                await self._ask(conversation)
                while behind.held:
                    await self._put(behind.held.popleft())
                if not behind.again:
                    break
            del self._behind[conversation]

    async def _ask(self, conversation: str) -> None:
        """Ask for what is not done with in a conversation, page by page."""
        known = self._checkpoints.last(conversation)
        if known is None:
            return
        after = max(known, self._timing.floor() - 1)
        for _ in range(_PAGES):
            page = await self._page(conversation, after)
            numbered = sorted((number, n) for n, each in enumerate(page) if (number := parse.message_id(each)))
            for _, n in numbered:
                message = self._message(page[n])
                if message is not None and message.conversation == conversation:
                    await self._put(message)
            if len(page) < PAGE or not numbered or numbered[-1][0] <= after:
                return
            after = numbered[-1][0]
        _log.warning("%s: more messages wait in one conversation than are asked for", self._account)

    async def _page(self, conversation: str, after: int) -> list[object]:
        """Ask until there is an answer; not for ever, since what comes meanwhile waits for it."""
        failures, now = 0, asyncio.get_running_loop().time
        while True:
            try:
                page = await self._fetch(int(conversation), after)
            except ApiError as error:
                trouble = error
            else:
                self._no_answer_since = None
                return page
            if isinstance(trouble, Rejected) and trouble.code in _GONE:
                self._checkpoints.drop(conversation)
                return []
            if self._no_answer_since is None or (isinstance(trouble, Rejected) and trouble.status == 429):
                self._no_answer_since = now()
            if now() - self._no_answer_since > self._timing.flood:
                _log.warning("%s: what was written meanwhile is not known: %s", self._account, trouble)
                return []
            failures += 1
            await self._timing.pause(failures, trouble.retry_after)
