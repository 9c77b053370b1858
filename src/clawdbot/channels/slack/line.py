"""Keeps a connection to Slack open: the next one before the last is gone where Slack gives notice, else as soon as it
can be had."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from clawdbot.channels import patience
from clawdbot.channels.base import BotIdentity, Report
from clawdbot.channels.patience import ApiError, Outage
from clawdbot.channels.slack.api import Me, WebApi
from clawdbot.channels.slack.connection import Connection, End, Take
from clawdbot.channels.slack.failures import of_channel, switched_off, unfit
from clawdbot.channels.slack.parse import Bot
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take on Slack, in seconds.

    Attributes:
        ping: how often to ask whether the other side is there; it is lost when it did not answer four times.
        hello: how long Slack may take to greet us on a new connection.
        steady: a connection that lived so long is no failure when it ends.
    """

    ping: float = 5.0
    hello: float = 10.0
    steady: float = 30.0


async def identify(api: WebApi, account: ChannelAccount) -> Me:
    """Who we are, if the bot token is good for what we do. Raises ApiError or ChannelRefused."""
    me = await api.me()
    if (why := unfit(me, account)) is not None:
        raise why
    return me


def identity(me: Me) -> BotIdentity:
    return BotIdentity(id=me.user_id, name=f"@{me.user}" if me.user else me.user_id)


class Line:
    """The connections of one account, one after the other.

    Args:
        take: gets each envelope, from whichever connection; returns at once.
        idle: nothing is under way.
    """

    def __init__(
        self,
        account: ChannelAccount,
        api: WebApi,
        take: Take,
        report: Report,
        timing: Timing,
        *,
        idle: Callable[[], bool],
    ) -> None:
        self._account = account
        self._api = api
        self._take = take
        self._report = report
        self._timing = timing
        self._outage = Outage(account, report, timing, idle=idle)
        self._connections: list[Connection] = []

    async def hold(self) -> NoReturn:
        """Stay connected until cancelled. Raises ChannelFailed when trying again will not help, or did not."""
        try:
            while True:
                fresh = await self._open()
                await self._hang_up(but=fresh)
                await self._serve(fresh)
        finally:
            await self._hang_up()

    async def _serve(self, connection: Connection) -> None:
        """Stay until a connection ends, and then as long as it is good not to be back at once."""
        now = asyncio.get_running_loop().time
        began = now()
        end = await connection.ended()
        self._outage.failures = 0 if now() - began >= self._timing.steady else self._outage.failures + 1
        if end is End.SWITCHED_OFF:
            raise switched_off()
        if end is not End.REPLACE:
            await self._hang_up()
            self._report.trouble(ChannelFailed(end.value))
        _log.log(logging.DEBUG if end is End.REPLACE else logging.INFO, "%s: %s", self._account, end)
        if self._outage.failures > 1:
            await self._timing.pause(self._outage.failures - 1)

    async def _open(self) -> Connection:
        while True:
            try:
                me = await identify(self._api, self._account)
                connection = await self._connect(me)
            except ApiError as error:
                trouble = error
            else:
                self._report.ready(identity(me))
                return connection
            await self._outage.wait_out(of_channel(trouble, self._account), trouble.retry_after)

    async def _connect(self, me: Me) -> Connection:
        url = await self._api.open_connection()
        bot = Bot(me.team_id, me.user_id)
        timing = self._timing
        connection = Connection(self._account, bot, self._take, ping_s=timing.ping, hello_s=timing.hello)
        self._connections.append(connection)
        try:
            await connection.open(url)
        except ApiError:
            await self._close(connection)
            raise
        return connection

    async def _hang_up(self, but: Connection | None = None) -> None:
        for connection in [each for each in self._connections if each is not but]:
            await self._close(connection)

    async def _close(self, connection: Connection) -> None:
        await connection.close()
        self._connections.remove(connection)  # not before: we may be cancelled meanwhile, and then close it again
