"""The Telegram adapter: one bot, receiving by long polling.

What goes wrong for a while (no network, an answer of 5xx, too many requests, a second poller) is waited out where it
happens, so that messages under way are not disturbed. Only when it goes on, and nothing is under way, does
:meth:`TelegramAdapter.run` hand it to its supervisor.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity, Deliver
from clawdbot.channels.inbox import Inbox, Seen
from clawdbot.channels.telegram import parse
from clawdbot.channels.telegram.api import MESSAGE_LIMIT, ApiError, BotApi, Rejected, Unreachable
from clawdbot.channels.telegram.offsets import Offsets
from clawdbot.channels.text import pieces
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import add_command
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed, DeliveryUnknown, RecipientRefused

_log = logging.getLogger(__name__)

API_BASE = "https://api.telegram.org"

_NEVER = ("chat not found", "user not found", "user is deactivated", "can't initiate conversation", "peer_id_invalid")
"""What Telegram says, with 400, about people who cannot be written to."""

_CHAT = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
"""A person's chat; those of groups and channels are negative."""

_LONGEST_S = 3600.0
"""However long Telegram asks us to wait, we look again after this."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds.

    Attributes:
        poll: how long Telegram holds a request for updates when there are none.
        answer: how long any answer may take beyond that.
        lull: the least time between two polls that bring no news: Telegram returns at once what is under way already.
        conflict: the least wait after a second poller was met; a long poll that somebody left behind lives that long.
        flood: how long a message to send may wait in all, where Telegram asks for it.
        grace: what messages under way get to end when we stop.
        patience: after so many failed polls in a row, :meth:`TelegramAdapter.run` gives up, if nothing is under way.
        sleep: how to wait before trying again.
    """

    poll: int = 30
    answer: float = 30.0
    lull: float = 0.5
    conflict: float = 30.0
    flood: float = 60.0
    grace: float = 10.0
    patience: int = 5
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


class TelegramAdapter:
    """One Telegram bot as a :class:`~clawdbot.channels.base.ChannelAdapter`.

    Args:
        state_dir: where ``telegram/update-offset-<account>.json`` is kept.
        api_base: another Bot API server than Telegram's own.
    """

    def __init__(
        self,
        account: ChannelAccount,
        token: Secret,
        *,
        state_dir: Path,
        api_base: str = API_BASE,
        timing: Timing | None = None,
    ) -> None:
        self._account = account
        self._state_dir = state_dir
        self._timing = timing or Timing()
        self._api = BotApi(token, api_base, answer_s=self._timing.answer)
        self._seen = Seen()

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, ready: Callable[[BotIdentity], None]) -> None:
        """Receive until cancelled. A webhook that is set is removed, for it excludes polling.

        Updates are confirmed to Telegram when they are done with, so at most 99 can overtake one that is slow.
        """
        bot = await self.probe()
        await self._ask_to_poll()
        offsets = Offsets(self._state_dir, self._account, bot_id=bot.id, api_base=self._api.address)
        offsets.load()
        inbox = Inbox(deliver, seen=self._seen, backoff=self._timing.backoff)
        ready(bot)
        try:
            await self._receive(bot, offsets, inbox)
        finally:
            await inbox.close(self._timing.grace)

    async def send(self, conversation: str, text: str) -> None:
        if _CHAT.fullmatch(conversation) is None:
            raise RecipientRefused("not the id of a person on telegram", hint="ids are numbers, not names")
        for piece in pieces(text, MESSAGE_LIMIT):
            await self._send(int(conversation), piece)

    async def tell(self, sender: SenderId, text: str) -> None:
        await self.send(sender, text)  # a private chat has the id of its person

    async def probe(self) -> BotIdentity:
        try:
            me = await self._api.me()
        except ApiError as error:
            failure = self._failure(error)
        else:
            return BotIdentity(id=str(me.id), name=f"@{me.username}" if me.username else me.first_name)
        raise failure

    async def close(self) -> None:
        await self._api.close()

    async def _ask_to_poll(self) -> None:
        try:
            await self._api.delete_webhook()
        except ApiError as error:
            failure = self._failure(error)
        else:
            return
        raise failure

    async def _receive(self, bot: BotIdentity, offsets: Offsets, inbox: Inbox) -> None:
        failures, now = 0, asyncio.get_running_loop().time
        while True:
            began = now()
            try:
                updates = await self._api.updates(offsets.next, self._timing.poll)
                news = await self._take(updates, bot, offsets, inbox)
            except ApiError as error:
                trouble = error
            else:
                failures = 0
                if not news:
                    await inbox.progress(began + self._timing.lull - now())
                continue
            failures += 1
            await self._wait_out(trouble, failures, inbox)

    async def _take(self, updates: list[object], bot: BotIdentity, offsets: Offsets, inbox: Inbox) -> bool:
        """Pass on what is new among updates; whether there was anything."""
        numbers = [parse.update_id(update) for update in updates]
        new = [number is not None and offsets.take(number) for number in numbers]
        for update, number, is_new in zip(updates, numbers, new, strict=True):
            if number is None or not is_new:
                continue
            message = parse.direct_message(update, self._account, bot.id)
            if isinstance(message, parse.Aside):
                level = logging.WARNING if message is parse.Aside.MALFORMED else logging.DEBUG
                _log.log(level, "%s: update %d is left aside: %s", self._account, number, message)
                offsets.finish(number)
            else:
                await inbox.put(message, partial(offsets.finish, number))
        if None in numbers and not any(new):
            raise Unreachable("telegram sent an update without a number, which cannot be confirmed")
        return any(new)

    async def _wait_out(self, trouble: ApiError, failures: int, inbox: Inbox) -> None:
        """Sleep as long as the trouble asks for; raise if that will not help, or did not."""
        failure = self._failure(trouble)
        if isinstance(failure, ChannelRefused):
            raise failure
        delay = self._timing.backoff.delay(failures)
        if isinstance(trouble, Rejected):
            delay = max(delay, min(trouble.retry_after, _LONGEST_S))
            if trouble.code == 409:
                delay = max(delay, self._timing.conflict)
        _log.warning("%s: %s; trying again in %.0f s", self._account, failure, delay)
        await self._timing.sleep(delay)
        if failures >= self._timing.patience and inbox.idle:
            raise failure

    def _failure(self, error: ApiError) -> ChannelFailed:
        match error:
            case Rejected(code=401 | 404):
                return ChannelRefused(
                    "telegram does not accept this bot token",
                    hint=f'copy the token from @BotFather and run "{add_command(self._account)}"',
                )
            case Rejected(code=409) if "webhook" in error.description.lower():
                return ChannelFailed(
                    f"a webhook receives the messages of {self._account}",
                    hint="another program uses this bot's token; stop it, or give clawdbot a bot of its own",
                )
            case Rejected(code=409):
                return ChannelFailed(
                    f"another program receives the messages of {self._account}",
                    hint="two programs poll with this bot's token; stop one, or give clawdbot a bot of its own",
                )
            case _:
                return ChannelFailed(str(error), hint="check the network, and channels.telegram.apiBase if it is set")

    async def _send(self, chat_id: int, piece: str) -> None:
        """Send one message; try again only what Telegram certainly did not take, so that nothing is sent twice."""
        waited, attempts = 0.0, 0
        while (trouble := await self._try_to_send(chat_id, piece)) is not None:
            attempts += 1
            match trouble:
                case Rejected(code=429):
                    waited += (delay := max(trouble.retry_after, self._timing.backoff.delay(attempts)))
                case Unreachable(sent=False):
                    waited += (delay := self._timing.backoff.delay(attempts))
                case _:
                    raise _undelivered(trouble, chat_id)
            if waited > self._timing.flood:
                raise _undelivered(trouble, chat_id)
            await self._timing.sleep(delay)

    async def _try_to_send(self, chat_id: int, piece: str) -> ApiError | None:
        try:
            await self._api.send_message(chat_id, piece)
        except ApiError as error:
            return error
        return None


def _undelivered(trouble: ApiError, chat_id: int) -> DeliveryFailed:
    match trouble:
        case Rejected(code=403):
            return RecipientRefused(f"telegram user {chat_id} has blocked the bot, or never wrote to it")
        case Rejected(code=400) if any(each in trouble.description.lower() for each in _NEVER):
            return RecipientRefused(f"telegram knows no user {chat_id} that this bot can write to")
        case Rejected(code=429):
            return DeliveryFailed(f"telegram takes no message to {chat_id} now: too many were sent")
        case Unreachable(sent=True) | Rejected(code=500 | 502 | 503 | 504):
            return DeliveryUnknown(f"nobody knows whether telegram took a message to {chat_id}: {trouble}")
        case _:
            return DeliveryFailed(f"telegram did not take a message to {chat_id}: {trouble}")
