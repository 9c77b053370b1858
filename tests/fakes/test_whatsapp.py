"""The WhatsApp of our own, as another gateway sees it: one that is written in a few lines, and makes mistakes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.whatsapp import WINDOW, FakeWhatsapp
from tests.support.waiting import eventually


class Gateway:
    """What is at the other end of a bridge."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.input, self.output = process, process.stdin, process.stdout
        self.folder = folder

    def say(self, **command: object) -> None:
        self.input.write(json.dumps(command).encode() + b"\n")

    def open(self, mode: str = "run", **more: object) -> None:
        self.say(cmd="open", version=1, mode=mode, session=str(self.folder), **more)

    async def hear(self) -> dict[str, Any]:
        """The next line; ``{}`` at the end."""
        found = json.loads(await asyncio.wait_for(self.output.readline(), 10) or b"{}")
        assert isinstance(found, dict)
        return found


@asynccontextmanager
async def bridge(whatsapp: FakeWhatsapp, folder: Path) -> AsyncIterator[Gateway]:
    folder.mkdir(mode=0o700, exist_ok=True)
    command = whatsapp.settings()["bridgeCommand"]
    assert isinstance(command, list)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Gateway(process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 10)
        process._transport.close()  # type: ignore[attr-defined]


@pytest.fixture
async def whatsapp() -> AsyncIterator[FakeWhatsapp]:
    async with FakeWhatsapp() as fake:
        yield fake


async def test_a_message_comes_and_is_answered(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    alice = whatsapp.person(1, "Alice")
    number = alice.write("hi")
    async with bridge(whatsapp, tmp_path / "s") as gateway:
        gateway.open()
        assert (await gateway.hear())["jid"] == whatsapp.jid
        handed = await gateway.hear()
        assert handed["message"]["id"] == number
        gateway.say(cmd="took", n=handed["n"])
        for chat in (alice.lid_jid, alice.phone_jid):
            gateway.say(cmd="send", id=7, to=chat, text="hello")
            answer = await gateway.hear()
            assert (answer["id"], answer["outcome"]) == (7, "sent")
            assert await alice.next_message() == "hello"
        gateway.say(cmd="close")
        assert await gateway.hear() == {}

    assert whatsapp.untaken == 0
    assert whatsapp.wrongs == []


async def test_what_is_not_taken_comes_again_in_order_and_not_too_much_at_once(
    whatsapp: FakeWhatsapp, tmp_path: Path
) -> None:
    alice = whatsapp.person(1, "Alice")
    for n in range(WINDOW + 1):
        alice.write(f"{n}")
    for begins in (0, 1):
        async with bridge(whatsapp, tmp_path / "s") as gateway:
            gateway.open()
            await gateway.hear()
            handed = [await gateway.hear() for _ in range(WINDOW)]
            assert [each["message"]["text"] for each in handed] == [f"{begins + n}" for n in range(WINDOW)]
            gateway.say(cmd="took", n=handed[0]["n"])
            if not begins:
                assert (await gateway.hear())["message"]["text"] == f"{WINDOW}"
        await eventually(lambda: not whatsapp.connected)
    assert whatsapp.untaken == WINDOW - 1


async def test_a_session_connects_once(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    async with bridge(whatsapp, tmp_path / "s") as first, bridge(whatsapp, tmp_path / "s") as second:
        first.open()
        assert (await first.hear())["ev"] == "connected"
        second.open()
        assert (await second.hear())["ev"] == "connected"
        assert await first.hear() == {"ev": "replaced"}
        assert await first.hear() == {}


@pytest.mark.parametrize(("mode", "event"), [("look", "needs_login"), ("run", "needs_login"), ("login", "qr")])
async def test_nobody_is_linked_before_he_has_confirmed(
    whatsapp: FakeWhatsapp, tmp_path: Path, mode: str, event: str
) -> None:
    whatsapp.linked = False
    async with bridge(whatsapp, tmp_path / "s") as gateway:
        gateway.open(mode)
        assert (await gateway.hear())["ev"] == event
        if mode == "login":
            whatsapp.scan()
            assert (await gateway.hear())["ev"] == "connected"


async def test_mistakes_of_a_gateway_are_remembered(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    (tmp_path / "open to all").mkdir()
    async with bridge(whatsapp, tmp_path / "s") as gateway:
        gateway.say(cmd="took", n=1)
        gateway.folder = tmp_path / "open to all"
        gateway.open()
        gateway.open()
        gateway.say(cmd="took", n=1)
        gateway.say(cmd="send", id=1, to="15550010001@s.whatsapp.net", text=" ")
        gateway.say(cmd="dance")
        await eventually(lambda: len(whatsapp.wrongs) == 6)

    assert [wrong.partition(" ")[0] for wrong in whatsapp.wrongs] == ["took", "a", "a", "took", "a", "a"]


async def test_it_says_who_cannot_be_written_to_and_fails_on_demand(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    alice = whatsapp.person(1, "Alice", on_whatsapp=False)
    async with bridge(whatsapp, tmp_path / "s") as gateway:
        gateway.open()
        await gateway.hear()
        gateway.say(cmd="send", id=1, to=alice.chat, text="hi")
        assert (await gateway.hear())["outcome"] == "never"
        whatsapp.answer({"outcome": "refused"})
        gateway.say(cmd="send", id=2, to=alice.chat, text="hi")
        assert (await gateway.hear())["outcome"] == "refused"
        whatsapp.away()
        assert (await gateway.hear())["ev"] == "disconnected"
        gateway.say(cmd="send", id=3, to=alice.chat, text="hi")
        assert (await gateway.hear())["outcome"] == "not_now"

    assert alice.received == []


async def test_every_noise_is_another_kind_of_noise(whatsapp: FakeWhatsapp) -> None:
    """And each can be made once somebody was written to."""
    alice = whatsapp.person(1, "Alice")
    whatsapp.sent.append((alice.chat, "hello"))
    kinds = whatsapp.noise(alice)
    for send in kinds.values():
        send()
    assert whatsapp.untaken == len(kinds) - 1  # one is no message at all
