"""One socket from its challenge to its close: who is wrong too often, and calls beside each other."""

import asyncio
import gc
from collections.abc import Mapping

import pytest

from clawdbot.domain.connect import ConnectRequest, Credentials, DeviceClaim
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.secret import Secret
from clawdbot.gateway import conversation
from clawdbot.gateway.conversation import Arrival, Visitor
from clawdbot.gateway.locality import Upgrade
from clawdbot.gateway.threshold import Threshold
from clawdbot.gateway.tries import LOCK_MS, MOST_FAILURES
from clawdbot.store.base import DeviceKey
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import ADMIN, NODE_HOST, SHARED, Running, gateway, identity

HERE: Mapping[str, str] = {}


async def try_token(
    running: Running, token: str, key: DeviceIdentity, *, afar: bool = True, headers: Mapping[str, str] = HERE
) -> dict[str, object]:
    client = await running.open(headers, afar=afar)
    answer = await client.connect(key, token=token)
    await client.close()
    found: dict[str, object] = answer.get("error", {})
    return found


async def test_G11_ten_wrong_tokens_lock_the_address_and_no_other() -> None:
    """The eleventh is not looked at, right or wrong, and is told when to come back; loopback does not notice."""
    async with gateway() as running:
        admin = await running.admin()
        await running.pair(admin, identity(1))
        for number in range(MOST_FAILURES):
            assert "mismatch" in str((await try_token(running, f"wrong{number}", identity(1)))["message"])
        for token in ("wrong", SHARED):
            error = await try_token(running, token, identity(1))
            assert error["code"] == "UNAVAILABLE"
            assert error["retryable"] is True
            assert isinstance(error["retryAfterMs"], int)
            assert 0 < error["retryAfterMs"] <= LOCK_MS
        assert await try_token(running, SHARED, identity(2), afar=False) == {}


async def test_G11_parallel_tries_do_not_overrun_the_count() -> None:
    """Thirty at once: ten are looked at."""
    async with gateway() as running:
        clients = [await running.open(afar=True) for _ in range(30)]
        answers = await asyncio.gather(*(client.connect(identity(1), token="wrong") for client in clients))
        messages = [answer["error"]["message"] for answer in answers]
        assert sum("mismatch" in message for message in messages) == MOST_FAILURES
        assert sum("too many" in message for message in messages) == 30 - MOST_FAILURES


async def test_G11_parallel_tries_with_device_tokens_do_not_either() -> None:
    """Whether a token is the device's is known only from its record; meanwhile nobody else of that address tries."""

    class SlowStore(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            await asyncio.sleep(0.001)
            return await super().update(key, decide)

    async with gateway(SlowStore()) as running:
        admin = await running.admin()
        await running.pair(admin, identity(1))
        clients = [await running.open(afar=True) for _ in range(30)]
        tries = (client.connect(identity(1), token=f"{number:032x}") for number, client in enumerate(clients))
        answers = await asyncio.gather(*tries)
        assert sum("mismatch" in answer["error"]["message"] for answer in answers) == MOST_FAILURES


async def test_G11_missing_credentials_do_not_count() -> None:
    async with gateway() as running:
        for _ in range(2 * MOST_FAILURES):
            client = await running.open(afar=True)
            answer = await client.connect(identity(1), token=None)
            assert "missing" in answer["error"]["message"]
            await client.close()
        assert (await try_token(running, SHARED, identity(1)))["code"] == "NOT_PAIRED"


async def test_G11_programs_of_this_machine_are_slowed_and_never_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten wrong tries each wrong one costs a while; a right one costs nothing."""
    monkeypatch.setattr(conversation, "SLOW_S", 0.2)
    loop = asyncio.get_running_loop()
    async with gateway() as running:
        for _ in range(MOST_FAILURES):
            await try_token(running, "wrong", identity(1), afar=False)
        begun = loop.time()
        assert "mismatch" in str((await try_token(running, "wrong", identity(1), afar=False))["message"])
        assert loop.time() - begun >= 0.2
        assert await try_token(running, SHARED, identity(1), afar=False) == {}


async def test_G11_pages_in_a_browser_of_this_machine_are_locked_like_anybody() -> None:
    """… and their failures are not those of the owner's programs."""
    async with gateway() as running:
        page = {"Origin": f"http://127.0.0.1:{running.gateway.port}"}
        for _ in range(MOST_FAILURES):
            await try_token(running, "wrong", identity(1), afar=False, headers=page)
        error = await try_token(running, SHARED, identity(1), afar=False, headers=page)
        assert "too many" in str(error["message"])
        assert await try_token(running, SHARED, identity(1), afar=False) == {}


async def test_G2_a_connect_that_was_overheard_opens_no_other_socket() -> None:
    """The very same params, a moment later, on another connection: another nonce."""
    async with gateway() as running:
        first, second = await running.open(), await running.open()
        assert (await first.connect(identity(1), scopes=ADMIN))["ok"]
        replayed = await second.connect(identity(1), scopes=ADMIN, nonce=first.nonce)
        assert replayed["error"]["message"] == "device nonce mismatch"
        assert await second.closed() == (1008, "device nonce mismatch")


async def test_calls_run_beside_each_other() -> None:
    """A node's slow answer keeps nothing else waiting, on the caller's own connection either."""
    async with gateway() as running:
        admin = await running.admin()
        node = await running.connect(identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        slow = await admin.ask("node.invoke", nodeId=identity(1).device_id, command="system.run", idempotencyKey="k")
        asked = await node.event("node.invoke.request")
        assert await admin.call("health")
        await node.call("node.invoke.result", id=asked["id"], nodeId=asked["nodeId"], ok=True, payload={"a": 1})
        assert (await admin.answer(slow))["payload"]["payload"] == {"a": 1}


async def test_a_client_that_leaves_takes_its_calls_with_it() -> None:
    """What it asked of a node is waited for no longer, and the node's late answer is for nobody."""
    async with gateway() as running:
        admin = await running.admin()
        node = await running.connect(identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        await admin.ask("node.invoke", nodeId=identity(1).device_id, command="system.run", idempotencyKey="k")
        asked = await node.event("node.invoke.request")
        await admin.close()
        other = await running.admin()
        assert await other.call("health")
        late = await node.call("node.invoke.result", id=asked["id"], nodeId=asked["nodeId"], ok=True)
        assert late == {"ok": True, "ignored": True}


async def test_S7_neither_tokens_nor_codes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At no level, whatever goes wrong; strange characters are escaped."""
    caplog.set_level(0)
    async with gateway() as running:
        admin = await running.admin()
        await try_token(running, "hunter2hunter2", identity(1))
        client = await running.open(afar=True)
        await client.send('{"type":"req","id":"c1","method":"connect","params":{"evil\\u001b[2J":"hunter3"}}')
        await client.closed()
        await admin.refused("dm.pair.approve", channel="telegram", code="HUNTER44")
        token = admin.hello["auth"]["deviceToken"]
        record = await running.store.read(DeviceKey(identity(900).device_id))
    assert record.paired is not None
    assert Secret(token) in [one.secret for one in record.paired.tokens.values()]
    for secret in ("hunter2", "hunter3", "HUNTER44", SHARED, token, "\x1b"):
        assert secret not in caplog.text
    assert "mismatch" in caplog.text


async def test_who_is_in_leaves_nothing_of_its_arrival_behind() -> None:
    """Neither what it said to get in, secrets among it, nor what it was judged by: a connection may last for weeks."""

    def kept() -> list[object]:
        gc.collect()
        arrival = (ConnectRequest, Credentials, DeviceClaim, Arrival, Visitor, Threshold, Upgrade)
        return [one for one in gc.get_objects() if isinstance(one, arrival)]

    before = len(kept())
    async with gateway() as running:
        client = await running.connect(identity(1), scopes=ADMIN)
        await client.call("last-heartbeat")
        assert len(kept()) == before
