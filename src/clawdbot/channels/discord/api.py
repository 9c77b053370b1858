"""The few requests to Discord's REST API that pairing needs, and what goes wrong with them.

Texts are part of requests and the token of each, yet neither may be logged or raised (threats.md S7): the library's
errors are raised anew, outside of the ``except`` that caught them.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import aiohttp
import discord
import msgspec
from discord.http import MultipartParameters, Route, handle_message_parameters
from msgspec import Meta, Struct

from clawdbot.channels.base import Rows
from clawdbot.channels.causes import told
from clawdbot.channels.discord.client import BotClient
from clawdbot.channels.discord.parse import Pressed, Snowflake
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.text import shortened
from clawdbot.domain.secret import Secret

MESSAGE_LIMIT = 2000
"""Characters in one message. Discord counts code points; cutting by UTF-16 units can only make pieces shorter."""

MOST_ROWS = 5
"""Rows of buttons under one message, and buttons in one row."""

PAGE = 100
"""The most messages that one request brings."""

_T = TypeVar("_T")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,200}", re.ASCII)
_DEFERRED = discord.InteractionResponseType.deferred_message_update.value
"""The answer to an interaction: it arrived, and what becomes of it will be seen."""

_EPHEMERAL = discord.MessageFlags(ephemeral=True).value
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Rejected(ApiError):
    """Discord answered with an error.

    Attributes:
        status: of HTTP.
        code: Discord's own, more exact; 0 if there is none.
        retry_after: seconds that Discord asks us to wait, after too many requests.
    """

    def __init__(self, what: str, status: int, code: int = 0, *, retry_after: float = 0) -> None:
        super().__init__(f"discord answered {status} to {what}" + (f" (code {code})" if code else ""))
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Me(Struct, frozen=True):
    """Who the token's bot is."""

    id: Snowflake
    username: str
    discriminator: str = "0"


class _StartLimit(Struct, frozen=True):
    remaining: int
    reset_after: int


class GatewayAddress(Struct, frozen=True):
    """Where events are told, and how often a conversation about them may still be begun today.

    A bot that begins more than a thousand a day gets its token taken away.
    """

    url: str
    session_start_limit: _StartLimit


class _Dm(Struct, frozen=True):
    id: Snowflake
    type: Annotated[int, Meta(ge=1, le=1)]


class _Sent(Struct, frozen=True):
    id: Snowflake


class BotApi:
    """One bot's requests.

    Args:
        base: where the REST API is, with its version: ``https://discord.com/api/v10``.
        answer_s: how long an answer may take.

    Attributes:
        address: ``base`` without the name and password that it may hold, for show.
        client: the library's client, for the gateway.
    """

    def __init__(self, token: Secret, base: str, *, answer_s: float = 30.0) -> None:
        self._token_is_odd = _TOKEN.fullmatch(token.reveal()) is None
        self.address = re.sub(r"//[^/]*@", "//", base.rstrip("/"))
        self.client = BotClient(token, base, answer_s=answer_s)

    async def me(self) -> Me:
        return await self._call("the bot token", self._get("/users/@me"), Me)

    async def gateway(self) -> GatewayAddress:
        return await self._call("gateway", self._get("/gateway/bot"), GatewayAddress)

    async def open_dm(self, user: int) -> str:
        """The conversation with a person; it is there for as long as the two are."""
        dm = await self._call("open a direct message", lambda: self.client.http.start_private_message(user), _Dm)
        return dm.id

    async def send(self, conversation: int, text: str, nonce: int, rows: Rows = ()) -> str:
        """Send a text of at most :data:`MESSAGE_LIMIT` that pings nobody; its id.

        Args:
            nonce: a message with the same one, within a few minutes, is the same message and not sent again.
            rows: buttons under it, of which there is room for :data:`MOST_ROWS`.
        """

        async def post() -> object:
            with _message(text, rows, nonce) as message:
                return await self.client.http.send_message(conversation, params=message)

        return (await self._call("a message", post, _Sent)).id

    async def edit(self, conversation: int, message: int, text: str, rows: Rows) -> None:
        """Give a message of ours another text, and other buttons."""

        async def patch() -> object:
            with _message(text, rows) as edited:
                return await self.client.http.edit_message(conversation, message, params=edited)

        await self._call("a change of a message", patch, _Sent)

    async def accept(self, pressed: Pressed) -> None:
        """Say that a press arrived. Discord wants to hear it within three seconds, and once."""
        route = Route(
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
            interaction_id=pressed.id,
            interaction_token=pressed.token,
        )
        await self._call("a press", lambda: self.client.http.request(route, json={"type": _DEFERRED}), object)

    async def answer(self, pressed: Pressed, text: str) -> None:
        """Show a text to who pressed, and to nobody else, after :meth:`accept`."""
        route = Route(
            "POST",
            "/webhooks/{application_id}/{interaction_token}",
            application_id=pressed.application,
            interaction_token=pressed.token,
        )
        shown = {
            "content": shortened(text, MESSAGE_LIMIT),
            "flags": _EPHEMERAL,
            "allowed_mentions": discord.AllowedMentions.none().to_dict(),
        }
        await self._call("the answer to a press", lambda: self.client.http.request(route, json=shown), _Sent)

    async def messages(self, conversation: int, after: int) -> list[object]:
        """The earliest :data:`PAGE` messages after a message, as JSON values, in no order to rely on."""
        return await self._call(
            "messages", lambda: self.client.http.logs_from(conversation, PAGE, after=after), list[object]
        )

    async def close(self) -> None:
        await self.client.http.close()

    def _get(self, path: str) -> Callable[[], Awaitable[object]]:
        return lambda: self.client.http.request(Route("GET", path))

    async def _call(self, what: str, ask: Callable[[], Awaitable[Any]], answer: type[_T]) -> _T:
        if self._token_is_odd:
            raise Rejected(what, 401)  # Discord's own answer to what cannot be a token, and cannot be sent
        try:
            return msgspec.convert(await ask(), answer)
        except discord.RateLimited as limit:
            trouble: ApiError = Rejected(what, 429, retry_after=limit.retry_after)
        except discord.HTTPException as error:
            trouble = Rejected(what, error.status, error.code if isinstance(error.code, int) else 0)
        except Exception as error:  # of any kind, when an answer is odd
            why = told(error)
            trouble = Unreachable(f"no usable answer from {self.address}: {why}", sent=not isinstance(error, _UNSENT))
        raise trouble


def _message(text: str, rows: Rows, nonce: int | None = None) -> MultipartParameters:
    """A message as the library writes it: it pings nobody, and has these buttons and no others."""
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows[:MOST_ROWS]):
        for each in row[:MOST_ROWS]:
            view.add_item(discord.ui.Button(label=each.label, custom_id=each.data, row=number))
    return handle_message_parameters(
        content=text, nonce=nonce, allowed_mentions=discord.AllowedMentions.none(), view=view
    )
