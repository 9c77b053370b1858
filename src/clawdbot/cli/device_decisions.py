"""``clawdbot devices approve``, ``reject``, ``remove``, ``rename``, ``rotate`` and ``revoke``."""

import asyncio
import re
from collections.abc import Sequence
from typing import TypeVar

import click

from clawdbot.cli import offered
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.device_access import DeviceAccess, answer, ask, device_access
from clawdbot.cli.gateway_target import keep_own_token
from clawdbot.cli.output import hint, say
from clawdbot.client import answers
from clawdbot.client.answers import Devices, PairedDevice
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError

T = TypeVar("T")

_PREFIX = re.compile(r"[0-9a-f]{6,63}")

device_option = click.option(
    "--device",
    "device",
    required=True,
    metavar="ID",
    shell_complete=offered.devices,
    help="The device, by its id or the beginning of it.",
)
role_option = click.option(
    "--role", required=True, metavar="ROLE", shell_complete=offered.roles, help="operator or node."
)


# --- requests --------------------------------------------------------------------------------------------------------


@click.command("approve")
@click.argument("request", metavar="REQUEST_ID", shell_complete=offered.requests)
@call_options()
def approve_command(options: CallOptions, request: str) -> None:
    """Let in the device whose request this is."""
    found = ask(options, "device.pair.approve", {"requestId": request}, answers.ApprovedDevice)
    if found is not None:
        say(f"Approved {_named(found.device)}: {describe(found.device)}.")
        say_check_words(found)


def say_check_words(approved: answers.ApprovedDevice) -> None:
    """What the device shows, for an owner who looks only now."""
    if approved.check_words:
        say(f"Its check words: {visible(approved.check_words)}")


def describe(device: PairedDevice) -> str:
    """What a device may be, and do."""
    scopes = f" with {' '.join(device.scopes)}" if device.scopes else ""
    return visible(f"{', '.join(device.all_roles)}{scopes}", 300)


def _named(device: PairedDevice) -> str:
    who = f" ({visible(device.display_name)})" if device.display_name else ""
    return f"device {visible(device.device_id)}{who}"


@click.command("reject")
@click.argument("request", metavar="REQUEST_ID", shell_complete=offered.requests)
@call_options()
def reject_command(options: CallOptions, request: str) -> None:
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


@click.command("remove")
@click.argument("device", metavar="ID", shell_complete=offered.devices)
@call_options()
def remove_command(options: CallOptions, device: str) -> None:
    """Forget a device: its approval, its tokens, its connections. It may ask again, as a stranger."""
    found = ask_about(options, device, "device.pair.remove", {}, answers.RemovedDevice)
    if found is not None:
        say_removed(found, "device")


def say_removed(removed: answers.RemovedDevice, what: str) -> None:
    """That a device is forgotten, and what keeps it out if that does not."""
    device = visible(removed.device_id)
    say(f"Removed {what} {device}.")
    if removed.pairs_again:
        revoke = [f"clawdbot devices revoke --device {device} --role {visible(role)}" for role in removed.pairs_again]
        hint(
            "it is on the gateway's machine and pairs again without asking; to keep it out, once it is back: "
            + " and ".join(revoke)
        )


@click.command("rename")
@device_option
@click.option("--name", required=True, metavar="NAME", help="What you call it; outlasts what it calls itself.")
@call_options()
def rename_command(options: CallOptions, device: str, name: str) -> None:
    """Give a device a name of your own."""
    found = ask_about(options, device, "device.rename", {"displayName": name}, answers.RenamedDevice)
    if found is not None:
        say(f"Device {visible(found.device_id)} is called {visible(found.display_name)}.")


@click.command("rotate")
@device_option
@role_option
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE...",
    shell_complete=offered.scopes,
    help="What the new token is good for.",
)
@click.argument("more", nargs=-1, metavar="")
@call_options()
def rotate_command(options: CallOptions, device: str, role: str, scopes: Sequence[str], more: Sequence[str]) -> None:
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


@click.command("revoke")
@device_option
@role_option
@call_options()
def revoke_command(options: CallOptions, device: str, role: str) -> None:
    """Take a role from a device. Its connections in that role end, and only a new approval brings it back."""
    found = ask_about(options, device, "device.token.revoke", {"role": role}, answers.RevokedToken)
    if found is not None:
        say(f"Revoked the role {visible(found.role)} of device {visible(found.device_id)}.")
