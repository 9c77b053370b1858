"""``clawdbot gateway discover``: which gateways say on the local network that they are there."""

import asyncio

import click

from clawdbot.cli.output import as_json, hint, say, table
from clawdbot.client.discovery import Found, discover
from clawdbot.wire.beacon import SERVICE

TIMEOUT_MS = 2_000
LONGEST_MS = 60_000
DOMAIN = "local."


@click.command("discover")
@click.option(
    "--timeout",
    type=click.IntRange(100, LONGEST_MS),
    default=TIMEOUT_MS,
    metavar="MS",
    show_default=True,
    help="How long to look around, in milliseconds.",
)
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def discover_command(timeout: int, json_: bool) -> None:
    """Look around for gateways.

    They announce themselves on the local network (mDNS), and so can anybody there: what is found is where to knock,
    not whom to trust.
    """
    found = asyncio.run(discover(timeout / 1000))
    if json_:
        beacons = [_as_json(one) for one in found]
        as_json({"timeoutMs": timeout, "domains": [DOMAIN], "count": len(found), "beacons": beacons})
        return
    say(f"Found {len(found)} gateway{'' if len(found) == 1 else 's'} on the local network.")
    if found:
        table(["Name", "URL", "Certificate"], [_row(one) for one in found])
        return
    hint("a gateway is advertised where it listens for the local network: gateway.bind lan or custom")


def _row(one: Found) -> list[str]:
    print_ = one.beacon.fingerprint or ("says nothing of it" if one.beacon.tls else "none")
    return [one.beacon.name, one.url or "(no address)", print_]


def _as_json(one: Found) -> dict[str, object]:
    beacon = one.beacon
    return {
        "instanceName": beacon.instance.removesuffix(f".{SERVICE}"),
        "displayName": beacon.name,
        "domain": DOMAIN,
        "host": beacon.server.rstrip("."),
        "port": beacon.port,
        "addresses": one.addresses,
        "gatewayTls": beacon.tls,
        "gatewayTlsFingerprintSha256": beacon.fingerprint,
        "txt": dict(beacon.more),
        "wsUrl": one.url,
    }
