"""``clawdbot devices`` without a gateway: the owner works on the state, and only where that is safe."""

import asyncio
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.device_service import DeviceService
from clawdbot.domain.admission import Waiting
from clawdbot.domain.names import Role
from clawdbot.gateway import instance
from clawdbot.store.files import FileStore
from tests.support.command_line import CommandLine
from tests.support.devices import arrival, identity, scopes

RECORDED = Path(__file__).parents[1] / "vectors" / "state" / "devices"
NOBODY_RUNS = "clawdbot: hint: no gateway runs; this is the state in "


@pytest.fixture(autouse=True)
def port(cli: CommandLine) -> Iterator[int]:
    """The configured port is one on which nobody listens."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        found: int = kept.getsockname()[1]
        cli.configure(port=found)
        yield found


@pytest.fixture
async def request_id(cli: CommandLine) -> str:
    """A device asked to be a node while a gateway ran."""
    answer = await DeviceService(FileStore(cli.state)).connect(
        arrival(identity(7), role=Role.NODE, name="box"), silent_local=False
    )
    assert isinstance(answer, Waiting)
    return answer.request.id


def on_disk(cli: CommandLine, name: str) -> Any:
    return json.loads((cli.state / "devices" / name).read_text())


async def test_the_owner_decides_without_a_gateway(cli: CommandLine, request_id: str) -> None:
    """List, approve, list, remove: the files say the same as the commands, and a gateway would read it so."""
    device = identity(7).device_id
    listed = await cli.done("devices", "list")
    assert request_id in listed.out
    assert listed.err == f"{NOBODY_RUNS}{cli.state}\n"
    approved = await cli.done("devices", "approve", request_id)
    assert approved.out == f"Approved device {device} (box): node.\n"
    assert on_disk(cli, "paired.json")[device]["roles"] == ["node"]
    assert on_disk(cli, "pending.json") == {}
    assert "box" in (await cli.done("devices", "list")).out
    assert (await cli.done("devices", "remove", device[:8])).out == f"Removed device {device}.\n"
    assert on_disk(cli, "paired.json") == {}


async def test_the_owner_rejects_without_a_gateway(cli: CommandLine, request_id: str) -> None:
    """The request is gone, and nobody is paired."""
    assert (await cli.done("devices", "reject", request_id)).out == f"Rejected device {identity(7).device_id}.\n"
    assert on_disk(cli, "pending.json") == {}
    again = await cli("devices", "reject", request_id)
    assert (again.code, "unknown requestId" in again.err) == (1, True)


async def test_json_has_the_shape_of_the_gateways(cli: CommandLine, request_id: str) -> None:
    """A script need not know whether a gateway runs; nothing is on standard error."""
    listed = await cli.done("devices", "list", "--json")
    assert listed.err == ""
    assert listed.json["paired"] == []
    (pending,) = listed.json["pending"]
    assert (pending["requestId"], pending["role"], pending["displayName"]) == (request_id, "node", "box")
    approved = (await cli.done("devices", "approve", request_id, "--json")).json
    assert approved["device"]["tokens"][0].keys() == {"role", "scopes", "createdAtMs"}


async def test_G7_what_the_reference_left_is_listed_without_tokens(cli: CommandLine) -> None:
    """The files of a reference that does not run any more: all its devices, none of their secrets."""
    shutil.copytree(RECORDED, cli.state / "devices")
    listed = await cli.done("devices", "list", "--json")
    kept = on_disk(cli, "paired.json")
    assert {one["deviceId"] for one in listed.json["paired"]} == set(kept)
    secrets = [token["token"] for device in kept.values() for token in device.get("tokens", {}).values()]
    assert secrets
    assert not any(secret in listed.out for secret in secrets)


async def test_the_owner_may_grant_what_was_asked_for(cli: CommandLine) -> None:
    """Whoever can write the files needs nobody's leave, for admin neither."""
    answer = await DeviceService(FileStore(cli.state)).connect(
        arrival(identity(8), wanted=scopes("admin")), silent_local=False
    )
    assert isinstance(answer, Waiting)
    said = await cli.done("devices", "approve", answer.request.id)
    assert said.out == f"Approved device {identity(8).device_id}: operator with operator.admin.\n"


@pytest.mark.parametrize(
    "words",
    [
        ("rename", "--device", "0" * 64, "--name", "x"),
        ("rotate", "--device", "0" * 64, "--role", "node"),
        ("revoke", "--device", "0" * 64, "--role", "node"),
    ],
    ids=lambda words: words[0],
)
async def test_the_rest_needs_a_gateway(cli: CommandLine, words: tuple[str, ...]) -> None:
    """It says so, and how to get one."""
    said = await cli("devices", *words)
    assert said.code == 1
    assert "only a running gateway does that" in said.err
    assert 'start it with "clawdbot gateway"' in said.err


async def test_looking_leaves_no_trace(cli: CommandLine) -> None:
    """On a fresh machine: nothing is paired, and no identity and no file is made for having looked."""
    assert (await cli.done("devices", "list")).out == "No device is paired.\n"
    assert [path.name for path in cli.state.iterdir()] == ["clawdbot.json"]


# --- when there is a gateway -----------------------------------------------------------------------------------------


async def test_a_gateway_that_runs_elsewhere_is_not_worked_around(cli: CommandLine, request_id: str) -> None:
    """One holds the state and cannot be reached on the port: an error, and the state stays as it is."""
    with instance.hold(cli.state):
        said = await cli("devices", "approve", request_id)
    assert (said.code, said.out) == (3, "")
    assert "no gateway listens at ws://127.0.0.1:" in said.err
    assert request_id in on_disk(cli, "pending.json")


async def test_something_that_listens_is_asked(cli: CommandLine, request_id: str) -> None:
    """Whatever it is: it may be the reference's gateway, which works on these files."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        cli.configure(port=server.sockets[0].getsockname()[1])
        said = await cli("devices", "list")
    assert (said.code, said.out) == (3, "")


async def test_another_machines_gateway_is_not_replaced_by_this_ones_state(cli: CommandLine, port: int) -> None:
    """Whoever works on a remote gateway does not decide about the files at home, named or configured."""
    url = f"ws://127.0.0.1:{port}"
    assert (await cli("devices", "list", "--url", url)).code == 3
    cli.configure(mode="remote", remote={"url": url})
    said = await cli("devices", "list")
    assert (said.code, "config gateway.remote.url" in said.err) == (3, True)


async def test_S4_a_broken_state_is_named_and_left(cli: CommandLine) -> None:
    """No decision is made on what cannot be read."""
    (cli.state / "devices").mkdir(mode=0o700)
    path = cli.state / "devices" / "paired.json"
    path.write_text("{")
    path.chmod(0o600)
    said = await cli("devices", "list")
    assert (said.code, said.out) == (3, "")
    assert str(path) in said.err
    assert path.read_text() == "{"
