"""The few methods of Telegram's Bot API that pairing needs, by python-telegram-bot (docs/adr/0006).

The bot token is part of every URL and texts are part of every body, yet neither may be logged or raised (threats.md
S7): the library is kept quiet, and its errors are raised anew, outside of the ``except`` that caught them.
"""

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import httpx
import msgspec
from msgspec import Meta, Struct
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import NetworkError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from clawdbot.channels import lenient_json
from clawdbot.channels.base import Rows
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.proxies import is_near
from clawdbot.channels.quiet import hush
from clawdbot.channels.telegram.parse import Id
from clawdbot.channels.text import shortened
from clawdbot.domain.secret import Secret

MESSAGE_LIMIT = 4096
"""UTF-16 code units in one message."""

ANSWER_LIMIT = 200
"""Characters that are shown to who pressed a button."""

_T = TypeVar("_T")
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}", re.ASCII)
_CONNECT_S = 10.0
_AT_ONCE = 100
"""Requests besides the poll; one for each conversation that can be under way, lest those that hang take all."""
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WORDS_ARE_SAFE = (httpx.ConnectError, RuntimeError)
"""Of before there is a connection, such as a missing package for proxies; the words of others may hold the URL."""


class Rejected(ApiError):
    """The Bot API answered with an error.

    Attributes:
        code: as the status of HTTP.
        description: why, in Telegram's words; it is not part of the message.
        retry_after: seconds that Telegram asks us to wait, after too many requests.
    """

    def __init__(self, method: str, code: int, description: str, retry_after: float) -> None:
        super().__init__(f"telegram answered {code} to {method}")
        self.code = code
        self.description = description
        self.retry_after = retry_after


class Me(Struct, frozen=True):
    """Who the token's bot is."""

    id: Id
    first_name: str
    username: str | None = None


class BotApi:
    """A client of one bot. Proxies come from the environment (``HTTPS_PROXY``, ``NO_PROXY``), but for a neighbour.

    Args:
        base: where the Bot API is, without the token: ``https://api.telegram.org``.
        answer_s: how long an answer may take, beyond the time that it is asked to.

    Attributes:
        address: ``base`` without the name and password that it may hold, for show.
    """

    def __init__(self, token: Secret, base: str, *, answer_s: float = 30.0) -> None:
        self._token = token
        self._base = base.rstrip("/")
        self.address = re.sub(r"//[^/]*@", "//", self._base)
        self._answer_s = answer_s
        self._bot: Bot | None = None
        self._clients: list[_Client] = []

    async def me(self) -> Me:
        return await self._call(lambda bot: bot.get_me(), Me)

    async def delete_webhook(self) -> None:
        """Let updates be asked for; those that wait are kept."""
        await self._call(lambda bot: bot.delete_webhook(drop_pending_updates=False), bool)

    async def updates(self, offset: int | None, wait_s: int, kinds: Sequence[str] = ("message",)) -> list[object]:
        """The earliest updates that are not confirmed, as JSON values; wait for one if there is none.

        Args:
            offset: the lowest to return; confirms all below.
            kinds: of which updates Telegram is to tell.
        """
        asked = {"offset": offset, "timeout": wait_s, "allowed_updates": list(kinds)}
        # Not Bot.get_updates, which gives no update at all when it cannot read one of them.
        return await self._call(lambda bot: bot.do_api_request("getUpdates", asked), list[object], wait_s=wait_s)

    async def send_message(self, chat_id: int, text: str, rows: Rows = ()) -> int:
        """Send plain text of at most :data:`MESSAGE_LIMIT`, with buttons under it; no markup is read in it."""
        markup = _keyboard(rows) if rows else None
        return (await self._call(lambda bot: bot.send_message(chat_id, text, reply_markup=markup), Message)).message_id

    async def edit_message(self, chat_id: int, message_id: int, text: str, rows: Rows) -> None:
        """Give a message of ours another text, and other buttons."""
        markup = _keyboard(rows) if rows else None

        def edit(bot: Bot) -> Awaitable[object]:
            return bot.edit_message_text(text, chat_id, message_id, reply_markup=markup)

        await self._call(edit, Message)

    async def answer_press(self, query: str, text: str) -> None:
        """Show a text to who pressed a button; what is longer than :data:`ANSWER_LIMIT` is cut."""
        shown = shortened(text, ANSWER_LIMIT)
        await self._call(lambda bot: bot.answer_callback_query(query, shown), bool)

    async def close(self) -> None:
        for client in self._clients:
            await client.shutdown()

    async def _call(self, ask: Callable[[Bot], Awaitable[object]], answer: type[_T], *, wait_s: float = 0) -> _T:
        try:
            async with asyncio.timeout(wait_s + self._answer_s):
                return msgspec.convert(await ask(self._opened()), answer, from_attributes=True)
        except Exception as error:  # of any kind, when a result is odd
            trouble = self._trouble((error.__cause__ or error) if isinstance(error, NetworkError) else error)
        raise trouble

    def _trouble(self, cause: BaseException) -> ApiError:
        if isinstance(cause, ApiError):
            return cause
        why = f"{type(cause).__name__} ({cause})" if isinstance(cause, _WORDS_ARE_SAFE) else type(cause).__name__
        return Unreachable(f"no usable answer from {self.address}: {why}", sent=not isinstance(cause, _UNSENT))

    def _opened(self) -> Bot:
        """The library's client; opening it reads certificates and the environment, which can fail."""
        if self._bot is None:
            token = self._token.reveal()
            if _TOKEN.fullmatch(token) is None:
                # Telegram's own answer to what cannot be a token; sent, it might name another method or server.
                raise Rejected("the bot token", 404, "Not Found", 0)
            hush("telegram", "httpx", "httpcore")
            warnings.filterwarnings("ignore", r"Please use 'Bot\.getUpdates' instead of", PTBUserWarning)
            self._clients = [poll, rest] = [_Client(1, self._base), _Client(_AT_ONCE, self._base)]
            self._bot = Bot(token, lambda _: f"{self._base}/bot{token}", get_updates_request=poll, request=rest)
        return self._bot


def _keyboard(rows: Rows) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each.label, callback_data=each.data) for each in row] for row in rows]
    )


class _Client(HTTPXRequest):
    """The library's HTTP client, with answers read by us.

    The library takes a proxy's page of 404 for a refused token, forgets the status of other errors, warns about its
    own ``retry_after``, and logs what it cannot read.
    """

    def __init__(self, connections: int, base: str) -> None:
        # The time for an answer as a whole is limited above; these limits would begin anew with each byte.
        super().__init__(
            connections,
            read_timeout=None,
            write_timeout=None,
            connect_timeout=_CONNECT_S,
            pool_timeout=_CONNECT_S,
            httpx_kwargs={"trust_env": not is_near(httpx.URL(base).host)},
        )

    async def do_request(self, url: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(url, *args, **kwargs)
        try:
            answer = msgspec.convert(self.parse_json_payload(body), _Answer)
        except (ValueError, RecursionError):
            answer = None
        if answer is None:
            raise Unreachable(f"status {status} and no answer of the Bot API from {httpx.URL(url).host}")
        if not answer.ok:
            method, code = url.rpartition("/")[2], answer.error_code or status
            raise Rejected(method, code, answer.description, answer.parameters.retry_after)
        return HTTPStatus.OK, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """What one update holds cannot make the others unreadable: oddities become ``None`` (threats.md S8)."""
        return lenient_json.read(payload)


class _Parameters(Struct, frozen=True):
    retry_after: Annotated[int, Meta(ge=0, le=10**9)] = 0


class _Answer(Struct, frozen=True):
    ok: bool
    error_code: int = 0
    description: str = ""
    parameters: _Parameters = _Parameters()
