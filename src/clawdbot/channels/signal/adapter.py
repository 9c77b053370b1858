"""The Signal adapter: one account of a signal-cli daemon, which runs beside us or is started by us.

The daemon takes messages off Signal's server as it hands them over, so each is written down before the next is read.
When a daemon of ours ends, :meth:`SignalAdapter.run` does, too.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from httpx_sse import ServerSentEvent

from clawdbot.channels import patience
from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity, Deliver, DirectMessage, Report
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.journal import Journal
from clawdbot.channels.patience import ApiError, Outage, Unreachable, insist, together
from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal import daemon, failures, parse
from clawdbot.channels.signal.api import SignalCli
from clawdbot.channels.spool import Spool
from clawdbot.channels.text import pieces
from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.errors import ChannelFailed, RecipientRefused

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

MESSAGE_LIMIT = 2000
"""UTF-16 code units in one message; beyond 2000 bytes Signal sends text as a file, which the apps show as text."""

_ROOM = 1000
"""How many messages may wait: those that we do not read would be nowhere but in a pipe."""

_RECIPIENT = re.compile(r"\+[1-9][0-9]{1,14}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.A)
_LOUD = {parse.Aside.MALFORMED, parse.Aside.UNREADABLE, parse.Aside.OTHER_ACCOUNT}


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take with signal-cli, in seconds.

    Attributes:
        silence: after how long without a byte the stream is dead; a live one says something each 15 s.
        steady: a connection that lived so long was a good one; the next failure counts as the first.
    """

    silence: float = 45.0
    steady: float = 20.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first=1, most=10, factor=2, jitter=0.2))


class SignalAdapter:
    """One Signal account as a :class:`~clawdbot.channels.base.ChannelAdapter`.

    Args:
        state_dir: where ``signal/inbox-<account>`` is kept.
        environ: what a daemon of ours gets for an environment; ours without secrets, if not said.
    """

    def __init__(
        self,
        account: ChannelAccount,
        settings: SignalSettings,
        *,
        state_dir: Path,
        environ: Mapping[str, str] | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._account = account
        self._environ = environ
        self._settings = settings
        self._state_dir = state_dir
        self._timing = timing or Timing()
        self._api = SignalCli(settings.http_url, answer_s=self._timing.answer, silence_s=self._timing.silence)
        self._number = settings.account
        self._own = frozenset({SenderId(settings.account)} if settings.account else ())
        self._seen = Journal(state_dir, account)
        self._last_event = ""

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled, with a daemon of our own if that is how it is configured."""
        async with self._daemon() as ended:
            bot = await self._identify()
            spool = Spool(self._state_dir, self._account)
            inbox = Inbox(deliver, limit=_ROOM, seen=self._seen, spool=spool, backoff=self._timing.backoff)
            try:
                self._seen.load()
                await inbox.restore(late=True)
                await together(self._receive(bot, inbox, report), *([_end_of(ended)] if ended else []))
            finally:
                await inbox.close(self._timing.grace)

    async def send(self, conversation: str, text: str) -> None:
        if _RECIPIENT.fullmatch(conversation) is None:
            raise RecipientRefused("not the id of a person on signal", hint="ids are numbers with +, or uuids")
        for piece in pieces(text, MESSAGE_LIMIT):
            await insist(
                partial(self._api.send, self._number, conversation, piece),
                self._timing,
                again=failures.may_pass,
                undelivered=lambda trouble: failures.of_delivery(trouble, self._settings),
            )

    async def tell(self, sender: SenderId, text: str) -> None:
        await self.send(parse.recipient(sender), text)

    async def probe(self) -> BotIdentity:
        """Ask signal-cli whom it serves. Where it is ours to start and nobody has, it runs as long as that takes."""
        async with self._daemon(may_be_anybodys=True):
            return await self._identify()

    async def close(self) -> None:
        await self._api.close()

    # --- the daemon ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _daemon(self, *, may_be_anybodys: bool = False) -> "AsyncIterator[asyncio.Task[NoReturn] | None]":
        """A daemon that listens: ours, with what ends when it does, or one that runs already.

        One that was started for a single account does not say for which; we only send and receive by such a one if
        the configuration says that it is ours (threats.md D1).
        """
        if not await self._is_up():
            if self._settings.auto_start:
                async with daemon.running(self._settings, self._is_up, environ=self._environ) as ended:
                    yield ended
                return
        elif self._settings.auto_start:
            if not may_be_anybodys and await self._asked(self._api.accounts()) is None:
                raise ChannelFailed(
                    f"a signal-cli that serves some single account listens on {self._api.address} already",
                    hint="stop it, or set channels.signal.httpPort for this account, "
                    "or channels.signal.autoStart to false if it is the one to use",
                )
            _log.info("%s: signal-cli listens on %s already; using that one", self._account, self._api.address)
        yield None

    async def _is_up(self) -> bool:
        """Whether a signal-cli listens. Raises ChannelFailed if something else does."""
        try:
            await self._api.check()
        except Unreachable as error:
            if not error.sent:
                return False
            failure = failures.of_channel(error, self._settings)
        else:
            return True
        raise failure

    async def _identify(self) -> BotIdentity:
        """Find our account among those of the daemon."""
        await self._asked(self._api.check())
        numbers = await self._asked(self._api.accounts())
        if numbers is not None:
            self._number = failures.chosen(self._settings, numbers)
        self._own |= {SenderId(self._number)} if self._number else set()
        return BotIdentity(id=self._number, name=self._number or "signal-cli's only account")

    async def _asked(self, question: Awaitable[_T]) -> _T:
        try:
            return await question
        except ApiError as error:
            failure = failures.of_channel(error, self._settings)
        raise failure

    # --- receiving ----------------------------------------------------------------------------------------------------

    async def _receive(self, bot: BotIdentity, inbox: Inbox, report: Report) -> NoReturn:
        outage = Outage(self._account, report, self._timing, idle=lambda: inbox.idle)
        now = asyncio.get_running_loop().time
        while True:
            connection = _Connection(self._timing.now())
            try:
                await self._listen(connection, bot, inbox, report)
                trouble: ApiError = Unreachable("signal-cli ended the connection")
            except ApiError as error:
                trouble = error
            if connection.opened is not None and now() - connection.opened >= self._timing.steady:
                outage.failures = 0
            await outage.wait_out(failures.of_channel(trouble, self._settings))

    async def _listen(self, connection: "_Connection", bot: BotIdentity, inbox: Inbox, report: Report) -> None:
        async with self._api.events(self._number, self._last_event) as events:
            connection.opened = asyncio.get_running_loop().time()
            report.ready(bot)
            async for event in events:
                if event.event == "receive" and event.data:
                    await self._take(event, connection, bot, inbox, report)
                self._last_event = event.id or self._last_event

    async def _take(
        self, event: ServerSentEvent, connection: "_Connection", bot: BotIdentity, inbox: Inbox, report: Report
    ) -> None:
        content = parse.decode(event.data)
        self._own |= parse.own_ids(content, self._number)
        message = parse.direct_message(
            content,
            self._account,
            number=self._number,
            own=self._own,
            connected_at=connection.begun,
        )
        if isinstance(message, parse.Aside):
            level = logging.WARNING if message in _LOUD else logging.DEBUG
            _log.log(level, "%s: an event is left aside: %s", self._account, message)
        else:
            await self._keep(message, bot, inbox, report)

    async def _keep(self, message: DirectMessage, bot: BotIdentity, inbox: Inbox, report: Report) -> None:
        """Take a message over. While it cannot be written down, as on a full disk, nothing more is read."""
        failed = 0
        while (failure := await _put(inbox, message)) is not None:
            failed += 1
            report.trouble(failure)
            _log.error("%s: %s; trying again", self._account, failure)
            await self._timing.pause(failed)
        if failed:
            report.ready(bot)


@dataclass(slots=True)
class _Connection:
    """When it was begun, by the clock, and when it stood, by the loop's time."""

    begun: Instant
    opened: float | None = None


async def _put(inbox: Inbox, message: DirectMessage) -> ChannelFailed | None:
    try:
        await inbox.put(message)
    except ChannelFailed as failure:
        return failure
    return None


async def _end_of(daemon: "asyncio.Task[NoReturn]") -> None:
    await asyncio.wait([daemon])
    daemon.result()
