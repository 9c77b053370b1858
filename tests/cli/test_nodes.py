"""``clawdbot nodes``: who waits as a node, in whichever store, and the owner's word on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.command_line import CommandLine
from tests.support.gateways import NODE_HOST, SHARED, TEST, Running, gateway, identity

NODE = identity(61)


@asynccontextmanager
async def gateway_of(cli: CommandLine) -> AsyncIterator[Running]:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        yield running


async def host_asks(running: Running) -> str:
    """A node host from afar waits for approval; its request id."""
    client = await running.open(afar=True)
    answer = await client.connect(NODE, client=NODE_HOST, role="node")
    await client.closed()
    request: str = answer["error"]["details"]["requestId"]
    return request


async def app_asks(running: Running, node: str = "legacy-1", name: str = "Old iPad") -> str:
    """An older app asks with ``node.pair.request``; its request id."""
    admin = await running.admin()
    answer = await admin.call("node.pair.request", nodeId=node, displayName=name, platform="ios 18")
    request: str = answer["request"]["requestId"]
    return request


async def test_both_kinds_of_nodes_wait_in_one_list(cli: CommandLine) -> None:
    """A node host is a device, an older app is not; the owner sees both and the next thing to type."""
    async with gateway_of(cli) as running:
        assert (await cli.done("nodes", "pending")).out == "No pending pairing requests.\n"
        host, app = await host_asks(running), await app_asks(running)
        listed = (await cli.done("nodes", "pending")).out
        assert f"{host}  vector-node  linux" in listed
        assert f"{app}  Old iPad     ios 18" in listed
        assert listed.endswith("\nApprove with: clawdbot nodes approve <request>\n")


async def test_operators_that_wait_are_not_among_the_nodes(cli: CommandLine) -> None:
    """They are not approved by this command either: it says which one does that."""
    async with gateway_of(cli) as running:
        client = await running.open(afar=True)
        answer = await client.connect(NODE, client=TEST, scopes=["operator.read"])
        request = answer["error"]["details"]["requestId"]
        assert (await cli.done("nodes", "pending")).out == "No pending pairing requests.\n"
        said = await cli("nodes", "approve", request)
        assert said.code == 1
        assert "that device does not ask to be a node, but operator" in said.err
        assert f"clawdbot devices approve {request}" in said.err


async def test_a_node_host_is_approved(cli: CommandLine) -> None:
    """By the id that the list shows; it connects."""
    async with gateway_of(cli) as running:
        said = await cli.done("nodes", "approve", await host_asks(running))
        assert said.out == f"Approved vector-node, device {NODE.device_id}: node.\n"
        async with await running.open(afar=True) as client:
            assert (await client.connect(NODE, client=NODE_HOST, role="node"))["ok"]


async def test_a_node_host_is_rejected(cli: CommandLine) -> None:
    """And its request is gone."""
    async with gateway_of(cli) as running:
        request = await host_asks(running)
        assert (await cli.done("nodes", "reject", request)).out == f"Rejected device {NODE.device_id}.\n"
        assert (await cli("nodes", "reject", request)).code == 1


async def test_an_app_is_approved_and_listed(cli: CommandLine) -> None:
    """With the answer's shape on request; G7: without its token, which is the app's alone."""
    async with gateway_of(cli) as running:
        assert (await cli.done("nodes", "approve", await app_asks(running))).out == "Approved node Old iPad.\n"
        request = await app_asks(running, "legacy-2", "Other")
        approved = (await cli.done("nodes", "approve", request, "--json")).json
        assert (approved["requestId"], approved["node"]["nodeId"]) == (request, "legacy-2")
        listed = await cli.done("nodes", "list")
        assert listed.out.startswith("Pending: 0 · Paired: 2\n")
        assert "Old iPad" in listed.out
        as_json = (await cli.done("nodes", "list", "--json")).json
        assert {node["nodeId"] for node in as_json["paired"]} == {"legacy-1", "legacy-2"}
        assert all("token" not in node for node in as_json["paired"])


async def test_an_app_is_rejected(cli: CommandLine) -> None:
    """The answer names the node."""
    async with gateway_of(cli) as running:
        assert (await cli.done("nodes", "reject", await app_asks(running))).out == "Rejected node legacy-1.\n"
        request = await app_asks(running)
        assert (await cli.done("nodes", "reject", request, "--json")).json == {
            "requestId": request,
            "nodeId": "legacy-1",
        }


async def test_pending_as_json_is_what_the_reference_prints(cli: CommandLine) -> None:
    """The list of ``node.pair.*`` alone, as scripts expect it."""
    async with gateway_of(cli) as running:
        await host_asks(running)
        request = await app_asks(running)
        assert [one["requestId"] for one in (await cli.done("nodes", "pending", "--json")).json] == [request]


async def test_the_list_can_be_narrowed(cli: CommandLine) -> None:
    """To nodes that are connected, or were lately; what was left out is counted."""
    async with gateway_of(cli) as running:
        await cli.done("nodes", "approve", await app_asks(running))
        await cli.done("nodes", "approve", await app_asks(running, NODE.device_id, "Host"))
        async with await running.connect(NODE, client=NODE_HOST, role="node"):
            for words in (("--connected",), ("--last-connected", "1h")):
                narrowed = await cli.done("nodes", "list", *words)
                assert narrowed.out.startswith("Pending: 0 · Paired: 1 (of 2)\n")
                assert NODE.device_id in narrowed.out
                as_json = (await cli.done("nodes", "list", *words, "--json")).json
                assert [node["nodeId"] for node in as_json["paired"]] == [NODE.device_id]


async def test_nodes_that_are_paired_as_devices_are_pointed_at(cli: CommandLine) -> None:
    """The list has only what asked with node.pair.request, and says where the others are; as JSON it says nothing."""
    async with gateway_of(cli) as running:
        assert "nodes status" not in (await cli.done("nodes", "list")).err
        await cli.done("nodes", "approve", await app_asks(running))
        await cli.done("nodes", "approve", await host_asks(running))
        listed = await cli.done("nodes", "list")
        assert "vector-node" not in listed.out
        assert listed.err == (
            'clawdbot: hint: 1 node is paired as a device and not in this list: run "clawdbot nodes status"\n'
        )
        assert "vector-node" in (await cli.done("nodes", "status")).out
        as_json = await cli.done("nodes", "list", "--json")
        assert as_json.err == ""
        assert [node["nodeId"] for node in as_json.json["paired"]] == ["legacy-1"]


async def test_S7_names_from_outside_are_inert(cli: CommandLine) -> None:
    """Of nodes too."""
    async with gateway_of(cli) as running:
        request = await app_asks(running, "n\x1b[2J", "x\u202ey")
        for words in (("pending",), ("list",), ("approve", request)):
            assert not {"\x1b", "\u202e"} & set((await cli.done("nodes", *words)).out)
