"""A Slack that is strict where the real one is, with people who write to an app and get its messages.

It follows https://docs.slack.dev (Web API, Socket Mode, Events API):

- each method wants its kind of token and its scope; the URL of a WebSocket is good for one connection, ten at most;
- the first frame is ``hello``; an envelope goes to one connection and comes again, with its attempt counted, when it is
  not acknowledged in time or its connection is lost; with nobody connected it waits for the next one;
- a press comes like an event where interactivity is switched on; blocks: :mod:`tests.fakes.slack_blocks`;
- texts are escaped on their way in, and read as markup on their way out, so that ``<!channel>`` calls everybody.

Beyond that it misbehaves on demand (:meth:`FakeSlack.fail`, :meth:`FakeSlack.disconnect`), as networks and servers do.

    async with FakeSlack() as slack:
        alice = slack.person(1, "Alice")
        alice.write("hi")
        ...                                  # a bot with slack.token and slack.app_token connects to slack.api_base
        reply = await alice.next_message()
"""

import asyncio
import html
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import WSMsgType, web

from clawdbot.domain.names import Channel
from tests.fakes import slack_blocks
from tests.fakes.faults import Fault, raw

TOKEN = "xoxb-0000000001-0000000002-TESTtokenOfNoApp"
APP_TOKEN = "xapp-1-A0CLAWD-0000000003-testtokenofnoapp"
SCOPES = ("chat:write", "im:history", "im:write", "users:read")

_WRITES = ("chat.postMessage", "chat.update", "chat.postEphemeral")
_NEEDS = {
    **dict.fromkeys(_WRITES, "chat:write"),
    **{"conversations.open": "im:write", "users.info": "users:read"},
}
_METHODS = {"auth.test", "apps.connections.open", *_NEEDS}
_MOST_CONNECTIONS = 10
_MOST_RETRIES = 3
_CALL = re.compile(r"<[!@#][^>]*>")


class Refusal(Exception):
    """An answer that says no."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    asked: Mapping[str, Any]
    answer: Any


@dataclass
class Sent:
    """An envelope: how often it was sent, and whether it was acknowledged."""

    envelope: dict[str, Any]
    attempts: int = 0
    acknowledged: bool = False
    over: web.WebSocketResponse | None = None
    timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


@dataclass
class FakePerson:
    """Somebody in the workspace."""

    slack: "FakeSlack"
    number: int
    name: str
    deactivated: bool = False
    received: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    """Whom a message of the bot has called: ``<!channel>``."""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the bot sent, by its time, as it is now."""
    shown: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """What the bot showed him, and nobody else."""
    _mail: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _last: dict[str, Any] = field(default_factory=dict)

    @property
    def sender(self) -> str:
        return f"U0PERSON{self.number}"

    @property
    def direct(self) -> str:
        """The direct conversation with the bot."""
        return f"D0PERSON{self.number}"

    @property
    def id_line(self) -> str:
        return f"Your Slack user id: {self.sender}"

    def write(self, text: str, /, **more: object) -> Sent:
        """Send the bot a text, or whatever ``more`` makes of the event; ``None`` leaves a field out."""
        self._last = self.slack.payload(self.message(text, **more))
        return self.slack.push(self._last)

    def message(self, text: str, /, **more: object) -> dict[str, object]:
        ts = self.slack.timestamp()
        event: dict[str, object] = {
            **{"client_msg_id": f"client-{ts}", "type": "message", "text": html.escape(text, quote=False)},
            **{"user": self.sender, "ts": ts, "event_ts": ts, "team": self.slack.team_id},
            **{"channel": self.direct, "channel_type": "im", "blocks": [{"type": "rich_text", "elements": []}]},
        }
        return {key: value for key, value in (event | more).items() if value is not None}

    async def next_message(self, timeout: float = 30.0) -> str:
        async with asyncio.timeout(timeout):
            return await self._mail.get()

    async def press(self, message: str, data: str, *, timeout: float = 30.0) -> str:
        """Press a button under a message of the bot; what is shown then. Programs of people's own may send any data."""
        async with asyncio.timeout(timeout):
            self.slack.push(self.slack.press(self, message, data), "interactive")
            return await self.shown.get()

    def buttons(self) -> dict[str, list[list[str]]]:
        """What the buttons under each message say that has some."""
        rows = {ts: slack_blocks.data_of(message["blocks"]) for ts, message in self.messages.items()}
        return {ts: each for ts, each in rows.items() if each}

    def latest(self) -> str:
        """The last message of the bot."""
        return list(self.messages)[-1]

    def shows(self, message: str) -> str:
        """A message of the bot as it looks now."""
        found = self.messages[message]
        return slack_blocks.shown(found["text"], found["blocks"])

    def get(self, markup: str) -> None:
        self.called += _CALL.findall(markup)
        self.received.append(html.unescape(markup))
        self._mail.put_nowait(self.received[-1])


class FakeSlack:
    """The workspace, with one app in it. All that its clients asked is in ``traffic``."""

    channel = Channel.SLACK
    team_id, app_id, user_id, bot_id = "T0TEAM", "A0CLAWD", "U0CLAWD", "B0CLAWD"

    def __init__(self, *, ack_s: float = 3.0) -> None:
        self.token, self.app_token = TOKEN, APP_TOKEN
        self.scopes: tuple[str, ...] = SCOPES
        self.ack_s = ack_s
        self.socket_mode = True
        self.interactivity = True
        self.enterprise = False
        self.traffic: list[Exchange] = []
        self.sockets: dict[web.WebSocketResponse, web.Request] = {}
        self.most_sockets = 0
        self.deaf = False
        """Frames are read, and nothing is answered: a connection that is there and yet is not."""
        self.mute = False
        """No greeting."""
        self.sent: list[Sent] = []
        self._people: dict[str, FakePerson] = {}
        self._waiting: deque[Sent] = deque()
        self._tickets: set[str] = set()
        self._writes: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._port = 0
        self._runner: web.AppRunner | None = None

    # --- the server ---------------------------------------------------------------------------------------------------

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    def settings(self) -> dict[str, object]:
        return {"botToken": self.token, "appToken": self.app_token, "apiBase": self.api_base}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._handle)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away, keeping everything; :meth:`start` comes back at the same address."""
        self.drop()
        for sent in self.sent:
            sent.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what tests and demonstrations do -----------------------------------------------------------------------------

    def person(self, number: int, name: str) -> FakePerson:
        made = FakePerson(self, number, name)
        return self._people.setdefault(made.sender, made)

    def payload(self, event: Mapping[str, object], **more: object) -> dict[str, Any]:
        """An event as the Events API wraps it."""
        seen_by = {"team_id": self.team_id, "user_id": self.user_id, "is_bot": True, "is_enterprise_install": False}
        wrapped = {
            **{"token": "verification", "team_id": self.team_id, "api_app_id": self.app_id, "event": dict(event)},
            **{"type": "event_callback", "event_id": f"Ev{next(self._numbers):08}", "event_time": int(time.time())},
            **{"authorizations": [seen_by], "is_ext_shared_channel": False, "event_context": "4-none"},
        }
        return {key: value for key, value in (wrapped | more).items() if value is not None}

    def push(self, payload: object, kind: str = "events_api", *, attempt: int = 0) -> Sent:
        """Send an envelope, now or when somebody connects."""
        number = next(self._numbers)
        sent = Sent(
            {"envelope_id": f"00000000-0000-4000-8000-{number:012}", "type": kind, "payload": payload}
            | {"accepts_response_payload": kind != "events_api", "retry_attempt": attempt, "retry_reason": ""}
        )
        self.sent.append(sent)
        self._send(sent)
        return sent

    def press(self, person: FakePerson, message: str, data: str, /, **more: object) -> dict[str, Any]:
        """A press as Slack wraps it, or whatever ``more`` makes of it; ``None`` leaves a field out."""
        assert self.interactivity, "slack shows an error, and tells the app nothing"
        user = {"id": person.sender, "username": person.name.lower(), "name": person.name, "team_id": self.team_id}
        action = {"type": "button", "action_id": "0-0", "block_id": "b1", "value": data, "action_ts": self.timestamp()}
        where = {"type": "message", "message_ts": message, "channel_id": person.direct, "is_ephemeral": False}
        wrapped = {
            **{"type": "block_actions", "user": user, "api_app_id": self.app_id, "token": "verification"},
            **{"container": where, "trigger_id": f"1.2.{next(self._numbers)}", "is_enterprise_install": False},
            **{
                "team": {"id": self.team_id, "domain": "team"},
                "channel": {"id": person.direct, "name": "directmessage"},
            },
            **{"message": {"type": "message", "user": self.user_id, "ts": message, "app_id": self.app_id}},
            **{"response_url": "https://hooks.slack.invalid/actions/1", "actions": [action], "state": {"values": {}}},
        }
        return {key: value for key, value in (wrapped | more).items() if value is not None}

    def redeliver(self, person: FakePerson) -> Sent:
        return self.push(person._last, attempt=1)

    def frame(self, text: str) -> None:
        """Send anything at all to whoever is connected."""
        for socket in self.sockets:
            self._write(socket, text)

    def disconnect(self, reason: str) -> None:
        """Give notice, as Slack does before it closes a connection."""
        self.frame(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "wss-1"}}))

    def drop(self) -> None:
        for request in self.sockets.values():
            if request.transport is not None:
                request.transport.abort()

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method go wrong, one after the other."""
        self._faults[method].extend(faults)

    async def lose_answer(self, request: web.Request) -> web.StreamResponse:
        """A fault: what is asked for is done, and the connection breaks before the answer."""
        self._answer(request, request.match_info["method"], await _asked(request))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def calls(self, method: str) -> list[Exchange]:
        return [each for each in self.traffic if each.method == method]

    @property
    def unacknowledged(self) -> list[Sent]:
        return [each for each in self.sent if not each.acknowledged]

    def timestamp(self) -> str:
        return f"{int(time.time())}.{next(self._numbers):06}"

    def noise(self, person: FakePerson) -> Mapping[str, Callable[[], object]]:
        def event(**more: object) -> Callable[[], object]:
            return lambda: self.push(self.payload(person.message("noise", **more)))

        def wrapped(**more: object) -> Callable[[], object]:
            return lambda: self.push(self.payload(person.message("noise"), **more))

        def other(kind: str, **more: object) -> Callable[[], object]:
            return lambda: self.push(self.payload({"type": kind, "user": person.sender, **more}))

        inner = {"type": "message", "user": person.sender, "text": "noise", "ts": self.timestamp()}
        changed = {"user": None, "text": None, "hidden": True}
        command = {"command": "/clawd", "text": "noise", "user_id": person.sender, "channel_id": person.direct}
        item = {"type": "message", "channel": person.direct, "ts": inner["ts"]}
        owner = {"team_id": self.team_id, "user_id": "U0OWNER", "is_bot": False}
        return {
            "in a channel": event(channel="C0GENERAL", channel_type="channel"),
            "in a private channel": event(channel="G0SECRET", channel_type="group"),
            "in a conversation of several": event(channel="G0SEVERAL", channel_type="mpim"),
            "in no known kind of conversation": event(channel_type=None),
            "a mention in a channel": event(type="app_mention", channel="C0GENERAL", channel_type=None),
            "from a bot": event(bot_id="B0OTHER", user="U0OTHER"),
            "from an old kind of bot": event(subtype="bot_message", bot_id="B0OTHER", user=None),
            "from an app in a person's name": event(bot_id="B0OTHER", app_id="A0OTHER"),
            "from slackbot": event(user="USLACKBOT"),
            "our own echo": event(user=self.user_id, bot_id=self.bot_id, app_id=self.app_id),
            "an edit": event(subtype="message_changed", message=inner, previous_message=inner, **changed),
            "a deletion": event(subtype="message_deleted", previous_message=inner, **changed),
            "an edited message": event(edited={"user": person.sender, "ts": inner["ts"]}),
            "a notice": event(subtype="channel_topic"),
            "a file without a word": event(
                subtype="file_share", text="", files=[{"id": "F1", "url_private": "http://x"}]
            ),
            "nothing but blanks": event(text=" \n"),
            "a reaction": other("reaction_added", reaction="tada", item=item),
            "a look at the app's home": other("app_home_opened", channel=person.direct, tab="messages"),
            "from another workspace": wrapped(team_id="T0OTHER"),
            "for another app": wrapped(api_app_id="A0OTHER"),
            "on behalf of a person": wrapped(authorizations=[owner]),
            "a slash command": lambda: self.push(command, "slash_commands"),
            "a button": lambda: self.push({"type": "block_actions", "user": {"id": person.sender}}, "interactive"),
        }

    # --- socket mode --------------------------------------------------------------------------------------------------

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if not self.socket_mode or len(self.sockets) >= _MOST_CONNECTIONS:
            reason = "too_many_websockets" if self.socket_mode else "link_disabled"
            await socket.send_json({"type": "disconnect", "reason": reason})
            await socket.close()
            return socket
        if not self.mute:
            info = {"app_id": self.app_id}
            await socket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "connection_info": info})
        self.sockets[socket] = request
        self.most_sockets = max(self.most_sockets, len(self.sockets))
        waiting, self._waiting = self._waiting, deque()
        for sent in waiting:
            self._send(sent)
        try:
            await self._listen(socket)
        finally:
            del self.sockets[socket]
            for sent in self.unacknowledged:
                if sent.over is socket:
                    sent.stop()
                    self._send(sent)
        return socket

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if self.deaf:
                continue
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(json.loads(message.data))

    def _send(self, sent: Sent) -> None:
        """Send over the newest connection; again when it is not acknowledged, at most three times."""
        if sent.acknowledged or sent.attempts > _MOST_RETRIES:
            return
        if not self.sockets:
            self._waiting.append(sent)
            return
        envelope = sent.envelope
        if sent.attempts:
            envelope = envelope | {"retry_attempt": sent.attempts, "retry_reason": "timeout"}
        sent.attempts += 1
        sent.over = list(self.sockets)[-1]
        self._write(sent.over, json.dumps(envelope))
        sent.timer = asyncio.get_running_loop().call_later(self.ack_s, self._send, sent)

    def _acknowledge(self, said: Mapping[str, Any]) -> None:
        for sent in self.sent:
            if sent.envelope["envelope_id"] == said["envelope_id"]:
                sent.acknowledged = True
                sent.stop()

    def _write(self, socket: web.WebSocketResponse, text: str) -> None:
        async def write() -> None:
            with suppress(ConnectionError, RuntimeError):
                await socket.send_str(text)

        task = asyncio.create_task(write())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    # --- the web api --------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, asked = request.match_info["method"], await _asked(request)
        faults = self._faults[method]
        answer = await faults.popleft()(request) if faults else None
        body: Any = None
        if answer is None:
            body = self._answer(request, method, asked)
            answer = web.json_response(body)
            if method != "apps.connections.open":
                answer.headers["x-oauth-scopes"] = ",".join(self.scopes)
        self.traffic.append(Exchange(method, asked, body))
        return answer

    def _answer(self, request: web.Request, method: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._check(request, method)
            match method:
                case "auth.test":
                    return self._me()
                case "apps.connections.open":
                    return {"ok": True, "url": self._ticket()}
                case "users.info":
                    return self._user(str(asked.get("user", "")))
                case "conversations.open":
                    return {"ok": True, "channel": {"id": self._opened(str(asked.get("users", "")))}}
                case "chat.update":
                    return self._update(asked)
                case "chat.postEphemeral":
                    return self._show(asked)
                case _:
                    return self._post(asked)
        except Refusal as no:
            more = {"needed": _NEEDS[method], "provided": ",".join(self.scopes)} if str(no) == "missing_scope" else {}
            return {"ok": False, "error": str(no), **more}

    def _check(self, request: web.Request, method: str) -> None:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        is_app = method == "apps.connections.open"
        if method not in _METHODS:
            raise Refusal("unknown_method")
        if not token:
            raise Refusal("not_authed")
        if token not in (self.token, self.app_token):
            raise Refusal("invalid_auth")
        if (token == self.app_token) != is_app or (is_app and request.method != "POST"):
            raise Refusal("not_allowed_token_type")
        if method in _NEEDS and _NEEDS[method] not in self.scopes:
            raise Refusal("missing_scope")

    def _me(self) -> dict[str, Any]:
        where = {"url": "https://team.slack.com/", "team": "Team", "team_id": self.team_id}
        bot = {"user": "clawd", "user_id": self.user_id, "bot_id": self.bot_id}
        return {"ok": True, **where, **bot, "is_enterprise_install": self.enterprise}

    def _ticket(self) -> str:
        ticket = f"ticket-{next(self._numbers)}"
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._port}/link?ticket={ticket}&app_id={self.app_id}"

    def _user(self, user_id: str) -> dict[str, Any]:
        person = self._people.get(user_id)
        if person is None:
            raise Refusal("user_not_found")
        profile = {"display_name": "", "real_name": person.name}
        return {"ok": True, "user": {"id": user_id, "name": person.name.lower(), "profile": profile}}

    def _opened(self, user_id: str) -> str:
        person = self._people.get(user_id)
        if person is None:
            raise Refusal("cannot_dm_bot" if user_id == self.user_id else "user_not_found")
        if person.deactivated:
            raise Refusal("user_disabled")
        return person.direct

    def _post(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        person, content, ts = self._in(asked), _content(asked), self.timestamp()
        person.messages[ts] = {"blocks": [], **content}
        person.get(content["text"])
        return {"ok": True, "channel": person.direct, "ts": ts}

    def _update(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Blocks that are not mentioned stay."""
        person, ts = self._in(asked), str(asked.get("ts"))
        if ts not in person.messages:
            raise Refusal("message_not_found")
        person.messages[ts] |= _content(asked)
        return {"ok": True, "channel": person.direct, "ts": ts, "text": asked["text"]}

    def _show(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        person = self._in(asked)
        if asked.get("user") != person.sender:
            raise Refusal("user_not_in_channel")
        person.shown.put_nowait(html.unescape(_content(asked)["text"]))
        return {"ok": True, "message_ts": self.timestamp()}

    def _in(self, asked: Mapping[str, Any]) -> FakePerson:
        person = next((each for each in self._people.values() if each.direct == asked.get("channel")), None)
        if person is None or person.deactivated:
            raise Refusal("channel_not_found")
        return person


def _content(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a message shall have: a text always, for notifications, and blocks."""
    text = asked.get("text", "")
    if not isinstance(text, str) or not text.strip():
        raise Refusal("no_text")
    if len(text) > 40_000:
        raise Refusal("msg_too_long")
    try:
        blocks = slack_blocks.read(asked)
    except slack_blocks.InvalidBlocks:
        raise Refusal("invalid_blocks") from None
    return {"text": text} if blocks is None else {"text": text, "blocks": blocks}


async def _asked(request: web.Request) -> Mapping[str, Any]:
    """The parameters of a call, from its URL and its body, which is a form or JSON."""
    if request.content_type == "application/json":
        body = await request.json()
        return {**request.query, **(body if isinstance(body, dict) else {})}
    return {**request.query, **(await request.post())}


def error(word: str, **more: str) -> Fault:
    """An answer of the Web API that says no."""
    return raw(json.dumps({"ok": False, "error": word, **more}))


def too_many(retry_after: int | str) -> Fault:
    """Too many requests: the status, the header and the body."""

    async def fault(_: web.Request) -> web.StreamResponse:
        headers = {"Retry-After": str(retry_after)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    return fault
