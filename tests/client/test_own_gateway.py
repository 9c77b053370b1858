"""The client at our own gateway: devices are decided, nodes are used, and whoever is revoked is out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import Connector, Introduction, TokenFile, connect
from clawdbot.client import address as addresses
from clawdbot.client.connection import Connection
from clawdbot.client.introduction import program
from clawdbot.domain.connect import Credentials
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import CallRefused, ConnectRefused
from tests.support.gateways import SETTINGS, SHARED, Running, gateway, identity

OWNER = identity(1)
NODE = identity(2)
AS_NODE = Introduction(
    program("node-host", "node", "box"), role=Role.NODE, scopes=(), caps=("system",), commands=("system.which",)
)


def url(running: Running) -> str:
    return f"ws://127.0.0.1:{running.gateway.port}"


@asynccontextmanager
async def owner(running: Running) -> AsyncIterator[Connection]:
    async with connect(url(running), identity=OWNER, token=SHARED) as connection:
        yield connection


def node(running: Running, tmp_path: Path, by: DeviceIdentity = NODE) -> Connector:
    """A node that was told the shared token once, and keeps what it gets."""
    return Connector(
        addresses.read(url(running)),
        by,
        AS_NODE,
        Credentials(token=Secret(SHARED)),
        TokenFile(tmp_path, by.device_id),
    )


async def approve_next(connection: Connection) -> None:
    """Wait for a device to ask, and let it in."""
    asked: Any = (await anext(connection.events("device.pair.requested"))).payload
    await connection.call("device.pair.approve", {"requestId": asked["requestId"]})


@asynccontextmanager
async def guarded_gateway() -> AsyncIterator[Running]:
    """A gateway where everybody has to be approved but the owner, who was there first."""
    async with gateway() as running:
        async with owner(running):
            pass
        running.gateway.reconfigure(replace(SETTINGS, silent_local=False))
        yield running


async def test_a_node_waits_is_approved_and_serves(tmp_path: Path) -> None:
    """Refused with a request id, approved by it, connected with its own token from then on, and asked for something."""
    async with guarded_gateway() as running, owner(running) as operator:
        approving = asyncio.create_task(approve_next(operator))
        with pytest.raises(ConnectRefused, match="pairing required") as caught:
            await node(running, tmp_path).connect()
        assert caught.value.request_id
        await approving
        async with await node(running, tmp_path).connect() as connection:
            requests = connection.events("node.invoke.request")
            call = {"nodeId": NODE.device_id, "command": "system.which", "params": {"bins": ["sh"]}}
            invoked = asyncio.create_task(operator.call("node.invoke", {**call, "idempotencyKey": "k"}))
            asked: Any = (await anext(requests)).payload
            assert asked["paramsJSON"] == '{"bins":["sh"]}'
            result = {"id": asked["id"], "nodeId": NODE.device_id, "ok": True, "payload": {"bins": {"sh": "/bin/sh"}}}
            assert await connection.call("node.invoke.result", result) == {"ok": True}
            answer: Any = await invoked
            assert answer["payload"] == {"bins": {"sh": "/bin/sh"}}
            with pytest.raises(CallRefused, match="unauthorized role: node"):
                await connection.call("device.pair.list", {})
        assert TokenFile(tmp_path, NODE.device_id).get(Role.NODE) is not None


async def test_G8_a_node_that_is_revoked_is_out(tmp_path: Path) -> None:
    """Its connection ends and says why; its token opens nothing, and the shared one only asks anew."""
    async with gateway() as running, owner(running) as operator:
        connection = await node(running, tmp_path).connect()
        before = TokenFile(tmp_path, NODE.device_id).get(Role.NODE)
        await operator.call("device.token.revoke", {"deviceId": NODE.device_id, "role": "node"})
        assert (await connection.ended()).code == 1008
        await connection.close()
        with pytest.raises(ConnectRefused, match="pairing required"):
            await node(running, tmp_path).connect()
        assert before is not None
        assert TokenFile(tmp_path, NODE.device_id).get(Role.NODE) is None


async def test_a_rotated_token_is_replaced_in_one_call(tmp_path: Path) -> None:
    """The old one is refused, the shared one opens, the new one is kept: nobody sees an error."""
    async with gateway() as running, owner(running) as operator:
        await (await node(running, tmp_path).connect()).close()
        tokens = TokenFile(tmp_path, NODE.device_id)
        old = tokens.get(Role.NODE)
        await operator.call("device.token.rotate", {"deviceId": NODE.device_id, "role": "node"})
        await (await node(running, tmp_path).connect()).close()
        assert tokens.get(Role.NODE) not in (None, old)


async def test_a_client_holds_what_it_asked_for_and_no_more() -> None:
    """G3: an operator who asks for reading only is refused the rest, and told which scope is missing."""
    reading = Introduction(program("test", "test"), scopes=(Scope("operator.read"),))
    async with (
        gateway() as running,
        connect(url(running), identity=NODE, introduction=reading, token=SHARED) as connection,
    ):
        assert await connection.call("health", {})
        with pytest.raises(CallRefused, match=r"missing scope: operator\.pairing"):
            await connection.call("device.pair.list", {})


async def test_a_gateway_that_stops_says_so() -> None:
    """The shutdown event comes before the close, whose code says that it may come back."""
    async with gateway() as running, owner(running) as connection:
        events = connection.events("shutdown")
        await running.gateway.stop()
        assert [event.event async for event in events] == ["shutdown"]
        assert (await connection.ended()).code == 1012
