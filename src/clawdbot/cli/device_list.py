"""``clawdbot devices list``: which devices wait, and which are paired."""

from collections.abc import Iterable, Sequence

import click

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.device_access import ask
from clawdbot.cli.output import say, table
from clawdbot.client.answers import DeviceRequest, Devices, PairedDevice
from clawdbot.domain.instants import ago
from clawdbot.domain.names import Scope
from clawdbot.domain.scopes import covers

SHORT = 12
"""How much of a device's id is shown in a table, and is enough to name it by."""


@click.command("list")
@call_options()
def list_command(options: CallOptions) -> None:
    """Show which devices wait, and which are paired."""
    found = ask(options, "device.pair.list", {}, Devices)
    if found is None:
        return
    if found.pending:
        say(f"{len(found.pending)} waiting")
        _print_requests(found)
        print_check_words(found.pending)
        say()
    if found.paired:
        say(f"{len(found.paired)} paired")
        _print_devices(found.paired)
    else:
        say("No device is paired.")
    if found.pending:
        say()
        say("Approve with: clawdbot devices approve <request>")


def _print_requests(found: Devices) -> None:
    now = context.now()
    known = {device.device_id: device for device in found.paired}
    table(
        ["Request", "Who", "Device", "As", "Scopes", "Platform", "Address", "Asked"],
        [
            [
                request.request_id,
                _who(known.get(request.device_id, request)),
                _short(request.device_id),
                _wish(request, known.get(request.device_id)),
                " ".join(request.scopes),
                request.platform or "",
                request.remote_ip or "",
                ago(request.ts, now),
            ]
            for request in found.pending
        ],
    )


def print_check_words(waiting: Iterable[DeviceRequest]) -> None:
    """What the devices that wait must show, too; those of the reference show none."""
    rows = [[request.request_id, request.check_words] for request in waiting if request.check_words]
    if rows:
        say()
        table(["Request", "Check words: approve no device that shows others"], rows)
        say("A clawdbot that shows none is not to be approved, either.")


def _who(device: DeviceRequest | PairedDevice) -> str:
    """What a device is called, at least by the program that it runs."""
    return device.display_name or device.client_id or ""


def _wish(request: DeviceRequest, known: PairedDevice | None) -> str:
    """The role that is asked for, and whether a device that was approved before asks for more than that."""
    role = request.role or ""
    if known is None:
        return role
    approved = role in known.all_roles and covers(map(Scope, known.scopes), map(Scope, request.scopes))
    return f"{role} ({'asks again' if approved else 'asks for more'})"


def _print_devices(devices: Sequence[PairedDevice]) -> None:
    table(
        ["Device", "Who", "Roles", "Scopes", "Platform", "Address"],
        [
            [
                _short(device.device_id),
                _who(device),
                ", ".join(_roles(device)),
                " ".join(device.scopes),
                device.platform or "",
                device.remote_ip or "",
            ]
            for device in devices
        ],
    )


def _roles(device: PairedDevice) -> list[str]:
    revoked = {token.role for token in device.tokens if token.revoked_at_ms is not None}
    return [f"{role} (revoked)" if role in revoked else role for role in device.all_roles]


def _short(device: str) -> str:
    return device[:SHORT]
