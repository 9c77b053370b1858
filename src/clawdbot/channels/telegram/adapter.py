"""The Telegram adapter: one bot, receiving by long polling."""

import asyncio
import logging
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from clawdbot.channels import patience
from clawdbot.channels.base import BotIdentity, Deliver, OnPress, Posted, Report, Rows
from clawdbot.channels.inbox import Inbox, Seen
from clawdbot.channels.patience import ApiError, Outage, Unreachable, insist
from clawdbot.channels.presses import Presses
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.spool import Spool
from clawdbot.channels.telegram import failures, parse
from clawdbot.channels.telegram.api import MESSAGE_LIMIT, BotApi
from clawdbot.channels.telegram.offsets import BATCH, Offsets
from clawdbot.channels.text import pieces, shortened
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import ChannelFailed, RecipientRefused

_log = logging.getLogger(__name__)

_CHAT = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
"""A person's chat; those of groups and channels are negative."""


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take on Telegram, in seconds.

    Attributes:
        answer: how long any answer may take, beyond ``poll`` for updates.
        poll: how long Telegram holds a request for updates when there are none.
        lull: the least time between two polls that bring no news: Telegram returns at once what is under way already.
        conflict: the least wait after a second poller was met; a long poll that somebody left behind lives that long.
    """

    poll: int = 30
    lull: float = 0.5
    conflict: float = 30.0


class TelegramAdapter:
    """One Telegram bot as a :class:`~clawdbot.channels.base.ChannelAdapter` with
    :class:`~clawdbot.channels.base.Buttons`.

    Args:
        state_dir: where ``telegram/update-offset-<account>.json`` and ``telegram/inbox-<account>/`` are kept.
    """

    def __init__(
        self,
        account: ChannelAccount,
        token: Secret,
        settings: TelegramSettings,
        *,
        state_dir: Path,
        timing: Timing | None = None,
    ) -> None:
        self._account = account
        self._state_dir = state_dir
        self._timing = timing or Timing()
        self._api = BotApi(token, settings.api_base, answer_s=self._timing.answer)
        self._seen = Seen()
        self._presses = Presses()

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled. A webhook that is set is removed, for it excludes polling.

        Updates are confirmed to Telegram when they are done with. It shows only so many at once: when all of those are
        under way, they are written down instead, lest one that hangs hold up what comes after them.
        """
        bot = await self.probe()
        await self._ask_to_poll()
        offsets = Offsets(self._state_dir, self._account, bot_id=bot.id, api_base=self._api.address)
        offsets.load()
        spool = Spool(self._state_dir, self._account)
        inbox = Inbox(deliver, seen=self._seen, spool=spool, patient=True, backoff=self._timing.backoff)
        try:
            await inbox.restore()
            report.ready(bot)
            await self._receive(bot, offsets, inbox, report)
        finally:
            await asyncio.gather(*[each.close(self._timing.grace) for each in (inbox, self._presses)])

    async def send(self, conversation: str, text: str) -> None:
        chat_id = _chat(conversation)
        for piece in pieces(text, MESSAGE_LIMIT):
            await self._send(chat_id, piece)

    async def tell(self, sender: SenderId, text: str) -> None:
        await self.send(sender, text)  # a private chat has the id of its person

    def on_press(self, pressed: OnPress) -> None:
        self._presses.on_press(pressed)

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> Posted:
        *before, last = pieces(text, MESSAGE_LIMIT)
        for piece in before:
            await self.send(sender, piece)
        return Posted(sender, str(await self._send(_chat(sender), last, rows)), last)

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        chat_id = _chat(posted.conversation)
        try:
            await self._api.edit_message(chat_id, int(posted.id), shortened(text, MESSAGE_LIMIT), rows)
        except ApiError as error:
            failure = failures.of_delivery(error, posted.conversation)
        else:
            return
        raise failure

    async def probe(self) -> BotIdentity:
        try:
            me = await self._api.me()
        except ApiError as error:
            failure = failures.of_channel(error, self._account)
        else:
            return BotIdentity(id=str(me.id), name=f"@{me.username}" if me.username else me.first_name)
        raise failure

    async def close(self) -> None:
        await self._api.close()

    async def _ask_to_poll(self) -> None:
        try:
            await self._api.delete_webhook()
        except ApiError as error:
            failure = failures.of_channel(error, self._account)
        else:
            return
        raise failure

    async def _receive(self, bot: BotIdentity, offsets: Offsets, inbox: Inbox, report: Report) -> NoReturn:
        outage = Outage(self._account, report, self._timing, idle=lambda: inbox.idle and self._presses.idle)
        now = asyncio.get_running_loop().time
        while True:
            began, at_least = now(), 0.0
            try:
                updates = await self._api.updates(offsets.next, self._timing.poll, self._kinds)
                news = await self._take(updates, bot, offsets, inbox)
                if not news and len(updates) >= BATCH:
                    inbox.keep()
            except ApiError as error:
                failure = failures.of_channel(error, self._account)
                at_least = failures.wait_at_least(error, self._timing.conflict)
            except ChannelFailed as error:
                failure = error
            else:
                if outage.failures:
                    outage.failures = 0
                    report.ready(bot)
                if not news:
                    await inbox.progress(began + self._timing.lull - now())
                continue
            await outage.wait_out(failure, at_least)

    @property
    def _kinds(self) -> tuple[str, ...]:
        """Presses are asked for only where somebody takes them."""
        return ("message", "callback_query") if self._presses.wanted else ("message",)

    async def _take(self, updates: list[object], bot: BotIdentity, offsets: Offsets, inbox: Inbox) -> bool:
        """Pass on what is new among updates; whether there was anything."""
        numbers = [parse.update_id(update) for update in updates]
        new = [number is not None and offsets.take(number) for number in numbers]
        for update, number, is_new in zip(updates, numbers, new, strict=True):
            if number is None or not is_new:
                continue
            query = parse.pressed(update, self._account) if self._presses.wanted else None
            if query is not None:
                answer = partial(self._api.answer_press, query.id)
                self._presses.take(query.press, answer, done=partial(offsets.finish, number))
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

    async def _send(self, chat_id: int, piece: str, rows: Rows = ()) -> int:
        """Send one message; its number."""
        return await insist(
            partial(self._api.send_message, chat_id, piece, rows),
            self._timing,
            again=failures.may_pass,
            undelivered=lambda trouble: failures.of_delivery(trouble, str(chat_id)),
        )


def _chat(person: str) -> int:
    """The private chat of a person. Raises RecipientRefused."""
    if _CHAT.fullmatch(person) is None:
        raise RecipientRefused("not the id of a person on telegram", hint="ids are numbers, not names")
    return int(person)
