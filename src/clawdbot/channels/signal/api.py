"""What pairing needs of signal-cli's HTTP daemon: JSON-RPC to ask and to send, server-sent events to receive.

Numbers are part of URLs and texts are part of bodies, and neither may be logged (threats.md S7): the HTTP library is
kept quiet, and its errors are raised anew, outside of the ``except`` that caught them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import httpx
import msgspec
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse
from msgspec import Struct

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.proxies import is_near
from clawdbot.channels.quiet import hush

EVENT_LIMIT = 4 * 1024 * 1024
"""Bytes in one event; a text has at most 64 KiB."""

NO_SUCH_METHOD = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
UNTRUSTED_KEY = -4
IO_ERROR = -3
RATE_LIMIT = -5
CAPTCHA = -6
UNKNOWN_ACCOUNT = 400
"""The status of HTTP by which the events of an account that is not there are refused."""

_T = TypeVar("_T")
_CONNECT_S = 10.0
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Rejected(ApiError):
    """The daemon answered with an error. Its message holds no number.

    Attributes:
        code: of JSON-RPC or of signal-cli; for events, the status of HTTP.
        description: why, in signal-cli's words, which may hold a number; it is not part of the message.
        outcomes: what became of a message, for each recipient: ``UNREGISTERED_FAILURE``.
    """

    def __init__(self, method: str, code: int, description: str = "", outcomes: frozenset[str] = frozenset()) -> None:
        what = ", ".join(sorted(outcomes)) or str(code)
        super().__init__(f"signal-cli answered {what} to {method}")
        self.code = code
        self.description = description
        self.outcomes = outcomes


class SignalCli:
    """A client of one daemon.

    Args:
        base: where the daemon listens, without a slash at the end.
        answer_s: how long an answer may take; sending to somebody new takes seconds.
        silence_s: after how long without a byte the stream of events is dead; a live one says ``:`` each 15 s, and
            before 0.14.4 not even its headers come sooner.

    Attributes:
        address: ``base`` without the name and password that it may hold, for show.
    """

    def __init__(self, base: str, *, answer_s: float = 30.0, silence_s: float = 45.0) -> None:
        url = httpx.URL(base)
        self.address = str(url.copy_with(userinfo=b""))
        self._base = base
        self._answer_s = answer_s
        self._silence_s = silence_s
        hush("httpx", "httpcore")
        # The time for an answer as a whole is limited below; these limits would begin anew with each byte.
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=_CONNECT_S, pool=_CONNECT_S), trust_env=not is_near(url.host)
        )

    async def check(self) -> None:
        """Raises Unreachable if no signal-cli listens; ``sent`` says whether anything else does."""
        status = (await self._request("GET", "/api/v1/check")).status_code
        if status != httpx.codes.OK:
            raise Unreachable(f"status {status} from {self.address}, which is not signal-cli's")

    async def version(self) -> str:
        return _converted(await self._call("version", {}), _Version).version

    async def accounts(self) -> list[str] | None:
        """The numbers that the daemon serves; ``None`` if it was started for a single one and does not say which."""
        try:
            answer = await self._call("listAccounts", {})
        except Rejected as error:
            if error.code != NO_SUCH_METHOD:
                raise
            return None
        return [each.number for each in _converted(answer, list[_Account])]

    async def send(self, account: str, recipient: str, text: str) -> None:
        """Send a text; of more than 2000 bytes signal-cli makes what Signal calls a long one.

        Args:
            account: the number to send from; empty for the only one that there is.
            recipient: a bare uuid, or a number with +.
        """
        params: dict[str, object] = {"recipient": [recipient], "message": text}
        answer = await self._call("send", params | ({"account": account} if account else {}))
        outcomes = frozenset(each.type for each in _converted(answer, _Sent).results)
        if outcomes and "SUCCESS" not in outcomes:
            raise Rejected("send", 0, outcomes=outcomes)

    @asynccontextmanager
    async def events(self, account: str, last_id: str = "") -> AsyncIterator[AsyncGenerator[ServerSentEvent, None]]:
        """Receive; entered as soon as the daemon has us as a listener and says so.

        Args:
            last_id: of the last event that was taken; a daemon that remembers sends what came after it.
        """
        try:
            async with (
                aconnect_sse(
                    self._client,
                    "GET",
                    f"{self._base}/api/v1/events",
                    params={"account": account} if account else {},
                    headers={"Last-Event-ID": last_id} if last_id else {},
                    timeout=httpx.Timeout(_CONNECT_S, read=self._silence_s),
                ) as source,
                aclosing(source.aiter_sse()) as events,
            ):
                if not _streams(source.response):
                    raise _refused(source.response.status_code, self.address)
                source.response.stream = _Bounded(source.response.stream)
                yield events
        except (httpx.HTTPError, SSEError) as error:
            trouble = self._unreachable(error)
        else:
            return
        raise trouble

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, params: dict[str, object]) -> object:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = await self._request("POST", "/api/v1/rpc", request)
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            answer = None
        if answer is None:
            raise Unreachable(f"status {response.status_code} and no answer of signal-cli from {self.address}")
        if answer.error is not None:
            raise Rejected(method, answer.error.code, answer.error.message, _outcomes(answer.error.data))
        return answer.result

    async def _request(self, verb: str, path: str, body: object = None) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._client.request(verb, self._base + path, content=content, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            trouble = self._unreachable(error)
        raise trouble

    def _unreachable(self, error: httpx.HTTPError | SSEError | TimeoutError) -> Unreachable:
        unsent = isinstance(error, _UNSENT)
        why = "nothing listens there" if isinstance(error, httpx.ConnectError) else type(error).__name__
        return Unreachable(f"no usable answer from signal-cli at {self.address}: {why}", sent=not unsent)


class _Bounded(httpx.AsyncByteStream):
    """A stream whose lines are no longer than an event may be, so that nobody makes us keep more."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 – of an asynchronous client
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held = 0
        async for chunk in self._stream:
            before, newline, _ = chunk.partition(b"\n")
            if held + len(before) > EVENT_LIMIT:
                raise httpx.ReadError("an event is too long")
            held = len(chunk) - chunk.rfind(b"\n") - 1 if newline else held + len(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Error(Struct, frozen=True):
    code: int
    message: str = ""
    data: object = None


class _Answer(Struct, frozen=True):
    result: object = None
    error: _Error | None = None


class _Version(Struct, frozen=True):
    version: str


class _Account(Struct, frozen=True):
    number: str


class _Outcome(Struct, frozen=True):
    type: str


class _Sent(Struct, frozen=True):
    results: list[_Outcome] = []


class _NotSent(Struct, frozen=True):
    response: _Sent


def _converted(answer: object, to: type[_T]) -> _T:
    try:
        return msgspec.convert(answer, to)
    except ValueError:
        pass
    raise Unreachable("signal-cli answered with something else than it does")


def _outcomes(data: object) -> frozenset[str]:
    """What became of a message that reached nobody, as newer versions tell it beside the error."""
    try:
        return frozenset(each.type for each in msgspec.convert(data, _NotSent).response.results)
    except (ValueError, RecursionError):
        return frozenset()


def _streams(response: httpx.Response) -> bool:
    return response.status_code == httpx.codes.OK and "text/event-stream" in response.headers.get("Content-Type", "")


def _refused(status: int, address: str) -> ApiError:
    if status == UNKNOWN_ACCOUNT:
        return Rejected("events", status)
    return Unreachable(f"status {status} from {address}, which does not stream events")
