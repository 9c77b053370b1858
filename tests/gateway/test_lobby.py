"""How a verified device becomes a session, and how a session ends: on real sockets, by the rules of threats.md."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.domain.names import NodeId
from clawdbot.errors import StoreCorrupt
from clawdbot.gateway.link import CLOSE_S
from clawdbot.gateway.server import Pace
from clawdbot.store.base import DeviceKey, NodeKey
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import ADMIN, NODE_HOST, SETTINGS, TEST, gateway, identity

READ = ["operator.read"]


async def test_G3_without_an_identity_nobody_gets_in_whatever_it_knows() -> None:
    async with gateway() as running:
        for role in ("operator", "node", "admin"):
            client = await running.open()
            answer = await client.connect(None, role=role)
            assert answer["error"]["message"] in ("device identity required", "invalid role")
            assert (await client.closed())[0] == 1008


async def test_G3_no_scopes_asked_is_no_scopes_held() -> None:
    async with gateway() as running:
        client = await running.connect(identity(1))
        assert client.hello["auth"]["scopes"] == []
        for method in ("device.pair.list", "health", "config.get"):
            assert (await client.refused(method))["message"].startswith("missing scope")


async def test_G4_a_right_secret_does_not_pair_and_an_upgrade_waits() -> None:
    """Another role, more scopes, another platform: each waits, and what was approved stays as it is meanwhile."""
    async with gateway() as running:
        admin = await running.admin()
        await running.pair(admin, identity(1), client=TEST, scopes=READ)
        windows = replace(TEST, platform="windows 11")
        for asked in (
            {"role": "node", "client": NODE_HOST},
            {"scopes": ["operator.write"], "client": TEST},
            {"scopes": READ, "client": windows},
        ):
            client = await running.open(afar=True)
            assert (await client.connect(identity(1), **asked))["error"]["code"] == "NOT_PAIRED"
            old = await running.connect(identity(1), afar=True, client=TEST, scopes=READ)
            assert await old.call("health")


async def test_G5_retries_are_one_request_and_one_announcement() -> None:
    """Forty tries: the same request id, and the operator hears of it once; another wish is another request."""
    async with gateway() as running:
        admin = await running.admin()
        ids = set()
        for _ in range(40):
            client = await running.open(afar=True)
            ids.add((await client.connect(identity(1), scopes=READ))["error"]["details"]["requestId"])
            await client.close()
        assert len(ids) == 1
        assert (await admin.event("device.pair.requested"))["requestId"] in ids
        client = await running.open(afar=True)
        other = (await client.connect(identity(1), scopes=["operator.admin"]))["error"]["details"]["requestId"]
        announced = await admin.event("device.pair.requested")
        assert (announced["requestId"], announced["supersedes"]) == (other, ids.pop())


async def test_G5_a_phone_in_two_roles_is_approved_for_one_after_the_other() -> None:
    """It asks as an operator and as a node at once, again and again: each request has one id until it is decided."""
    async with gateway() as running:
        admin = await running.admin()

        async def ask(**said: Any) -> Any:
            client = await running.open(afar=True)
            return (await client.connect(identity(1), client=NODE_HOST, **said)).get("error")

        asked = [[await ask(role=role) for role in ("operator", "node")] for _ in range(5)]
        first = {said["details"]["requestId"] for said, _ in asked}
        assert len(first) == 1
        assert all((said["code"], said.get("details")) == ("NOT_PAIRED", None) for _, said in asked)
        assert (await admin.event("device.pair.requested"))["requestId"] in first
        await admin.call("device.pair.approve", requestId=first.pop())
        assert await ask(role="operator") is None
        second = {(await ask(role="node"))["details"]["requestId"] for _ in range(5)}
        assert len(second) == 1
        await admin.call("device.pair.approve", requestId=second.pop())
        assert await ask(role="node") is None


async def test_G8_a_revoked_device_is_out_within_a_second_and_stays_out() -> None:
    """The caller is answered, its socket closes, its calls fail, its token and the shared secret open nothing."""
    async with gateway() as running:
        admin = await running.admin()
        await running.pair(admin, identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        node = await running.connect(identity(1), afar=True, client=NODE_HOST, role="node", commands=["system.run"])
        token = node.hello["auth"]["deviceToken"]
        call = await admin.ask("node.invoke", nodeId=identity(1).device_id, command="system.run", idempotencyKey="k")
        await node.event("node.invoke.request")
        revoked = await admin.call("device.token.revoke", deviceId=identity(1).device_id, role="node")
        assert revoked["role"] == "node"
        assert (await admin.answer(call))["error"]["message"] == "Error: node disconnected (system.run)"
        assert await node.closed() == (1008, "device access changed")
        for secret in (token, "sekrit"):
            client = await running.open(afar=True)
            answer = await client.connect(identity(1), client=NODE_HOST, role="node", token=secret)
            assert not answer["ok"]
        assert (await admin.call("node.list"))["nodes"] == []


@pytest.mark.parametrize("end", ["device.pair.remove", "device.token.rotate", "device.token.revoke"])
async def test_G8_who_ends_its_own_session_gets_its_answer_first(end: str) -> None:
    async with gateway() as running:
        admin = await running.admin()
        role = {} if end == "device.pair.remove" else {"role": "operator"}
        other = await running.connect(identity(900), scopes=ADMIN)
        answer = await admin.call(end, deviceId=identity(900).device_id, **role)
        assert answer["deviceId"] == identity(900).device_id
        assert await admin.closed() == (1008, "device access changed")
        assert await other.closed() == (1008, "device access changed")


async def test_G8_a_revoked_session_can_do_nothing_more_before_its_socket_is_closed() -> None:
    """Its record says so: the next request is refused and the socket closed, without anybody having been told."""
    store = MemoryStore()
    async with gateway(store, pace=Pace(sweep=3600)) as running:
        client = await running.connect(identity(1), scopes=ADMIN)
        assert await client.call("device.pair.list")
        await store.update(DeviceKey(identity(1).device_id), _removed)
        error = await client.refused("device.pair.list")
        assert error["message"] == "unauthorized: device access changed"
        assert await client.closed() == (1008, "device access changed")


async def test_G8_a_change_by_another_program_ends_sessions_that_do_nothing() -> None:
    """A command that works on the files, an editor: the gateway looks often enough."""
    store = MemoryStore()
    async with gateway(store) as running:
        node = await running.connect(identity(1), client=NODE_HOST, role="node")
        await store.update(DeviceKey(identity(1).device_id), _removed)
        assert await node.closed() == (1008, "device access changed")


async def test_G8_who_came_after_a_sweep_is_found_by_the_next_though_sweeps_between_had_nothing_to_do() -> None:
    """While the records are the same a sweep looks at nobody; once they are not, it looks at everybody."""
    store = MemoryStore()
    async with gateway(store, pace=Pace(sweep=3600, watch=3600)) as running:
        early = await running.connect(identity(1), scopes=ADMIN)
        stays = await running.connect(identity(2), scopes=ADMIN)
        records = await store.read_all(DeviceKey)
        await running.gateway._desk.lobby.sweep()
        late = await running.connect(identity(1), scopes=ADMIN)
        assert await store.read_all(DeviceKey) is records
        for _ in range(3):
            await running.gateway._desk.lobby.sweep()
        await store.update(DeviceKey(identity(1).device_id), _removed)
        await running.gateway._desk.lobby.sweep()
        for client in (early, late):
            assert await client.closed() == (1008, "device access changed")
        assert await stays.call("health")


async def test_a_sweep_ends_nobody_who_came_while_it_read() -> None:
    """What it read is older than the approval of a device that came in meanwhile."""

    class Slow(MemoryStore):
        async def read_all(self, kind):  # type: ignore[no-untyped-def]
            found = await super().read_all(kind)
            if armed and kind is DeviceKey:
                has_read.set()
                await go_on.wait()
            return found

    armed, has_read, go_on = False, asyncio.Event(), asyncio.Event()
    async with gateway(Slow(), pace=Pace(sweep=3600, watch=3600)) as running:
        armed = True
        sweep = asyncio.ensure_future(running.gateway._desk.lobby.sweep())
        await has_read.wait()
        armed = False
        client = await running.connect(identity(1), scopes=ADMIN)
        go_on.set()
        await sweep
        assert await client.call("health")


def test_G8_a_second_is_enough() -> None:
    """What others changed is seen soon enough for sockets to be closed, or cut when the client does not answer."""
    assert Pace().sweep + CLOSE_S <= 1


def _removed(device: Device) -> Change[Device, None]:
    return Change(Device(device.id), None)


async def test_G8_revoked_while_it_connects() -> None:
    """Between the decision that it is paired and its hello, its record changes: it does not get in."""

    class Store(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            change = await super().update(key, decide)
            if armed and key == DeviceKey(identity(1).device_id):
                await super().update(key, _removed)
            return change

    armed = False
    async with gateway(Store()) as running:
        admin = await running.admin()
        armed = True
        client = await running.open()
        answer = await client.connect(identity(1))
        assert answer["error"]["message"] == "pairing required"
        presence = await admin.call("system-presence")
        assert [entry.get("deviceId") for entry in presence] == [None]


async def test_S4_an_unreadable_record_lets_nobody_in_and_names_no_file() -> None:
    class Broken(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            raise StoreCorrupt("/home/owner/.clawdbot/devices/paired.json is not JSON")

    async with gateway(Broken()) as running:
        client = await running.open()
        answer = await client.connect(identity(1))
        assert answer["error"] == {"code": "UNAVAILABLE", "message": "Error: the gateway's state cannot be used now"}
        assert (await client.closed())[0] == 1008


async def test_a_defect_while_a_device_connects_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The client is told that something is wrong, not what; the address is free for the next one."""

    class Defective(MemoryStore):
        async def update(self, key, decide):  # type: ignore[no-untyped-def]
            if armed:
                raise ZeroDivisionError("in the dark")
            return await super().update(key, decide)

    armed = True
    async with gateway(Defective()) as running:
        client = await running.open()
        answer = await client.connect(identity(1))
        assert answer["error"] == {"code": "UNAVAILABLE", "message": "Error: internal error"}
        assert (await client.closed())[0] == 1008
        assert "in the dark" in caplog.text
        armed = False
        assert (await (await running.open()).connect(identity(1)))["ok"]


async def test_G13_the_queue_is_bounded_an_address_and_in_all() -> None:
    """Newcomers beyond are told that pairing is required, without a request; who waits keeps its place."""
    settings = replace(SETTINGS, queue=QueueLimits(total=4, from_address=3))
    async with gateway(settings=settings) as running:
        admin = await running.admin()
        honest = await running.open({"X-Forwarded-For": "203.0.113.9"})
        first = (await honest.connect(identity(1)))["error"]["details"]["requestId"]
        told = []
        for number in range(2, 12):
            client = await running.open(afar=True)
            told.append((await client.connect(identity(number)))["error"])
            await client.close()
        assert [("details" in error) for error in told] == [True] * 3 + [False] * 7
        assert {error["message"] for error in told} == {"pairing required"}
        assert len((await admin.call("device.pair.list"))["pending"]) == 4
        await admin.call("device.pair.approve", requestId=first)


async def test_G16_hello_tells_of_others_only_to_those_who_may_know() -> None:
    """A node and an operator without scopes see the gateway and themselves; no hello holds a path or others' tokens."""
    async with gateway() as running:
        admin = await running.admin()
        node = await running.connect(identity(1), client=NODE_HOST, role="node")
        reader = await running.connect(identity(2), client=TEST, scopes=READ)
        blind = await running.connect(identity(3), client=TEST)

        def seen(client: object) -> set[str]:
            presence = client.hello["snapshot"]["presence"]  # type: ignore[attr-defined]
            return {entry["deviceId"] for entry in presence if "deviceId" in entry}

        assert seen(node) == {identity(1).device_id}
        assert seen(reader) == {identity(1).device_id, identity(2).device_id}
        assert seen(blind) == {identity(3).device_id}
        tokens = [client.hello["auth"]["deviceToken"] for client in (admin, node, reader, blind)]
        assert len(set(tokens)) == 4
        for client in (admin, node, reader, blind):
            text = str(client.hello)
            assert "/" not in text.replace("/:", "")
            assert [token for token in tokens if token in text] == [client.hello["auth"]["deviceToken"]]


async def test_a_node_on_record_in_the_legacy_store_is_noted_when_it_connects() -> None:
    store = MemoryStore()
    async with gateway(store) as running:
        admin = await running.admin()
        asked = await admin.call("node.pair.request", nodeId=identity(1).device_id)
        await admin.call("node.pair.approve", requestId=asked["request"]["requestId"])
        await running.connect(identity(1), client=NODE_HOST, role="node")

        async def noted() -> bool:
            paired = (await store.read(NodeKey(NodeId(identity(1).device_id)))).paired
            return paired is not None and paired.last_connected_at is not None

        async with asyncio.timeout(20):
            while not await noted():
                await asyncio.sleep(0.001)


async def test_of_all_who_come_and_leave_at_once_everybody_is_told() -> None:
    """One event for many: the last one knows of each of them, and whoever came last hears how the gateway does."""
    async with gateway() as running:
        admin = await running.admin()
        crowd = [await running.connect(identity(number), client=TEST) for number in range(1, 11)]
        for client in crowd:
            assert (await client.event("health"))["ok"]
        await asyncio.gather(*(client.close() for client in crowd))
        left: set[str] = set()
        while left != {identity(number).device_id for number in range(1, 11)}:
            told = (await admin.event("presence"))["presence"]
            left = {entry["deviceId"] for entry in told if entry["reason"] == "disconnect"}
        assert [event["event"] for event in admin.events].count("presence") <= len(crowd)
