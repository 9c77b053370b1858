"""A Mac with Messages and ``imsg``, strict where imsg is strict, with people who write to its owner.

It follows imsg's own sources (RPCServer, MessageWatcher, MessageStore): a watch tells rows above a number, a hundred at
most for each change, and 0 means from now on; a message is sent to a person or to a chat, never both; without access to
the database every request is answered with the same error. Messages writes down what is sent as a row too, and says
only later that it is ours (:attr:`FakeImessage.echo`).

The gateway, in whatever process, starts a program that passes everything on to here (:mod:`tests.fakes.imsg`).

    async with FakeImessage() as mac:
        alice = mac.person(1, "Alice")
        alice.write("hi")
        ...                                  # a gateway with channels.imessage = mac.settings()
        reply = await alice.next_message()
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Self

from clawdbot.domain.names import Channel
from tests.fakes.imsg_rpc import NO_ACCESS, Session

OWN = "owner@example.com"
"""Our own address."""

OLD_VERSION: Mapping[str, object] = {"stdout": "Unknown command rpc\n", "exit": 1}
"""How an imsg begins, and ends, that knows no rpc."""

OLD_NO_ACCESS: Mapping[str, object] = {"stdout": NO_ACCESS + "\n", "exit": 1}
"""The same for one that does not speak JSON before it has read the database."""


class Echo(Enum):
    """How Messages shows what we sent."""

    FLAGGED = "as ours"
    LATE = "as from the other, at first"
    NONE = "not at all"


@dataclass
class FakePerson:
    """Somebody who writes to the owner of the Mac."""

    mac: "FakeImessage"
    handle: str
    name: str
    chat_id: int
    unreachable: bool = False
    received: list[str] = field(default_factory=list)
    _mail: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    @property
    def sender(self) -> str:
        return self.handle

    @property
    def id_line(self) -> str:
        return f"Your iMessage sender id: {self.handle}"

    def write(self, text: str, **more: object) -> dict[str, Any]:
        """Send a text, or whatever ``more`` makes of the row; the row."""
        return self.mac.insert(self.message(text=text, **more))

    def write_before(self, text: str, hours: float = 1.0) -> dict[str, Any]:
        """A message that was sent so long ago, and is shown now."""
        return self.write(text, created_at=at(time.time() - hours * 3600))

    def message(self, **more: object) -> dict[str, Any]:
        """A message as imsg shows it, still without a number."""
        return {**self.mac.chats[self.chat_id].shown(), "sender": self.handle, "sender_name": self.name, **more}

    async def next_message(self, timeout: float = 30.0) -> str:
        """The next text from the bot that was not asked for yet."""
        async with asyncio.timeout(timeout):
            return await self._mail.get()

    def get(self, text: str) -> None:
        self.received.append(text)
        self._mail.put_nowait(text)


@dataclass
class FakeChat:
    """A conversation of the owner with one person or more."""

    id: int
    identifier: str
    guid: str
    participants: list[str]

    @property
    def is_group(self) -> bool:
        return ";+;" in self.guid

    def shown(self) -> dict[str, Any]:
        return {
            "chat_id": self.id,
            "chat_identifier": self.identifier,
            "chat_guid": self.guid,
            "chat_name": "",
            "participants": self.participants,
            "is_group": self.is_group,
        }


class FakeImessage:
    """The Mac. ``calls`` is all that it was asked, ``started`` the arguments of each imsg."""

    channel = Channel.IMESSAGE

    def __init__(self, *, echo: Echo = Echo.LATE, tells_guid: bool = False) -> None:
        self.echo = echo
        self.tells_guid = tells_guid
        """A send is answered with the guid of what was sent, as by newer versions."""
        self.has_access = True
        self.beginnings: deque[Mapping[str, object]] = deque()
        """How the next imsg begin; those after them as usual."""
        self.is_deaf = False
        """Nobody is told of changes any more; who asks anew is answered."""
        self.rows: list[dict[str, Any]] = []
        self.chats: dict[int, FakeChat] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.started: list[list[str]] = []
        self.pids: list[int] = []
        self.sessions: set[Session] = set()
        self.faults: defaultdict[str, deque[Callable[[Session, object], bool]]] = defaultdict(deque)
        """By method: what answers the next requests instead; ``False`` lets the request be answered as usual."""
        self.ours: set[int] = set()
        """The rows of what was sent by us."""
        self.disguises: dict[int, Mapping[str, Any]] = {}
        self._people: dict[str, FakePerson] = {}
        self._changed = False

    # --- the Mac ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        port = self._server.sockets[0].getsockname()[1]
        self.folder = Path(tempfile.mkdtemp(prefix="imsg-"))
        self.program = self.folder / "imsg"
        relay = Path(__file__).with_name("imsg.py")
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{relay}" {port} "$@"\n')
        self.program.chmod(0o755)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop()
        self._server.close()
        for session in list(self.sessions):
            await session.over.wait()
        shutil.rmtree(self.folder)

    def settings(self) -> dict[str, object]:
        return {"cliPath": str(self.program)}

    def drop(self) -> None:
        """Every imsg crashes."""
        for session in self.sessions:
            session.writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, writer)
        self.sessions.add(session)
        try:
            about = json.loads(await reader.readline())
            self.started.append(about["argv"])
            self.pids.append(about["pid"])
            beginning = self.beginnings.popleft() if self.beginnings else {}
            session.raw(json.dumps(beginning).encode())
            while line := await reader.readline():
                session.handle(line)
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.sessions.discard(session)
            session.over.set()

    # --- people -------------------------------------------------------------------------------------------------------

    def person(self, number: int, name: str) -> FakePerson:
        return self.somebody(f"+1555{number:07d}", name)

    def somebody(self, handle: str, name: str = "") -> FakePerson:
        """Whoever writes under a handle, which may be no address at all."""
        if handle not in self._people:
            chat = self.chat(handle)
            self._people[handle] = FakePerson(self, handle, name, chat.id)
        return self._people[handle]

    def chat(self, *people: str) -> FakeChat:
        """A new conversation."""
        number = len(self.chats) + 1
        identifier = people[0] if len(people) == 1 else f"chat{number:018d}"
        guid = f"iMessage;{'-' if len(people) == 1 else '+'};{identifier}"
        self.chats[number] = FakeChat(number, identifier, guid, list(people))
        return self.chats[number]

    def insert(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Write a row, which the watches are told of in a moment."""
        row = {
            "id": len(self.rows) + 1,
            "guid": str(uuid.uuid4()).upper(),
            "is_from_me": False,
            "text": "",
            "created_at": at(time.time()),
            "attachments": [],
            "reactions": [],
            "destination_caller_id": OWN,
            **message,
        }
        self.rows.append(row)
        if not self._changed and not self.is_deaf:
            self._changed = True
            asyncio.get_running_loop().call_soon(self._tell)
        return row

    def sent(self, chat: FakeChat, text: str) -> dict[str, Any] | None:
        """Messages has taken a text of ours; the row that it wrote, if any."""
        for handle in chat.participants:
            self.somebody(handle).get(text)
        if self.echo is Echo.NONE:
            return None
        row = self.insert(
            {**chat.shown(), "sender": chat.participants[0], "text": text, "is_from_me": self.echo is Echo.FLAGGED}
        )
        self.ours.add(row["id"])
        return row

    def direct_chat(self, handle: str) -> FakeChat:
        return self.chats[self.somebody(handle).chat_id]

    def is_unreachable(self, chat: FakeChat) -> bool:
        return any(self.somebody(handle).unreachable for handle in chat.participants)

    def redeliver(self, person: FakePerson) -> None:
        """Tell of the last row of a person again, and write the same message once more, as another Mac's copy."""
        strange = self.ours | self.disguises.keys()
        last = next(row for row in reversed(self.rows) if row["sender"] == person.handle and row["id"] not in strange)
        for session in self.sessions:
            for number in session.cursors:
                session.notify("message", {"subscription": number, "message": last})
        self.insert({key: value for key, value in last.items() if key != "id"})

    def noise(self, person: FakePerson) -> Mapping[str, Callable[[], object]]:
        group = self.chat(person.handle, "+15559999999")
        return {
            "in a group": lambda: person.write("group", **group.shown()),
            "in a group that looks direct": lambda: person.write("group", participants=["+1555", "+1556"]),
            "in no known chat": lambda: person.write("lost", chat_id=0, chat_guid="", chat_identifier=""),
            "ours": lambda: person.write("ours", is_from_me=True),
            "ours, without a sender": lambda: person.write("ours", sender=OWN),
            "a reaction": lambda: person.write("Loved “hi”", is_reaction=True, reaction_type="love"),
            "an attachment": lambda: person.write("\ufffc"),
            "nothing": lambda: person.write(" \n"),
            "under a name": lambda: self.somebody("AMAZON").write("your parcel"),
            "history": lambda: person.write("old", created_at=at(time.time() - 30 * 86400)),
            "without a time": lambda: person.write("when?", created_at="yesterday"),
            "malformed": lambda: self.disguise(person.write("odd"), text=1),
            "without a number": lambda: self.disguise(person.write("odd"), id="1"),
        }

    # --- telling ------------------------------------------------------------------------------------------------------

    def disguise(self, row: Mapping[str, Any], **shown: object) -> None:
        """Show a row as what it is not."""
        self.disguises[row["id"]] = {**row, **shown}

    def raw(self, line: bytes) -> None:
        """Let every imsg say anything at all."""
        for session in self.sessions:
            session.raw(line)

    def break_watch(self) -> None:
        """The watches meet an error of the database, and are over."""
        for session in self.sessions:
            for number in list(session.cursors):
                session.notify("error", {"subscription": number, "error": {"message": "disk I/O error"}})
                del session.cursors[number]

    @property
    def watched(self) -> int:
        """How many watches there are."""
        return sum(len(session.cursors) for session in self.sessions)

    def _tell(self) -> None:
        self._changed = False
        for session in self.sessions:
            for number in list(session.cursors):
                session.poll(number)


def at(moment: float) -> str:
    """A time as imsg spells it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
