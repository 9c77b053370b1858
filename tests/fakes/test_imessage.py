"""The Mac of our own is as strict as imsg, and as careless."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.fakes.imessage import OLD_VERSION, Echo, FakeImessage
from tests.support.channels import Person, Platform


class Imsg:
    """A running imsg, as whoever starts it sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return found

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        self.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
        return await self.line()

    async def error(self, method: str, **params: object) -> int:
        code: int = (await self.ask(method, **params))["error"]["code"]
        return code


@pytest.fixture
async def mac() -> AsyncIterator[FakeImessage]:
    async with FakeImessage() as fake:
        yield fake


async def start(mac: FakeImessage) -> Imsg:
    pipe = asyncio.subprocess.PIPE
    return Imsg(await asyncio.create_subprocess_exec(mac.program, "rpc", stdin=pipe, stdout=pipe, limit=2**20))


@pytest.fixture
async def imsg(mac: FakeImessage) -> AsyncIterator[Imsg]:
    started = await start(mac)
    yield started
    if started.process.returncode is None:
        assert started.process.stdin is not None
        started.process.stdin.close()
    await started.process.wait()


async def test_it_is_a_platform_with_persons(mac: FakeImessage) -> None:
    """As the suite of all channels has it."""
    platform: Platform = mac
    person: Person = platform.person(1, "Alice")
    assert person.sender == "+15550000001"
    assert platform.person(1, "Alice") is person


async def test_a_watch_tells_rows_above_a_number_a_batch_at_a_time(mac: FakeImessage, imsg: Imsg) -> None:
    """More of them only with the next change."""
    alice = mac.person(1, "Alice")
    for number in range(150):
        alice.write(f"{number}")
    assert (await imsg.ask("watch.subscribe", since_rowid=10))["result"] == {"subscription": 1}
    told = [(await imsg.line())["params"]["message"]["id"] for _ in range(100)]
    assert told == list(range(11, 111))
    assert "chats" in (await imsg.ask("chats.list"))["result"]
    alice.write("change")
    assert [(await imsg.line())["params"]["message"]["id"] for _ in range(41)] == list(range(111, 152))


@pytest.mark.parametrize("since", [{}, {"since_rowid": 0}])
async def test_a_watch_from_nowhere_or_0_begins_now(mac: FakeImessage, imsg: Imsg, since: Mapping[str, object]) -> None:
    alice = mac.person(1, "Alice")
    alice.write("before")
    await imsg.ask("watch.subscribe", **since)
    alice.write("after")
    assert (await imsg.line())["params"]["message"]["text"] == "after"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"text": "x"}, -32602),
        ({"to": "+15550000001", "chat_id": 1, "text": "x"}, -32602),
        ({"chat_id": 7, "text": "x"}, -32602),
        ({"chat_id": 1}, -32602),
        ({"chat_id": 1, "text": "x", "service": "pigeon"}, -32602),
        ({"to": "AMAZON", "text": "x"}, -32603),
    ],
)
async def test_a_message_has_one_target_and_a_text(
    mac: FakeImessage, imsg: Imsg, params: Mapping[str, object], code: int
) -> None:
    alice = mac.person(1, "Alice")
    assert await imsg.error("send", **params) == code
    assert alice.received == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc": "1.0", "method": "chats.list"}', -32600),
        (b'{"id": 1}', -32600),
        (b'{"method": "no.such"}', -32601),
    ],
)
async def test_it_speaks_json_rpc_and_nothing_else(imsg: Imsg, line: bytes, code: int) -> None:
    imsg.write(line)
    assert (await imsg.line())["error"]["code"] == code


async def test_without_access_every_request_has_the_same_answer(mac: FakeImessage, imsg: Imsg) -> None:
    mac.has_access = False
    for method in ("chats.list", "watch.subscribe", "send", "no.such"):
        error = (await imsg.ask(method))["error"]
        assert error["code"] == -32603
        assert "Full Disk Access" in error["data"]
    assert imsg.process.returncode is None


@pytest.mark.parametrize(("echo", "shown"), [(Echo.LATE, [False]), (Echo.FLAGGED, [True]), (Echo.NONE, [])])
async def test_what_is_sent_becomes_a_row(mac: FakeImessage, imsg: Imsg, echo: Echo, shown: list[bool]) -> None:
    mac.echo = echo
    alice = mac.person(1, "Alice")
    assert (await imsg.ask("send", chat_id=1, text="hello"))["result"]["ok"]
    assert await alice.next_message() == "hello"
    assert [row["is_from_me"] for row in mac.rows] == shown


async def test_the_end_of_its_input_is_its_end_and_a_crash_is_none(mac: FakeImessage, imsg: Imsg) -> None:
    await imsg.ask("chats.list")
    other = await start(mac)
    await other.ask("chats.list")
    assert imsg.process.stdin is not None
    imsg.process.stdin.close()
    assert await imsg.process.wait() == 0
    mac.drop()
    assert await other.process.wait() == 134


async def test_an_old_version_says_so_and_ends(mac: FakeImessage) -> None:
    mac.beginnings.append(OLD_VERSION)
    old = await start(mac)
    output, _ = await old.process.communicate()
    assert (output, old.process.returncode) == (b"Unknown command rpc\n", 1)
