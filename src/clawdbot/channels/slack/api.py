"""The methods of Slack's Web API that pairing needs, by slack_sdk.

Tokens are part of every request and texts of many, yet neither may be logged or raised (threats.md S7): the library is
kept silent, and its errors are raised anew, outside of the ``except`` that caught them. It must not repeat a call by
itself either, for the first one may have been taken.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TypeVar

import aiohttp
import msgspec
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from clawdbot.channels.base import Rows
from clawdbot.channels.causes import told
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.proxies import proxy_for
from clawdbot.channels.slack.blocks import blocks
from clawdbot.channels.slack.library import SILENT
from clawdbot.channels.slack.markup import escaped
from clawdbot.domain.secret import Secret

MESSAGE_LIMIT = 4000
"""UTF-16 code units in one message, as Slack advises; beyond ten times that it cuts texts off."""


class Token(StrEnum):
    """Slack's two secrets of an app."""

    BOT = "bot token"
    APP = "app token"


_T = TypeVar("_T")
_FORMS = {
    Token.BOT: re.compile(r"(?:xoxe\.)?xoxb-[A-Za-z0-9-]{1,250}"),
    Token.APP: re.compile(r"xapp-[A-Za-z0-9-]+"),
}
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
CONNECT = "apps.connections.open"
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_DEFAULT_WAIT_S = 30.0
"""How long to wait when Slack asks for it without saying how long."""


class Rejected(ApiError):
    """The Web API answered with an error.

    Attributes:
        method: what was asked for, ``auth.test``.
        token: with which of the two.
        error: why, in Slack's words: ``invalid_auth``.
        needed: the scope that is missing, if that is why.
        retry_after: seconds that Slack asks us to wait after too many requests; 0 if it does not.
    """

    def __init__(self, method: str, error: str, *, needed: str = "", retry_after: float = 0.0) -> None:
        super().__init__(f"slack answered {error} to {method}")
        self.method = method
        self.token = _token_for(method)
        self.error = error
        self.needed = needed
        self.retry_after = retry_after


class Me(Struct, frozen=True):
    """Who the bot token's bot is.

    Attributes:
        is_enterprise_install: the app is installed for a whole organisation and not for one workspace.
        scopes: what the token may do; ``None`` if Slack does not say.
    """

    user_id: str
    team_id: str
    user: str = ""
    team: str = ""
    bot_id: str | None = None
    is_enterprise_install: bool = False
    scopes: frozenset[str] | None = None


class _Opened(Struct, frozen=True):
    url: str


class _Channel(Struct, frozen=True):
    id: str


class _Conversation(Struct, frozen=True):
    channel: _Channel


class _Profile(Struct, frozen=True):
    display_name: str | None = None
    real_name: str | None = None


class _User(Struct, frozen=True):
    name: str | None = None
    profile: _Profile = _Profile()


class _Found(Struct, frozen=True):
    user: _User


class _Posted(Struct, frozen=True):
    ts: str


class _Nothing(Struct, frozen=True):
    pass


class WebApi:
    """A client of one app in one workspace.

    Args:
        token: the bot's, ``xoxb-…``.
        app_token: the app's, ``xapp-…``, which opens connections and can do nothing else.
        base: where the Web API is: ``https://slack.com/api``.
        answer_s: how long an answer may take.
    """

    def __init__(self, token: Secret, app_token: Secret, base: str, *, answer_s: float = 30.0) -> None:
        self._token = token
        self._app_token = app_token
        self._base = base
        self._answer_s = answer_s
        self._client: AsyncWebClient | None = None

    async def me(self) -> Me:
        me, headers = await self._call("auth.test", lambda client: client.auth_test(), Me)
        scopes = headers.get("x-oauth-scopes")
        known = None if scopes is None else frozenset(scope.strip() for scope in scopes.split(",") if scope.strip())
        return msgspec.structs.replace(me, scopes=known)

    async def open_connection(self) -> str:
        """Ask for the URL of a WebSocket; a secret, and good for one connection."""
        token = self._app_token.reveal()
        opened, _ = await self._call(CONNECT, lambda client: client.apps_connections_open(app_token=token), _Opened)
        return opened.url

    async def open_direct(self, user_id: str) -> str:
        """The id of the direct conversation with a person."""
        opened, _ = await self._call(
            "conversations.open", lambda client: client.conversations_open(users=user_id), _Conversation
        )
        return opened.channel.id

    async def post(self, conversation: str, text: str, rows: Rows = ()) -> str:
        """Send one message that is shown as it is, with buttons under it; its id.

        Nothing in it is looked up, and no link is opened for a preview.
        """
        posted, _ = await self._call(
            "chat.postMessage",
            lambda client: client.chat_postMessage(
                channel=conversation,
                text=escaped(text),
                blocks=blocks(text, rows) if rows else None,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
            ),
            _Posted,
        )
        return posted.ts

    async def edit(self, conversation: str, message: str, text: str, rows: Rows) -> None:
        """Give a message of ours another text, and other buttons."""
        await self._call(
            "chat.update",
            lambda client: client.chat_update(
                channel=conversation, ts=message, text=escaped(text), blocks=blocks(text, rows)
            ),
            _Nothing,
        )

    async def show(self, conversation: str, user_id: str, text: str) -> None:
        """Show a person something in a conversation that nobody else sees, and that is gone when he looks again."""
        await self._call(
            "chat.postEphemeral",
            lambda client: client.chat_postEphemeral(channel=conversation, user=user_id, text=escaped(text)),
            _Nothing,
        )

    async def name(self, user_id: str) -> str:
        """What a person calls himself; may be empty."""
        found, _ = await self._call("users.info", lambda client: client.users_info(user=user_id), _Found)
        profile = found.user.profile
        return profile.display_name or profile.real_name or found.user.name or ""

    async def _call(
        self, method: str, ask: Callable[[AsyncWebClient], Awaitable[AsyncSlackResponse]], answer: type[_T]
    ) -> tuple[_T, Mapping[str, str]]:
        self._check(method)
        try:
            async with asyncio.timeout(self._answer_s):
                response = await ask(self._opened())
            return msgspec.convert(response.data, answer), response.headers
        except SlackApiError as error:
            trouble = self._rejected(method, error.response)
        except Exception as error:  # of any kind, when an answer is odd
            words = f"no usable answer from slack to {method}: {told(error)}"
            trouble = Unreachable(words, sent=not isinstance(error, _UNSENT))
        raise trouble

    def _rejected(self, method: str, response: object) -> ApiError:
        if not isinstance(response, AsyncSlackResponse):
            return Unreachable(f"no answer of slack's web api to {method}")
        status, said = response.status_code, response.data if isinstance(response.data, dict) else {}
        error = said.get("error")
        if status == 429 or error in _RATE_LIMITED:
            return Rejected(method, "ratelimited", retry_after=_seconds(response.headers.get("Retry-After")))
        if not isinstance(error, str) or status >= 500:
            return Unreachable(f"status {status} and no answer of slack's web api to {method}")
        needed = said.get("needed")
        return Rejected(method, _word(error), needed=_word(needed) if isinstance(needed, str) else "")

    def _check(self, method: str) -> None:
        """A token of another kind would do other things, and what is no token must not become part of a request."""
        kind = _token_for(method)
        token = self._app_token if kind is Token.APP else self._token
        if _FORMS[kind].fullmatch(token.reveal()) is None:
            raise Rejected(method, "not_allowed_token_type")

    def _opened(self) -> AsyncWebClient:
        """The library's client. Each call has a connection of its own: one kept open may be dead when it is used."""
        if self._client is None:
            self._client = AsyncWebClient(self._token.reveal(), self._base, logger=SILENT, retry_handlers=[])
            self._client.proxy = proxy_for(self._base)
        return self._client


def _token_for(method: str) -> Token:
    return Token.APP if method == CONNECT else Token.BOT


def _word(text: str) -> str:
    """A word of Slack's, fit to be shown."""
    return re.sub(r"[^A-Za-z0-9_:.,-]", "?", text[:100])


def _seconds(header: str | None) -> float:
    return float(header) if header and re.fullmatch(r"[0-9]{1,9}", header, re.ASCII) else _DEFAULT_WAIT_S
