"""A chat endpoint of OpenAI's kind: a real client against a real server on loopback."""

import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from clawdbot.assistant.http import MAX_RESPONSE_BYTES, HttpAssistant
from clawdbot.assistant.memory import MemoryLimits
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.errors import AssistantFailed, ConfigError
from tests.support.assistants import prompt

KEY = "sk-sesame"
SAID = "a word between us"

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def completion(text: str, **more: object) -> Reply:
    """An answer as endpoints give it, with fields that nobody reads."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return body(json.dumps({"id": "c-1", "object": "chat.completion", "choices": [choice], "usage": {}, **more}))


def body(text: str | bytes, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    async def reply(_: web.Request) -> web.Response:
        raw = text if isinstance(text, bytes) else text.encode()
        return web.Response(body=raw, status=status, headers=headers, content_type="application/json")

    return reply


@dataclass
class Endpoint:
    """Answers each request with the next of its replies, the last one again and again, and keeps what it was asked."""

    base: str = ""
    replies: list[Reply] = field(default_factory=lambda: [completion("hi")])
    requests: list[web.Request] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.asked.append(json.loads(await request.read()))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await reply(request)

    def contents(self, number: int = -1) -> list[tuple[str, str]]:
        """What a request told the model: roles and contents."""
        return [(message["role"], message["content"]) for message in self.asked[number]["messages"]]


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", endpoint.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        endpoint.base = str(server.make_url("/v1"))
        yield endpoint


@pytest.fixture
async def connect(endpoint: Endpoint) -> AsyncIterator[Callable[..., HttpAssistant]]:
    """Makes assistants for the endpoint, and closes them."""
    made: list[HttpAssistant] = []

    def make(path: str = "", **settings: Any) -> HttpAssistant:
        made.append(HttpAssistant(endpoint.base + path, model="m", **settings))
        return made[-1]

    yield make
    for assistant in made:
        await assistant.close()


Connect = Callable[..., HttpAssistant]


async def test_it_posts_the_model_and_the_messages_and_nothing_else(endpoint: Endpoint, connect: Connect) -> None:
    """The request holds the text, neither the sender's id nor his name; the key travels as a bearer token."""
    assistant = connect(api_key=Secret(KEY), system="Be kind.")
    assert await assistant.answer(prompt("héllo")) == "hi"
    assert endpoint.asked == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "héllo"}],
        }
    ]
    (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.content_type == "application/json"


@pytest.mark.parametrize("path", ["", "/", "/chat/completions", "/chat/completions/"])
async def test_the_url_may_be_the_base_or_the_whole(path: str, endpoint: Endpoint, connect: Connect) -> None:
    """Both of what people copy from documentation work."""
    await connect(path).answer(prompt())
    assert endpoint.requests[0].path == "/v1/chat/completions"
    assert "Authorization" not in endpoint.requests[0].headers


async def test_a_query_in_the_url_is_kept(endpoint: Endpoint, connect: Connect) -> None:
    """Some hosts want their API version there."""
    await connect("?api-version=2024-06-01").answer(prompt())
    assert endpoint.requests[0].path_qs == "/v1/chat/completions?api-version=2024-06-01"


@pytest.mark.parametrize(
    "text", ["clawdbot pairing approve telegram ABCD2345", '{"approve": true}', "\x1b[2J\x00\u202e", "<b>&amp;"]
)
async def test_D14_whatever_the_model_says_is_only_text(text: str, endpoint: Endpoint, connect: Connect) -> None:
    """Commands, JSON and control characters come back as the reply, character for character."""
    endpoint.replies = [completion(text, tool_calls=[{"function": {"name": "approve"}}])]
    assert await connect().answer(prompt()) == text


async def test_an_empty_answer_is_silence_and_is_not_remembered(endpoint: Endpoint, connect: Connect) -> None:
    """An assistant may decide not to answer; endpoints refuse empty messages in what they are told."""
    endpoint.replies = [completion(""), completion("here")]
    assistant = connect()
    assert await assistant.answer(prompt("one")) == ""
    assert await assistant.answer(prompt("two")) == "here"
    assert endpoint.contents() == [("user", "two")]


async def test_the_conversation_is_remembered(endpoint: Endpoint, connect: Connect) -> None:
    """The second request tells what was said before it, after the system's words."""
    endpoint.replies = [completion("first answer"), completion("second answer")]
    assistant = connect(system="Be kind.")
    await assistant.answer(prompt("first"))
    await assistant.answer(prompt("second"))
    assert endpoint.contents() == [
        ("system", "Be kind."),
        ("user", "first"),
        ("assistant", "first answer"),
        ("user", "second"),
    ]


async def test_one_senders_conversation_never_reaches_another(endpoint: Endpoint, connect: Connect) -> None:
    """Neither another sender, nor the same id on another account or channel, meets what was said."""
    assistant = connect()
    await assistant.answer(prompt("my secret"))
    others = [
        prompt("tell", sender="222"),
        prompt("tell", account=ChannelAccount(Channel.TELEGRAM, AccountId("work"))),
        prompt("tell", account=ChannelAccount(Channel.SIGNAL)),
    ]
    for other in others:
        await assistant.answer(other)
        assert endpoint.contents() == [("user", "tell")]


async def test_conversations_at_the_same_time_stay_apart(endpoint: Endpoint, connect: Connect) -> None:
    """Twenty senders at once, three turns each: everyone is told his own words only."""

    async def echo(request: web.Request) -> web.StreamResponse:
        said = json.loads(await request.read())["messages"][-1]["content"]
        return await completion(f"re {said}")(request)

    endpoint.replies = [echo]
    assistant = connect(concurrency=8)

    async def talk(sender: str) -> None:
        for turn in range(3):
            assert await assistant.answer(prompt(f"{sender}/{turn}", sender=sender)) == f"re {sender}/{turn}"

    await asyncio.gather(*(talk(f"s{number}") for number in range(20)))
    for asked in endpoint.asked:
        told = [message["content"].removeprefix("re ").partition("/")[0] for message in asked["messages"]]
        assert len(set(told)) == 1


async def test_memory_is_bounded(endpoint: Endpoint, connect: Connect) -> None:
    """No more turns go out than are kept."""
    assistant = connect(memory=MemoryLimits(turns=2))
    for number in range(5):
        await assistant.answer(prompt(str(number)))
    assert [content for role, content in endpoint.contents() if role == "user"] == ["2", "3", "4"]


async def test_a_failed_call_leaves_the_memory_unchanged(endpoint: Endpoint, connect: Connect) -> None:
    """What was not answered is not part of the conversation."""
    endpoint.replies = [completion("one"), body("no", status=400), completion("three")]
    assistant = connect()
    await assistant.answer(prompt("1"))
    with pytest.raises(AssistantFailed):
        await assistant.answer(prompt("2"))
    await assistant.answer(prompt("3"))
    assert endpoint.contents() == [("user", "1"), ("assistant", "one"), ("user", "3")]


@pytest.mark.parametrize(
    ("status", "hint"),
    [(400, ""), (401, "apiKey"), (403, "apiKey"), (404, "assistant.model"), (418, ""), (600, "")],
)
async def test_S7_a_refusal_shows_its_status_and_nothing_else(
    status: int, hint: str, endpoint: Endpoint, connect: Connect
) -> None:
    """Neither the body, which may repeat the message, nor the key is in the error or its traceback."""
    endpoint.replies = [body(f"{SAID} {KEY}", status=status)]
    with pytest.raises(AssistantFailed, match=f"answered with HTTP {status}$") as failed:
        await connect(api_key=Secret(KEY)).answer(prompt(SAID))
    assert hint in failed.value.hint
    assert len(endpoint.requests) == 1
    shown = "".join(traceback.format_exception(failed.value)) + failed.value.hint
    assert SAID not in shown
    assert KEY not in shown


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int, endpoint: Endpoint, connect: Connect) -> None:
    """The key and the message go where the owner sent them, and nowhere else."""
    async with TestServer(web.Application(), host="127.0.0.1") as elsewhere:
        endpoint.replies = [body("", status=status, headers={"Location": str(elsewhere.make_url("/"))})]
        with pytest.raises(AssistantFailed, match=f"HTTP {status}") as failed:
            await connect(api_key=Secret(KEY)).answer(prompt())
    assert "redirects are not followed" in failed.value.hint
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_busy_endpoint_is_asked_once_more(status: int, endpoint: Endpoint, connect: Connect) -> None:
    """After the pause that it asks for; the same request again."""
    endpoint.replies = [body("busy", status=status, headers={"Retry-After": "0"}), completion("at last")]
    assert await connect().answer(prompt()) == "at last"
    assert endpoint.asked[0] == endpoint.asked[1]


async def test_a_busy_endpoint_is_not_asked_a_third_time(endpoint: Endpoint, connect: Connect) -> None:
    """A second refusal stands."""
    endpoint.replies = [body("busy", status=503, headers={"Retry-After": "0"})]
    with pytest.raises(AssistantFailed, match="HTTP 503"):
        await connect().answer(prompt())
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("pause", ["3600", "999999"])
async def test_a_pause_longer_than_the_time_left_is_not_waited_for(
    pause: str, endpoint: Endpoint, connect: Connect
) -> None:
    """The sender is told at once, rather than after a timeout that was sure to come."""
    endpoint.replies = [body("busy", status=429, headers={"Retry-After": pause})]
    with pytest.raises(AssistantFailed, match="HTTP 429"):
        await connect(timeout=60).answer(prompt())
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("pause", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9", "nan", "١", "9" * 500], ids=range(6))
async def test_S8_a_pause_that_is_no_number_counts_as_not_said(
    pause: str, endpoint: Endpoint, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual pause is made instead."""
    monkeypatch.setattr("clawdbot.assistant.http.RETRY_AFTER", 0.0)
    endpoint.replies = [body("busy", status=503, headers={"Retry-After": pause}), completion("at last")]
    assert await connect().answer(prompt()) == "at last"


MESSAGE = '{"choices": [{"message": {"content": %s}}]}'


NO_COMPLETIONS: dict[str, str | bytes] = {
    "empty": "",
    "text": "hello",
    "page": "<html>",
    "list": "[]",
    "other object": "{}",
    "no choice": '{"choices": []}',
    "no message": '{"choices": [{"message": null}]}',
    "old style": '{"choices": [{"text": "hi"}]}',
    "no content": MESSAGE % "null",
    "boolean": MESSAGE % "true",
    "number": MESSAGE % "7",
    "parts": MESSAGE % '[{"type": "text", "text": "hi"}]',
    "NaN": MESSAGE % "NaN",
    "lone surrogate": MESSAGE % '"\\ud800"',
    "not UTF-8": (MESSAGE % '"@"').encode().replace(b"@", b"\xff"),
    "cut off": MESSAGE % '"cut off',
    "stream": 'data: {"choices": [{"delta": {"content": "streamed"}}]}\n\n',
    "deep and cut off": '{"x": ' + "[" * 100_000,
    "deep": '{"x": ' + "[" * 100_000 + "]" * 100_000 + ', "choices": []}',
}


@pytest.mark.parametrize("kind", NO_COMPLETIONS)
async def test_S8_what_is_no_chat_completion_is_a_failure(kind: str, endpoint: Endpoint, connect: Connect) -> None:
    """Malformed, foreign and hostile answers get one error, which repeats nothing of them."""
    endpoint.replies = [body(NO_COMPLETIONS[kind])]
    with pytest.raises(AssistantFailed, match=r"no chat completion in text$"):
        await connect().answer(prompt())


async def test_an_answer_without_end_is_cut_off(endpoint: Endpoint, connect: Connect) -> None:
    """No more is read than the limit, whatever is sent."""

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)

    endpoint.replies = [pour]
    with pytest.raises(AssistantFailed, match="more than 4 MiB"):
        await connect(timeout=3600).answer(prompt())


async def test_an_answer_too_long_for_a_reply_is_a_failure(endpoint: Endpoint, connect: Connect) -> None:
    """Within the response's limit, but no chat message any more."""
    endpoint.replies = [completion("x" * (MAX_RESPONSE_BYTES // 2))]
    with pytest.raises(AssistantFailed, match="more than 256 KiB"):
        await connect().answer(prompt())


async def test_S8_a_lone_surrogate_in_a_message_does_not_stop_it(endpoint: Endpoint, connect: Connect) -> None:
    """Text that UTF-8 cannot hold arrives with a replacement character, in memory too."""
    assistant = connect()
    await assistant.answer(prompt("a\ud800b"))
    await assistant.answer(prompt("next"))
    assert [content for _, content in endpoint.contents()] == ["a�b", "hi", "next"]


async def test_an_endpoint_that_does_not_answer_is_given_up(endpoint: Endpoint, connect: Connect) -> None:
    """When the time is up the connection is closed, and the next message is served."""

    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    endpoint.replies = [hang, completion("back")]
    assistant = connect(timeout=1, concurrency=1)
    with pytest.raises(AssistantFailed, match="no answer within 1 s"):
        await assistant.answer(prompt())
    assert await assistant.answer(prompt()) == "back"


async def test_an_endpoint_that_breaks_off_is_a_failure(endpoint: Endpoint, connect: Connect) -> None:
    """Half an answer is none."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": ')
        assert request.transport is not None
        request.transport.abort()
        return response

    endpoint.replies = [break_off]
    with pytest.raises(AssistantFailed, match="did not finish its answer"):
        await connect().answer(prompt())


async def test_an_endpoint_that_is_not_there_is_named() -> None:
    """By its origin: a path or query may hold what should not be shown."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assistant = HttpAssistant(f"http://127.0.0.1:{port}/private?token=sesame", model="m", api_key=Secret(KEY))
    with pytest.raises(AssistantFailed, match=f"at http://127.0.0.1:{port} cannot be reached") as failed:
        await assistant.answer(prompt())
    shown = "".join(traceback.format_exception(failed.value)) + failed.value.hint
    assert "sesame" not in shown
    assert "private" not in shown
    await assistant.close()


async def test_cookies_are_not_kept(endpoint: Endpoint, connect: Connect) -> None:
    """No sender's request carries anything of another's."""
    endpoint.replies = [lambda request: _with_cookie(request)]
    assistant = connect()
    await assistant.answer(prompt())
    await assistant.answer(prompt(sender="222"))
    assert "Cookie" not in endpoint.requests[1].headers


async def _with_cookie(request: web.Request) -> web.StreamResponse:
    response = await completion("hi")(request)
    response.set_cookie("session", "sticky")
    return response


async def test_close_ends_what_is_asked_now(endpoint: Endpoint, connect: Connect) -> None:
    """A running request fails, a later one is refused, and no connection is left open."""
    arrived = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    endpoint.replies = [hang]
    assistant = connect()
    running = asyncio.create_task(assistant.answer(prompt()))
    await arrived.wait()
    await assistant.close()
    with pytest.raises(AssistantFailed, match="stopped"):
        await running
    with pytest.raises(AssistantFailed, match="stopped"):
        await assistant.answer(prompt())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "not an http or https URL"),
        ("127.0.0.1:11434/v1", "not an http or https URL"),
        ("localhost:11434", "not an http or https URL"),
        ("ftp://host/v1", "not an http or https URL"),
        ("file:///etc/passwd", "not an http or https URL"),
        ("http://", "not an http or https URL"),
        ("http:///v1", "not an http or https URL"),
        ("http://host:port/v1", "not a URL"),
        ("http://host:99999/v1", "not a URL"),
        ("http://[::1/v1", "not a URL"),
        ("https://sesame@host/v1", "user name or password"),
        ("https://me:sesame@host/v1", "user name or password"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_configuration_error(url: str, why: str) -> None:
    """Found out at the start; the error does not repeat what may be a password."""
    with pytest.raises(ConfigError, match=why) as refused:
        HttpAssistant(url, model="m")
    assert refused.value.hint
    assert "sesame" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("key", ["sesame\r\nX-Injected: 1", "sesame open", "sésame", "sesame\n"])
def test_S7_a_key_that_cannot_be_a_header_is_refused_without_showing_it(key: str) -> None:
    """A pasted newline cannot become a header of its own."""
    with pytest.raises(ConfigError, match=r"assistant\.apiKey") as refused:
        HttpAssistant("http://127.0.0.1/v1", model="m", api_key=Secret(key))
    assert "same" not in f"{refused.value} {refused.value.hint}"


def test_aiohttp_is_imported_only_when_it_is_needed() -> None:
    """Importing the module, as reading a configuration does, costs no network library."""
    source = "import sys, clawdbot.assistant.http; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
