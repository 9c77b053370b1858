"""One state directory, now under the reference's gateway and now under ours: who was let in there is let in here."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clawdbot.client import Introduction, TokenFile, connect
from clawdbot.client.introduction import program
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role
from tests.support.gateways import identity
from tests.support.own import SHARED, OwnGateway, OwnMachine
from tests.support.peer import Peer, find
from tests.support.peer_gateway import peer_gateway

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]

AS_NODE = Introduction(
    program("node-host", "node", "box"), role=Role.NODE, scopes=(), caps=("system",), commands=("system.which",)
)


@pytest.fixture
def theirs(tmp_path: Path) -> Peer:
    """The reference's gateway, on the state directory that is swapped."""
    return find(tmp_path / "home", tmp_path / "state")


@pytest.fixture
def ours(theirs: Peer) -> OwnMachine:
    """Ours, on the same; nobody pairs silently there, so that who gets in was let in before."""
    own = OwnMachine(theirs.state_dir)
    own.configure(pairing={"silentLocal": False})
    return own


@dataclass(frozen=True)
class Device:
    """A device with its key and the token that it was given."""

    key: DeviceIdentity
    introduction: Introduction
    tokens: TokenFile

    @classmethod
    def made(cls, number: int, introduction: Introduction, tmp_path: Path) -> "Device":
        folder = tmp_path / f"device-{number}"
        folder.mkdir(mode=0o700)
        key = identity(number)
        return cls(key, introduction, TokenFile(folder, key.device_id))

    async def pairs(self, port: int) -> None:
        """Comes with the shared token, and keeps what it gets for the next time."""
        await self._connect(port, SHARED)
        assert self._token() is not None

    async def reconnects(self, port: int) -> None:
        """Comes with its own token and nothing else."""
        assert self._token() is not None
        await self._connect(port, "")

    async def _connect(self, port: int, shared: str) -> None:
        url = f"ws://127.0.0.1:{port}"
        async with connect(
            url, identity=self.key, introduction=self.introduction, token=shared, tokens=self.tokens
        ) as connection:
            if self.introduction.role is Role.OPERATOR:
                await connection.call("health", {})

    def _token(self) -> object:
        return self.tokens.get(self.introduction.role)


@pytest.fixture
def devices(tmp_path: Path) -> list[Device]:
    """An operator and a node."""
    return [Device.made(1, Introduction(), tmp_path), Device.made(2, AS_NODE, tmp_path)]


def files(state: Path) -> dict[str, dict[str, object]]:
    """What stands in the two files, by name."""
    return {name: json.loads((state / "devices" / name).read_text()) for name in ("paired.json", "pending.json")}


async def test_paired_there_reconnects_here_and_back(theirs: Peer, ours: OwnMachine, devices: list[Device]) -> None:
    """Let in by the reference's gateway; known to ours by the device's token alone; and to the reference's again."""
    with peer_gateway(theirs) as port:
        for device in devices:
            await device.pairs(port)
    with ours.gateway() as gateway:
        for device in devices:
            await device.reconnects(gateway.port)
    assert nobody_waits(theirs.state_dir)
    with peer_gateway(theirs) as port:
        for device in devices:
            await device.reconnects(port)
    assert nobody_waits(theirs.state_dir)
    assert files(theirs.state_dir)["paired.json"].keys() == {device.key.device_id for device in devices}


async def test_paired_here_reconnects_there_and_back(theirs: Peer, ours: OwnMachine, devices: list[Device]) -> None:
    """Let in by ours, known to the reference's gateway by the device's token alone, and to ours again."""
    ours.configure()
    with ours.gateway() as gateway:
        for device in devices:
            await device.pairs(gateway.port)
    with peer_gateway(theirs) as port:
        for device in devices:
            await device.reconnects(port)
    ours.configure(pairing={"silentLocal": False})
    with ours.gateway() as gateway:
        for device in devices:
            await device.reconnects(gateway.port)
    assert nobody_waits(theirs.state_dir)
    assert files(theirs.state_dir)["paired.json"].keys() == {device.key.device_id for device in devices}


def nobody_waits(state: Path) -> bool:
    return not (state / "devices" / "pending.json").exists() or files(state)["pending.json"] == {}


def test_its_command_line_keeps_its_place(theirs: Peer, ours: OwnMachine, tmp_path: Path) -> None:
    """Paired with its own gateway, the reference's command line lists devices at ours, with its device token alone."""
    client = find(tmp_path / "client", tmp_path / "client" / ".clawdbot")
    with peer_gateway(theirs) as port:
        at_theirs = replace(client, environ={"CLAWDBOT_GATEWAY_PORT": str(port), "CLAWDBOT_GATEWAY_TOKEN": SHARED})
        (before,) = json.loads(at_theirs.run("devices", "list", "--json"))["paired"]
    with ours.gateway() as gateway:
        (after,) = listed(client, gateway)
    assert (after["deviceId"], after["scopes"]) == (before["deviceId"], before["scopes"])


def listed(client: Peer, gateway: OwnGateway) -> list[dict[str, object]]:
    without_secret = replace(client, environ={"CLAWDBOT_GATEWAY_PORT": str(gateway.port)})
    found: list[dict[str, object]] = json.loads(without_secret.run("devices", "list", "--json"))["paired"]
    return found
