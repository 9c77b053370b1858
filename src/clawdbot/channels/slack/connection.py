"""One connection of Socket Mode, by slack_sdk's client: opened once, watched, and never opened again by itself.

The library's own reconnecting goes round for ever on a refused token and says nothing of why, and it hands frames to
tasks that race. So its client serves one connection here, with its pings and its receiving, and whoever holds the
connection decides what comes next.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from clawdbot.channels.causes import told
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.proxies import proxy_for
from clawdbot.channels.slack import parse
from clawdbot.channels.slack.api import CONNECT, Rejected
from clawdbot.channels.slack.library import SILENT
from clawdbot.channels.slack.parse import Bot, Envelope, Farewell, Hello
from clawdbot.domain.names import ChannelAccount

_log = logging.getLogger(__name__)

_LOOK_S = 0.5
"""How often to look whether the library still calls the connection alive."""


class End(StrEnum):
    """Why a connection ends."""

    LOST = "the connection to slack was lost"
    REPLACE = "slack asks for a new connection"
    TOO_MANY = "slack has too many connections of this app open"
    SWITCHED_OFF = "socket mode is switched off for this app"


_REASONS = {
    "warning": End.REPLACE,
    "refresh_requested": End.REPLACE,
    "too_many_websockets": End.TOO_MANY,
    "link_disabled": End.SWITCHED_OFF,
}

Take = Callable[["Connection", Envelope], None]


class Connection:
    """A connection that hands on each envelope as it comes, in order.

    Args:
        bot: whom Slack takes us for; which app, the greeting tells.
        take: gets each envelope; returns at once.
        ping_s: how often to ask whether the other side is there; it is lost when it did not answer four times.
        hello_s: how long Slack may take to greet us.
        answer_s: how long anything else may take.
    """

    def __init__(
        self,
        account: ChannelAccount,
        bot: Bot,
        take: Take,
        *,
        ping_s: float = 5.0,
        hello_s: float = 10.0,
        answer_s: float = 3.0,
    ) -> None:
        self.bot = bot
        self._account = account
        self._take = take
        self._hello_s = hello_s
        self._answer_s = answer_s
        self._client = _Client(self._read, ping_s)
        self._greeted = asyncio.Event()
        self._end: End | None = None
        self._reason = ""

    async def open(self, url: str) -> None:
        """Connect and wait for Slack's greeting; whatever comes of it, the connection has to be closed.

        Raises:
            Rejected: Slack sends us away, and says why.
            Unreachable: there is no connection.
        """
        try:
            if urlsplit(url).scheme not in ("ws", "wss"):
                raise ValueError
            async with asyncio.timeout(self._hello_s):
                await self._client.dial(url)
                await self._greeted.wait()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError: TimeoutError among them
            trouble: ApiError | None = Unreachable(f"slack's websocket cannot be opened: {told(error)}")
        else:
            trouble = Rejected(CONNECT, self._reason) if self._end else None
        if trouble is not None:
            raise trouble

    async def ended(self) -> End:
        """Wait until the connection is lost, or Slack says that it will be."""
        while self._end is None and await self._client.is_connected():
            await self._client.pause(_LOOK_S)
        return self._end or End.LOST

    async def acknowledge(self, envelope: Envelope) -> None:
        """Tell Slack that we have it; if that fails, Slack sends it again over another connection."""
        with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with asyncio.timeout(self._answer_s):
                await self._client.send_socket_mode_response({"envelope_id": envelope.id})

    async def close(self) -> None:
        """Hang up, and leave no task behind."""
        await self._client.hang_up(self._answer_s)

    def _read(self, text: str) -> None:
        match parse.frame(text):
            case Hello(app_id):
                self.bot = replace(self.bot, app_id=app_id)
            case Farewell(reason):
                self._reason, self._end = reason, _REASONS.get(reason, End.LOST)
            case Envelope() as envelope:
                self._take(self, envelope)
                return
            case parse.Aside.MALFORMED:
                _log.warning("%s: a frame is left aside: malformed", self._account)
                return
            case _:
                return
        self._greeted.set()
        self._client.wake()


class _Client(SocketModeClient):
    """The library's client with its three decisions taken over: how to connect, what of a frame, and when to leave."""

    def __init__(self, read: Callable[[str], None], ping_s: float) -> None:
        super().__init__("", SILENT, AsyncWebClient(logger=SILENT), ping_interval=ping_s)
        self._read = read
        self._news = asyncio.Event()

    async def dial(self, url: str) -> None:
        self.wss_uri, self.proxy = url, proxy_for(url)
        await self.connect()

    async def connect(self) -> None:
        """As the library's, but one attempt, whose failure is told."""
        self.current_session = await self.aiohttp_client_session.ws_connect(
            self.wss_uri or "", autoping=False, proxy=self.proxy
        )
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    async def enqueue_message(self, message: str) -> None:
        self._read(message)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Where the library would connect again: whoever waits looks, and finds the connection lost."""
        self.wake()

    def wake(self) -> None:
        self._news.set()

    async def pause(self, at_most: float) -> None:
        """Wait for news of the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._news.wait()
        self._news.clear()

    async def hang_up(self, at_most: float) -> None:
        self.closed = True
        tasks = [self.message_processor, self.current_session_monitor, self.message_receiver]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(at_most):
                await self.close()  # type: ignore[no-untyped-call]
        await self.aiohttp_client_session.close()
