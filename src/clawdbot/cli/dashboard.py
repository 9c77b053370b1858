"""``clawdbot dashboard``: pair a browser, and see and decide there."""

import asyncio
import webbrowser
from urllib.parse import urlencode, urlsplit

import click
from msgspec import Struct

from clawdbot.cli import context, offered
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.gateway_target import choose, gateway
from clawdbot.cli.output import as_json, say, warn
from clawdbot.client import answers
from clawdbot.client.address import Address
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.scopes import ADMIN
from clawdbot.errors import UsageError

_SCHEMES = {"ws": "http", "wss": "https"}


class _Link(Struct, frozen=True, rename="camel"):
    """What the gateway answers; the word is shown in the link alone."""

    word: str
    expires_at_ms: int
    scopes: tuple[str, ...] = ()


@click.command("dashboard")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=(ADMIN,),
    metavar="SCOPE",
    shell_complete=offered.scopes,
    show_default=True,
    help="What the browser may do; give it again for more: operator.pairing, operator.read.",
)
@click.option(
    "--at", metavar="ORIGIN", help="Where the browser reaches the gateway, if elsewhere: https://host[:port]."
)
@click.option("--open", "open_", is_flag=True, help="Open the link in this machine's browser.")
@click.option("--qr", is_flag=True, help="Print the link as a QR code, too.")
@call_options()
def command(options: CallOptions, scopes: tuple[str, ...], at: str | None, open_: bool, qr: bool) -> None:
    """Print a link that pairs a browser with the gateway.

    It works once, within ten minutes, for the first browser that opens it. Whoever opens it first is in: pass it on to
    nobody. Without it the page can ask to be approved, like any device.
    """
    origin = page_of(choose(options).address) if at is None else _origin(at)
    made = answers.read(_Link, asyncio.run(_make(options, scopes)))
    link = f"{origin}/#{urlencode({'link': made.word, 'scopes': ','.join(made.scopes)}, safe=',')}"
    if options.json:
        as_json({"url": link, "scopes": made.scopes, "expiresAtMs": made.expires_at_ms})
        return
    if qr and is_loopback(urlsplit(origin).hostname or ""):
        warn("this link opens on this machine alone, or through a tunnel; for a phone see docs/dashboard.md, or --at")
    say(link)
    minutes = max(1, round((made.expires_at_ms - context.now()) / 60_000))
    say(f"Good once, for the next {minutes} minutes, for: {' '.join(made.scopes)}")
    if qr:
        import segno

        segno.make(link, error="l").terminal(compact=True)
    if open_ and not webbrowser.open(link):
        warn("no browser could be opened; open the link yourself")


def page_of(address: Address) -> str:
    """Where browsers find the page of a gateway."""
    parts = urlsplit(address.url)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}"


def _origin(text: str) -> str:
    """An origin as it was typed. A page has keys only where nobody in between can change it."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in ("https", "http") or not host or extra:
        raise UsageError("that is no origin", hint="write it like https://gateway.example")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError("a browser makes keys only for https:// pages and for localhost", hint="see docs/dashboard.md")
    return f"{parts.scheme}://{parts.netloc}"


async def _make(options: CallOptions, scopes: tuple[str, ...]) -> object:
    async with gateway(options) as connection:
        return await connection.call("dashboard.link", {"scopes": list(scopes)}, within=options.within)
