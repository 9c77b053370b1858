"""The Slack adapter: one app in one workspace, receiving over Socket Mode.

Slack wants to hear within three seconds that an event has arrived and else sends it again: at once, after a minute,
after five. So a message is written down first, then acknowledged, then worked off; what we cannot write down is not
acknowledged. Slack does the same with what arrives while nobody is connected.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from clawdbot.channels.base import BotIdentity, Deliver, OnPress, Posted, Report, Rows
from clawdbot.channels.inbox import Inbox, Seen
from clawdbot.channels.journal import Journal
from clawdbot.channels.patience import ApiError, insist, together
from clawdbot.channels.presses import Presses
from clawdbot.channels.settings import SlackSettings
from clawdbot.channels.slack import failures, parse
from clawdbot.channels.slack.api import MESSAGE_LIMIT, WebApi
from clawdbot.channels.slack.blocks import ROOM
from clawdbot.channels.slack.connection import Connection
from clawdbot.channels.slack.line import Line, Timing, identify, identity
from clawdbot.channels.slack.names import Named, Names
from clawdbot.channels.slack.parse import Aside, Envelope, Pressed
from clawdbot.channels.spool import Spool
from clawdbot.channels.text import pieces, shortened
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import ChannelFailed, RecipientRefused

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_WAITING = 1000
"""Envelopes, and messages, that may wait here; Slack sends what finds no room again."""

_LOUD = (Aside.MALFORMED, Aside.ELSEWHERE, Aside.ON_BEHALF)
"""What the owner should hear of: something is set up in another way than he thinks."""

_Mail = asyncio.Queue[tuple[Connection, Envelope]]


class SlackAdapter:
    """One Slack app as a :class:`~clawdbot.channels.base.ChannelAdapter` with :class:`~clawdbot.channels.base.Buttons`.

    Args:
        token: the bot user's, ``xoxb-…``.
        app_token: the app's, ``xapp-…``, with the scope ``connections:write``.
        state_dir: where ``slack/inbox-<account>/`` is kept.
    """

    def __init__(
        self,
        account: ChannelAccount,
        token: Secret,
        app_token: Secret,
        settings: SlackSettings,
        *,
        state_dir: Path,
        timing: Timing | None = None,
    ) -> None:
        self._account = account
        self._state_dir = state_dir
        self._timing = timing or Timing()
        self._api = WebApi(token, app_token, settings.api_base, answer_s=self._timing.answer)
        self._names = Names(self._api.name)
        self._seen = Journal(state_dir, account)
        self._pressed = Seen()
        self._presses = Presses()

    @property
    def account(self) -> ChannelAccount:
        return self._account

    async def run(self, deliver: Deliver, report: Report) -> None:
        spool = Spool(self._state_dir, self._account)
        named = Named(deliver, self._names)
        inbox = Inbox(named, limit=_WAITING, seen=self._seen, spool=spool, backoff=self._timing.backoff)
        mail: _Mail = asyncio.Queue(_WAITING)
        line = Line(
            self._account,
            self._api,
            lambda *each: self._keep(mail, *each),
            report,
            self._timing,
            idle=lambda: mail.empty() and inbox.idle and self._presses.idle,
        )
        try:
            self._seen.load()
            await inbox.restore()
            await together(line.hold(), self._work_off(mail, inbox))
        finally:
            await asyncio.gather(*[each.close(self._timing.grace) for each in (inbox, self._presses)])

    async def send(self, conversation: str, text: str) -> None:
        if parse.DIRECT.fullmatch(conversation) is None:
            raise RecipientRefused("not the id of a direct conversation on slack", hint="such ids begin with D")
        await self._send(conversation, text, conversation)

    async def tell(self, sender: SenderId, text: str) -> None:
        await self._send(await self._open(sender), text, sender)

    def on_press(self, pressed: OnPress) -> None:
        self._presses.on_press(pressed)

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> Posted:
        conversation = await self._open(sender)
        *before, last = pieces(text, ROOM)
        for piece in before:
            await self._send(conversation, piece, sender)
        sent = await self._insist(partial(self._api.post, conversation, last, rows), sender)
        return Posted(conversation, sent, last)

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        shown = shortened(text, ROOM)
        await self._insist(partial(self._api.edit, posted.conversation, posted.id, shown, rows), posted.conversation)

    async def probe(self) -> BotIdentity:
        """As :class:`~clawdbot.channels.base.ChannelAdapter` says; both tokens are tried, and the scopes looked at."""
        try:
            me = await identify(self._api, self._account)
            await self._api.open_connection()
        except ApiError as error:
            trouble = failures.of_channel(error, self._account)
        else:
            return identity(me)
        raise trouble

    async def close(self) -> None:
        """Nothing is kept open outside of :meth:`run`."""

    def _keep(self, mail: _Mail, connection: Connection, envelope: Envelope) -> None:
        """Take an envelope: a press at once, what else it may be in its order."""
        pressed = parse.pressed(envelope, self._account, connection.bot) if self._presses.wanted else None
        if pressed is not None and self._is_new(pressed):
            show = partial(self._api.show, pressed.conversation, pressed.press.presser)
            self._presses.take(pressed.press, show, accept=partial(connection.acknowledge, envelope))
            return
        try:
            mail.put_nowait((connection, envelope))
        except asyncio.QueueFull:
            _log.warning("%s: too much is waiting; slack has to send an event again", self._account)

    def _is_new(self, pressed: Pressed) -> bool:
        """Slack sends a press again that was not acknowledged in time (threats.md D16)."""
        key = (pressed.press.presser, pressed.at)
        is_new = key not in self._pressed
        self._pressed.add(key)
        return is_new

    async def _work_off(self, mail: _Mail, inbox: Inbox) -> None:
        """Take envelopes in order: what is a message is saved, and what is done with or saved is acknowledged."""
        while True:
            connection, envelope = await mail.get()
            message = parse.direct_message(envelope, self._account, connection.bot)
            if isinstance(message, Aside):
                level = logging.WARNING if message in _LOUD else logging.DEBUG
                _log.log(level, "%s: an event is left aside: %s", self._account, message)
            else:
                try:
                    await inbox.put(message)
                except ChannelFailed as error:
                    _log.error("%s: slack has to send a message again: %s", self._account, error)
                    continue
            await connection.acknowledge(envelope)

    async def _send(self, conversation: str, text: str, recipient: str) -> None:
        for piece in pieces(text, MESSAGE_LIMIT):
            await self._insist(partial(self._api.post, conversation, piece), recipient)

    async def _open(self, sender: SenderId) -> str:
        """The conversation with a person."""
        if parse.PERSON.fullmatch(sender) is None:
            raise RecipientRefused("not the id of a person on slack", hint="member ids begin with U or W")
        return await self._insist(partial(self._api.open_direct, sender), sender)

    async def _insist(self, ask: Callable[[], Awaitable[_T]], recipient: str) -> _T:
        return await insist(
            ask,
            self._timing,
            again=failures.may_pass,
            undelivered=lambda trouble: failures.of_delivery(trouble, recipient),
        )
