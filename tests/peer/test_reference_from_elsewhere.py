"""The reference on another machine than our gateway: a namespace of its own, with an address of its own.

From there nothing is approved silently, whoever knows the shared token (threats.md G4, G9).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.namespaces import HOUSE, STRANGER, Street, street
from tests.support.node_road import NodeRoad, last_words
from tests.support.own import SHARED, OwnGateway, OwnMachine
from tests.support.peer import Peer, find

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    return find(tmp_path / "home", tmp_path / "home" / ".clawdbot")


@pytest.fixture
def machines(peer: Peer) -> Iterator[Street]:
    with street() as made:
        yield made


@pytest.fixture
def own(tmp_path: Path, machines: Street) -> OwnMachine:
    return OwnMachine(tmp_path / "own", machines.house.prefix)


@pytest.fixture
def gateway(own: OwnMachine) -> Iterator[OwnGateway]:
    with own.gateway("--bind", "lan") as running:
        yield running


@pytest.fixture
def far(peer: Peer, machines: Street) -> Peer:
    return replace(peer, prefix=machines.others.prefix)


def test_its_command_line_from_another_machine(own: OwnMachine, gateway: OwnGateway, far: Peer) -> None:
    """A right token from another machine waits for the owner; approved, it works; removed, it is out."""
    words = ("devices", "list", "--json", "--url", f"ws://{HOUSE}:{gateway.port}", "--token", SHARED)
    assert "pairing required" in far.run(*words, code=1)
    (request,) = own.requests(gateway)
    assert (request["role"], request["remoteIp"]) == ("operator", STRANGER)
    own.run(gateway, "devices", "approve", request["requestId"])
    listed = json.loads(far.run(*words))
    assert request["deviceId"] in {device["deviceId"] for device in listed["paired"]}
    own.run(gateway, "devices", "remove", request["deviceId"])
    assert "unauthorized" in far.run(*words, code=1)


def test_its_node_host_from_another_machine(own: OwnMachine, gateway: OwnGateway, far: Peer) -> None:
    """Pairing required, though silent pairing is on; approved by the owner, it serves; revoked, it is out."""
    road = NodeRoad(
        own,
        gateway,
        replace(far, environ={"CLAWDBOT_GATEWAY_TOKEN": SHARED}),
        host=HOUSE,
        address=STRANGER,
        invoke=lambda *words: own.json(gateway, "nodes", "invoke", *words),
    )
    request = road.asks()
    road.approve(request)
    with road.running() as process:
        road.serves()
        own.run(gateway, "devices", "revoke", "--device", request["deviceId"], "--role", "node")
        assert "1008" in last_words(process)
    road.is_out()
