"""The WhatsApp adapter: one linked account, through a bridge beside us (``docs/whatsapp-bridge.md``).

The platform's library acknowledges by itself what it receives, so each message is written down as soon as the bridge
hands it over, and only then does the bridge forget it.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from clawdbot.channels.base import BotIdentity, Deliver, DirectMessage, Report
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.journal import Journal
from clawdbot.channels.patience import insist
from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.spool import Spool
from clawdbot.channels.text import pieces
from clawdbot.channels.whatsapp import failures, parse, protocol
from clawdbot.channels.whatsapp.connection import OUR_BRIDGE, Connection, Place, Timing, identity
from clawdbot.channels.whatsapp.protocol import Mode, Outcome
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.errors import ChannelFailed, DeliveryFailed, RecipientRefused

_log = logging.getLogger(__name__)

MESSAGE_LIMIT = 60_000
"""UTF-16 code units in one message; WhatsApp takes 65,536 characters."""


class WhatsappAdapter:
    """One linked account as a :class:`~clawdbot.channels.base.ChannelAdapter`.

    A session connects once. So only the adapter that runs can send, and probing asks nobody but the session's folder.
    """

    def __init__(
        self,
        account: ChannelAccount,
        settings: WhatsappSettings,
        *,
        state_dir: Path,
        environ: Mapping[str, str] | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._timing = timing or Timing()
        self._place = place(account, settings, state_dir, environ)
        self._spool = Spool(state_dir, account)
        self._seen = Journal(state_dir, account)
        self._connection: Connection | None = None

    @property
    def account(self) -> ChannelAccount:
        return self._place.account

    async def run(self, deliver: Deliver, report: Report) -> None:
        """Receive until cancelled."""
        self._seen.load()
        inbox = Inbox(deliver, seen=self._seen, spool=self._spool, backoff=self._timing.backoff)
        async with Connection.opened(self._place, self._timing, Mode.RUN) as connection:
            self._connection = connection
            listening = asyncio.create_task(connection.listen(report))
            taking = asyncio.create_task(self._take(connection, inbox))
            try:
                await asyncio.wait([listening, taking], return_when=asyncio.FIRST_COMPLETED)
                ended = listening if listening.done() else taking
                failure = ended.exception()
            finally:
                await inbox.close(self._timing.grace)
                self._connection = None
                await connection.finish(listening)
                for task in (listening, taking):
                    task.cancel()
                await asyncio.gather(listening, taking, return_exceptions=True)
        raise failure or ChannelFailed("the whatsapp bridge says nothing any more")

    async def _take(self, connection: Connection, inbox: Inbox) -> None:
        """Make what is handed over ours, beginning with what was left; what is delivered can be answered by then."""
        await connection.up.wait()
        await inbox.restore(late=True)
        while True:
            handed = await connection.arrived.get()
            message = self._read(handed, connection)
            if message is not None:
                await inbox.put(message)
            await connection.took(handed.number)
            connection.arrived.task_done()

    def _read(self, handed: protocol.Handed, connection: Connection) -> DirectMessage | None:
        found = self._parse(handed.message, connection)
        if isinstance(found, DirectMessage):
            return found
        level = logging.WARNING if found is parse.Aside.MALFORMED else logging.DEBUG
        _log.log(level, "%s: message %d is left aside: %s", self.account, handed.number, found)
        return None

    def _parse(self, json: object, connection: Connection) -> DirectMessage | parse.Aside:
        message = parse.incoming(json)
        if isinstance(message, parse.Aside):
            return message
        if connection.is_echo(message):
            return parse.Aside.ECHO
        if connection.own is None:  # a bridge that hands over before it is connected
            return parse.Aside.MALFORMED
        return parse.direct_message(message, self.account, connection.own, connection.since)

    async def send(self, conversation: str, text: str) -> None:
        if not parse.is_chat(conversation):
            raise RecipientRefused("not the chat of a person on whatsapp", hint="groups are not written to")
        for piece in pieces(text, MESSAGE_LIMIT):
            await insist(
                partial(self._send, conversation, piece),
                self._timing,
                again=failures.may_pass,
                undelivered=failures.of_delivery,
            )

    async def tell(self, sender: SenderId, text: str) -> None:
        chat = parse.jid_of(sender)
        if chat is None:
            raise RecipientRefused("not the id of a person on whatsapp", hint="write +15550001111 or lid:123456")
        await self.send(chat, text)

    async def probe(self) -> BotIdentity:
        """Who is linked, by the session's folder: WhatsApp is not asked, for that would end a gateway's connection."""
        if self._connection is not None and self._connection.own is not None:
            return identity(self._connection.own)
        async with Connection.opened(self._place, self._timing, Mode.LOOK) as connection:
            return identity(await connection.look())

    async def close(self) -> None:
        """Nothing is left: what was opened ends with :meth:`run`."""

    async def _send(self, chat: str, piece: str) -> None:
        if self._connection is None:
            raise DeliveryFailed(
                f"{self.account} is not connected in this process",
                hint="only the gateway can send on whatsapp: clawdbot gateway",
            )
        answer = await self._connection.send(chat, piece)
        if answer.outcome is not Outcome.SENT:
            raise failures.NotSent(answer)


def place(
    account: ChannelAccount, settings: WhatsappSettings, state_dir: Path, environ: Mapping[str, str] | None = None
) -> Place:
    """Where an account's session is, and which bridge works on it."""
    folder = settings.auth_dir or state_dir / "credentials" / "whatsapp" / account.account
    return Place(account, settings.bridge_command or OUR_BRIDGE, folder, state_dir, environ)
