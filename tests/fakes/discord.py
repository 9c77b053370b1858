"""A Discord that is strict where the real one is, with people who write to a bot and get its messages.

It follows https://discord.com/developers/docs and what discord.py was seen to need:

- answers are exactly ``application/json``; errors have Discord's codes; a proxy stands in front (``Via``);
- a bot writes to people in a channel that is there or that it opened, at most 2000 characters, and not to those who
  do not want that; a nonce that is enforced makes one message of two;
- messages are shown newest first, a hundred at most, the earliest after a given one;
- the bot's own messages are told to it like those of others;
- buttons and presses: :mod:`tests.fakes.discord_interactions`.

Beyond that it misbehaves on demand (:meth:`FakeDiscord.fail`, :attr:`FakeDiscord.gateway`).

    async with FakeDiscord() as discord:
        alice = discord.person(1, "alice")
        alice.write("hi")
        ...                                  # a bot with discord.settings()
        reply = await alice.next_message()
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from clawdbot.domain.names import Channel
from tests.fakes.discord_gateway import DIRECT_MESSAGES, FakeGateway
from tests.fakes.discord_interactions import (
    Interaction,
    Interactions,
    Refusal,
    change,
    check_components,
    check_text,
    data_of,
)
from tests.fakes.faults import Fault, drop, raw

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GTest0.token_of-a-bot-that-does-not-exist"
BOT_ID = 123456789012345678
_PEOPLE = 80351110224678912
_EPOCH_MS = 1_420_070_400_000


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; ``method`` and path without the version: ``POST /users/@me/channels``."""

    route: str
    asked: Mapping[str, Any]
    status: int


@dataclass
class FakePerson:
    """A person on Discord, and the channel between him and the bot."""

    discord: "FakeDiscord"
    id: int
    name: str
    channel: int
    unreachable: bool = False
    """Blocked the bot, shares no server with it, or takes no messages."""
    received: list[str] = field(default_factory=list)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    _mail: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    @property
    def sender(self) -> str:
        return str(self.id)

    @property
    def id_line(self) -> str:
        return f"Your Discord user id: {self.id}"

    @property
    def user(self) -> dict[str, object]:
        return {
            "id": self.sender,
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name.title(),
            "avatar": None,
        }

    def write(self, text: str, **more: object) -> dict[str, object]:
        """Send the bot a text, or whatever ``more`` makes of the message."""
        message = self.message(content=text, **more)
        self.messages[int(str(message["id"]))] = message
        self.discord.tell("MESSAGE_CREATE", message)
        return message

    def message(self, **more: object) -> dict[str, object]:
        """A message as Discord would show it to the bot; ``...`` leaves a field out."""
        base: dict[str, object] = {
            "id": str(self.discord.snowflake()),
            "channel_id": str(self.channel),
            "author": self.user,
            "content": "",
            "timestamp": "2026-11-22T10:00:00.000000+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
            "components": [],
            "channel_type": 1,
        }
        return {key: value for key, value in (base | more).items() if value is not ...}

    async def next_message(self, timeout: float = 30.0) -> str:
        """The next text from the bot that was not asked for yet. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            return await self._mail.get()

    async def press(self, message: int, data: str, *, timeout: float = 30.0) -> str:
        """Press a button under a message of the bot; what is shown then. Programs of people's own may send any data.

        Raises InteractionFailed if the bot does not answer.
        """
        async with asyncio.timeout(timeout):
            return await self.discord.interactions.wait(self.discord.interact(self, self.messages[message], data))

    def buttons(self) -> dict[int, list[list[str]]]:
        """What the buttons under each message say that has some."""
        return {number: found for number, each in self.messages.items() if (found := data_of(each))}

    def latest(self) -> int:
        """The last message of the bot."""
        return max(number for number, each in self.messages.items() if each["author"] == self.discord.me)

    def shows(self, message: int) -> str:
        """A message of the bot as it looks now."""
        return str(self.messages[message]["content"])

    def get(self, message: dict[str, object]) -> None:
        self.messages[int(str(message["id"]))] = message
        text = str(message["content"])
        self.received.append(text)
        self._mail.put_nowait(text)


class FakeDiscord:
    """The server, the people and the bot. What was asked is in ``traffic``; who is told of what, in ``gateway``."""

    channel = Channel.DISCORD

    def __init__(self, token: str = TOKEN, *, bot_id: int = BOT_ID) -> None:
        self.me: dict[str, object] = {
            "id": str(bot_id),
            "username": "clawd_test_bot",
            "discriminator": "0",
            "global_name": None,
            "avatar": None,
            "bot": True,
        }
        self.gateway = FakeGateway(token, self.me)
        self.interactions = Interactions(str(bot_id))
        self.interacted: list[dict[str, object]] = []
        self.traffic: list[Exchange] = []
        self._people: dict[int, FakePerson] = {}
        self._nonces: dict[str, dict[str, object]] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._last_id = 0
        self._port = 0
        self._runner: web.AppRunner | None = None

    # --- the server ---------------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        return self.gateway.token

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/v10"

    def settings(self) -> dict[str, object]:
        return {"token": self.token, "apiBase": self.api_base, "gatewayUrl": self.gateway.url}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/gw", self.gateway.handle)
        app.router.add_route("*", "/api/v10/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.gateway.url = f"ws://127.0.0.1:{self._port}/gw"

    async def stop(self) -> None:
        """Go away, keeping everything; :meth:`start` comes back at the same address."""
        self.gateway.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what tests and demonstrations do -----------------------------------------------------------------------------

    def snowflake(self) -> int:
        """The next id, higher than all before."""
        self._last_id = max(self._last_id + 1, (int(time.time() * 1000) - _EPOCH_MS) << 22)
        return self._last_id

    def person(self, number: int, name: str) -> FakePerson:
        id = _PEOPLE + number
        if id not in self._people:
            self._people[id] = FakePerson(self, id, name, self.snowflake())
        return self._people[id]

    def tell(self, event: str, data: object) -> None:
        if self.gateway.intents & DIRECT_MESSAGES:
            self.gateway.tell(event, data)

    def interact(self, person: FakePerson, under: dict[str, Any], pressed: str, /, **more: object) -> Interaction:
        """Tell the bot of a press, for which it needs no intent, or of whatever ``more`` makes of it."""
        made = self.interactions.begin(self.snowflake(), under)
        told: dict[str, object] = {
            "id": str(made.id),
            "application_id": self.me["id"],
            "type": 3,
            "token": made.token,
            "version": 1,
            "user": person.user,
            "channel_id": str(person.channel),
            "channel": {"id": str(person.channel), "type": 1, "recipients": [person.user], "last_message_id": None},
            "message": under,
            "data": {"component_type": 2, "custom_id": pressed, "id": 2},
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 1,
            "attachment_size_limit": 10485760,
        }
        self.interacted.append(told | more)
        self.gateway.tell(
            "INTERACTION_CREATE", {key: value for key, value in (told | more).items() if value is not ...}
        )
        return made

    def redeliver(self, person: FakePerson) -> None:
        own = [each for each in person.messages.values() if each["author"] == person.user]
        self.tell("MESSAGE_CREATE", own[-1])

    def drop(self) -> None:
        self.gateway.drop()

    def fail(self, route: str, *faults: Fault) -> None:
        """Let the next requests go wrong, one after the other: ``POST /channels/{}/messages``, ids left out."""
        self._faults[route].extend(faults)

    def asked(self, route: str) -> list[Exchange]:
        return [each for each in self.traffic if each.route == route]

    def noise(self, person: FakePerson) -> Mapping[str, Callable[[], object]]:
        def told(content: str = "noise", **more: object) -> Callable[[], object]:
            return lambda: self.tell("MESSAGE_CREATE", person.message(content=content, **more))

        def event(name: str, **more: object) -> Callable[[], object]:
            place = {"channel_id": str(person.channel), "user_id": person.sender, "message_id": str(self.snowflake())}
            return lambda: self.tell(name, place | more)

        bot = person.user | {"id": str(self.snowflake()), "bot": True}
        edited = person.message(content="noise", edited_timestamp="2026-11-22T10:00:01.000000+00:00")
        interaction = {"id": str(self.snowflake()), "token": "x", "version": 1, "user": person.user}
        return {
            "in a server": told(guild_id="41771983423143937", member={"roles": []}, channel_type=...),
            "in a thread": told(guild_id="41771983423143937", channel_type=11),
            "in a group": told(channel_type=3),
            "of a bot": told(author=bot),
            "of a webhook": told(webhook_id="5", author=bot | {"discriminator": "0000"}),
            "of discord": told(author=person.user | {"system": True}),
            "our own echo": told(author=self.me),
            "a pinned message": told(type=6),
            "a call": told(type=3),
            "the answer of an application": told(type=20, interaction_metadata={"id": "5"}),
            "a file without words": told("", attachments=[{"id": "5", "url": "https://x.invalid"}]),
            "a forwarded message": told("", message_reference={"type": 1}),
            "an edit": lambda: self.tell("MESSAGE_UPDATE", edited),
            "a deletion": event("MESSAGE_DELETE", id="5"),
            "a reaction": event("MESSAGE_REACTION_ADD", emoji={"name": "👍"}),
            "a vote": event("MESSAGE_POLL_VOTE_ADD", answer_id=1),
            "typing": event("TYPING_START", timestamp=1_790_000_000),
            "a slash command": event("INTERACTION_CREATE", **interaction, type=2, data={"name": "start"}),
            "a button": event("INTERACTION_CREATE", **interaction, type=3, data={"custom_id": "ok"}),
            "malformed": told(author={"id": person.id}),
        }

    # --- the REST API -------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        route, asked = _route(request), await _asked(request)
        faults = self._faults[route]
        answer = await faults.popleft()(request) if faults else None
        if answer is None:
            answer = self._answer(request, asked)
        self.traffic.append(Exchange(route, asked, answer.status))
        return answer

    async def lose_answer(self, request: web.Request) -> web.StreamResponse:
        """A fault: what is asked for is done, and the connection breaks before the answer."""
        self._answer(request, await _asked(request))
        return await drop(request)

    def _answer(self, request: web.Request, asked: Mapping[str, Any]) -> web.Response:
        route, ids = _route(request), _ids(request)
        routes: Mapping[str, Callable[..., object]] = {
            "GET /users/@me": lambda _: self.me,
            "GET /oauth2/applications/@me": self._application,
            "GET /gateway/bot": self._gateway,
            "POST /users/@me/channels": self._open,
            "GET /channels/{}/messages": self._messages,
            "POST /channels/{}/messages": self._post,
            "PATCH /channels/{}/messages/{}": self._edit,
            "POST /interactions/{}/{}/callback": self.interactions.callback,
            "POST /webhooks/{}/{}": self.interactions.follow_up,
        }
        status, body = 200, None
        try:
            if not _has_its_own_token(request) and request.headers.get("Authorization") != f"Bot {self.token}":
                raise Refusal(401, 0, "401: Unauthorized")
            if route not in routes:
                raise Refusal(404, 0, "404: Not Found")
            body = routes[route](asked, *ids)
            status = 200 if body is not None else 204
        except Refusal as no:
            status, body = no.status, no.body
        if status == 204:
            return web.Response(status=status, headers={"Via": "1.1 google"})
        headers = {"Content-Type": "application/json", "Via": "1.1 google"}
        return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)

    def _application(self, _: Mapping[str, Any]) -> object:
        return {
            **{"id": self.me["id"], "name": "Clawd", "icon": None, "description": "", "verify_key": "", "flags": 0},
            **{"bot_public": True, "bot_require_code_grant": False, "owner": self.me, "team": None, "summary": ""},
        }

    def _gateway(self, _: Mapping[str, Any]) -> object:
        limit = {"total": 1000, "remaining": self.gateway.starts_left, "reset_after": 3_600_000, "max_concurrency": 1}
        return {"url": self.gateway.url, "shards": 1, "session_start_limit": limit}

    def _open(self, asked: Mapping[str, Any]) -> object:
        person = self._people.get(int(asked["recipient_id"]))
        if person is None:
            raise Refusal(404, 10013, "Unknown User")
        return {"id": str(person.channel), "type": 1, "recipients": [person.user]}

    def _in(self, channel: int) -> FakePerson:
        for person in self._people.values():
            if person.channel == channel:
                return person
        raise Refusal(404, 10003, "Unknown Channel")

    def _messages(self, asked: Mapping[str, Any], channel: int) -> object:
        limit, after = int(asked.get("limit", 50)), int(asked.get("after", 0))
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        found = sorted(number for number in self._in(channel).messages if number > after)[:limit]
        return [self._in(channel).messages[number] for number in reversed(found)]

    def _post(self, asked: Mapping[str, Any], channel: int) -> object:
        person, text, nonce = self._in(channel), asked.get("content", ""), asked.get("nonce")
        check_text(text)
        check_components(asked.get("components", []))
        if len(str(nonce or "")) > 25:
            raise Refusal(400, 50035, "Invalid Form Body")
        if person.unreachable:
            raise Refusal(403, 50007, "Cannot send messages to this user")
        if nonce is not None and asked.get("enforce_nonce") and str(nonce) in self._nonces:
            return self._nonces[str(nonce)]
        message = person.message(author=self.me, content=text.strip(), components=asked.get("components", []))
        self._nonces[str(nonce)] = message
        person.get(message)
        self.tell("MESSAGE_CREATE", message | {"nonce": nonce})
        return message

    def _edit(self, asked: Mapping[str, Any], channel: int, number: int) -> object:
        message = self._in(channel).messages.get(number)
        if message is None:
            raise Refusal(404, 10008, "Unknown Message")
        if message["author"] != self.me:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        change(message, asked)
        self.tell("MESSAGE_UPDATE", message)
        return message


def _words(request: web.Request) -> list[str]:
    return request.match_info["path"].split("/")


def _has_its_own_token(request: web.Request) -> bool:
    return _words(request)[0] in ("interactions", "webhooks")


def _is_id(request: web.Request, place: int) -> bool:
    return _words(request)[place].isdecimal() or (_has_its_own_token(request) and place == 2)


def _ids(request: web.Request) -> list[int | str]:
    ids = [each for place, each in enumerate(_words(request)) if _is_id(request, place)]
    return [int(each) if each.isdecimal() else each for each in ids]


def _route(request: web.Request) -> str:
    words = ("{}" if _is_id(request, place) else each for place, each in enumerate(_words(request)))
    return f"{request.method} /{'/'.join(words)}"


async def _asked(request: web.Request) -> Mapping[str, Any]:
    return dict(request.query) | (await request.json() if request.can_read_body else {})


def error(status: int, code: int = 0, message: str = "no") -> Fault:
    """An answer of the REST API that says no."""
    return raw(json.dumps({"message": message, "code": code}), status)


def too_many(retry_after: float) -> Fault:
    async def fault(_: web.Request) -> web.StreamResponse:
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
        headers = {"Content-Type": "application/json", "Via": "1.1 google"}
        return web.Response(body=json.dumps(body).encode(), status=429, headers=headers)

    return fault
