"""discord.py's client, with an address of its own and ears for direct messages alone.

The library has one REST address and one gateway for the whole process (class attributes), sleeps and repeats requests
by itself for an unlimited time, and lets one odd event end the connection. So :class:`Rest` makes its requests, and
:class:`Socket` reads its frames; what Discord's protocol is, stays the library's business.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordClientWebSocketResponse, DiscordWebSocket
from discord.http import HTTPClient, Route

from clawdbot.channels import lenient_json
from clawdbot.channels.proxies import proxy_for
from clawdbot.channels.quiet import hush
from clawdbot.domain.secret import Secret

_log = logging.getLogger(__name__)

HEARD = ("READY", "RESUMED", "MESSAGE_CREATE", "INTERACTION_CREATE")
"""The events that anybody listens to; no other can create anything (threats.md D8)."""

Hear = Callable[[str, Any], None]
"""Takes an event's name and data, in order; must not raise."""

_CONNECT_S = 10.0
_CLOSE_S = 2.0
_FRAME_BYTES = 16 * 1024 * 1024
_ERRORS: Mapping[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}


class BotClient(discord.Client):
    """A client of one bot.

    Attributes:
        hear: takes the events.
    """

    http: "Rest"

    def __init__(self, token: Secret, base: str, *, answer_s: float) -> None:
        # Warnings too: of voice and servers, which we do not use, and of limits, of which we tell ourselves.
        hush("discord", level=logging.ERROR)
        intents = discord.Intents.none()
        intents.dm_messages = True  # not a privileged one, and direct messages always come with their text
        super().__init__(intents=intents, max_messages=None, allowed_mentions=discord.AllowedMentions.none())
        self.hear: Hear = lambda _event, _data: None
        self.http = self._connection.http = Rest(self.loop, token, base, answer_s=answer_s)
        # Events come as they are, in order, instead of each in a task of its own; the library's models raise on what
        # they do not know, which would end the connection (threats.md S8).
        self._connection.parsers = {event: partial(self._heard, event) for event in HEARD}

    def _heard(self, event: str, data: Any) -> None:
        self.hear(event, data)


class Rest(HTTPClient):
    """Requests to one address: each is tried once, and within ``answer_s`` seconds there is an answer or an error.

    Raises what the library raises: ``HTTPException`` for what Discord refuses, ``RateLimited`` for 429; and for no
    usable answer what aiohttp, asyncio and json raise. The proxy comes from the environment
    (:mod:`clawdbot.channels.proxies`).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, token: Secret, base: str, *, answer_s: float) -> None:
        super().__init__(loop)
        self.token: str | None = token.reveal()
        self._base = base.rstrip("/")
        self._answer_s = answer_s
        self._own_session: aiohttp.ClientSession | None = None

    async def request(self, route: Route, *, files: object = None, form: object = None, **asked: Any) -> Any:
        if files or form:
            raise NotImplementedError("nothing is uploaded")
        url = self._base + route.url.removeprefix(Route.BASE)
        headers = {"User-Agent": self.user_agent, "Authorization": f"Bot {self.token}"}
        async with (
            asyncio.timeout(self._answer_s),
            self._session().request(
                route.method, url, headers=headers, proxy=proxy_for(url), allow_redirects=False, **asked
            ) as response,
        ):
            body = await response.read()
        if response.status == 429:
            raise discord.RateLimited(_retry_after(body, response.headers))
        if response.status >= 300:
            error = discord.DiscordServerError if response.status >= 500 else discord.HTTPException
            raise _ERRORS.get(response.status, error)(response, _told(body))
        return _read(body)

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        return await self._session().ws_connect(
            url,
            proxy=proxy_for(url),
            max_msg_size=_FRAME_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
            autoclose=False,
            headers={"User-Agent": self.user_agent},
            compress=compress,
        )

    async def close(self) -> None:
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = None

    def _session(self) -> aiohttp.ClientSession:
        if self._own_session is None:
            self._own_session = aiohttp.ClientSession(
                ws_response_class=DiscordClientWebSocketResponse,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            )
        return self._own_session


opened: ContextVar[list["Socket"]] = ContextVar("opened")
"""Sockets made in this task: the library forgets one that is cut off while it greets, and its heart beats on."""


class Socket(DiscordWebSocket):
    """A connection to the gateway, which an unreadable frame does not end (threats.md S8)."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        opened.get().append(self)

    async def received_message(self, msg: Any, /) -> None:
        try:
            await super().received_message(msg)
        except (ValueError, RecursionError) as error:
            _log.warning("discord sent what cannot be read (%s); it is skipped", type(error).__name__)


def _read(body: bytes) -> Any:
    return lenient_json.read(body) if body else None


def _told(body: bytes) -> Any:
    """What an error's body says; a proxy's page says nothing."""
    try:
        return _read(body)
    except (ValueError, RecursionError):
        return None


def _retry_after(body: bytes, headers: Mapping[str, str]) -> float:
    """For how many seconds we are asked to wait: as the body says, or the headers of a proxy."""
    told = _told(body)
    for value in (told.get("retry_after") if isinstance(told, dict) else None, headers.get("Retry-After")):
        try:
            seconds = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return 1.0
