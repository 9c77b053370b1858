"""``clawdbot nodes pending``, ``approve``, ``reject`` and ``list``: nodes that wait or asked to be on record."""

import asyncio
from collections.abc import Sequence

import click

from clawdbot.cli import context, offered
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.device_access import DeviceAccess, device_access
from clawdbot.cli.device_decisions import describe as describe_device
from clawdbot.cli.device_decisions import say_check_words
from clawdbot.cli.device_list import print_check_words
from clawdbot.cli.gateway_target import gateway
from clawdbot.cli.nodes_connected import connected_option, recent_option, since
from clawdbot.cli.output import as_json, hint, say, table
from clawdbot.cli.state_access import UNKNOWN_REQUEST
from clawdbot.client import answers
from clawdbot.client.answers import DeviceRequest, Devices, NodeRequest, Nodes, PairedNode, PairedNodes
from clawdbot.domain.instants import ago
from clawdbot.domain.names import Instant
from clawdbot.domain.texts import visible
from clawdbot.errors import CallRefused, Refused

# --- who waits -------------------------------------------------------------------------------------------------------


@click.command("pending")
@call_options()
def pending_command(options: CallOptions) -> None:
    """Show which nodes wait for approval.

    --json prints the requests of node.pair.list, as the reference does; those of devices are in "clawdbot devices list
    --json".
    """

    async def run() -> tuple[object, object]:
        async with device_access(options) as access:
            own = await access.call("node.pair.list", {}, within=options.within)
            return own, None if options.json else await _devices(access, options)

    own, devices = asyncio.run(run())
    if options.json:
        as_json(own["pending"] if isinstance(own, dict) and "pending" in own else [])
        return
    waiting = answers.read(PairedNodes, own).pending
    as_devices = [request for request in answers.read(Devices, devices).pending if request.role == "node"]
    if not waiting and not as_devices:
        say("No pending pairing requests.")
        return
    _print_requests([*as_devices, *waiting])
    print_check_words(as_devices)
    say()
    say("Approve with: clawdbot nodes approve <request>")


async def _devices(access: DeviceAccess, options: CallOptions) -> object:
    return await access.call("device.pair.list", {}, within=options.within)


def _print_requests(requests: Sequence[DeviceRequest | NodeRequest]) -> None:
    now = context.now()
    table(
        ["Request", "Node", "Platform", "Address", "Asked", ""],
        [
            [
                request.request_id,
                request.display_name or (request.device_id if isinstance(request, DeviceRequest) else request.node_id),
                request.platform or "",
                request.remote_ip or "",
                ago(request.ts, now),
                "asks again" if request.is_repair else "",
            ]
            for request in requests
        ],
    )


# --- decisions -------------------------------------------------------------------------------------------------------


@click.command("approve")
@click.argument("request", metavar="REQUEST_ID", shell_complete=offered.node_requests)
@call_options()
def approve_command(options: CallOptions, request: str) -> None:
    """Approve the node whose request this is."""
    said = asyncio.run(_decide(options, request, "approve"))
    if options.json:
        as_json(said)
    elif isinstance(said, dict) and "device" in said:
        approved = answers.read(answers.ApprovedDevice, said)
        device = approved.device
        who = visible(device.display_name or device.device_id)
        say(f"Approved {who}, device {visible(device.device_id)}: {describe_device(device)}.")
        say_check_words(approved)
    else:
        node = answers.read(answers.ApprovedNode, said).node
        say(f"Approved node {visible(node.display_name or node.node_id)}.")


@click.command("reject")
@click.argument("request", metavar="REQUEST_ID", shell_complete=offered.node_requests)
@call_options()
def reject_command(options: CallOptions, request: str) -> None:
    """Dismiss a node's request. It may ask again."""
    said = asyncio.run(_decide(options, request, "reject"))
    if options.json:
        as_json(said)
    elif isinstance(said, dict) and "deviceId" in said:
        say(f"Rejected device {visible(answers.read(answers.RejectedDevice, said).device_id)}.")
    else:
        say(f"Rejected node {visible(answers.read(answers.RejectedNode, said).node_id)}.")


async def _decide(options: CallOptions, request: str, verb: str) -> object:
    """Decide about a node's request, among the nodes or, if it is not there, among the devices.

    Raises:
        CallRefused: it is in neither place, or the gateway says no.
        Refused: it is a device's that does not ask to be a node.
    """
    async with device_access(options) as access:
        try:
            return await access.call(f"node.pair.{verb}", {"requestId": request}, within=options.within)
        except CallRefused as refused:
            if refused.message != UNKNOWN_REQUEST:
                raise
            devices = answers.read(Devices, await _devices(access, options)).pending
            found = [waiting for waiting in devices if waiting.request_id == request]
            if not found:
                raise
        if found[0].role != "node":
            raise Refused(
                f"that device does not ask to be a node, but {visible(found[0].role or 'nothing')}",
                hint=f"to decide all the same: clawdbot devices {verb} {visible(request)}",
            )
        return await access.call(f"device.pair.{verb}", {"requestId": request}, within=options.within)


# --- who is on record ------------------------------------------------------------------------------------------------


@click.command("list")
@connected_option
@recent_option
@call_options()
def list_command(options: CallOptions, connected: bool, recent: int | None) -> None:
    """Show the nodes that asked with node.pair.request. All that can be used: "clawdbot nodes status"."""
    narrowed = connected or recent is not None

    async def run() -> tuple[object, Nodes]:
        async with gateway(options) as connection:
            own = await connection.call("node.pair.list", {}, within=options.within)
            if options.json and not narrowed:
                return own, Nodes()
            return own, answers.read(Nodes, await connection.call("node.list", {}, within=options.within))

    own, nodes = asyncio.run(run())
    listing = answers.read(PairedNodes, own)
    kept = _kept(listing.paired, nodes, connected, since(recent)) if narrowed else listing.paired
    if options.json:
        names = {node.node_id for node in kept}
        raw = own if isinstance(own, dict) else {}
        paired = [entry for entry in raw.get("paired", []) if entry["nodeId"] in names]
        as_json({"pending": raw.get("pending", []), "paired": paired})
        return
    of_all = "" if len(kept) == len(listing.paired) else f" (of {len(listing.paired)})"
    say(f"Pending: {len(listing.pending)} · Paired: {len(kept)}{of_all}")
    if listing.pending:
        _print_requests(listing.pending)
    if kept:
        _print_nodes(kept)
    _point_at_others(listing.paired, nodes)


def _point_at_others(listed: Sequence[PairedNode], nodes: Nodes) -> None:
    """Node hosts and phones are paired as devices: a list without them must not look as if there were none."""
    here = {node.node_id for node in listed}
    others = sum(node.paired and node.node_id not in here for node in nodes.nodes)
    if others:
        are = "1 node is paired as a device" if others == 1 else f"{others} nodes are paired as devices"
        hint(f'{are} and not in this list: run "clawdbot nodes status"')


def _kept(
    paired: Sequence[PairedNode], nodes: Nodes, connected: bool, earliest: Instant | None
) -> tuple[PairedNode, ...]:
    online = {node.node_id: node.connected_at_ms or 0 for node in nodes.nodes if node.connected}
    return tuple(
        node
        for node in paired
        if (not connected or node.node_id in online)
        and (earliest is None or max(online.get(node.node_id, 0), node.last_connected_at_ms or 0) >= earliest)
    )


def _print_nodes(nodes: Sequence[PairedNode]) -> None:
    now = context.now()
    table(
        ["Node", "Id", "Address", "Last connected"],
        [
            [
                node.display_name or "",
                node.node_id,
                node.remote_ip or "",
                "" if node.last_connected_at_ms is None else ago(node.last_connected_at_ms, now),
            ]
            for node in nodes
        ],
    )
