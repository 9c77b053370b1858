"""Our command line and client at the reference's own gateway, and both programs as one device."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clawdbot.client import Connector, Introduction, TokenFile, load_identity
from clawdbot.client import address as addresses
from clawdbot.client.introduction import program
from clawdbot.domain.connect import Credentials
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from tests.support.command_line import CommandLine
from tests.support.gateways import NODE_HOST, TEST, connect_params, identity
from tests.support.peer import Peer, find

pytestmark = pytest.mark.peer

TOKEN = "the-references-token"
NODE = identity(81)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The reference's gateway, on a state of its own."""
    home = tmp_path_factory.mktemp("reference")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    peer = find(home, home / ".clawdbot")
    with peer.start("gateway", "--port", str(port), "--token", TOKEN, "--allow-unconfigured") as process:
        try:
            asyncio.run(_listening(port))
            yield port
        finally:
            process.terminate()
            process.communicate(timeout=60)


async def _listening(port: int) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


@pytest.fixture
def at_reference(cli: CommandLine, port: int) -> CommandLine:
    """Our command line, configured for that gateway."""
    cli.configure(port=port, auth={"token": TOKEN})
    return cli


async def ask_from_afar(port: int, key: DeviceIdentity, **said: Any) -> str:
    """A device that the gateway takes for one behind a proxy asks to be let in; its request id."""
    async with (
        aiohttp.ClientSession(headers={"X-Forwarded-For": "192.0.2.7"}) as http,
        http.ws_connect(f"http://127.0.0.1:{port}/") as ws,
    ):
        nonce = (await ws.receive_json())["payload"]["nonce"]
        params = connect_params(key, nonce, token=TOKEN, **said)
        await ws.send_json({"type": "req", "id": "1", "method": "connect", "params": params})
        request: str = (await ws.receive_json())["error"]["details"]["requestId"]
        return request


@asynccontextmanager
async def connected_node(port: int, state: Path) -> AsyncIterator[str]:
    """Our client as a node that answers what it is asked; its id."""
    introduction = Introduction(
        program("node-host", "node", "our node"),
        role=Role.NODE,
        scopes=(),
        caps=("system",),
        commands=("system.which",),
    )
    connector = Connector(
        addresses.local(port),
        NODE,
        introduction,
        Credentials(token=Secret(TOKEN)),
        TokenFile(state, NODE.device_id),
        within=30,
    )
    async with await connector.connect() as connection:
        requests = connection.events("node.invoke.request")

        async def serve() -> None:
            async for event in requests:
                asked: Any = event.payload
                result = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payloadJSON": asked["paramsJSON"]}
                await connection.call("node.invoke.result", result)

        serving = asyncio.create_task(serve())
        yield NODE.device_id
        serving.cancel()


# --- our commands at the reference's gateway -------------------------------------------------------------------------


async def test_devices_are_decided_there(at_reference: CommandLine, port: int) -> None:
    """List, approve, reject, rotate, revoke: the same words as at our own gateway."""
    cli, one, other = at_reference, identity(82), identity(83)
    wanted = await ask_from_afar(port, one, client=TEST, scopes=["operator.read"])
    unwanted = await ask_from_afar(port, other, client=NODE_HOST, role="node")
    listed = (await cli.done("devices", "list")).out
    assert wanted in listed
    assert unwanted in listed
    said = (await cli.done("devices", "approve", wanted)).out
    assert said == f"Approved device {one.device_id} (vector-test): operator with operator.read.\n"
    assert (await cli.done("devices", "reject", unwanted)).out == f"Rejected device {other.device_id}.\n"
    words = ("--device", one.device_id[:12], "--role", "operator")
    rotated = await cli.done("devices", "rotate", *words, "--scope", "operator.read", "--json")
    assert rotated.json["scopes"] == ["operator.read"]
    assert (await cli.done("devices", "revoke", *words)).out.startswith("Revoked the role operator of device ")
    assert "operator (revoked)" in (await cli.done("devices", "list")).out
    unknown = await cli("devices", "approve", wanted)
    assert (unknown.code, unknown.err.splitlines()[0]) == (1, "clawdbot: error: unknown requestId")
    ours = await cli("devices", "remove", one.device_id)
    assert (ours.code, "of a version that does not do that" in ours.err) == (1, True)


async def test_nodes_are_used_there(at_reference: CommandLine, port: int, tmp_path: Path) -> None:
    """Our client is the node, our command line asks it for something through the reference's gateway."""
    cli = at_reference
    async with connected_node(port, tmp_path / "node") as node:
        assert "Connected: 1\n" in (await cli.done("nodes", "status", "--connected")).out
        described = (await cli.done("nodes", "describe", "--node", "our node", "--json")).json
        assert (described["nodeId"], described["commands"]) == (node, ["system.which"])
        said = await cli.done(
            *("nodes", "invoke", "--node", node[:8], "--command", "system.which", "--params", '{"bins": ["sh"]}')
        )
        assert said.json["payload"] == {"bins": ["sh"]}
        refused = await cli("nodes", "invoke", "--node", node, "--command", "camera.snap")
        assert (refused.code, "node command not allowed" in refused.err) == (1, True)
        unnamed = await cli("nodes", "rename", "--node", node, "--name", "x")
        assert (unnamed.code, unnamed.err.splitlines()[0]) == (1, "clawdbot: error: unknown nodeId")
    async with connected_node(port, tmp_path / "node"):
        token = TokenFile(tmp_path / "node", NODE.device_id).get(Role.NODE)
        assert token is not None


async def test_older_apps_are_decided_there(at_reference: CommandLine) -> None:
    """``nodes pending`` and ``approve`` as the mission has them, and the name that the owner gives."""
    cli = at_reference
    params = '{"nodeId": "app-1", "displayName": "Old iPad"}'
    asked = await cli.done("gateway", "call", "node.pair.request", "--params", params)
    request = asked.json["request"]["requestId"]
    assert "Old iPad" in (await cli.done("nodes", "pending")).out
    assert [one["requestId"] for one in (await cli.done("nodes", "pending", "--json")).json] == [request]
    assert (await cli.done("nodes", "approve", request)).out == "Approved node Old iPad.\n"
    assert "Old iPad" in (await cli.done("nodes", "list")).out
    assert (await cli.done("nodes", "list", "--json")).json["pending"] == []


async def test_a_node_host_is_approved_by_the_same_words(at_reference: CommandLine, port: int) -> None:
    """There it waits among the devices; the owner need not know."""
    key = identity(84)
    request = await ask_from_afar(port, key, client=NODE_HOST, role="node")
    assert request in (await at_reference.done("nodes", "pending")).out
    said = (await at_reference.done("nodes", "approve", request)).out
    assert said == f"Approved vector-node, device {key.device_id}: node.\n"


async def test_the_gateway_is_asked(at_reference: CommandLine, port: int) -> None:
    """health, status, probe and call, with exit codes; a wrong token in the reference's own words."""
    cli = at_reference
    assert (await cli.done("gateway", "health")).out.startswith("OK (")
    assert (await cli.done("gateway", "status", "--json")).json["rpc"]["ok"] is True
    probe = (await cli.done("gateway", "probe", "--json", "--timeout", "30000")).json
    assert probe["targets"][0]["connect"]["ok"] is True
    assert probe["targets"][0]["self"]["platform"].startswith("linux")
    assert (await cli.done("gateway", "call", "device.pair.list")).json["paired"]
    unknown = await cli("gateway", "call", "no.such.method")
    assert (unknown.code, unknown.err.splitlines()[0]) == (1, "clawdbot: error: unknown method: no.such.method")
    url = f"ws://127.0.0.1:{port}"
    wrong = await cli("gateway", "health", "--url", url, "--token", "wrong-one")
    assert (wrong.code, "unauthorized: gateway token mismatch" in wrong.err) == (1, True)


async def test_a_narrow_token_costs_no_failed_command(cli: CommandLine, port: int) -> None:
    """A fresh device probes and gets a token for little; its next command needs more, and gets in at the first try.

    The reference's own command line fails there once.
    """
    cli.configure(port=port, auth={"token": TOKEN})
    await cli.done("gateway", "probe", "--timeout", "30000")
    await cli.done("devices", "list")


# --- one device, two programs ----------------------------------------------------------------------------------------


@pytest.fixture
def peer(cli: CommandLine) -> Peer:
    """The reference's command line in the same home."""
    return find(cli.home, cli.state)


async def test_our_device_is_the_references_and_back(cli: CommandLine, port: int, peer: Peer) -> None:
    """Approved through one program, the other gets in with nothing but what lies in the usual state directory."""
    url = ("--url", f"ws://127.0.0.1:{port}")
    cli.configure(port=port, auth={"token": TOKEN})
    await cli.done("devices", "list")
    ours = load_identity(cli.state)
    assert ours is not None
    cli.configure(port=port)
    theirs = await asyncio.to_thread(peer.run, "devices", "list", "--json", *url)
    assert ours.device_id in theirs
    assert load_identity(cli.state) == ours
    assert ours.device_id in (await cli.done("devices", "list", "--json")).out


async def test_the_references_device_is_ours(cli: CommandLine, port: int, peer: Peer) -> None:
    """The other way round: its identity, its token, no shared secret."""
    url = ("--url", f"ws://127.0.0.1:{port}", "--token", TOKEN)
    await asyncio.to_thread(peer.run, "devices", "list", "--json", *url)
    theirs = load_identity(cli.state)
    assert theirs is not None
    cli.configure(port=port)
    assert theirs.device_id in (await cli.done("devices", "list", "--json")).out
    assert load_identity(cli.state) == theirs
