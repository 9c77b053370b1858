"""The owner decides at his own terminal though his gateway does not let that terminal in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client.identity_file import load_or_create
from clawdbot.device_service import DeviceService
from clawdbot.domain.admission import Waiting
from clawdbot.domain.names import NodeId, Role
from clawdbot.domain.node_records import NodeAbout
from clawdbot.domain.nodes import Requested
from clawdbot.node_service import NodeService
from clawdbot.service import wall_clock
from clawdbot.store.files import FileStore
from tests.support.command_line import CommandLine
from tests.support.devices import HERE, arrival, identity
from tests.support.node_hosts import process_of
from tests.support.own import SHARED, OwnGateway, OwnMachine

ITSELF = "clawdbot: hint: this machine's own device waits for approval; this is the state in "
REFUSED = "clawdbot: hint: the gateway wants this machine's own device to be approved; this is the state in "


@pytest.fixture
def silent() -> bool:
    """May programs on the machine pair without asking?"""
    return True


@pytest.fixture
def gateway(cli: CommandLine, silent: bool) -> Iterator[OwnGateway]:
    """Our gateway as a process on the command line's state directory, on a port that no configuration knows."""
    auth = {"token": SHARED}
    cli.configure(port=1, auth=auth, pairing={"silentLocal": silent})
    with OwnMachine(cli.state).gateway() as running:
        yield running


async def waits(cli: CommandLine) -> str:
    """A device of somebody else asks to be a node; its request."""
    answer = await DeviceService(FileStore(cli.state)).connect(
        arrival(identity(7), role=Role.NODE, name="box"), silent_local=False
    )
    assert isinstance(answer, Waiting)
    return answer.request.id


def paired(cli: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((cli.state / "devices" / "paired.json").read_text())
    return found


def node(cli: CommandLine, gateway: OwnGateway) -> Any:
    """Our node host on the machine of the gateway: the reference's, too, keeps its identity where commands have it."""
    where = ("--host", "127.0.0.1", "--port", str(gateway.port))
    return process_of(cli.state, *where, CLAWDBOT_GATEWAY_TOKEN=SHARED)


async def test_a_node_host_came_first_with_the_terminal_s_identity(cli: CommandLine, gateway: OwnGateway) -> None:
    """Paired as a node, the machine's device is no operator; its owner decides all the same, and makes it one."""
    async with node(cli, gateway) as host:
        await host.says("connected")
        own = load_or_create(cli.state, now=wall_clock()).device_id
        assert paired(cli)[own]["roles"] == ["node"]
        request = await waits(cli)
        approved = await cli.done("devices", "approve", request)
        assert approved.err == f"{REFUSED}{cli.state}\n"
        assert set(paired(cli)) == {own, identity(7).device_id}
        listed = await cli.done("devices", "list", "--json")
        (itself,) = listed.json["pending"]
        assert (listed.err, itself["deviceId"], itself["role"]) == ("", own, "operator")
        assert (await cli.done("devices", "approve", itself["requestId"])).err == f"{ITSELF}{cli.state}\n"
        now = await cli.done("devices", "list")
        assert (now.err, "node, operator" in now.out or "operator, node" in now.out) == ("", True)
        assert (await cli.done("nodes", "status", "--connected", "--json")).json["nodes"][0]["nodeId"] == own


@pytest.mark.parametrize("silent", [False])
async def test_G5_deciding_about_the_terminal_s_own_node_host_does_not_void_its_request(
    cli: CommandLine, gateway: OwnGateway
) -> None:
    """What waits is the machine's own device: commands do not ask in its name, and approve what it asked for."""
    async with node(cli, gateway) as host:
        await host.says("devices approve")
        pending = await cli.done("nodes", "pending")
        assert pending.err == f"{ITSELF}{cli.state}\n"
        (request,) = (await cli.done("devices", "list", "--json")).json["pending"]
        assert f"clawdbot devices approve {request['requestId']}" in host.log.read_text()
        assert request["requestId"] in pending.out
        refused = await cli("devices", "rename", "--device", request["deviceId"], "--name", "x")
        assert refused.code == 1
        assert refused.err.splitlines()[1:] == [
            "clawdbot: error: this machine's own device waits for approval",
            f"clawdbot: hint: clawdbot devices approve {request['requestId']}",
        ]
        await cli.done("nodes", "approve", request["requestId"])
        await host.says("connected")


@pytest.mark.parametrize("silent", [False])
async def test_G19_a_node_and_the_owner_read_the_same_words(
    cli: CommandLine, gateway: OwnGateway, tmp_path: Path
) -> None:
    """Our node host as a process, our gateway as a process, our list; also where the list is read off the files."""
    where = ("--host", "127.0.0.1", "--port", str(gateway.port))
    async with process_of(tmp_path / "node", *where, CLAWDBOT_GATEWAY_TOKEN=SHARED) as host:
        await host.says("devices approve")
        (line,) = [line for line in host.log.read_text().splitlines() if line.startswith("check words")]
        words = line.partition(", too: ")[2]
        assert len(words.split()) == 7
        request = next(
            each
            for each in (await cli.done("devices", "list", "--json")).json["pending"]
            if each["deviceId"] == load_or_create(tmp_path / "node", now=0).device_id
        )
        assert request["checkWords"] == words
        as_owner = await cli.done("devices", "list")
        assert f"\n{request['requestId']}  {words}\n" in as_owner.out
        assert as_owner.err == f"{ITSELF}{cli.state}\n"
        assert f"\n{request['requestId']}  {words}\n" in (await cli.done("nodes", "pending")).out
        assert f"check words {words}\n" in (await cli.done("explain", "device", request["deviceId"])).out
        explained = (await cli.done("explain", "device", request["deviceId"], "--json")).json
        assert explained["request"]["checkWords"] == words
        assert (await cli.done("nodes", "approve", request["requestId"])).out.endswith(f"\nIts check words: {words}\n")
        await host.says("connected")


async def test_S4_who_waits_is_listed_though_the_identity_is_broken(cli: CommandLine) -> None:
    """Without check words, and so it is explained."""
    request = await waits(cli)
    path = cli.state / "identity" / "device.json"
    path.parent.mkdir(mode=0o700)
    path.write_text("{}")
    path.chmod(0o600)
    for words in (("devices", "list"), ("nodes", "pending"), ("explain", "device", identity(7).device_id)):
        said = await cli.done(*words)
        assert (request in said.out, "heck words" in said.out) == (True, False)


@pytest.mark.parametrize("silent", [False])
async def test_G8_what_is_taken_on_the_state_is_taken_from_the_live_connection(
    cli: CommandLine, gateway: OwnGateway
) -> None:
    """The gateway ends the session of a device that was removed behind its back."""
    async with node(cli, gateway) as host:
        await host.says("devices approve")
        (request,) = (await cli.done("devices", "list", "--json")).json["pending"]
        await cli.done("devices", "approve", request["requestId"])
        await host.says("connected")
        assert (await cli.done("devices", "remove", request["deviceId"])).err == f"{REFUSED}{cli.state}\n"
        assert await host.ended() == 1
        assert "the gateway took this node's access away" in host.log.read_text()


@pytest.mark.parametrize("silent", [True, False])
async def test_what_is_removed_and_pairs_again_is_said_without_a_gateway(cli: CommandLine, silent: bool) -> None:
    """As the gateway would say it, by the same configuration."""
    cli.configure(port=1, pairing={"silentLocal": silent})
    service = DeviceService(FileStore(cli.state))
    await service.connect(arrival(identity(7), role=Role.NODE, peer=HERE), silent_local=True)
    said = await cli.done("devices", "remove", identity(7).device_id)
    assert said.out == f"Removed device {identity(7).device_id}.\n"
    assert ("it is on the gateway's machine and pairs again without asking" in said.err) is silent


@pytest.mark.parametrize("silent", [False])
async def test_what_only_a_gateway_does_is_refused_in_its_own_words(cli: CommandLine, gateway: OwnGateway) -> None:
    """No rotation behind its back; the error is the refusal, the hint how the terminal gets in."""
    said = await cli("devices", "rotate", "--device", "0" * 64, "--role", "node")
    assert said.code == 1
    note, error, way_in = said.err.splitlines()
    assert note.startswith(REFUSED)
    assert error == "clawdbot: error: gateway connect failed: pairing required"
    assert way_in.startswith('clawdbot: hint: check words, which "clawdbot devices list" must show, too: ')
    assert "; on the gateway's machine: clawdbot devices approve " in way_in


@pytest.mark.parametrize("silent", [False])
async def test_G15_a_gateway_that_is_named_is_not_worked_around(cli: CommandLine, gateway: OwnGateway) -> None:
    """With ``--url`` the refusal is the answer, though it is the same gateway."""
    url = f"ws://127.0.0.1:{gateway.port}"
    said = await cli("devices", "list", "--url", url, "--token", SHARED)
    assert (said.code, said.out, "pairing required" in said.err) == (1, "", True)


async def test_a_wrong_secret_is_not_worked_around(cli: CommandLine, gateway: OwnGateway) -> None:
    """It is a mistake that the owner wants to know of."""
    said = await cli("devices", "list", "--token", "wrong-one")
    assert (said.code, said.out, "token mismatch" in said.err) == (1, "", True)


async def test_older_apps_are_decided_without_a_gateway(cli: CommandLine, tmp_path: Path) -> None:
    """``nodes pending``, ``approve`` and ``reject`` on the state; an unknown request has the gateway's words."""
    cli.configure(port=1)
    service = NodeService(FileStore(cli.state))
    asked = [await service.request(NodeId(name), NodeAbout(display_name=name), silent=None) for name in ("a", "b")]
    ids = [one.request.id for one in asked if isinstance(one, Requested)]
    pending = await cli.done("nodes", "pending")
    assert all(id in pending.out for id in ids)
    assert pending.err == f"clawdbot: hint: no gateway runs; this is the state in {cli.state}\n"
    assert {one["requestId"] for one in (await cli.done("nodes", "pending", "--json")).json} == set(ids)
    assert (await cli.done("nodes", "approve", ids[0])).out == "Approved node a.\n"
    assert (await cli.done("nodes", "reject", ids[1])).out == "Rejected node b.\n"
    unknown = await cli("nodes", "approve", ids[1])
    assert (unknown.code, "clawdbot: error: unknown requestId" in unknown.err) == (1, True)
    assert [one.id for one in await service.all() if one.paired] == ["a"]
