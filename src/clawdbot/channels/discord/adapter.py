"""The Discord adapter: one bot, told of direct messages by Discord's gateway."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from clawdbot.channels.base import BotIdentity, Deliver, Report
from clawdbot.channels.discord import failures, parse
from clawdbot.channels.discord.api import MESSAGE_LIMIT, BotApi
from clawdbot.channels.discord.checkpoints import Checkpoints
from clawdbot.channels.discord.gateway import Gateway
from clawdbot.channels.discord.intake import Intake
from clawdbot.channels.discord.timing import Timing
from clawdbot.channels.inbox import Inbox, Seen
from clawdbot.channels.patience import ApiError, Outage, insist, together
from clawdbot.channels.settings import DiscordSettings
from clawdbot.channels.text import pieces
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import DeliveryFailed, RecipientRefused

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class DiscordAdapter:
    """One Discord bot as a :class:`~clawdbot.channels.base.ChannelAdapter`.

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
        self._seen = Seen()

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
            await together(self._listen(_Ears(intake, report, bot)), intake.run())
        finally:
            await inbox.close(self._timing.grace)

    async def send(self, conversation: str, text: str) -> None:
        channel = parse.snowflake(conversation)
        if channel is None:
            raise RecipientRefused("not the id of a conversation on discord", hint="ids are numbers, not names")
        for piece in pieces(text, MESSAGE_LIMIT):
            nonce = secrets.randbits(63)
            whom = f"conversation {conversation}"
            await self._insist(partial(self._api.send, channel, piece, nonce), whom, delivers=True)

    async def tell(self, sender: SenderId, text: str) -> None:
        user = parse.snowflake(sender)
        if user is None:
            raise RecipientRefused("not the id of a person on discord", hint="ids are numbers, not names")
        await self.send(await self._insist(partial(self._api.open_dm, user), f"user {sender}", delivers=False), text)

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
        outage = Outage(self._account, ears.report, self._timing, idle=lambda: ears.intake.idle)
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
    gap: bool = True

    def greeted(self, *, gap: bool) -> None:
        if gap or self.gap:
            self.intake.gap()
        self.gap = False
        self.report.ready(self.bot)

    def told(self, message: object) -> None:
        self.intake.told(message)
