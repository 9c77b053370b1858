"""``clawdbot qr``: a setup code, by which one device joins the gateway without an approval."""

import asyncio

import click
from msgspec import Struct

from clawdbot.cli import context, offered
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.gateway_target import choose, gateway
from clawdbot.cli.output import as_json, say, warn
from clawdbot.cli.qr_route import AUTHORITY, route
from clawdbot.client import answers
from clawdbot.client.address import Address
from clawdbot.client.setup_code import SetupCode
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import visible
from clawdbot.errors import InvalidFrame, UsageError


class _Made(Struct, frozen=True, rename="camel"):
    """What the gateway answers; the word is shown in the code alone."""

    word: str
    role: str
    expires_at_ms: int
    scopes: tuple[str, ...] = ()


@click.command("qr")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.NODE.value,
    show_default=True,
    help="What the device is to the gateway.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    shell_complete=offered.scopes,
    help="What an operator may do; give it again for more.",
)
@click.option("--at", metavar="URL", help="Where the device reaches the gateway, if elsewhere: wss://host[:port].")
@click.option(
    "--pin",
    metavar=f"SHA256|{AUTHORITY}",
    help='The certificate there, if it is not the gateway\'s own; "none" if an authority vouches for it.',
)
@click.option("--no-qr", is_flag=True, help="Print the text alone.")
@call_options()
def command(
    options: CallOptions, role: str, scopes: tuple[str, ...], at: str | None, pin: str | None, no_qr: bool
) -> None:
    """Print a setup code that lets one device in without an approval.

    The device scans or pastes it. It works once, within ten minutes, for the first device that brings it. Whoever
    brings it first is in: pass it on by a way that you trust. The gateway's token or password is not in it.
    """
    _check(Role(role), scopes)
    address = route(choose(options), at, pin)
    made = answers.read(_Made, asyncio.run(_make(options, role, scopes)))
    code = _code(address, made).text()
    if is_loopback(address.host):
        warn(
            f"this code is good on this machine alone: it leads to {address.host}. For other machines set gateway.bind "
            "and gateway.tls, or name how they reach the gateway with --at"
        )
    if options.json:
        as_json(
            {
                "code": code,
                "url": address.url,
                "fingerprint": address.fingerprint,
                "role": made.role,
                "scopes": made.scopes,
                "expiresAtMs": made.expires_at_ms,
            }
        )
        return
    if not no_qr:
        import segno

        segno.make(code, error="l").terminal(compact=True)
    say(code)
    _explain(address, made)


def _check(role: Role, scopes: tuple[str, ...]) -> None:
    if role is Role.NODE and scopes:
        raise UsageError("a node holds no scopes", hint="what it may be asked to do, its own owner decides")
    if role is Role.OPERATOR and not scopes:
        raise UsageError("say what the operator may do", hint="--scope operator.read, for instance")


def _code(address: Address, made: _Made) -> SetupCode:
    try:
        return SetupCode(address, Secret(made.word), Role(made.role), tuple(map(Scope, made.scopes)))
    except ValueError:
        raise InvalidFrame("the gateway's answer cannot be read") from None


def _explain(address: Address, made: _Made) -> None:
    minutes = max(1, round((made.expires_at_ms - context.now()) / 60_000))
    what = " ".join((made.role, *(["with", *map(visible, made.scopes)] if made.scopes else [])))
    say(f"Good once, for the next {minutes} minutes, for one {what}, at {address}")
    if address.fingerprint:
        say(f"Certificate {address.fingerprint}")
    if made.role == Role.NODE:
        say("On the other machine: clawdbot node run --pair -   (it asks for the code)")
    else:
        say("On the other machine: clawdbot devices pair -   (it asks for the code)")


async def _make(options: CallOptions, role: str, scopes: tuple[str, ...]) -> object:
    async with gateway(options) as connection:
        said = {"role": role, "scopes": list(scopes)}
        return await connection.call("device.pair.code", said, within=options.within)
