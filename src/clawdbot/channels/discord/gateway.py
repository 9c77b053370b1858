"""Discord's gateway: a WebSocket that tells of events, and after a short break of those that were missed.

What was missed for longer than Discord remembers is not told again; then the conversation begins anew (``READY``), and
:mod:`clawdbot.channels.discord.intake` asks for the messages.
"""

import asyncio
from dataclasses import dataclass
from typing import NoReturn, Protocol

import aiohttp
import yarl
from discord.errors import ConnectionClosed
from discord.gateway import ReconnectWebSocket

from clawdbot.channels.causes import told
from clawdbot.channels.discord.api import BotApi, Rejected
from clawdbot.channels.discord.client import Socket, opened
from clawdbot.channels.patience import ApiError, Unreachable

_FOR_GOOD = 1000
_FOR_NOW = 4000
"""Close codes: after the first the session is over, after the second it can be resumed."""


class Closed(ApiError):
    """Discord closed the connection, and will do so again. ``code`` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"discord closed the connection with code {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class _Session:
    """What the gateway remembers us by: told everything up to ``sequence``."""

    id: str
    sequence: int | None
    url: yarl.URL


class Listener(Protocol):
    """Whoever wants to know what is told; neither method may raise."""

    def greeted(self, *, gap: bool) -> None:
        """From now on messages come; with a gap, some may have gone by."""

    def told(self, message: object) -> None:
        """A new message, as JSON; in the order in which Discord tells of them, some perhaps twice."""

    def pressed(self, interaction: object) -> None:
        """Somebody used what applications offer, a button perhaps; as JSON, perhaps late, some perhaps twice."""


class Gateway:
    """What is told to one bot, over as many connections as that takes.

    Args:
        url: where the gateway is, if not where Discord says.
        answer_s: how long a greeting may take.
    """

    def __init__(self, api: BotApi, url: str, *, answer_s: float) -> None:
        self._api = api
        self._url = url
        self._answer_s = answer_s
        self._session: _Session | None = None

    async def stay(self, listener: Listener) -> NoReturn:
        """Connect, and pass on what is told until that ends. Raises ApiError, which says why it ended."""
        sockets: list[Socket] = []
        opened.set(sockets)
        code = _FOR_GOOD
        try:
            await self._listen(listener)
        except Exception as error:  # of any kind, when a frame is odd
            trouble, code = _ended(error)
        finally:
            await self._leave(sockets, code)
        raise trouble

    async def _listen(self, listener: Listener) -> NoReturn:
        greeted = asyncio.Event()

        def hear(event: str, data: object) -> None:
            if event == "MESSAGE_CREATE":
                listener.told(data)
            elif event == "INTERACTION_CREATE":
                listener.pressed(data)
            else:
                greeted.set()
                listener.greeted(gap=event == "READY")

        self._api.client.hear = hear
        async with asyncio.timeout(self._answer_s):
            socket = await self._connect()
            while not greeted.is_set():
                await socket.poll_event()
        while True:
            await socket.poll_event()

    async def _connect(self) -> Socket:
        client, session = self._api.client, self._session
        client.loop = asyncio.get_running_loop()
        if session is not None:
            url = yarl.URL(self._url) if self._url else session.url
            return await Socket.from_client(
                client, gateway=url, resume=True, session=session.id, sequence=session.sequence
            )
        address = await self._api.gateway()
        left = address.session_start_limit
        if left.remaining < 1:
            raise Rejected("beginning anew", 429, retry_after=left.reset_after / 1000)
        return await Socket.from_client(client, initial=True, gateway=yarl.URL(self._url or address.url))

    async def _leave(self, sockets: list[Socket], code: int) -> None:
        """Close what is open, and remember how to resume if ``code`` allows it."""
        for socket in sockets:
            if socket.session_id is not None:
                self._session = _Session(socket.session_id, socket.sequence, socket.gateway)
            await socket.close(code)
        if code == _FOR_GOOD:
            self._session = None


def _ended(error: Exception) -> tuple[ApiError, int]:
    """Why a connection ended, and with which code we leave it."""
    match error:
        case ReconnectWebSocket():
            return Unreachable("the connection to discord ended"), _FOR_NOW if error.resume else _FOR_GOOD
        case ConnectionClosed():
            return Closed(error.code), _FOR_GOOD
        case ApiError():
            return error, _FOR_NOW
        case OSError() | aiohttp.ClientError():  # TimeoutError is one of them
            return Unreachable(f"discord's gateway cannot be reached: {told(error)}"), _FOR_NOW
        case _:  # what was told would be told again, so it is not resumed
            return Unreachable(f"discord's gateway is not understood: {type(error).__name__}"), _FOR_GOOD
