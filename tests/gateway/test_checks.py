"""Both sides show the same words before an approval, and with somebody in between they do not (threats.md G19)."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestServer

from clawdbot.client import Connector
from clawdbot.client import address as addresses
from clawdbot.client.identity_file import load
from clawdbot.client.introduction import Introduction, params
from clawdbot.client.refusals import NO_WORDS, to_compare
from clawdbot.domain import check_words as domain
from clawdbot.domain.check_words import check_words
from clawdbot.domain.connect import Credentials
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConnectRefused
from clawdbot.gateway.checks import Checks, own_key
from clawdbot.service import wall_clock
from clawdbot.wire.frames import Request, encode
from tests.support.gateways import NODE_HOST, SETTINGS, SHARED, Client, Running, gateway, identity

GATEWAY, DEVICE, SOMEBODY = identity(70), identity(71), identity(72)
GUARDED = replace(SETTINGS, silent_local=False)


@asynccontextmanager
async def guarded() -> AsyncIterator[tuple[Running, Client]]:
    """A gateway with a key where everybody has to wait, and the owner's program, which was there first."""
    async with gateway(key=GATEWAY.public_key) as running:
        owner = await running.admin()
        running.gateway.reconfigure(GUARDED)
        yield running, owner


async def refused(url: str, device: DeviceIdentity = DEVICE) -> ConnectRefused:
    """Our client asks there for the first time."""
    with pytest.raises(ConnectRefused) as caught:
        await Connector(addresses.read(url), device, Introduction(), Credentials(token=Secret(SHARED))).connect()
    return caught.value


async def waiting(owner: Client) -> dict[str, Any]:
    """The one request that waits, as the owner sees it."""
    (request,) = (await owner.call("device.pair.list"))["pending"]
    found: dict[str, Any] = request
    return found


async def test_G19_both_sides_show_the_same_words() -> None:
    """The device made them of the key that it was told; the answer to the approval has them once more."""
    async with guarded() as (running, owner):
        at_the_device = await refused(running.url.replace("http", "ws"))
        assert at_the_device.gateway_key == str(GATEWAY.public_key)
        request = await waiting(owner)
        assert request["checkWords"] == at_the_device.check_words
        assert at_the_device.check_words == check_words(DEVICE.public_key, GATEWAY.public_key)
        approved = await owner.call("device.pair.approve", requestId=request["requestId"])
        assert approved["checkWords"] == at_the_device.check_words


async def test_a_client_that_knows_nothing_of_it_goes_on_as_before() -> None:
    """What it is told is one more detail of a refusal that it knows; what it gets then has none."""
    async with guarded() as (running, owner):
        client = await running.open(afar=True)
        answer = await client.connect(DEVICE, client=NODE_HOST, role="node")
        told = await owner.event("device.pair.requested")
        assert answer["error"] == {
            "code": "NOT_PAIRED",
            "message": "pairing required",
            "details": {"requestId": told["requestId"], "gatewayKey": str(GATEWAY.public_key)},
        }
        assert "checkWords" not in told


async def test_without_a_key_there_are_no_words() -> None:
    """Neither here nor there; the pairing is the same."""
    async with gateway() as running:
        owner = await running.admin()
        running.gateway.reconfigure(GUARDED)
        at_the_device = await refused(running.url.replace("http", "ws"))
        assert (at_the_device.check_words, at_the_device.gateway_key) == ("", None)
        request = await waiting(owner)
        assert "checkWords" not in request
        assert "checkWords" not in await owner.call("device.pair.approve", requestId=request["requestId"])


# --- somebody in between ---------------------------------------------------------------------------------------------


Tell = Callable[[dict[str, Any]], dict[str, Any]]
"""What the device is told instead of the gateway's refusal of the other key."""


@asynccontextmanager
async def in_between(running: Running, tell: Tell) -> AsyncIterator[str]:
    """Answers devices as a gateway would, and asks at the real one with a key of his own; where he listens."""

    async def asks(nonce: str, ws: Any) -> dict[str, Any]:
        own = params(Introduction(), SOMEBODY, Credentials(token=Secret(SHARED)), nonce=nonce, now=wall_clock())
        await ws.send_str(encode(Request("1", "connect", own)).decode())
        found: dict[str, Any] = json.loads((await ws.receive()).data)
        return found

    async def meets(request: web.Request) -> web.WebSocketResponse:
        device = web.WebSocketResponse()
        await device.prepare(request)
        async with ClientSession() as http, http.ws_connect(running.url) as ahead:
            challenge = json.loads((await ahead.receive()).data)
            await device.send_json(challenge)
            said = await device.receive()
            assert said.type is WSMsgType.TEXT
            answer = await asks(challenge["payload"]["nonce"], ahead)
        await device.send_json({**answer, "id": "connect", "error": tell(answer["error"])})
        await device.close()
        return device

    app = web.Application()
    app.router.add_get("/", meets)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"ws://127.0.0.1:{server.port}"


def unchanged(error: dict[str, Any]) -> dict[str, Any]:
    return error


def with_his_key(error: dict[str, Any]) -> dict[str, Any]:
    return {**error, "details": {**error["details"], "gatewayKey": str(SOMEBODY.public_key)}}


@pytest.mark.parametrize("tell", [unchanged, with_his_key])
async def test_G19_who_brings_his_own_key_shows_in_the_words(tell: Tell) -> None:
    """The device is told his request's id, and the gateway's key or his own: its words are not those that wait."""
    async with guarded() as (running, owner), in_between(running, tell) as between:
        at_the_device = await refused(between)
        request = await waiting(owner)
        assert request["deviceId"] == SOMEBODY.device_id
        assert at_the_device.request_id == request["requestId"]
        assert at_the_device.check_words
        assert set(at_the_device.check_words.split()) != set(request["checkWords"].split())


async def test_G19_who_takes_the_key_away_is_told_of() -> None:
    """The device says that it has no words, and what that means where the owner sees some."""

    def without(error: dict[str, Any]) -> dict[str, Any]:
        return {**error, "details": {"requestId": error["details"]["requestId"]}}

    async with guarded() as (running, owner), in_between(running, without) as between:
        at_the_device = await refused(between)
        assert (at_the_device.check_words, to_compare(at_the_device)) == ("", NO_WORDS)
        assert (await waiting(owner))["checkWords"]


# --- what they cost --------------------------------------------------------------------------------------------------


async def test_G19_strangers_have_no_words_made() -> None:
    """However many wait: they are made when somebody looks, once for each."""
    domain.check_words.cache_clear()
    made = domain.check_words.cache_info
    async with guarded() as (running, owner):
        for number in range(300, 305):
            await (await running.open(afar=True)).connect(identity(number))
        assert made().misses == 0
        first = (await owner.call("device.pair.list"))["pending"]
        again = (await owner.call("device.pair.list"))["pending"]
        assert (made().misses, len({request["checkWords"] for request in first})) == (5, 5)
        assert first == again


async def test_G19_while_they_are_made_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop goes on before a single word is there."""
    loop, served = asyncio.get_running_loop(), asyncio.Event()

    def slow(*_keys: object) -> str:
        asyncio.run_coroutine_threadsafe(served.wait(), loop).result(10)
        return "words"

    monkeypatch.setattr("clawdbot.gateway.checks.check_words", slow)
    made = asyncio.create_task(Checks(GATEWAY.public_key).of(DEVICE.public_key))
    loop.call_soon(served.set)
    assert await made == "words"


# --- the gateway's key -----------------------------------------------------------------------------------------------


def test_S1_the_key_is_that_of_the_state_directory(tmp_path: Path) -> None:
    """Made the first time, for the owner alone; from then on the same, and the one that commands have."""
    key = own_key(tmp_path, now=1)
    kept = load(tmp_path)
    assert kept is not None
    assert key == own_key(tmp_path, now=2) == kept.public_key
    assert stat.S_IMODE((tmp_path / "identity" / "device.json").stat().st_mode) == 0o600


def test_S4_a_broken_identity_costs_the_words_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left as it is, and the log names it."""
    path = tmp_path / "identity" / "device.json"
    path.parent.mkdir(mode=0o700)
    path.write_text("{}")
    path.chmod(0o600)
    assert own_key(tmp_path, now=1) is None
    assert str(path) in caplog.text
    assert path.read_text() == "{}"
