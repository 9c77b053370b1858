"""``clawdbot nodes status``, ``describe``, ``invoke``, ``rename`` and ``remove``: nodes that can be used."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.identity import DeviceIdentity
from tests.support.command_line import CommandLine
from tests.support.gateways import NODE_HOST, SHARED, Client, Running, gateway, identity

NODE, TWIN = identity(71), identity(72)
ID = NODE.device_id
COMMANDS = ["system.run", "system.which"]


@asynccontextmanager
async def gateway_with_node(cli: CommandLine) -> AsyncIterator[tuple[Running, Client]]:
    """A gateway to which a node is connected."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        yield running, await connect(running)


async def connect(running: Running, key: DeviceIdentity = NODE, **said: Any) -> Client:
    said = {"client": NODE_HOST, "role": "node", "caps": ["system"], "commands": COMMANDS, **said}
    return await running.connect(key, **said)


async def serve(node: Client, **result: Any) -> dict[str, Any]:
    """Answer the next thing that the node is asked for; what it was asked."""
    asked: dict[str, Any] = await node.event("node.invoke.request")
    await node.call("node.invoke.result", id=asked["id"], nodeId=asked["nodeId"], **result)
    return asked


# --- looking ---------------------------------------------------------------------------------------------------------


async def test_status_shows_every_node(cli: CommandLine) -> None:
    """Connected or not, with what it can do; narrowed on request, with the rest counted."""
    async with gateway_with_node(cli) as (running, _):
        await (await connect(running, TWIN, client=replace(NODE_HOST, display_name="twin"))).close()
        told = (await cli.done("nodes", "status")).out
        assert told.startswith("Known: 2 · Paired: 2 · Connected: 1\n")
        assert f"vector-node  {ID[:12]}  127.0.0.1  linux     2026.1.24-3  paired, connected 0 s ago" in told
        assert f"twin         {TWIN.device_id[:12]}" in told
        assert "paired, not connected" in told
        for words in (("--connected",), ("--last-connected", "1h"), ("--last-connected", "3600000")):
            assert (await cli.done("nodes", "status", *words)).out.startswith("Known: 1 (of 2) · Paired: 1 ·")
            narrowed = (await cli.done("nodes", "status", *words, "--json")).json
            assert [(node["nodeId"], node["commands"]) for node in narrowed["nodes"]] == [(ID, COMMANDS)]


async def test_a_length_of_time_that_is_none(cli: CommandLine) -> None:
    """Exit code 2, and an example."""
    said = await cli("nodes", "status", "--last-connected", "yesterday")
    assert (said.code, '"yesterday" is no length of time; write it like 24h' in said.err) == (2, True)


async def test_describe_shows_one_node(cli: CommandLine) -> None:
    """Named in any of the ways that lead to one node alone."""
    async with gateway_with_node(cli):
        for name in (ID, ID[:6], "vector-node", "Vector-Node", "127.0.0.1"):
            told = (await cli.done("nodes", "describe", "--node", name)).out
            assert f"Id        {ID}\n" in told
            assert told.endswith("\nCommands:\n  system.run\n  system.which\n")
        described = (await cli.done("nodes", "describe", "--node", ID, "--json")).json
        assert (described["nodeId"], described["connected"]) == (ID, True)


async def test_G14_a_name_that_two_nodes_have_is_nobodys(cli: CommandLine) -> None:
    """A node that takes another's name does not get what is meant for that one: the owner has to say which."""
    async with gateway_with_node(cli) as (running, node):
        await connect(running, TWIN)
        said = await cli("nodes", "invoke", "--node", "vector-node", "--command", "system.which")
        assert said.code == 1
        assert "several nodes are meant by vector-node" in said.err
        assert ID[:12] in said.err
        assert TWIN.device_id[:12] in said.err
        assert not [event for event in node.events if event["event"] == "node.invoke.request"]


@pytest.mark.parametrize("impostor", [ID, ID[:12], "127.0.0.1"])
async def test_G14_a_node_cannot_call_itself_by_anothers_id(cli: CommandLine, impostor: str) -> None:
    """A whole id is that node's; of what else fits two nodes, neither is taken."""
    async with gateway_with_node(cli) as (running, _):
        await connect(running, TWIN, client=replace(NODE_HOST, display_name=impostor))
        said = await cli("nodes", "describe", "--node", impostor, "--json")
        assert said.json["nodeId"] == ID if impostor == ID else said.code == 1


async def test_a_node_that_is_not_there(cli: CommandLine) -> None:
    """Those that are there are named."""
    async with gateway_with_node(cli):
        for name in ("zzz", ID[:5], " "):
            said = await cli("nodes", "describe", "--node", name)
            assert (said.code, "unknown node" in said.err, "known: vector-node" in said.err) == (1, True, True)


# --- using -----------------------------------------------------------------------------------------------------------


async def test_invoke_has_a_node_do_something(cli: CommandLine) -> None:
    """The node gets params, timeout and key; its answer is printed as JSON."""
    async with gateway_with_node(cli) as (_, node):
        serving = asyncio.create_task(serve(node, ok=True, payloadJSON='{"bins":{"sh":"/bin/sh"}}'))
        said = await cli.done(
            *("nodes", "invoke", "--node", ID, "--command", "system.which", "--params", '{"bins": ["sh"]}'),
            *("--invoke-timeout", "2000", "--idempotency-key", "once"),
        )
        asked = await serving
        assert (asked["command"], json.loads(asked["paramsJSON"])) == ("system.which", {"bins": ["sh"]})
        assert (asked["timeoutMs"], asked["idempotencyKey"]) == (2000, "once")
        assert said.json == {
            "ok": True,
            "nodeId": ID,
            "command": "system.which",
            "payload": {"bins": {"sh": "/bin/sh"}},
            "payloadJSON": '{"bins":{"sh":"/bin/sh"}}',
        }


async def test_invoke_makes_a_key_of_its_own_each_time(cli: CommandLine) -> None:
    """So that two calls are two calls; the default timeout is the reference's."""
    async with gateway_with_node(cli) as (_, node):
        asked = []
        for _unused in range(2):
            serving = asyncio.create_task(serve(node, ok=True))
            await cli.done("nodes", "invoke", "--node", ID, "--command", "system.which")
            asked.append(await serving)
        assert asked[0]["idempotencyKey"] != asked[1]["idempotencyKey"]
        assert [(one["timeoutMs"], one["paramsJSON"]) for one in asked] == [(15_000, "{}")] * 2


async def test_what_goes_wrong_on_a_node_is_told(cli: CommandLine) -> None:
    """Its own message, inert; nothing on standard output."""
    async with gateway_with_node(cli) as (_, node):
        serving = asyncio.create_task(serve(node, ok=False, error={"code": "X", "message": "no\x1b[2J"}))
        said = await cli("nodes", "invoke", "--node", ID, "--command", "system.which")
        await serving
        assert (said.code, said.out) == (1, "")
        assert said.err == "clawdbot: error: no\\x1b[2J\n"


async def test_a_command_that_a_node_may_not_be_asked_for(cli: CommandLine) -> None:
    """It is refused by the gateway; the hint says how to see what may be asked."""
    async with gateway_with_node(cli):
        said = await cli("nodes", "invoke", "--node", ID, "--command", "camera.snap")
        assert (said.code, said.err.splitlines()) == (
            1,
            [
                "clawdbot: error: node command not allowed",
                'clawdbot: hint: run "clawdbot nodes describe --node NODE" to see what it lets itself be asked for',
            ],
        )
        assert "Commands:" in (await cli.done("nodes", "describe", "--node", ID)).out


@pytest.mark.parametrize(
    ("params", "problem"),
    [("{", "that is no JSON"), ('{"a":1,"a":2}', "must NOT have a property twice"), ("NaN", "that is no JSON")],
)
async def test_params_are_read_strictly(cli: CommandLine, params: str, problem: str) -> None:
    """What the gateway would not understand is not sent."""
    said = await cli("nodes", "invoke", "--node", "x", "--command", "y", "--params", params)
    assert (said.code, problem in said.err) == (2, True)


# --- deciding --------------------------------------------------------------------------------------------------------


async def test_rename_gives_a_node_the_owners_name(cli: CommandLine) -> None:
    """A node host is renamed with the devices, and keeps the name whatever it calls itself."""
    async with gateway_with_node(cli):
        said = await cli.done("nodes", "rename", "--node", "vector-node", "--name", "Attic")
        assert said.out == f"Node {ID} is called Attic.\n"
        assert "Attic" in (await cli.done("nodes", "status")).out
        as_json = (await cli.done("nodes", "rename", "--node", "Attic", "--name", "Box", "--json")).json
        assert as_json == {"nodeId": ID, "displayName": "Box"}


async def test_remove_forgets_a_node(cli: CommandLine) -> None:
    """Its connection ends, and it is a stranger again."""
    async with gateway_with_node(cli) as (_, node):
        assert (await cli.done("nodes", "remove", "--node", ID)).out == f"Removed node {ID}.\n"
        assert (await node.closed())[0] == 1008
        assert (await cli.done("nodes", "status")).out == "Known: 0 · Paired: 0 · Connected: 0\n"


async def test_remove_does_not_take_more_than_a_node(cli: CommandLine) -> None:
    """A Mac that is an operator too stays one: the hint takes only the one role."""
    async with gateway_with_node(cli) as (running, _):
        await running.connect(NODE, scopes=["operator.read"])
        said = await cli("nodes", "remove", "--node", ID)
        assert said.code == 1
        assert f"clawdbot devices revoke --device {ID} --role node" in said.err
        assert "Known: 1" in (await cli.done("nodes", "status")).out
