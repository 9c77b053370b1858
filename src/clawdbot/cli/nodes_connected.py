"""``clawdbot nodes status``, ``describe``, ``invoke``, ``rename`` and ``remove``: nodes that can be used."""

import asyncio
import re
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context, offered
from clawdbot.cli.call_options import LONGEST_MS, CallOptions, call_options
from clawdbot.cli.device_decisions import say_removed
from clawdbot.cli.gateway_target import gateway
from clawdbot.cli.json_argument import JsonValue
from clawdbot.cli.lasting import span_ms
from clawdbot.cli.output import as_json, say, table
from clawdbot.client import answers
from clawdbot.client.answers import Devices, Node, Nodes, PairedNodes
from clawdbot.domain.instants import ago
from clawdbot.domain.names import Instant
from clawdbot.domain.texts import visible
from clawdbot.errors import CallRefused, Refused

if TYPE_CHECKING:
    from clawdbot.client.connection import Connection

INVOKE_MS = 15_000
PREFIX = 6
"""So much of an id is enough to name a node by it."""

_MILLISECONDS = re.compile(r"([0-9]{1,9})(ms)?")


class Duration(click.ParamType[int]):
    """A length of time as people write it, in milliseconds: ``24h``, ``90s``; a bare number is milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        bare = _MILLISECONDS.fullmatch(str(value).strip().lower())
        length = int(bare[1]) if bare else span_ms(str(value))
        if length is None:
            self.fail(f'"{visible(str(value))}" is no length of time; write it like 24h', param, ctx)
        return length


node_option = click.option(
    "--node",
    "node",
    required=True,
    metavar="NODE",
    shell_complete=offered.nodes,
    help="The node, by id, name or address.",
)
connected_option = click.option("--connected", is_flag=True, help="Only nodes that are connected.")
recent_option = click.option(
    "--last-connected", "recent", type=Duration(), metavar="TIME", help="Only nodes that were connected within: 24h."
)


def since(recent: int | None) -> Instant | None:
    """When a length of time before now was."""
    return None if recent is None else context.now() - recent


# --- status ----------------------------------------------------------------------------------------------------------


@click.command("status")
@connected_option
@recent_option
@call_options()
def status_command(options: CallOptions, connected: bool, recent: int | None) -> None:
    """Show every node that is paired or connected, and what it can do."""

    async def run() -> tuple[object, PairedNodes]:
        async with gateway(options) as link:
            nodes = await link.call("node.list", {}, within=options.within)
            if recent is None:
                return nodes, PairedNodes()
            return nodes, answers.read(PairedNodes, await link.call("node.pair.list", {}, within=options.within))

    said, on_record = asyncio.run(run())
    nodes = answers.read(Nodes, said).nodes
    kept = _kept(nodes, on_record, connected, since(recent))
    if options.json:
        raw = said if isinstance(said, dict) else {}
        names = {node.node_id for node in kept}
        as_json({**raw, "nodes": [entry for entry in raw.get("nodes", []) if entry["nodeId"] in names]})
        return
    of_all = "" if len(kept) == len(nodes) else f" (of {len(nodes)})"
    paired, online = sum(node.paired for node in kept), sum(node.connected for node in kept)
    say(f"Known: {len(kept)}{of_all} · Paired: {paired} · Connected: {online}")
    if kept:
        _print_nodes(kept)


def _kept(nodes: Sequence[Node], on_record: PairedNodes, connected: bool, earliest: Instant | None) -> tuple[Node, ...]:
    last = {node.node_id: node.last_connected_at_ms or 0 for node in on_record.paired}
    return tuple(
        node
        for node in nodes
        if (not connected or node.connected)
        and (earliest is None or max(node.connected_at_ms or 0, last.get(node.node_id, 0)) >= earliest)
    )


def _print_nodes(nodes: Sequence[Node]) -> None:
    table(
        ["Node", "Id", "Address", "Platform", "Version", "Status", "Can"],
        [
            [
                node.display_name or "",
                node.node_id[:12],
                node.remote_ip or "",
                node.platform or "",
                node.version or "",
                _status(node),
                ", ".join(node.caps),
            ]
            for node in nodes
        ],
    )


def _status(node: Node) -> str:
    paired = "paired" if node.paired else "not paired"
    if not node.connected:
        return f"{paired}, not connected"
    if node.connected_at_ms is None:
        return f"{paired}, connected"
    return f"{paired}, connected {ago(node.connected_at_ms, context.now())}"


# --- one node --------------------------------------------------------------------------------------------------------


async def find(link: "Connection", text: str, options: CallOptions) -> Node:
    """The node that is meant: by its whole id; by its name, its address or the beginning of its id, if only one fits.

    Raises:
        Refused: none does, or several do. Nodes call themselves what they like: there is no best match.
    """
    nodes = answers.read(Nodes, await link.call("node.list", {}, within=options.within)).nodes
    wanted = text.strip()
    for node in nodes:
        if node.node_id == wanted:
            return node
    found = [node for node in nodes if _fits(node, wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(visible(node.node_id[:12]) for node in found[:5])
        raise Refused(f"several nodes are meant by {visible(wanted)}: {ids}", hint="name one by its id")
    known = ", ".join(visible(node.display_name or node.node_id) for node in nodes[:10])
    hint = f"known: {known}" if known else 'no node is paired; see "clawdbot devices list" for who waits'
    raise Refused(f"unknown node: {visible(wanted)}", hint=hint)


def _fits(node: Node, wanted: str) -> bool:
    return bool(wanted) and (
        wanted.casefold() == (node.display_name or "").strip().casefold()
        or wanted == node.remote_ip
        or (len(wanted) >= PREFIX and node.node_id.startswith(wanted))
    )


@click.command("describe")
@node_option
@call_options()
def describe_command(options: CallOptions, node: str) -> None:
    """Show one node, and what it lets itself be asked for."""

    async def run() -> object:
        async with gateway(options) as link:
            found = await find(link, node, options)
            return await link.call("node.describe", {"nodeId": found.node_id}, within=options.within)

    said = asyncio.run(run())
    if options.json:
        as_json(said)
        return
    found = answers.read(Node, said)
    facts = {
        "Id": found.node_id,
        "Name": found.display_name,
        "Address": found.remote_ip,
        "Platform": found.platform,
        "Version": found.version,
        "Status": _status(found),
        "Can": ", ".join(found.caps),
    }
    table(["Node", ""], [[name, fact] for name, fact in facts.items() if fact])
    say()
    say("Commands:" if found.commands else "It lets itself be asked for nothing.")
    for name in found.commands:
        say(f"  {visible(name)}")


@click.command("invoke")
@node_option
@click.option("--command", "asked", required=True, metavar="COMMAND", help="What to do, as in system.which.")
@click.option("--params", type=JsonValue(), default="{}", metavar="JSON", help="What it is told.")
@click.option(
    "--invoke-timeout",
    "invoke_ms",
    type=click.IntRange(0, LONGEST_MS),
    default=INVOKE_MS,
    show_default=True,
    metavar="MS",
    help="How long the node may take, in milliseconds.",
)
@click.option("--idempotency-key", "key", metavar="KEY", help="Names this call, so that asking twice does it once.")
@call_options(timeout_ms=30_000)
def invoke_command(
    options: CallOptions, node: str, asked: str, params: object, invoke_ms: int, key: str | None
) -> None:
    """Have a node do something, and print what comes of it."""

    async def run() -> object:
        async with gateway(options) as link:
            found = await find(link, node, options)
            call = {
                "nodeId": found.node_id,
                "command": asked,
                "params": params,
                "timeoutMs": invoke_ms,
                "idempotencyKey": key or str(uuid.uuid4()),
            }
            return await link.call("node.invoke", call, within=max(options.within, invoke_ms / 1000 + 1))

    as_json(asyncio.run(run()))


@click.command("rename")
@node_option
@click.option("--name", required=True, metavar="NAME", help="What you call it.")
@call_options()
def rename_command(options: CallOptions, node: str, name: str) -> None:
    """Give a node a name of your own."""

    async def run() -> object:
        async with gateway(options) as link:
            return await _rename(link, (await find(link, node, options)).node_id, name, options)

    said = asyncio.run(run())
    if options.json:
        as_json(said)
    else:
        named = answers.read(answers.RenamedNode, said)
        say(f"Node {visible(named.node_id)} is called {visible(named.display_name)}.")


async def _rename(link: "Connection", node: str, name: str, options: CallOptions) -> object:
    """Rename the node where its name is: in the store of ``node.pair.*``, or with the devices."""
    try:
        return await link.call("node.rename", {"nodeId": node, "displayName": name}, within=options.within)
    except CallRefused as refused:
        if refused.message != "unknown nodeId":
            raise
        try:
            said = await link.call("device.rename", {"deviceId": node, "displayName": name}, within=options.within)
        except CallRefused as also:
            raise (refused if also.message.startswith("unknown method") else also) from None
    renamed = answers.read(answers.RenamedDevice, said)
    return {"nodeId": renamed.device_id, "displayName": renamed.display_name}


@click.command("remove")
@node_option
@call_options()
def remove_command(options: CallOptions, node: str) -> None:
    """Forget a node: its approval, its tokens, its connections. It may ask again, as a stranger."""

    async def run() -> object:
        async with gateway(options) as link:
            device = (await find(link, node, options)).node_id
            listing = answers.read(Devices, await link.call("device.pair.list", {}, within=options.within))
            others = {role for paired in listing.paired if paired.device_id == device for role in paired.all_roles} - {
                "node"
            }
            if others:
                raise Refused(
                    f"that node is {' and '.join(sorted(map(visible, others)))} too, and would be forgotten as a whole",
                    hint=f"to take this role alone: clawdbot devices revoke --device {visible(device)} --role node",
                )
            return await link.call("device.pair.remove", {"deviceId": device}, within=options.within)

    said = asyncio.run(run())
    if options.json:
        as_json(said)
    else:
        say_removed(answers.read(answers.RemovedDevice, said), "node")
