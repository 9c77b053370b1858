"""The iMessage adapter: the owner's Apple account on a Mac, read and written by ``imsg rpc``.

imsg is started anew when it ends or falls silent; messages under way are not disturbed by that, and what came
meanwhile is asked for.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from clawdbot.channels import patience
from clawdbot.channels.base import BotIdentity, Deliver, DirectMessage, Report
from clawdbot.channels.child import NoAnswer
from clawdbot.channels.imessage import failures, parse
from clawdbot.channels.imessage.echoes import Echoes
from clawdbot.channels.imessage.failures import Rejected
from clawdbot.channels.imessage.parse import Aside, Moment, Row
from clawdbot.channels.imessage.progress import Newest, Rows
from clawdbot.channels.imessage.rpc import ImsgRpc, connect
from clawdbot.channels.imessage.watch import Watch
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.journal import Journal
from clawdbot.channels.patience import Outage
from clawdbot.channels.settings import ImessageSettings
from clawdbot.channels.text import pieces
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.errors import ChannelFailed, DeliveryFailed, DeliveryUnknown, RecipientRefused

_log = logging.getLogger(__name__)

MESSAGE_LIMIT = 4000
"""Characters in one message; Messages takes more, and phones show it badly."""

_CHAT = re.compile(r"chat_id:([1-9][0-9]{0,18})", re.ASCII)

IMSG = BotIdentity(id="imsg", name="imsg")
"""imsg does not say whose account it is."""


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take with imsg, in seconds.

    Attributes:
        answer: for any answer; imsg answers one request after the other, and Messages may take its time with one.
        flood: how long a message to send waits for imsg to run.
        check: how often the subscription is renewed.
    """

    flood: float = 15.0
    check: float = 60.0


@dataclass(slots=True)
class _Run:
    """What lasts as long as one :meth:`ImessageAdapter.run`, whatever becomes of imsg meanwhile."""

    rows: Rows
    inbox: Inbox
    report: Report
    outage: Outage


class ImessageAdapter:
    """One Apple account as a :class:`~clawdbot.channels.base.ChannelAdapter`.

    Args:
        state_dir: where ``imessage/progress-<account>.json`` is kept.
        environ: what imsg gets for an environment; ours without secrets, if not said.
    """

    def __init__(
        self,
        account: ChannelAccount,
        settings: ImessageSettings,
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
        self._seen = Journal(state_dir, account)
        self._echoes = Echoes()
        self._is_running = False
        self._rpc: ImsgRpc | None = None
        self._watch = Watch()
        self._has_rpc = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled. What waits in the database is asked for when there is room."""
        rows = Rows(self._state_dir, self._account, db_path=self._settings.db_path)
        rows.load()
        self._seen.load()
        inbox = Inbox(deliver, seen=self._seen, backoff=self._timing.backoff)
        outage = Outage(self._account, report, self._timing, idle=lambda: inbox.idle)
        receiving = asyncio.create_task(self._keep_receiving(_Run(rows, inbox, report, outage)))
        self._is_running = True
        try:
            await asyncio.wait([receiving])
        finally:
            try:
                await inbox.close(self._timing.grace)  # with imsg still there, for the answers
            finally:
                self._is_running = False
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
        await receiving

    async def send(self, conversation: str, text: str) -> None:
        chat = _CHAT.fullmatch(conversation)
        if chat is None:
            raise RecipientRefused("not a conversation of imessage")
        await self._send(conversation, text, {"chat_id": int(chat[1])})

    async def tell(self, sender: SenderId, text: str) -> None:
        if parse.sender_id(sender) != sender:
            raise RecipientRefused("not the number or address of a person on imessage")
        await self._send(sender, text, {"to": sender})

    async def probe(self) -> BotIdentity:
        async with self._connect(Watch()) as rpc:
            await _newest(rpc)
        return IMSG

    async def close(self) -> None:
        """Nothing is kept between runs."""

    # --- receiving ----------------------------------------------------------------------------------------------------

    async def _keep_receiving(self, run: _Run) -> None:
        while True:
            try:
                await self._receive(run)
            except ChannelFailed as error:
                failure = error
            finally:
                self._is_down()
            await run.outage.wait_out(failure)

    async def _receive(self, run: _Run) -> NoReturn:
        """Receive from one imsg; raises when it ends or fails."""
        watch, connected, clock = Watch(), self._timing.now(), asyncio.get_running_loop().time
        async with self._connect(watch) as rpc:
            while True:
                await watch.subscribe(rpc, run.rows.since(await _newest(rpc)))
                until = clock() + self._timing.check
                if self._rpc is None:
                    self._is_up(rpc, watch, run)
                while (message := await watch.next(until - clock())) is not None:
                    await self._take(message, Moment(connected, self._timing.now()), run)

    def _is_up(self, rpc: ImsgRpc, watch: Watch, run: _Run) -> None:
        self._rpc, self._watch, run.outage.failures = rpc, watch, 0
        self._has_rpc.set()
        run.report.ready(IMSG)

    def _is_down(self) -> None:
        self._rpc = None
        self._has_rpc.clear()

    async def _take(self, message: object, moment: Moment, run: _Run) -> None:
        row = parse.row(message)
        number = row.id if row else parse.row_id(message)
        if number is None:
            _log.warning("%s: imsg told of a message without a number; it is left aside", self._account)
            return
        sent_at = row.sent_at if row else None
        if not run.rows.take(number, min(sent_at or 0, moment.now)):
            return
        found = self._read(row, moment) if row else Aside.MALFORMED
        if isinstance(found, DirectMessage):
            await run.inbox.put(found, partial(run.rows.finish, number))
            return
        level = logging.WARNING if found in (Aside.MALFORMED, Aside.NO_CHAT) else logging.DEBUG
        _log.log(level, "%s: message %d is left aside: %s", self._account, number, found)
        run.rows.finish(number)

    def _read(self, row: Row, moment: Moment) -> DirectMessage | Aside:
        where = {row.conversation, parse.sender_id(row.sender), parse.sender_id(row.chat_identifier or "")}
        if self._echoes.absorb({each for each in where if each}, row.words, row.guid or ""):
            self._seen.add((row.conversation, row.message_id))
            return Aside.OWN
        return parse.direct_message(row, self._account, moment)

    def _connect(self, watch: Watch) -> AbstractAsyncContextManager[ImsgRpc]:
        return connect(
            self._settings, hear=watch.hear, over=watch.over, answer_s=self._timing.answer, environ=self._environ
        )

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _send(self, where: str, text: str, target: Mapping[str, object]) -> None:
        """Send when it is our turn: imsg does one thing after the other, and what waits in it is lost when it hangs."""
        try:
            async with self._turn, self._link() as rpc:
                for piece in pieces(text.replace("\0", ""), MESSAGE_LIMIT):
                    await self._send_piece(rpc, where, piece, target)
        except ChannelFailed as error:
            failure = DeliveryFailed(error.message, hint=error.hint)
        else:
            return
        raise failure

    async def _send_piece(self, rpc: ImsgRpc, where: str, piece: str, target: Mapping[str, object]) -> None:
        sent = self._echoes.sending(where, piece)
        how = {"service": self._settings.service, "region": self._settings.region}
        try:
            answer = await rpc.call("send", text=piece, **target, **how)
        except (Rejected, ChannelFailed) as error:
            failure = failures.of_sending(error, where)
            if isinstance(error, NoAnswer):
                self._watch.over(error)  # it would let everybody else wait, too; a new one is started
                self._is_down()
        else:
            guid = answer.get("guid")
            sent.guid = guid if isinstance(guid, str) else ""
            if answer.get("ok") is True:
                return
            failure = DeliveryFailed(f"Messages did not take a message to {where}")
        if not isinstance(failure, DeliveryUnknown):
            self._echoes.not_sent(sent)
        raise failure

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[ImsgRpc]:
        """An imsg to send by: the one that we receive from, or one for this alone. Raises ChannelFailed."""
        if not self._is_running:
            async with self._connect(Watch()) as rpc:
                await _newest(rpc)
                yield rpc
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.flood):
                await self._has_rpc.wait()
        if self._rpc is None:
            raise ChannelFailed("imsg does not run now")
        yield self._rpc


async def _newest(rpc: ImsgRpc) -> Newest | None:
    """The newest message there is; asking for it shows that imsg may read. Raises ChannelFailed."""
    try:
        return await rpc.newest()
    except Rejected as error:
        failure = failures.of_connecting(error)
    raise failure
