"""The bridge's process, offline, with the real library in it; and its bookkeeping, with another library."""

import asyncio
import json
import os
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from clawdbot.channels.whatsapp import bridge
from clawdbot.channels.whatsapp.bridge import Bridge
from clawdbot.channels.whatsapp.protocol import (
    WINDOW,
    Answer,
    Connected,
    Disconnected,
    Event,
    Incoming,
    Mode,
    Open,
    Outcome,
    Replaced,
    Send,
)
from clawdbot.channels.whatsapp.session import Session
from tests.support.namespaces import nowhere
from tests.support.waiting import eventually

NOBODY = "http://127.0.0.1:1"
"""A proxy that is not there, for machines where no network can be taken away."""

DEVICE = {"registration_id": 1, "signed_pre_key_id": 1, "adv_key": b"", "adv_details": b"", "push_name": "Clawd"}
KEYS = {"noise_key": 32, "identity_key": 32, "signed_pre_key": 32, "adv_account_sig_key": 32}
SIGNATURES = {"signed_pre_key_sig": 64, "adv_account_sig": 64, "adv_device_sig": 64}


class Process:
    """A bridge of ours that runs."""

    def __init__(self, process: asyncio.subprocess.Process, session: Path) -> None:
        self.process = process
        self.session = session

    def say(self, **command: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")

    def open(self, mode: str = "run", **more: object) -> None:
        self.say(**{"cmd": "open", "version": 1, "mode": mode, "session": str(self.session)} | more)

    async def event(self) -> dict[str, Any]:
        """The next event; ``{}`` at the end of the output, which holds nothing else."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        found = json.loads(line or b"{}")
        assert isinstance(found, dict)
        return found

    async def ended(self) -> int:
        assert await self.event() == {}
        return await asyncio.wait_for(self.process.wait(), 10)


@pytest.fixture
def offline() -> Iterator[tuple[str, ...]]:
    with nowhere() as prefix:
        yield prefix


@asynccontextmanager
async def started(prefix: tuple[str, ...], session: Path, **environ: str) -> AsyncIterator[Process]:
    session.mkdir(mode=0o700, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, "-m", "clawdbot.channels.whatsapp.bridge"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"HTTPS_PROXY": NOBODY, "https_proxy": NOBODY} | environ,
    )
    try:
        yield Process(process, session)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


async def link(prefix: tuple[str, ...], session: Path) -> None:
    """Make it a session of a device that was linked, as the library stores it; the keys open nothing."""
    async with started(prefix, session) as child:
        child.open("login")
        assert (await child.event())["ev"] == "unreachable"
    row = {"jid": "15550009999:3@s.whatsapp.net", "lid": "99900000099:3@lid"} | DEVICE
    row |= {name: os.urandom(size) for name, size in (KEYS | SIGNATURES).items()}
    database = sqlite3.connect(session / "session.db")
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"insert into whatsmeow_device ({names}) values ({marks})", list(row.values()))
    database.commit()
    database.close()


# --- with the real library -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["run", "look"])
async def test_without_a_login_it_says_so(offline: tuple[str, ...], tmp_path: Path, mode: str) -> None:
    async with started(offline, tmp_path / "s") as child:
        child.open(mode)
        assert await child.event() == {"ev": "needs_login"}
        assert await child.ended() == 0


async def test_S1_without_a_network_it_says_so_and_ends_and_all_it_wrote_is_private(
    offline: tuple[str, ...], tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        async with started(offline, tmp_path / "s") as child:
            child.open("login")
            event = await child.event()
            assert event["ev"] == "unreachable"
            assert event["why"]
            assert await child.ended() == 0
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "s").iterdir()}
    assert modes == {"session.db": 0o600, "bridge.log": 0o600, "lock": 0o600}


async def test_a_linked_session_is_known_without_a_network_and_cannot_be_run(
    offline: tuple[str, ...], tmp_path: Path
) -> None:
    """Nor is it linked a second time."""
    await link(offline, tmp_path / "s")
    account = {"ev": "account", "jid": "15550009999:3@s.whatsapp.net", "lid": "99900000099:3@lid", "name": "Clawd"}
    for mode, event in (("look", account), ("login", account)):
        async with started(offline, tmp_path / "s") as child:
            child.open(mode)
            assert await child.event() == event
            assert await child.ended() == 0
    async with started(offline, tmp_path / "s") as child:
        child.open("run")
        assert (await child.event())["ev"] == "unreachable"
        assert await child.ended() == 0


@pytest.mark.parametrize("how", ["close", "end"])
async def test_it_ends_when_told_or_left_alone_though_the_library_hangs(tmp_path: Path, how: str) -> None:
    """A proxy that takes the connection and never answers; nothing leaves this machine by it."""
    asked = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    proxy = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    async with started((), tmp_path / "s", HTTPS_PROXY=url, https_proxy=url) as child:
        child.open("login")
        await asyncio.wait_for(asked.wait(), 20)
        if how == "close":
            child.say(cmd="close")
        else:
            assert child.process.stdin is not None
            child.process.stdin.close()
        assert await child.ended() == 0
    proxy.close()
    await proxy.wait_closed()


@pytest.mark.parametrize(
    "line", [{"cmd": "send", "id": 1, "to": "1@lid", "text": "hi"}, {"cmd": "open", "version": 2}, {}]
)
async def test_it_speaks_one_protocol(tmp_path: Path, line: dict[str, object]) -> None:
    async with started((), tmp_path / "s") as child:
        child.say(**({"mode": "run", "session": str(tmp_path / "s")} if "version" in line else {}) | line)
        event = await child.event()
        assert (event["ev"], event["why"]) == ("fatal", "the gateway and the bridge do not speak the same protocol")
        assert await child.ended() == 1


async def test_two_are_not_at_work_in_one_session(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with Session(tmp_path / "s").held():
        async with started((), tmp_path / "s") as child:
            child.open()
            assert (await child.event())["why"] == "another bridge is still at work in this session"


async def test_a_session_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "session.db").write_bytes(b"no database" * 1000)
    async with started((), tmp_path / "s") as child:
        child.open()
        event = await child.event()
        assert event["ev"] == "fatal"
        assert str(tmp_path / "s" / "session.db") in event["why"]
    async with started((), tmp_path / "s") as child:
        child.open(session=str(tmp_path / "nowhere"))
        assert str(tmp_path / "nowhere") in (await child.event())["why"]


@pytest.mark.parametrize(
    ("module", "events"),
    [("neonize", {"fatal"}), ("magic", {"needs_login"})],
)
async def test_a_broken_package_is_said_if_it_matters(tmp_path: Path, module: str, events: set[str]) -> None:
    """libmagic, which is the system's, only matters for files, and we send none."""
    broken = tmp_path / "packages" / module
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('broken')")
    (broken / "neonize-linux-amd64.so").touch()
    async with started((), tmp_path / "s", PYTHONPATH=str(broken.parent)) as child:
        child.open()
        event = await child.event()
        assert event["ev"] in events
        assert "pip install" in event.get("hint", "pip install")


# --- bookkeeping -----------------------------------------------------------------------------------------------------


class Scripted:
    """A library whose happenings a test decides."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event | Incoming] = asyncio.Queue()
        self.is_up = False
        self.ended = self.said = lambda _: None

    async def connect(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        await asyncio.Event().wait()  # as the real one may

    async def happenings(self) -> AsyncIterator[Event | Incoming]:
        while True:
            event = await self.events.get()
            self.is_up = isinstance(event, Connected) or (self.is_up and not isinstance(event, Disconnected))
            yield event

    def untold(self) -> list[Incoming]:
        left = [self.events.get_nowait() for _ in range(self.events.qsize())]
        return [each for each in left if isinstance(each, Incoming)]

    async def send(self, order: Send) -> Answer:
        if order.text == "break":
            raise ValueError("sesame")
        return Answer(order.number, Outcome.SENT, "3EB0")


class House:
    """A bridge's bookkeeping at work: what it said is in ``said``, in order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = Session(folder)
        self.library = Scripted()
        self.said: list[dict[str, Any]] = []
        monkeypatch.setattr(bridge, "Library", lambda *_, **__: self.library)
        monkeypatch.setattr(bridge, "_LINGER_S", 0.3)
        self.commands = asyncio.StreamReader()
        self.bridge = Bridge(self)  # type: ignore[arg-type]
        self.work = asyncio.create_task(self.bridge._work(self.session, Open(1, Mode.RUN, str(folder)), self.commands))

    def write(self, line: bytes) -> None:
        self.said.append(json.loads(line))

    def tell(self, **command: object) -> None:
        self.commands.feed_data(json.dumps(command).encode() + b"\n")

    def happens(self, *events: Event | Incoming) -> None:
        for event in events:
            self.library.events.put_nowait(event)

    async def heard(self, count: int) -> list[dict[str, Any]]:
        """All that it said, as soon as that is so much."""
        await eventually(lambda: len(self.said) >= count, f"{count} events, not {len(self.said)}")
        return self.said

    async def kept(self) -> list[str]:
        """The messages that are kept for the next time, when it has ended."""
        await asyncio.wait_for(self.work, 10)
        return [message.id for message in self.session.kept()]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def message(number: int) -> Incoming:
    return Incoming(f"{number}", "1@lid", "1@lid", 1_790_000_000_000, text="hello")


async def test_what_was_taken_is_forgotten_and_the_rest_is_kept(house: House) -> None:
    """Those that wait for room, and those that nobody asked for, in order."""
    house.happens(Connected("1@s.whatsapp.net"), *map(message, range(WINDOW + 5)))
    said = await house.heard(WINDOW + 1)
    assert [each["n"] for each in said[1:]] == list(range(1, WINDOW + 1))
    house.tell(cmd="took", n=1)
    house.tell(cmd="took", n=1)
    house.tell(cmd="took", n=3)
    await house.heard(WINDOW + 3)
    house.tell(cmd="close")

    assert await house.kept() == [f"{n}" for n in range(WINDOW + 5) if n not in (0, 2)]
    assert len(said) == WINDOW + 3


async def test_what_is_taken_while_it_ends_is_forgotten(house: House) -> None:
    house.happens(Connected("1@s.whatsapp.net"), message(1))
    await house.heard(2)
    house.tell(cmd="close")
    house.tell(cmd="took", n=1)

    assert await house.kept() == []


async def test_what_was_kept_comes_first_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once: a gateway that was killed did not take it, the next one does."""
    Session(tmp_path).keep([message(1), message(2)])
    house = House(tmp_path, monkeypatch)
    house.happens(Connected("1@s.whatsapp.net"), message(3))
    said = await house.heard(4)
    assert [each["message"]["id"] for each in said[1:]] == ["1", "2", "3"]
    house.tell(cmd="took", n=2)
    await asyncio.sleep(0)
    house.commands.feed_eof()

    assert await house.kept() == ["1", "3"]


async def test_without_a_connection_nothing_is_lost_and_nothing_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Session(tmp_path).keep([message(1)])
    house = House(tmp_path, monkeypatch)
    house.tell(cmd="send", id=5, to="1@lid", text="hi")
    assert await house.heard(1) == [{"id": 5, "outcome": "not_now", "why": "not connected"}]
    house.tell(cmd="close")

    assert await house.kept() == ["1"]


async def test_an_answer_carries_the_number_of_its_command(house: House) -> None:
    house.happens(Connected("1@s.whatsapp.net"))
    await house.heard(1)
    house.tell(cmd="send", id=5, to="1@lid", text="hi")
    assert (await house.heard(2))[1] == {"id": 5, "outcome": "sent", "messageId": "3EB0"}
    house.tell(cmd="dance")
    house.happens(Disconnected())
    await house.heard(3)
    house.tell(cmd="send", id=6, to="1@lid", text="hi")
    assert (await house.heard(4))[3]["outcome"] == "not_now"


async def test_the_last_word_is_said_last(house: House) -> None:
    house.happens(Connected("1@s.whatsapp.net"), message(1))
    await house.heard(2)
    house.bridge._end(Replaced())
    house.bridge._end(Connected("2@s.whatsapp.net"))

    assert await house.kept() == ["1"]
    assert house.said[-1] == {"ev": "replaced"}


async def test_S7_a_defect_is_heard_of_and_quotes_nothing(house: House) -> None:
    house.happens(Connected("1@s.whatsapp.net"))
    await house.heard(1)
    house.tell(cmd="send", id=5, to="1@lid", text="break")
    await house.kept()

    assert house.said[-1]["ev"] == "fatal"
    assert house.said[-1]["why"].startswith("a defect of the bridge: ValueError at test_bridge.py:")


async def test_nobody_who_listens_is_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(house, "write", broken)
    house.happens(Connected("1@s.whatsapp.net"), message(1))

    assert await house.kept() == ["1"]
