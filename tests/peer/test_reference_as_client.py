"""The reference's own commands and its node host at our gateway, on one machine: what its users have works here."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.node_road import NodeRoad, last_words
from tests.support.own import SHARED, OwnGateway, OwnMachine
from tests.support.peer import Peer, find

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    return find(tmp_path / "home", tmp_path / "home" / ".clawdbot")


@pytest.fixture
def own(tmp_path: Path, peer: Peer) -> OwnMachine:
    """Without the reference no gateway need be started."""
    return OwnMachine(tmp_path / "own")


@pytest.fixture
def gateway(own: OwnMachine) -> Iterator[OwnGateway]:
    with own.gateway() as running:
        yield running


@pytest.fixture
def client(peer: Peer, gateway: OwnGateway) -> Peer:
    """The reference's command line, told of our gateway as its users tell it of theirs."""
    at = {"CLAWDBOT_GATEWAY_PORT": str(gateway.port), "CLAWDBOT_GATEWAY_TOKEN": SHARED}
    return replace(peer, environ=at)


def guard(own: OwnMachine, gateway: OwnGateway) -> None:
    """From now on nobody pairs silently; the owner's own command line is paired by then."""
    own.run(gateway, "devices", "list")
    own.configure(pairing={"silentLocal": False})
    gateway.says("settings are taken over")


def test_its_commands_understand_our_gateway(client: Peer) -> None:
    """Devices, nodes, call, health and probe: each takes our answers for what its own gateway gives."""
    devices = json.loads(client.run("devices", "list", "--json"))
    assert devices["pending"] == []
    (itself,) = devices["paired"]
    assert (itself["clientId"], itself["role"], itself["remoteIp"]) == ("cli", "operator", "127.0.0.1")
    assert "Connected: 0" in client.run("nodes", "status")
    assert json.loads(client.run("gateway", "call", "health", "--json"))["ok"] is True
    assert "OK" in client.run("gateway", "health")
    probed = json.loads(client.run("gateway", "probe", "--json"))
    assert probed["ok"] is True
    (target,) = (target for target in probed["targets"] if target["active"])
    assert target["connect"]["ok"] is True
    assert target["health"]["ok"] is True


def test_its_command_line_waits_until_we_approve_it(own: OwnMachine, gateway: OwnGateway, client: Peer) -> None:
    """With silent pairing off it is told that pairing is required; approved here, the same command works there."""
    guard(own, gateway)
    assert "pairing required" in client.run("devices", "list", "--json", code=1)
    (request,) = own.requests(gateway)
    assert request["role"] == "operator"
    assert "operator.admin" in request["scopes"]
    own.run(gateway, "devices", "approve", request["requestId"])
    assert len(json.loads(client.run("devices", "list", "--json"))["paired"]) == 2
    own.run(gateway, "devices", "remove", request["deviceId"])
    assert "unauthorized" in client.run("devices", "list", "--json", code=1)  # it tries its token, and forgets it
    assert "pairing required" in client.run("devices", "list", "--json", code=1)


def test_its_node_host_goes_the_whole_road(
    own: OwnMachine, gateway: OwnGateway, client: Peer, peer: Peer, tmp_path: Path
) -> None:
    """Pairing required, approved, connected, asked for a program, revoked: out; asks anew, approved, removed: out."""
    json.loads(client.run("devices", "list", "--json"))
    guard(own, gateway)
    host = replace(find(tmp_path / "node", tmp_path / "node" / "state"), environ={"CLAWDBOT_GATEWAY_TOKEN": SHARED})
    road = NodeRoad(
        own,
        gateway,
        host,
        host="127.0.0.1",
        address="127.0.0.1",
        invoke=lambda *words: json.loads(client.run("nodes", "invoke", *words, "--json")),
    )
    request = road.asks()
    road.approve(request)
    with road.running() as process:
        road.serves()
        own.run(gateway, "devices", "revoke", "--device", request["deviceId"], "--role", "node")
        assert "1008" in last_words(process)
    road.is_out()
    again = road.asks()
    assert again["requestId"] != request["requestId"]
    assert again["deviceId"] == request["deviceId"]
    road.approve(again)
    with road.running() as process:
        road.serves()
        own.run(gateway, "devices", "remove", request["deviceId"])
        assert "1008" in last_words(process)
    assert request["deviceId"] not in own.paired(gateway)
    assert not road.is_connected()
