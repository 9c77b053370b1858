"""The signal-cli of our own, as a client of another make sees it: aiohttp, and a shell."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.signal import FakeSignal
from tests.fakes.signal_people import NUMBER

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def fake() -> AsyncIterator[FakeSignal]:
    async with FakeSignal() as signal:
        yield signal


@pytest.fixture
async def client(fake: FakeSignal) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(fake.url) as session:
        yield session


async def call(client: aiohttp.ClientSession, method: str, **params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 5, "method": method, "params": params}
    async with client.post("/api/v1/rpc", json=body) as response:
        answer = await response.json()
    assert answer.pop("id") == 5
    return answer["error"]["code"] if "error" in answer else answer["result"]


async def test_the_protocol_is_that_of_the_real_one(fake: FakeSignal, client: aiohttp.ClientSession) -> None:
    """As measured with 0.13.19; tests/channels/signal/test_signal_cli.py asks the real one the same."""

    async def post(body: str, **headers: str) -> tuple[int, str]:
        async with client.post("/api/v1/rpc", data=body, headers={**JSON, **headers}) as response:
            return response.status, await response.text()

    assert (await client.get("/api/v1/check")).status == 200
    assert (await client.get("/api/v1/rpc")).status == 405
    assert (await client.get("/api/v1/events?account=%2B1")).status == 400
    assert (await client.get("/api/v1/check", headers={"Host": "evil.example"})).status == 421
    assert (await post("{}", **{"Content-Type": "text/plain"}))[0] == 415
    assert await post('{"jsonrpc":"2.0","method":"version"}') == (201, "")
    status, answer = await post('{"jsonrpc":"2.0","meth')
    assert (status, json.loads(answer)["error"]["code"]) == (200, -32700)
    assert json.loads((await post('{"id":1,"method":"version"}'))[1])["error"]["code"] == -32600
    assert len(json.loads((await post('[{"jsonrpc":"2.0","id":1,"method":"version"}]'))[1])) == 1


async def test_who_sends_what_to_whom_is_checked(fake: FakeSignal, client: aiohttp.ClientSession) -> None:
    alice = fake.person(1, "Alice")

    assert (await call(client, "send", recipient=[alice.number], message="hi"))["results"][0]["type"] == "SUCCESS"
    assert await call(client, "send", recipient=[f"uuid:{alice.uuid}"], message="hi") == -1
    assert await call(client, "send", recipient=[alice.uuid], message="") == -1
    assert await call(client, "send", recipient=["+15559999999"], message="hi") == -1
    assert await call(client, "send", account="+1", recipient=[alice.uuid], message="hi") == -32602
    alice.outcome = "RATE_LIMIT_FAILURE"
    assert await call(client, "send", recipient=[alice.uuid], message="hi") == -5
    assert await call(client, "sendd") == -32601
    fake.accounts.append("+15550008888")
    assert await call(client, "send", recipient=[alice.uuid], message="hi") == -32602
    assert alice.received == ["hi"]


async def test_messages_wait_until_somebody_listens_and_are_gone_then(
    fake: FakeSignal, client: aiohttp.ClientSession
) -> None:
    alice = fake.person(1, "Alice")
    alice.write("one")
    async with client.get("/api/v1/events") as response:
        assert await response.content.readline() == b"event:receive\n"
        line = await response.content.readline()
    envelope = json.loads(line.removeprefix(b"data:"))["envelope"]

    assert (envelope["sourceUuid"], envelope["dataMessage"]["message"]) == (alice.uuid, "one")
    assert fake.unheard == 0


async def test_headers_may_come_with_the_first_keep_alive(client: aiohttp.ClientSession, fake: FakeSignal) -> None:
    fake.late_headers, fake.keep_alive = True, 0.2
    began = asyncio.get_running_loop().time()
    async with client.get("/api/v1/events") as response:
        assert await response.content.readline() == b":\n"

    assert asyncio.get_running_loop().time() - began >= 0.2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            "daemon --http 127.0.0.1:1 --no-receive-stdout --receive-mode on-start --ignore-attachments",
            "invalid choice",
        ),
        ("daemon --http 127.0.0.1:1 --no-receive-stdout --receive-mode on-connection", "--ignore-attachments"),
        ("-a +1 daemon --http x:1 --no-receive-stdout --receive-mode on-connection --ignore-attachments", "registered"),
        ("daemon --htt 127.0.0.1:1", "required"),
        ("send -m hi", "invalid choice"),
    ],
)
async def test_the_program_is_strict_about_how_it_is_started(
    fake: FakeSignal, tmp_path: Path, arguments: str, says: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        fake.program(tmp_path), *arguments.split(), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()

    assert process.returncode
    assert says in errors.decode()


async def test_the_program_serves_the_same_people_as_a_single_account(fake: FakeSignal, tmp_path: Path) -> None:
    arguments = "daemon --http 127.0.0.1:0 --no-receive-stdout --receive-mode on-connection --ignore-attachments"
    process = await asyncio.create_subprocess_exec(
        fake.program(tmp_path), "-a", NUMBER, *arguments.split(), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(20):
        while b"WARN" not in await process.stderr.readline():
            pass
    process.terminate()
    await process.wait()

    assert fake.started == [["-a", NUMBER, *arguments.split()]]
