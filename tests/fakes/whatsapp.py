"""A WhatsApp behind a bridge, with people who write to the linked account and get what it writes.

A gateway starts ``whatsapp_bridge.py``, which connects back to here. What is said over it is the line protocol
(docs/whatsapp-bridge.md), with the strictness of a bridge and of the service behind it; whatever a gateway does
against that is in ``wrongs``:

- the first command opens a session, in a private folder that is there; nothing is sent before it is connected;
- messages are handed over in order, not more than the window, and again after a reconnect if they were not taken;
- a session connects once: a newer bridge replaces the older one;
- texts are not empty nor longer than WhatsApp's; who is not on WhatsApp cannot be written to.

    async with FakeWhatsapp() as whatsapp:
        alice = whatsapp.person(1, "Alice")
        ...                                  # an adapter whose settings are whatsapp.settings()
        alice.write("hi")
        reply = await alice.next_message()
"""

import asyncio
import itertools
import json
import stat
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from clawdbot.domain.names import Channel
from tests.fakes.whatsapp_people import FakeUser

BRIDGE = Path(__file__).with_name("whatsapp_bridge.py")
WINDOW = 100
LONGEST = 65_536

_LOST: dict[str, object] = {}
"""An answer that never comes."""


@dataclass(eq=False)
class _Bridge:
    """A bridge that is connected to here.

    Attributes:
        handed: what it has handed over and the gateway has not taken.
    """

    writer: asyncio.StreamWriter
    opened: Mapping[str, Any] = field(default_factory=dict)
    up: bool = False
    closing: bool = False
    handed: dict[int, dict[str, object]] = field(default_factory=dict)

    def say(self, **event: object) -> None:
        self.say_raw(json.dumps(event).encode())

    def say_raw(self, line: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(line + b"\n")


class FakeWhatsapp:
    """One account, linked from the beginning.

    Attributes:
        linked: a device is linked; a session can be run.
        number, jid, lid: of the account.
        online: WhatsApp can be reached.
        opened: each ``open`` that a gateway has sent.
        sent: each text that the account has sent, with its chat, in order.
        last_sent: the id of the last of them.
        wrongs: what a gateway has done against the protocol.
    """

    channel = Channel.WHATSAPP

    def __init__(self, number: str = "+15550009999", name: str = "Clawd", *, linked: bool = True) -> None:
        self.number, self.name = number, name
        self.jid, self.lid = f"{number[1:]}@s.whatsapp.net", "99900000099@lid"
        self.linked, self.online = linked, True
        self.opened: list[Mapping[str, Any]] = []
        self.sent: list[tuple[str, str]] = []
        self.wrongs: list[str] = []
        self.last_sent = ""
        self._ids = itertools.count(1)
        self._handed_over = itertools.count(1)
        self._people: dict[int, FakeUser] = {}
        self._waiting: deque[dict[str, object]] = deque()
        self._bridges: list[_Bridge] = []
        self._answers: deque[Mapping[str, object]] = deque()
        self._server: asyncio.Server | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=1024 * 1024)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.crash()
        await self._server.wait_closed()

    # --- what tests do ------------------------------------------------------------------------------------------------

    def settings(self) -> dict[str, object]:
        return {"bridgeCommand": [sys.executable, "-I", "-S", str(BRIDGE), str(self._port)]}

    def person(self, number: int, name: str, **more: Any) -> FakeUser:
        """Somebody; ``shows`` and ``on_whatsapp`` may be said."""
        if number not in self._people:
            self._people[number] = FakeUser(self, f"+1555{10_000 + number:07}", f"7770000{number:04}", name, **more)
        return self._people[number]

    def push(self, message: dict[str, object]) -> None:
        """Hand a message over as it is, as soon as a bridge is connected."""
        self._waiting.append(message)
        self._hand_over()

    def new_id(self) -> str:
        return f"3EB0{next(self._ids):016X}"

    def redeliver(self, person: FakeUser) -> None:
        self.push(person.last)

    def myself(self, text: str, **more: object) -> str:
        """The owner writes to himself, on his phone; the message's id."""
        me = FakeUser(self, self.number, self.lid.partition("@")[0], self.name)
        return me.write(text, fromMe=True, **more)

    def noise(self, person: FakeUser) -> Mapping[str, Callable[[], object]]:
        def send(**more: object) -> Callable[[], object]:
            return lambda: self.push(person.message(**({"text": "no message"} | more)))

        group = "120363000000000001@g.us"
        return {
            "in a group": send(chat=group, group=True),
            "in a group that looks direct": send(chat=group),
            "to a broadcast list": send(chat="1790000000@broadcast", group=True),
            "a status": send(chat="status@broadcast", group=True),
            "in a newsletter": send(chat="120363000000000002@newsletter"),
            "from the history": send(history=True, time=1_700_000_000_000),
            "an edit": send(kind="edit"),
            "a reaction": send(kind="reaction"),
            "a deletion": send(kind="other", text=None),
            "a picture without words": send(kind="media", text=None),
            "blank": send(text=" \n\t"),
            "of a kind of tomorrow": send(kind="hologram"),
            "ourselves, to somebody": send(sender=self.jid, senderAlt=self.lid, fromMe=True),
            "our echo": self._echo,
            "from a bot": send(chat="867051314767696@bot", sender="867051314767696@bot", senderAlt=None),
            "from whatsapp itself": send(chat="0@s.whatsapp.net", sender="0@s.whatsapp.net", senderAlt=None),
            "in somebody else's chat": send(chat="15550017777@s.whatsapp.net"),
            "no message": lambda: self.push({"text": "no message"}),
            "an event of tomorrow": lambda: self.tell(ev="hologram", text="no message"),
        }

    def drop(self) -> None:
        """The connection to WhatsApp breaks, and the bridge is connected again at once."""
        for bridge in [each for each in self._bridges if each.up]:
            bridge.say(ev="disconnected")
            self._connected(bridge)

    def away(self) -> None:
        """The connection breaks, and stays so until :meth:`back`."""
        for bridge in self._bridges:
            bridge.up = False
            bridge.say(ev="disconnected")

    def back(self) -> None:
        for bridge in self._bridges:
            self._connected(bridge)

    def tell(self, **event: object) -> None:
        """Say something over every bridge."""
        for bridge in self._bridges:
            bridge.say(**event)

    def tell_raw(self, line: bytes) -> None:
        for bridge in self._bridges:
            bridge.say_raw(line)

    def end(self, **last: object) -> None:
        """Say a last word over every bridge, which then ends."""
        for bridge in list(self._bridges):
            bridge.say(**last)
            bridge.writer.close()

    def crash(self) -> None:
        """Every bridge falls."""
        for bridge in list(self._bridges):
            bridge.writer.transport.abort()

    def answer(self, *answers: Mapping[str, object]) -> None:
        """What the next messages to send are answered with: ``{"outcome": "refused"}``; see also :meth:`lose`."""
        self._answers.extend(answers)

    def lose(self) -> None:
        """The next message is sent, and its answer is lost."""
        self._answers.append(_LOST)

    @property
    def connected(self) -> bool:
        return any(bridge.up for bridge in self._bridges)

    @property
    def untaken(self) -> int:
        """How many messages the gateway has not taken."""
        return len(self._waiting) + sum(len(bridge.handed) for bridge in self._bridges)

    # --- the bridge ---------------------------------------------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bridge = _Bridge(writer)
        self._bridges.append(bridge)
        try:
            while line := await reader.readline():
                self._obey(bridge, json.loads(line))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._bridges.remove(bridge)
            self._waiting.extendleft(reversed(bridge.handed.values()))
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._hand_over()

    def _obey(self, bridge: _Bridge, command: Mapping[str, Any]) -> None:
        match command:
            case {"cmd": "open"} if not bridge.opened:
                self._open(bridge, command)
            case {"cmd": _} if not bridge.opened:
                self.wrongs.append(f"{command['cmd']} before open")
            case {"cmd": "send", "id": int(number), "to": str(to), "text": str(text)}:
                self._send(bridge, number, to, text)
            case {"cmd": "took", "n": int(number)}:
                if bridge.handed.pop(number, None) is None:
                    self.wrongs.append(f"took {number}, which was not handed over")
                self._hand_over()
            case {"cmd": "close"}:
                bridge.closing = True
            case _:
                self.wrongs.append(f"a command that nobody knows: {command}")
        if bridge.closing and not bridge.handed:
            bridge.writer.close()

    def _open(self, bridge: _Bridge, opened: Mapping[str, Any]) -> None:
        bridge.opened = opened
        self.opened.append(opened)
        folder = Path(opened["session"])
        if opened["version"] != 1 or stat.S_IMODE(folder.stat().st_mode) != 0o700:
            self.wrongs.append("a wrong version, or a session's folder that others can look into")
        if opened["mode"] == "look" or (opened["mode"] == "login" and self.linked):
            self._last(bridge, **(self._who("account") if self.linked else {"ev": "needs_login"}))
        elif opened["mode"] == "run" and not self.linked:
            self._last(bridge, ev="needs_login")
        elif not self.online:
            self._last(bridge, ev="unreachable", why="network is unreachable")
        elif opened["mode"] == "login":
            code = {"ev": "pair_code", "code": "ABCD-1234"} if opened.get("phone") else {"ev": "qr", "code": "2@first"}
            bridge.say(**code)
        else:
            for other in [each for each in self._bridges if each.up]:
                other.up = False
                self._last(other, ev="replaced")
            self._connected(bridge)

    def scan(self) -> None:
        """The owner confirms on his phone: whoever waits to be linked, is."""
        self.linked = True
        for bridge in self._bridges:
            if bridge.opened.get("mode") == "login" and not bridge.up:
                self._connected(bridge)

    def _last(self, bridge: _Bridge, **event: object) -> None:
        bridge.say(**event)
        bridge.writer.close()

    def _who(self, event: str) -> dict[str, object]:
        return {"ev": event, "jid": self.jid, "lid": self.lid, "name": self.name}

    def _connected(self, bridge: _Bridge) -> None:
        bridge.up = True
        bridge.say(**self._who("connected"))
        self._hand_over()

    def _hand_over(self) -> None:
        for bridge in self._bridges:
            while bridge.up and not bridge.closing and self._waiting and len(bridge.handed) < WINDOW:
                number, message = next(self._handed_over), self._waiting.popleft()
                bridge.handed[number] = message
                bridge.say(ev="message", n=number, message=message)

    def _send(self, bridge: _Bridge, number: int, to: str, text: str) -> None:
        if not text.strip() or len(text) > LONGEST:
            self.wrongs.append(f"a text of {len(text)} characters")
        if not bridge.up:
            bridge.say(id=number, outcome="not_now", why="not connected")
            return
        answer = self._answers.popleft() if self._answers else {"outcome": "sent"}
        people = [each for each in self._people.values() if to in (each.phone_jid, each.lid_jid)]
        to_self = to in (self.jid, self.lid)
        if answer == {"outcome": "sent"} and not to_self and not any(each.on_whatsapp for each in people):
            answer = {"outcome": "never", "why": "no LID found"}
        if answer is _LOST or answer.get("outcome") == "sent":
            self.sent.append((to, text))
            for person in people:
                person.get(text)
        if answer is not _LOST:
            self.last_sent = self.new_id()
            bridge.say(id=number, messageId=self.last_sent, **answer)

    def _echo(self) -> None:
        """The last message that was sent, as another device of the account would hear of it."""
        if not self.sent:
            return
        chat, text = self.sent[-1]
        me: dict[str, object] = {"sender": self.jid, "senderAlt": self.lid, "fromMe": True}
        self.push({"id": self.last_sent, "chat": chat, "text": text, "time": int(time.time() * 1000), **me})
