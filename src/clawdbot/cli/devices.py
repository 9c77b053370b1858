"""``clawdbot devices``: which devices may join the gateway."""

import asyncio
import re
from collections.abc import Sequence
from typing import TypeVar

import click

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.device_access import DeviceAccess, device_access
from clawdbot.cli.gateway_target import keep_own_token
from clawdbot.cli.output import as_json, say, table
from clawdbot.client import answers
from clawdbot.client.answers import DeviceRequest, Devices, PairedDevice
from clawdbot.domain.instants import ago
from clawdbot.domain.names import Scope
from clawdbot.domain.scopes import covers
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError

T = TypeVar("T")

SHORT = 12
"""How much of a device's id is shown in a table, and is enough to name it by."""

_PREFIX = re.compile(r"[0-9a-f]{6,63}")

device_option = click.option(
    "--device", "device", required=True, metavar="ID", help="The device, by its id or the beginning of it."
)
role_option = click.option("--role", required=True, metavar="ROLE", help="operator or node.")


@click.group("devices")
def command() -> None:
    """Decide which devices may join the gateway.

    A device that connects for the first time waits until you approve it. Where no gateway runs on this machine, or the
    one that runs does not let its commands in, list, approve, reject and remove work on its state.
    """


def ask(options: CallOptions, method: str, params: object, kind: type[T]) -> T | None:
    """Call one method. With ``--json`` its answer is printed as it is; otherwise it is returned."""

    async def run() -> object:
        async with device_access(options) as access:
            return await access.call(method, params, within=options.within)

    return answer(options, asyncio.run(run()), kind)


def answer(options: CallOptions, said: object, kind: type[T]) -> T | None:
    """Print an answer as it is, if that is what was asked for; otherwise read it."""
    if options.json:
        as_json(said)
        return None
    return answers.read(kind, said)


# --- list ------------------------------------------------------------------------------------------------------------


@command.command("list")
@call_options()
def list_command(options: CallOptions) -> None:
    """Show which devices wait, and which are paired."""
    found = ask(options, "device.pair.list", {}, Devices)
    if found is None:
        return
    if found.pending:
        say(f"{len(found.pending)} waiting")
        _print_requests(found)
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


# --- requests --------------------------------------------------------------------------------------------------------


@command.command("approve")
@click.argument("request", metavar="REQUEST_ID")
@call_options()
def approve(options: CallOptions, request: str) -> None:
    """Let in the device whose request this is."""
    found = ask(options, "device.pair.approve", {"requestId": request}, answers.ApprovedDevice)
    if found is not None:
        say(f"Approved {_named(found.device)}: {describe(found.device)}.")


def describe(device: PairedDevice) -> str:
    """What a device may be, and do."""
    scopes = f" with {' '.join(device.scopes)}" if device.scopes else ""
    return visible(f"{', '.join(device.all_roles)}{scopes}", 300)


def _named(device: PairedDevice) -> str:
    who = f" ({visible(device.display_name)})" if device.display_name else ""
    return f"device {visible(device.device_id)}{who}"


@command.command("reject")
@click.argument("request", metavar="REQUEST_ID")
@call_options()
def reject(options: CallOptions, request: str) -> None:
    """Dismiss a request. The device may ask again."""
    found = ask(options, "device.pair.reject", {"requestId": request}, answers.RejectedDevice)
    if found is not None:
        say(f"Rejected device {visible(found.device_id)}.")


# --- paired devices --------------------------------------------------------------------------------------------------


def ask_about(options: CallOptions, device: str, method: str, params: dict[str, object], kind: type[T]) -> T | None:
    """Call a method about a device that is named by the beginning of its id."""

    async def run() -> object:
        async with device_access(options) as access:
            return await access.call(
                method, {"deviceId": await _whole_id(access, device, options), **params}, within=options.within
            )

    return answer(options, asyncio.run(run()), kind)


async def _whole_id(access: DeviceAccess, text: str, options: CallOptions) -> str:
    """The id that begins like this. Names are not looked at: every device calls itself what it likes.

    Raises:
        Refused: several do.
    """
    if not _PREFIX.fullmatch(text):
        return text
    listing = answers.read(Devices, await access.call("device.pair.list", {}, within=options.within))
    found = [device.device_id for device in listing.paired if device.device_id.startswith(text)]
    if len(found) > 1:
        raise Refused(f"{len(found)} devices' ids begin with {text}", hint="give more of the id")
    return found[0] if found else text


@command.command("remove")
@click.argument("device", metavar="ID")
@call_options()
def remove(options: CallOptions, device: str) -> None:
    """Forget a device: its approval, its tokens, its connections. It may ask again, as a stranger."""
    found = ask_about(options, device, "device.pair.remove", {}, answers.RejectedDevice)
    if found is not None:
        say(f"Removed device {visible(found.device_id)}.")


@command.command("rename")
@device_option
@click.option("--name", required=True, metavar="NAME", help="What you call it; outlasts what it calls itself.")
@call_options()
def rename(options: CallOptions, device: str, name: str) -> None:
    """Give a device a name of your own."""
    found = ask_about(options, device, "device.rename", {"displayName": name}, answers.RenamedDevice)
    if found is not None:
        say(f"Device {visible(found.device_id)} is called {visible(found.display_name)}.")


@command.command("rotate")
@device_option
@role_option
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE...", help="What the new token is good for.")
@click.argument("more", nargs=-1, metavar="")
@call_options()
def rotate(options: CallOptions, device: str, role: str, scopes: Sequence[str], more: Sequence[str]) -> None:
    """Give a role of a device a new token; connections with the old one end.

    Without --scope the new token is good for what the old one was; with it a device is approved for that alone.
    """
    if more and not scopes:
        raise UsageError(f'"{visible(more[0])}" is one word too many', hint="name scopes with --scope")
    params: dict[str, object] = {"role": role, **({"scopes": [*scopes, *more]} if scopes else {})}

    async def run() -> object:
        async with device_access(options) as access:
            whole_id = await _whole_id(access, device, options)
            said = await access.call("device.token.rotate", {"deviceId": whole_id, **params}, within=options.within)
        keep_own_token(options, answers.read(answers.RotatedToken, said))
        return said

    found = answer(options, asyncio.run(run()), answers.RotatedToken)
    if found is not None:
        say(f"Rotated the {visible(found.role)} token of device {visible(found.device_id)}.")


@command.command("revoke")
@device_option
@role_option
@call_options()
def revoke(options: CallOptions, device: str, role: str) -> None:
    """Take a role from a device; its connections in that role end, and only a new approval brings it back."""
    found = ask_about(options, device, "device.token.revoke", {"role": role}, answers.RevokedToken)
    if found is not None:
        say(f"Revoked the role {visible(found.role)} of device {visible(found.device_id)}.")
