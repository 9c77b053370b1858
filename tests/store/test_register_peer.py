"""The reference's own gateway on our devices, and we on its: nobody has to be approved twice."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clawdbot.domain import admission, devices
from clawdbot.domain.admission import Admitted
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.secret import Secret
from clawdbot.store.base import DeviceKey
from clawdbot.store.files import FileStore
from tests.support.devices import arrival, identity, scopes
from tests.support.gateways import connect_params
from tests.support.peer import Peer, find
from tests.support.register_crowd import now
from tests.support.register_files import document
from tests.support.register_moves import NodeMove, mint

pytestmark = pytest.mark.peer

ADMIN = ("operator.admin", "operator.approvals", "operator.pairing")
OURS, NODE, ASKING, THEIRS, STRANGER = (identity(number) for number in (1, 2, 3, 4, 5))

Decide = Callable[[Device], Change[Device, Any]]


class There:
    """The reference's gateway, as its clients see it."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def connect(self, key: DeviceIdentity, *, afar: bool = False, **said: Any) -> tuple[Any, dict[str, Any]]:
        """Connect; the socket, and the answer. From afar: through a proxy that nobody vouches for.

        Its gateway hangs up after ten seconds, which are soon over on a machine that is busy with tests: try again.
        """
        for _ in range(5):
            with suppress(ConnectionError):
                ws = await self._http.ws_connect(self._url, headers={"X-Forwarded-For": "203.0.113.9"} if afar else {})
                nonce = (await self._frame(ws))["payload"]["nonce"]
                params = connect_params(key, nonce, **said)
                await ws.send_json({"type": "req", "id": "c", "method": "connect", "params": params})
                return ws, await self._answer(ws, "c")
        pytest.fail("the reference's gateway never took a connection")

    async def call(self, ws: Any, method: str, **params: Any) -> Any:
        await ws.send_json({"type": "req", "id": method, "method": method, "params": params})
        answer = await self._answer(ws, method)
        assert answer["ok"], answer
        return answer["payload"]

    async def _answer(self, ws: Any, id: str) -> dict[str, Any]:
        while True:
            frame = await self._frame(ws)
            if frame.get("id") == id:
                return frame

    @staticmethod
    async def _frame(ws: Any) -> dict[str, Any]:
        async with asyncio.timeout(60):
            message = await ws.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"hung up: {message.data} {message.extra}")
        frame: dict[str, Any] = json.loads(message.data)
        return frame


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@asynccontextmanager
async def gateway(peer: Peer) -> AsyncIterator[There]:
    """The reference's gateway, on loopback."""
    (peer.state_dir / "clawdbot.json").write_text(json.dumps({"gateway": {"mode": "local"}}))
    url = f"http://127.0.0.1:{(port := free_port())}/"
    with peer.start("gateway", "--port", str(port), "--token", "sekrit", "--bind", "loopback") as process:
        try:
            async with aiohttp.ClientSession() as http:
                await until_it_listens(http, url, process)
                yield There(http, url)
        finally:
            process.terminate()
            process.communicate(timeout=30)


async def until_it_listens(http: aiohttp.ClientSession, url: str, process: Any) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                await (await http.ws_connect(url)).close()
            except aiohttp.ClientError:
                assert process.poll() is None, process.communicate()
                await asyncio.sleep(0.1)
            else:
                return


def connects(key: DeviceIdentity, *names: str, role: Role = Role.OPERATOR, token: Secret | None = None) -> Decide:
    """A device that connects here, from afar."""

    def decide(device: Device) -> Change[Device, Any]:
        asks = arrival(key, role=role, wanted=scopes(*names), name="Box", token=token)
        return admission.connect(device, asks, now=now(), mint=mint(key.device_id), room=True)

    return decide


def approve(device: Device) -> Change[Device, Any]:
    assert device.pending
    return devices.approve(device, device.pending.id, caller=OWNER, now=now(), mint=mint(device.id))


async def pair(store: FileStore, key: DeviceIdentity, *names: str, role: Role = Role.OPERATOR) -> str:
    """A device asks here and is approved; its token."""
    for decide in (connects(key, *names, role=role), approve):
        await store.update(DeviceKey(key.device_id), decide)
    record = (await store.read(DeviceKey(key.device_id))).paired
    assert record
    return record.tokens[role].secret.reveal()


async def test_state_goes_there_and_back(tmp_path: Path, state_dir: Path) -> None:
    """Paired here, in there with the same token; asked here, approved there; paired or revoked there, so it is here."""
    peer = find(tmp_path / "home", state_dir)
    store = FileStore(state_dir)
    token = await pair(store, OURS, "admin", "approvals", "pairing")
    await store.update(DeviceKey(OURS.device_id), lambda device: devices.rename(device, "Mine", caller=OWNER))
    await pair(store, NODE, role=Role.NODE)
    asked = (await store.update(DeviceKey(ASKING.device_id), connects(ASKING, "read"))).answer.request
    for verb in ("ask", "approve"):
        await store.update(NodeMove(verb).key, NodeMove(verb, now=now()))
    node = (await store.read(NodeMove("ask").key)).paired
    assert node

    async with gateway(peer) as there:
        owner, answer = await there.connect(OURS, token=token, scopes=ADMIN)
        assert answer["payload"]["auth"]["deviceToken"] == token
        listed = await there.call(owner, "device.pair.list")
        assert [one["requestId"] for one in listed["pending"]] == [asked.id]
        assert {one["deviceId"] for one in listed["paired"]} == {OURS.device_id, NODE.device_id}
        await there.call(owner, "device.pair.approve", requestId=asked.id)
        await there.call(owner, "device.token.revoke", deviceId=NODE.device_id, role="node")
        verified = await there.call(owner, "node.pair.verify", nodeId="node-1", token=node.token.reveal())
        assert verified["ok"]
        _, answer = await there.connect(THEIRS, scopes=("operator.read",))
        theirs = Secret(answer["payload"]["auth"]["deviceToken"])
        _, refusal = await there.connect(STRANGER, afar=True, scopes=("operator.read",))
        waits = refusal["error"]["details"]["requestId"]

    found = {device.id: device for device in (await store.read_all(DeviceKey)).values()}
    assert found.keys() == {key.device_id for key in (OURS, NODE, ASKING, THEIRS, STRANGER)}
    ours, revoked, approved = (found[key.device_id].paired for key in (OURS, NODE, ASKING))
    assert ours
    assert (ours.alias, ours.about.client_id) == ("Mine", "cli")
    assert revoked
    assert revoked.is_revoked(Role.NODE)
    assert approved
    assert approved.may(Role.OPERATOR, scopes("read"))
    stranger = found[STRANGER.device_id].waiting(now())
    assert stranger
    assert stranger.id == waits
    back = await store.update(DeviceKey(THEIRS.device_id), connects(THEIRS, "read", token=theirs))
    assert isinstance(back.answer, Admitted)
    assert store.problems() == []


async def test_what_becomes_of_our_keys_there(tmp_path: Path, state_dir: Path) -> None:
    """It keeps our keys while a device connects or its token is rotated, and drops them when it approves anew."""
    peer = find(tmp_path / "home", state_dir)
    store = FileStore(state_dir)
    token = await pair(store, OURS, "admin", "approvals", "pairing")
    await pair(store, NODE, role=Role.NODE)
    for key in (OURS, NODE):
        await store.update(DeviceKey(key.device_id), lambda device: devices.rename(device, "Mine", caller=OWNER))
    asked = (await store.update(DeviceKey(NODE.device_id), connects(NODE, "read"))).answer.request
    async with gateway(peer) as there:
        owner, _ = await there.connect(OURS, token=token, scopes=ADMIN)
        await there.call(owner, "device.token.rotate", deviceId=OURS.device_id, role="operator")
        kept = document(state_dir, "devices/paired")[OURS.device_id]
        assert (kept["alias"], kept["approvedBy"]) == ("Mine", "terminal")
        await there.call(owner, "device.pair.approve", requestId=asked.id)
        assert {"alias", "approvedBy"}.isdisjoint(document(state_dir, "devices/paired")[NODE.device_id])
