"""A Bot API server that is strict where Telegram's is, with people who write to the bot and get its messages.

It follows https://core.telegram.org/bots/api and the source of Telegram's own server (tdlib/telegram-bot-api):

- what ``offset`` confirms is forgotten, what is not confirmed comes again; an offset out of range starts at the head;
- a poll is held until there is news; a second one ends the first with 409; with a webhook there is none;
- a bot cannot begin a conversation, nor write to people who blocked it, nor send an empty or too long text;
- buttons have a label and 1 to 64 bytes of data; a press is answered once, and only what exists and changes is edited.

Beyond that it misbehaves on demand (:meth:`FakeTelegram.fail`), as networks and servers do.

    async with FakeTelegram() as telegram:
        alice = telegram.user(777, "Alice", username="alice")
        alice.write("hi")
        ...                                  # a bot with telegram.token polls telegram.url
        reply = await alice.next_message()
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from aiohttp import web

from clawdbot.domain.names import Channel
from tests.fakes.bot_api import Refusal, asked_of, integer, keyboard_of, strings
from tests.fakes.faults import Fault, drop, raw

TOKEN = "123456789:TEST-token_of-a-bot-that-does-not-exist"

_FUTURE, _PAST = 10, 1_000_000
"""How far off an offset may be before it is taken for nonsense."""

_MESSAGES = frozenset({"message", "edited_message", "channel_post", "edited_channel_post", "business_message"})
_DEFAULT_KINDS = _MESSAGES | {"callback_query", "inline_query", "poll", "my_chat_member"}
_KINDS = _DEFAULT_KINDS | {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    asked: Mapping[str, Any]
    status: int
    answer: Any


@dataclass
class FakeUser:
    """A person on Telegram."""

    telegram: "FakeTelegram"
    id: int
    names: Mapping[str, str]
    blocked: bool = False
    """This person has blocked the bot."""
    wrote: bool = False
    received: list[str] = field(default_factory=list)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What the bot sent, by number, as it looks now."""
    _mail: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _message_id: int = 0

    @property
    def sender(self) -> str:
        return str(self.id)

    @property
    def id_line(self) -> str:
        return f"Your Telegram user id: {self.id}"

    def write(self, text: str | None, **more: object) -> int:
        """Send the bot a text, or whatever ``more`` makes of the message; the number of the update."""
        return self.telegram.push({"message": self.message(text=text, **more)})

    def message(self, **more: object) -> dict[str, object]:
        """A message as Telegram would show it to the bot; ``None`` leaves a field out."""
        self.wrote = True
        self._message_id += 1
        base: dict[str, object] = {
            "message_id": self._message_id,
            "from": {"id": self.id, "is_bot": False, **self.names},
            "chat": {"id": self.id, "type": "private", **self.names},
            "date": int(time.time()),
        }
        return {key: value for key, value in (base | more).items() if value is not None}

    async def press(self, message_id: int, data: str, *, timeout: float = 30.0) -> str:
        """Press a button under a message; what the bot shows then. Programs of people's own may send any data."""
        async with asyncio.timeout(timeout):
            return await self.telegram.query(self, message_id, data)

    def buttons(self) -> dict[int, list[list[str]]]:
        """The data of the buttons under each message that has some."""
        return {
            number: [[button["callback_data"] for button in row] for row in rows]
            for number, message in self.messages.items()
            if (rows := message.get("reply_markup", {}).get("inline_keyboard"))
        }

    def latest(self) -> int:
        """The last message of the bot."""
        return max(self.messages)

    def shows(self, message_id: int) -> str:
        """A message of the bot as it looks now."""
        return str(self.messages[message_id]["text"])

    async def next_message(self, timeout: float = 30.0) -> str:
        """The next text from the bot that was not asked for yet."""
        async with asyncio.timeout(timeout):
            return await self._mail.get()

    def _get(self, text: str) -> int:
        self.received.append(text)
        self._mail.put_nowait(text)
        self._message_id += 1
        return self._message_id


class FakeTelegram:
    """The server, with one bot. All that its clients asked is in ``traffic``; ``watch`` sees each exchange at once."""

    channel = Channel.TELEGRAM

    def __init__(
        self, token: str = TOKEN, username: str = "clawd_test_bot", *, first_update: int = 500_000_001
    ) -> None:
        self.token = token
        self.me = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Clawd", "username": username}
        self.webhook = ""
        self.traffic: list[Exchange] = []
        self.watch: Callable[[Exchange], None] = lambda _: None
        self.next_update = first_update
        self.strays: list[object] = []
        """Sent with each answer to ``getUpdates``, whatever its offset."""
        self._users: dict[int, FakeUser] = {}
        self._updates: dict[int, dict[str, object]] = {}
        self._history: dict[int, dict[str, object]] = {}
        self._again: list[dict[str, object]] = []
        self._kinds = _DEFAULT_KINDS
        self._queries: dict[str, asyncio.Future[str]] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._poll: asyncio.Future[str] | None = None
        self._port = 0
        self._runner: web.AppRunner | None = None

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
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away, keeping everything; :meth:`start` comes back at the same address."""
        self._wake("news")
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what tests and demonstrations do -----------------------------------------------------------------------------

    def user(self, id: int, first_name: str, **more: str) -> FakeUser:
        """A person: ``last_name`` and ``username`` may be given."""
        self._users[id] = FakeUser(self, id, {"first_name": first_name, **more})
        return self._users[id]

    def settings(self) -> dict[str, object]:
        return {"botToken": self.token, "apiBase": self.url}

    def person(self, number: int, name: str) -> FakeUser:
        return self.user(number, name)

    def noise(self, person: FakeUser) -> Mapping[str, Callable[[], object]]:
        """What Telegram sends to bots and is no new direct text (threats.md D8)."""
        group = {"id": -100, "type": "supergroup", "title": "Friends"}
        message = partial(person.message, text="hello, bot")
        sent: dict[str, Callable[[], dict[str, object]]] = {
            "a group": lambda: {"message": message(chat=group)},
            "a channel": lambda: {"channel_post": message(chat={"id": -5, "type": "channel"}, **{"from": None})},
            "an edit": lambda: {"edited_message": message(edit_date=int(time.time()))},
            "another bot": lambda: {
                "message": message(**{"from": {"id": person.id, "is_bot": True, "first_name": "B"}})
            },
            "our echo": lambda: {"message": message(**{"from": self.me})},
            "a reaction": lambda: {"message_reaction": {"chat": group, "new_reaction": []}},
            "a button": lambda: {"callback_query": {"id": "1", "data": "approve", "message": message()}},
            "a photo without text": lambda: {"message": message(text=None, photo=[])},
            "somebody joined": lambda: {"message": message(text=None, new_chat_members=[])},
            "a malformed one": lambda: {"message": {"message_id": "x", "text": "hello"}},
        }
        return {kind: partial(self._push_made, made) for kind, made in sent.items()}

    def _push_made(self, made: Callable[[], dict[str, object]]) -> None:
        self.push(made())

    def redeliver(self, person: FakeUser) -> None:
        found = (number for number, update in self._history.items() if _sender(update) == person.id)
        self.repeat(max(found))

    def drop(self) -> None:
        """The connection of the poll that waits breaks."""
        self.fail("getUpdates", drop)
        self._wake("news")

    def push(self, update: dict[str, object]) -> int:
        """Queue an update as it is, if the bot wants its kind; its number."""
        number = self.next_update
        self.next_update += 1
        kinds = _KINDS & update.keys()
        if kinds <= self._kinds:
            self._updates[number] = self._history[number] = {"update_id": number, **update}
            self._wake("news")
        return number

    def query(self, user: FakeUser, message_id: int, data: str) -> asyncio.Future[str]:
        """Tell the bot of a press; what it answers."""
        number = str(self.next_update * 1000)
        shown = {"id": user.id, "is_bot": False, **user.names}
        self._queries[number] = asyncio.get_running_loop().create_future()
        self.push(
            {
                "callback_query": {
                    "id": number,
                    "from": shown,
                    "message": user.messages[message_id],
                    "chat_instance": "1",
                    "data": data,
                }
            }
        )
        return self._queries[number]

    def repeat(self, number: int) -> None:
        """Send an update once more, though it may have been confirmed."""
        self._again.append(self._history[number])
        self._wake("news")

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method go wrong, one after the other."""
        self._faults[method.lower()].extend(faults)

    async def lose_answer(self, request: web.Request) -> web.StreamResponse:
        """A fault: what is asked for is done, and the connection breaks before the answer."""
        await self._answer(self.token, request.match_info["method"].lower(), await asked_of(request))
        return await drop(request)

    def will_fail(self, method: str) -> bool:
        """There are faults that no call has met yet."""
        return bool(self._faults[method.lower()])

    @property
    def polling(self) -> bool:
        """A bot waits for news."""
        return self._poll is not None and not self._poll.done()

    @property
    def unconfirmed(self) -> list[int]:
        """The numbers of the updates that the bot has not confirmed."""
        return sorted(self._updates)

    def calls(self, method: str) -> list[Exchange]:
        return [each for each in self.traffic if each.method == method]

    # --- the Bot API --------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, asked = request.match_info["method"], await asked_of(request)
        faults = self._faults[method.lower()]
        answer = await faults.popleft()(request) if faults else None
        body: Any = None
        if answer is None:
            body = await self._answer(request.match_info["token"], method.lower(), asked)
            answer = web.json_response(body, status=body.get("error_code", 200))
        exchange = Exchange(method, asked, answer.status, body)
        self.traffic.append(exchange)
        self.watch(exchange)
        return answer

    async def _answer(self, token: str, method: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        number, _, secret = token.partition(":")
        methods: dict[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "answercallbackquery": self._answer_callback_query,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
        }
        try:
            if not (number.isdecimal() and secret):
                raise Refusal(404, "Not Found")
            if token != self.token:
                raise Refusal(401, "Unauthorized")
            if method not in methods:
                raise Refusal(404, "Not Found: method not found")
            return {"ok": True, "result": await methods[method](asked)}
        except Refusal as no:
            return {"ok": False, "error_code": no.code, "description": no.description}

    async def _get_me(self, _: Mapping[str, Any]) -> object:
        return self.me

    async def _get_updates(self, asked: Mapping[str, Any]) -> object:
        if self.webhook:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        limit = min(max(integer(asked, "limit", 100), 1), 100)
        wait = min(max(integer(asked, "timeout", 0), 0), 50)
        self._kinds = frozenset(strings(asked, "allowed_updates")) or self._kinds
        self._wake("conflict")
        self._confirm(integer(asked, "offset", 0))
        if not (self._updates or self._again or self.strays) and await self._news(wait) == "conflict":
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        again, self._again = self._again, []
        return [*self.strays, *again, *(self._updates[number] for number in self.unconfirmed[:limit])]

    async def _news(self, wait: float) -> str:
        """Hold a poll; what ended it."""
        poll: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._poll = poll
        try:
            async with asyncio.timeout(wait):
                return await poll
        except TimeoutError:
            return "nothing"
        finally:
            if self._poll is poll:
                self._poll = None

    def _confirm(self, offset: int) -> None:
        """Forget what is below the offset; a negative one counts from the end."""
        head = min(self._updates, default=self.next_update)
        if offset < 0:
            offset = min(self.unconfirmed[offset:], default=0)
        if head - _PAST <= offset < self.next_update + _FUTURE:
            self._updates = {number: update for number, update in self._updates.items() if number >= offset}

    def _wake(self, why: str) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(why)

    async def _send_message(self, asked: Mapping[str, Any]) -> object:
        text, chat = _text(asked), str(asked.get("chat_id", ""))
        user = self._users.get(int(chat)) if chat.lstrip("-").isdecimal() else None
        if user is None:
            raise Refusal(400, "Bad Request: chat not found")
        if user.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not user.wrote:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        keyboard = keyboard_of(asked)
        chat_shown = {"id": user.id, "type": "private", **user.names}
        message_id = user._get(text.strip())
        sent = {"message_id": message_id, "from": self.me, "chat": chat_shown, "date": int(time.time()), "text": text}
        user.messages[message_id] = sent
        return _with(sent, keyboard)

    async def _edit_message_text(self, asked: Mapping[str, Any]) -> object:
        text, keyboard = _text(asked), keyboard_of(asked)
        user = self._users.get(integer(asked, "chat_id", 0))
        message = user.messages.get(integer(asked, "message_id", 0)) if user else None
        if message is None:
            raise Refusal(400, "Bad Request: message to edit not found")
        if (text, keyboard) == (message["text"], message.get("reply_markup", {}).get("inline_keyboard", [])):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        message["text"] = text
        return _with(message, keyboard)

    async def _answer_callback_query(self, asked: Mapping[str, Any]) -> object:
        if len(str(asked.get("text", ""))) > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        answered = self._queries.pop(str(asked.get("callback_query_id", "")), None)
        if answered is None:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        answered.set_result(str(asked.get("text", "")))
        return True

    async def _set_webhook(self, asked: Mapping[str, Any]) -> object:
        self.webhook = str(asked.get("url", ""))
        if self.webhook:
            self._wake("conflict")
        return True

    async def _delete_webhook(self, asked: Mapping[str, Any]) -> object:
        self.webhook = ""
        if asked.get("drop_pending_updates") in (True, "true", "True", "1"):
            self._updates.clear()
        return True

    async def _get_webhook_info(self, _: Mapping[str, Any]) -> object:
        return {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": len(self._updates)}


def _text(asked: Mapping[str, Any]) -> str:
    text = asked.get("text", "")
    if not isinstance(text, str) or not text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > 4096:
        raise Refusal(400, "Bad Request: message is too long")
    return text


def _with(message: dict[str, Any], keyboard: list[list[dict[str, str]]]) -> dict[str, Any]:
    """The message as it looks with a keyboard, or without one."""
    message.pop("reply_markup", None)
    if keyboard:
        message["reply_markup"] = {"inline_keyboard": keyboard}
    return message


def _sender(update: Mapping[str, Any]) -> int:
    sender: int = update.get("message", {}).get("from", {}).get("id", 0)
    return sender


def error(code: int, description: str = "Internal Server Error", **parameters: int) -> Fault:
    """An answer of the Bot API that says no."""
    body: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    return raw(json.dumps(body | ({"parameters": parameters} if parameters else {})), code)


def too_many(retry_after: int) -> Fault:
    return error(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
