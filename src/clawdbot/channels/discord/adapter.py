"""The Discord adapter: one bot, told of direct messages by Discord's gateway."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from clawdbot.channels.base import BotIdentity, Deliver, OnPress, Posted, Report, Rows
from clawdbot.channels.discord import failures, parse
from clawdbot.channels.discord.api import MESSAGE_LIMIT, BotApi
from clawdbot.channels.discord.checkpoints import Checkpoints
from clawdbot.channels.discord.gateway import Gateway
from clawdbot.channels.discord.intake import Intake
from clawdbot.channels.discord.timing import Timing
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.journal import Journal
from clawdbot.channels.patience import ApiError, Outage, insist, together
from clawdbot.channels.presses import Presses
from clawdbot.channels.settings import DiscordSettings
from clawdbot.channels.text import pieces, shortened
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import DeliveryFailed, RecipientRefused

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class DiscordAdapter:
    """One Discord bot as a :class:`~clawdbot.channels.base.ChannelAdapter` with
    :class:`~clawdbot.channels.base.Buttons`.

    A conversation is the id of a direct message channel.

    Args:
        settings: where Discord is. Adapters of one process may have different ones.
        state_dir: where ``discord/checkpoints-<account>.json`` is kept.
    """

    def __init__(
        self,
        account: ChannelAccount,
        token: Secret,
        settings: DiscordSettings,
        *,
        state_dir: Path,
        timing: Timing | None = None,
    ) -> None:
        self._account = account
        self._state_dir = state_dir
        self._timing = timing or Timing()
        self._api = BotApi(token, settings.api_base, answer_s=self._timing.answer)
        self._gateway = Gateway(self._api, settings.gateway_url, answer_s=self._timing.answer)
        self._seen = Journal(state_dir, account)
        self._presses = Presses()

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled.

        What was written while nobody was connected is asked for, in the conversations that are known from before.
        """
        bot = await self.probe()
        checkpoints = Checkpoints(self._state_dir, self._account, bot_id=bot.id)
        checkpoints.load()
        self._seen.load()
        inbox = Inbox(deliver, seen=self._seen, backoff=self._timing.backoff)
        intake = Intake(
            self._account,
            inbox,
            checkpoints,
            read=lambda data: parse.direct_message(data, self._account, bot.id),
            fetch=self._api.messages,
            timing=self._timing,
        )
        try:
            await together(self._listen(_Ears(intake, report, bot, self._press)), intake.run())
        finally:
            await asyncio.gather(*[each.close(self._timing.grace) for each in (inbox, self._presses)])

    async def send(self, conversation: str, text: str) -> None:
        for piece in pieces(text, MESSAGE_LIMIT):
            await self._send(conversation, piece)

    async def tell(self, sender: SenderId, text: str) -> None:
        await self.send(await self._open(sender), text)

    def on_press(self, pressed: OnPress) -> None:
        self._presses.on_press(pressed)

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> Posted:
        conversation = await self._open(sender)
        *before, last = pieces(text, MESSAGE_LIMIT)
        for piece in before:
            await self._send(conversation, piece)
        return Posted(conversation, await self._send(conversation, last, rows), last)

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        channel, message, shown = int(posted.conversation), int(posted.id), shortened(text, MESSAGE_LIMIT)
        whom = f"conversation {posted.conversation}"
        await self._insist(partial(self._api.edit, channel, message, shown, rows), whom, delivers=True)

    async def probe(self) -> BotIdentity:
        try:
            me = await self._api.me()
        except ApiError as error:
            failure = failures.of_channel(error, self._account)
        else:
            numbered = me.discriminator not in ("", "0")
            return BotIdentity(me.id, f"{me.username}#{me.discriminator}" if numbered else f"@{me.username}")
        raise failure

    async def close(self) -> None:
        await self._api.close()

    async def _listen(self, ears: "_Ears") -> NoReturn:
        """Stay connected; raise if trying again will not help, or did not."""
        outage = Outage(self._account, ears.report, self._timing, idle=lambda: ears.intake.idle and self._presses.idle)
        now = asyncio.get_running_loop().time
        while True:
            began = now()
            try:
                await self._gateway.stay(ears)
            except ApiError as error:
                trouble = error
            if now() - began > self._timing.steady:
                outage.failures = 0
            level = logging.WARNING if outage.failures else logging.INFO  # now and then Discord asks us to reconnect
            await outage.wait_out(failures.of_channel(trouble, self._account), trouble.retry_after, level=level)

    def _press(self, interaction: object, bot_id: str) -> None:
        """Take a press over, if it is one that somebody waits for."""
        pressed = parse.pressed(interaction, self._account, bot_id) if self._presses.wanted else None
        if pressed is not None:
            answer, accept = partial(self._api.answer, pressed), partial(self._api.accept, pressed)
            self._presses.take(pressed.press, answer, accept=accept)

    async def _open(self, sender: SenderId) -> str:
        """The conversation with a person."""
        user = parse.snowflake(sender)
        if user is None:
            raise RecipientRefused("not the id of a person on discord", hint="ids are numbers, not names")
        return await self._insist(partial(self._api.open_dm, user), f"user {sender}", delivers=False)

    async def _send(self, conversation: str, piece: str, rows: Rows = ()) -> str:
        """Send one message; its id."""
        channel, nonce = parse.snowflake(conversation), secrets.randbits(63)
        if channel is None:
            raise RecipientRefused("not the id of a conversation on discord", hint="ids are numbers, not names")
        whom = f"conversation {conversation}"
        return await self._insist(partial(self._api.send, channel, piece, nonce, rows), whom, delivers=True)

    async def _insist(self, ask: Callable[[], Awaitable[_T]], whom: str, *, delivers: bool) -> _T:
        """Ask until there is an answer. Every request can be repeated: a message has a nonce (threats.md D10)."""
        perhaps = False

        def again(trouble: ApiError) -> bool:
            nonlocal perhaps
            perhaps = delivers and (perhaps or failures.may_be_taken(trouble))
            return failures.may_pass(trouble)

        def undelivered(trouble: ApiError) -> DeliveryFailed:
            return failures.of_delivery(trouble, whom, perhaps=perhaps)

        return await insist(ask, self._timing, again=again, undelivered=undelivered)


@dataclass(slots=True)
class _Ears:
    """Listens to the gateway during one run. ``gap``: since before it, messages may have gone by."""

    intake: Intake
    report: Report
    bot: BotIdentity
    press: Callable[[object, str], None]
    gap: bool = True

    def greeted(self, *, gap: bool) -> None:
        if gap or self.gap:
            self.intake.gap()
        self.gap = False
        self.report.ready(self.bot)

    def told(self, message: object) -> None:
        self.intake.told(message)

    def pressed(self, interaction: object) -> None:
        self.press(interaction, self.bot.id)
