"""A signal-cli daemon that is strict where the real one is, with people on Signal who write to its accounts.

It follows signal-cli's HTTP daemon (``HttpServerHandler``, ``SignalJsonRpcCommandHandler``), as measured with 0.13.19:

- messages wait at Signal until somebody listens for events, and are gone once they are handed over;
- before the first event or keep-alive, not even the headers of the stream come (``late_headers``);
- recipients are bare uuids or numbers with +, ``application/json`` is required, other names of the host are refused;
- a message that reached nobody is an error, with what became of it beside it.

Beyond that it misbehaves on demand (:meth:`FakeSignal.fail`), as networks and servers do. :meth:`FakeSignal.program`
makes a ``signal-cli`` to start, which serves the same people at the address that it is given.

    async with FakeSignal() as signal:
        alice = signal.person(1, "Alice")
        alice.write("hi")
        ...                                  # an adapter with signal.settings() listens
        reply = await alice.next_message()
"""

import asyncio
import json
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from clawdbot.domain.names import Channel
from tests.fakes.faults import Fault
from tests.fakes.signal_people import NUMBER, FakePerson, noise, uuid_of

VERSION = "0.14.6"

_RECIPIENT = re.compile(r"\+[0-9]{5,15}|(PNI:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Exchange:
    """One request for JSON-RPC, and its answer."""

    asked: Any
    answer: Any


class Refusal(Exception):
    """An error of JSON-RPC."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.answer = {"code": code, "message": message, "data": data}


@dataclass(eq=False)
class _Stream:
    """Somebody who listens for the events of some accounts."""

    accounts: frozenset[str]
    request: web.Request
    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False


class FakeSignal:
    """The daemon and Signal behind it. ``asked`` is all that clients asked for by JSON-RPC."""

    channel = Channel.SIGNAL

    def __init__(self, *, keep_alive: float = 15.0, late_headers: bool = False, numbered: bool = False) -> None:
        self.keep_alive = keep_alive
        self.late_headers = late_headers
        self.numbered = numbered
        """Do events have ids, as versions to come give them?"""
        self.accounts = [NUMBER]
        self.asked: list[Exchange] = []
        self.started: list[list[str]] = []
        """How signal-cli was started, each time."""
        self.last_event_ids: list[str | None] = []
        """What those who listen had last, as they say."""
        self.connections = self.keep_alives = 0
        self._people: dict[str, FakePerson] = {}
        self._waiting: dict[str, deque[bytes]] = defaultdict(deque)
        self._streams: list[_Stream] = []
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._last_at = 0
        self._events = 0
        self._port = 0
        self._sites: list[web.AppRunner] = []

    # --- the server ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._port = await self.serve(None, self._port)

    async def stop(self) -> None:
        """Go away, keeping everything; :meth:`start` comes back at the same address."""
        self.drop()
        for site in self._sites:
            await site.cleanup()
        self._sites.clear()

    async def serve(self, only: str | None, port: int = 0) -> int:
        """Listen, for all accounts or for a single one, as after ``-a``; the port."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/v1/check", partial(self._check, only))
        app.router.add_route("*", "/api/v1/rpc", partial(self._rpc, only))
        app.router.add_route("*", "/api/v1/events", partial(self._listen, only))
        app.router.add_post("/started", self._was_started)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self._sites.append(runner)
        return int(runner.addresses[0][1])

    def program(self, folder: Path) -> Path:
        """A ``signal-cli`` that can be started as long as we listen."""
        path = folder / "signal-cli"
        path.write_text(
            f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(_ROOT)!r})\n"
            f"from tests.fakes.signal_cli import main\nmain({self.url!r})\n"
        )
        path.chmod(0o755)
        return path

    # --- what tests and demonstrations do -----------------------------------------------------------------------------

    def settings(self) -> dict[str, object]:
        """The keys of ``channels.signal``."""
        return {"account": NUMBER, "httpUrl": self.url}

    def person(self, number: int, name: str) -> FakePerson:
        """Somebody who shows his number."""
        return self._person(number, name, hidden=False)

    def hidden(self, number: int, name: str) -> FakePerson:
        """Somebody who does not show his number."""
        return self._person(number, name, hidden=True)

    def _person(self, number: int, name: str, *, hidden: bool) -> FakePerson:
        phone = f"+1555{number:07}"
        known = self._people.get(phone)
        if known is None:
            known = FakePerson(self.push, self.now, phone, uuid_of(phone), name, hidden)
            self._people[phone] = self._people[known.uuid] = known
        return known

    def now(self) -> int:
        """The time in milliseconds; each asked for is another."""
        self._last_at = max(int(time.time() * 1000), self._last_at + 1)
        return self._last_at

    def push(self, envelope: Mapping[str, object], to: str = NUMBER, **more: object) -> None:
        """Let signal-cli have an envelope for an account."""
        self.push_raw(json.dumps({"envelope": envelope, "account": to, **more}), to)

    def push_raw(self, data: str, to: str = NUMBER) -> None:
        """Send any event at all."""
        self._events += 1
        number = f"id:{self._events}\n" if self.numbered else ""
        self._waiting[to].append(f"{number}event:receive\ndata:{data}\n\n".encode("utf-8", "surrogatepass"))
        for stream in self._streams:
            stream.news.set()

    def redeliver(self, person: FakePerson) -> None:
        """Send somebody's last message once more."""
        assert person.last is not None
        self.push(*person.last)

    def drop(self) -> None:
        """Break the connections of those who listen."""
        for stream in self._streams:
            stream.is_gone = True
            if stream.request.transport is not None:
                stream.request.transport.abort()

    def fail(self, path: str, *faults: Fault) -> None:
        """Let the next requests for ``check``, ``rpc`` or ``events`` go wrong, one after the other."""
        self._faults[path].extend(faults)

    @property
    def listening(self) -> int:
        """How many listen for events."""
        return len(self._streams)

    @property
    def unheard(self) -> int:
        """How many events wait for somebody who listens."""
        return sum(map(len, self._waiting.values()))

    def noise(self, person: FakePerson) -> Mapping[str, Callable[[], object]]:
        """What is no new direct text."""
        return noise(person, self.push)

    # --- signal-cli ---------------------------------------------------------------------------------------------------

    async def _met(self, path: str, verb: str, request: web.Request) -> web.StreamResponse | None:
        """What goes wrong with a request before it is looked at."""
        if request.url.host not in ("localhost", "127.0.0.1", "::1"):
            return web.Response(status=421)
        if request.method != verb:
            return web.Response(status=405)
        faults = self._faults[path]
        return await faults.popleft()(request) if faults else None

    async def _check(self, _: str | None, request: web.Request) -> web.StreamResponse:
        return await self._met("check", "GET", request) or web.Response()

    async def _rpc(self, only: str | None, request: web.Request) -> web.StreamResponse:
        if (met := await self._met("rpc", "POST", request)) is not None:
            return met
        if request.content_type != "application/json":
            return web.Response(status=415)
        try:
            asked = json.loads(await request.text())
        except ValueError:
            error = Refusal(-32700, "Unexpected character").answer
            return web.json_response({"jsonrpc": "2.0", "error": error, "id": None})
        if isinstance(asked, list):
            answers = [self._answer(only, each) for each in asked]
            return web.json_response([each for each in answers if each is not None])
        answer = self._answer(only, asked)
        return web.Response(status=201) if answer is None else web.json_response(answer)

    def _answer(self, only: str | None, asked: Any) -> Any:
        answer: dict[str, object] = {"jsonrpc": "2.0"}
        try:
            if not isinstance(asked, dict) or asked.get("jsonrpc") != "2.0":
                raise Refusal(-32600, "only jsonrpc version 2.0 is supported")
            answer["result"] = self._called(only, asked.get("method"), asked.get("params") or {})
        except Refusal as no:
            answer["error"] = no.answer
        answer["id"] = asked.get("id") if isinstance(asked, dict) else None
        self.asked.append(Exchange(asked, answer))
        return None if answer["id"] is None and "error" not in answer else answer

    def _called(self, only: str | None, method: object, params: Mapping[str, Any]) -> object:
        match method:
            case "version":
                return {"version": VERSION}
            case "listAccounts" if only is None:
                return [{"number": number} for number in self.accounts]
            case "send":
                return self._send(only, params)
            case _:
                raise Refusal(-32601, "Method not implemented")

    def _send(self, only: str | None, params: Mapping[str, Any]) -> object:
        account = only or params.get("account") or (self.accounts[0] if len(self.accounts) == 1 else None)
        if account is None:
            raise Refusal(-32602, "Method requires valid account parameter")
        if account not in self.accounts:
            raise Refusal(-32602, "Specified account does not exist")
        [recipient], text = params.get("recipient", [None]), params.get("message")
        if not isinstance(recipient, str) or not _RECIPIENT.fullmatch(recipient):
            raise Refusal(-1, f'Invalid phone number "{recipient}"')
        if not isinstance(text, str) or not text:
            raise Refusal(-1, "Sending empty message is not allowed")
        person = self._people.get(recipient.lower())
        outcome = person.outcome if person else "UNREGISTERED_FAILURE"
        address = {"uuid": person.uuid, "number": person.number} if person else {"uuid": None, "number": recipient}
        sent = {"timestamp": self.now(), "results": [{"recipientAddress": address, "type": outcome}]}
        if outcome != "SUCCESS":
            code = {"IDENTITY_FAILURE": -4, "RATE_LIMIT_FAILURE": -5}.get(outcome, -1)
            raise Refusal(code, "Failed to send message", {"response": sent})
        assert person is not None
        person.get(text)
        return sent

    async def _listen(self, only: str | None, request: web.Request) -> web.StreamResponse:
        if (met := await self._met("events", "GET", request)) is not None:
            return met
        account = only or request.query.get("account")
        if account and account not in self.accounts:
            return web.Response(status=400)
        self.last_event_ids.append(request.headers.get("Last-Event-ID"))
        stream = _Stream(frozenset([account] if account else self.accounts), request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._streams.append(stream)
        self.connections += 1
        try:
            if not self.late_headers:
                await response.prepare(request)
            while True:
                events = self._next_for(stream) or [b":\n"] * await self._is_quiet(stream)
                for event in events:
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(event)
        except ConnectionError:
            return response
        finally:
            self._streams.remove(stream)

    def _next_for(self, stream: _Stream) -> list[bytes]:
        stream.news.clear()
        if stream.is_gone:
            return []
        found = [event for account in sorted(stream.accounts) for event in self._waiting[account]]
        for account in stream.accounts:
            self._waiting[account].clear()
        return found

    async def _is_quiet(self, stream: _Stream) -> bool:
        """Wait for news; there are none until it is time for a keep-alive."""
        try:
            async with asyncio.timeout(self.keep_alive):
                await stream.news.wait()
        except TimeoutError:
            self.keep_alives += 1
            return True
        return False

    async def _was_started(self, request: web.Request) -> web.StreamResponse:
        """A :meth:`program` tells how it was started; where it leads, or why it ends."""
        asked = await request.json()
        self.started.append(asked["argv"])
        account = asked["account"]
        if account and account not in self.accounts:
            return web.json_response({"error": f"User {account} is not registered."})
        return web.json_response({"port": await self.serve(account) if account else self._port})


def error(code: int, message: str = "Failed to send message", data: object = None) -> Fault:
    """An answer of JSON-RPC that says no."""

    async def fault(_: web.Request) -> web.StreamResponse:
        return web.json_response({"jsonrpc": "2.0", "error": Refusal(code, message, data).answer, "id": 1})

    return fault
