"""``assistant.url``: a chat endpoint of OpenAI's kind, with a memory for each sender (``docs/assistant.md#a-url``)."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from clawdbot.assistant.base import Prompt
from clawdbot.assistant.limits import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Slots
from clawdbot.assistant.memory import Memory, MemoryLimits, Turn
from clawdbot.assistant.text import as_reply, clean
from clawdbot.domain.hosts import in_url
from clawdbot.domain.secret import Secret
from clawdbot.errors import AssistantFailed, ConfigError

if TYPE_CHECKING:
    import aiohttp

MAX_RESPONSE_BYTES = 4 * 1024 * 1024

RETRY_AFTER = 1.0
"""Seconds before the second try, where the endpoint does not say."""

_PATH = "/chat/completions"
_BUSY = frozenset({429, 500, 502, 503, 504})
_HINTS = {
    401: "check assistant.apiKey",
    403: "check assistant.apiKey",
    404: "check assistant.url and assistant.model",
    429: "its limit is used up; wait, or see your plan there",
}


class _ChatMessage(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    content: str


class _Request(msgspec.Struct, frozen=True):
    model: str
    messages: list[_ChatMessage]


class _Answer(msgspec.Struct, frozen=True):
    content: str


class _Choice(msgspec.Struct, frozen=True):
    message: _Answer


class _Completion(msgspec.Struct, frozen=True):
    """What is read of the answer. Endpoints add fields as they like."""

    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    retry_after: float
    body: bytes


class HttpAssistant:
    """Asks a chat endpoint, telling it what it and the sender said before.

    Args:
        url: the endpoint, or its base: ``http://127.0.0.1:11434/v1`` and ``…/v1/chat/completions`` are the same.
        model: which of the endpoint's models.
        api_key: sent to this endpoint as a bearer token, and nowhere else: redirects are not followed.
        system: what the model is told before everything else.
        timeout: seconds for one answer, a second try included.
        concurrency: how many requests may run at once.
        memory: how much of each conversation is kept.

    Raises:
        ConfigError: the URL or the key cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        api_key: Secret | None = None,
        system: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        concurrency: int = DEFAULT_CONCURRENCY,
        memory: MemoryLimits | None = None,
    ) -> None:
        self._url, self._origin = _endpoint(url)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", **_authorization(api_key)}
        self._model = clean(model)
        self._preamble = [_ChatMessage("system", clean(system))] if system else []
        self._timeout = timeout
        self._slots = Slots(concurrency=concurrency, timeout=timeout)
        self._memory = Memory(memory or MemoryLimits())
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, prompt: Prompt) -> str:
        return await self._slots.run(lambda: self._converse(prompt))

    async def close(self) -> None:
        await self._slots.close()
        if self._session is not None:
            await self._session.close()

    async def _converse(self, prompt: Prompt) -> str:
        who = (prompt.account, prompt.sender)
        asked = clean(prompt.text)
        messages = [*self._preamble]
        for turn in self._memory.recall(who):
            messages += [_ChatMessage("user", turn.asked), _ChatMessage("assistant", turn.answered)]
        messages.append(_ChatMessage("user", asked))
        reply = as_reply(await self._complete(msgspec.json.encode(_Request(self._model, messages))))
        if reply:
            self._memory.remember(who, Turn(asked, reply))
        return reply

    async def _complete(self, request: bytes) -> str:
        """Post a request; a second time, where the endpoint is busy now and the time allows to wait."""
        now = asyncio.get_running_loop().time
        deadline = now() + self._timeout
        response = await self._post(request)
        if response.status in _BUSY and now() + response.retry_after < deadline:
            await asyncio.sleep(response.retry_after)
            response = await self._post(request)
        if not _is_success(response.status):
            raise self._refused(response.status)
        try:
            return msgspec.json.decode(response.body, type=_Completion).choices[0].message.content
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise AssistantFailed(
                f"the assistant at {self._origin} answered with something that is no chat completion in text",
                hint="assistant.url must be an endpoint of OpenAI's kind, such as http://127.0.0.1:11434/v1",
            ) from None

    async def _post(self, request: bytes) -> _Response:
        import aiohttp

        try:
            async with self._client().post(
                self._url, data=request, headers=self._headers, allow_redirects=False
            ) as response:
                body = await self._read(response) if _is_success(response.status) else b""
                return _Response(response.status, _seconds(response.headers.get("Retry-After")), body)
        except aiohttp.ClientConnectorCertificateError:
            raise AssistantFailed(f"the assistant at {self._origin} shows a certificate that is not trusted") from None
        except aiohttp.ClientConnectorError:
            raise AssistantFailed(
                f"the assistant at {self._origin} cannot be reached", hint="check that it runs, and assistant.url"
            ) from None
        except aiohttp.ClientError as error:
            # Neither the error's own text nor a chain to it: both can hold the request's headers.
            raise AssistantFailed(
                f"the assistant at {self._origin} did not finish its answer: {type(error).__name__}"
            ) from None

    async def _read(self, response: "aiohttp.ClientResponse") -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                response.close()
                raise AssistantFailed(
                    f"the assistant at {self._origin} answered with more than {MAX_RESPONSE_BYTES >> 20} MiB"
                )
        return bytes(body)

    def _client(self) -> "aiohttp.ClientSession":
        """The session, made when the first message comes. No cookies, no environment; a new connection each time, for
        an idle one may be closed by the endpoint in the moment of its use."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    def _refused(self, status: int) -> AssistantFailed:
        """Why there is no answer: the status and nothing of the body, which may repeat what the sender wrote."""
        if 300 <= status < 400:
            hint = "redirects are not followed; set assistant.url to where it leads"
        else:
            hint = _HINTS.get(status, "")
        return AssistantFailed(f"the assistant at {self._origin} answered with HTTP {status}", hint=hint)


def _endpoint(url: str) -> tuple[str, str]:
    """The URL to post to, and its origin, which is what errors may show."""
    hint = "write it like http://127.0.0.1:11434/v1 or https://api.openai.com/v1"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("assistant.url is not a URL", hint=hint) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError("assistant.url is not an http or https URL", hint=hint)
    if parts.username is not None or parts.password is not None:
        raise ConfigError("assistant.url holds a user name or password", hint="put the key into assistant.apiKey")
    path = parts.path.rstrip("/")
    path = path if path.endswith(_PATH) else path + _PATH
    origin = f"{parts.scheme}://{in_url(host)}" + (f":{port}" if port else "")
    return SplitResult(parts.scheme, parts.netloc, path, parts.query, "").geturl(), origin


def _authorization(api_key: Secret | None) -> dict[str, str]:
    if not api_key:
        return {}
    if not re.fullmatch(r"[!-~]+", api_key.reveal()):
        raise ConfigError("assistant.apiKey holds spaces or characters that a key cannot have")
    return {"Authorization": f"Bearer {api_key.reveal()}"}


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _seconds(retry_after: str | None) -> float:
    """Read a ``Retry-After`` header; a date there counts as not said."""
    return float(retry_after) if retry_after and re.fullmatch(r"[0-9]{1,6}", retry_after) else RETRY_AFTER
