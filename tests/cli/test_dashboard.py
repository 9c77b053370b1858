"""``clawdbot dashboard``: the link that it prints, and where that leads."""

from urllib.parse import parse_qs, urlsplit

import pytest

from clawdbot.cli.dashboard import page_of
from clawdbot.client.address import Address
from tests.gateway.verbs.test_dashboard import PAGE
from tests.support.command_line import CommandLine
from tests.support.gateways import SHARED, Running, gateway, identity


async def opened(running: Running, link: str, *, number: int = 7) -> bool:
    """Does a link let a browser in, for what it says?"""
    said = parse_qs(urlsplit(link).fragment)
    client = await running.open()
    scopes = said["scopes"][0].split(",")
    answer = await client.connect(identity(number), client=PAGE, token=said["link"][0], scopes=scopes)
    return bool(answer["ok"])


async def test_the_link_lets_a_browser_in(cli: CommandLine) -> None:
    """On the first line, alone; it leads to the gateway, holds neither path nor query, and works once."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("dashboard")
        link, told = said.out.splitlines()
        assert link.startswith(f"{running.url}#link=")
        assert told == "Good once, for the next 10 minutes, for: operator.admin"
        assert SHARED not in said.out
        assert await opened(running, link)
        assert not await opened(running, link, number=8)


async def test_a_link_for_less(cli: CommandLine) -> None:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        words = ("dashboard", "--scope", "operator.read", "--scope", "operator.pairing", "--json")
        said = (await cli.done(*words)).json
        assert said["scopes"] == ["operator.read", "operator.pairing"]
        assert set(said) == {"url", "scopes", "expiresAtMs"}
        assert await opened(running, said["url"])


async def test_the_link_leads_where_the_browser_reaches_the_gateway(cli: CommandLine) -> None:
    """Through a proxy, for instance; and as a QR code for the phone."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("dashboard", "--at", "https://gw.example/", "--qr")
        assert said.out.startswith("https://gw.example/#link=")
        assert "█" in said.out
        assert not said.err


async def test_a_qr_code_that_no_phone_can_follow_says_so(cli: CommandLine) -> None:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("dashboard", "--qr")
        assert said.err.startswith("clawdbot: warning: this link opens on this machine alone")
        assert not (await cli.done("dashboard")).err


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ("gw.example", "that is no origin"),
        ("ftp://gw.example", "that is no origin"),
        ("https://gw.example/path", "that is no origin"),
        ("https://gw.example/?x=1", "that is no origin"),
        ("https://me:secret@gw.example", "that is no origin"),
        ("https://", "that is no origin"),
        ("https://[x", "that is no origin"),
        ("http://gw.example", "a browser makes keys only for https:// pages and for localhost"),
    ],
)
async def test_an_address_where_no_page_works_is_refused(cli: CommandLine, at: str, error: str) -> None:
    """Before a link is made; a secret in it is not repeated."""
    said = await cli("dashboard", "--at", at)
    assert (said.code, said.err.splitlines()[0]) == (2, f"clawdbot: error: {error}")
    assert "secret" not in said.err


async def test_without_a_gateway_there_is_no_link(cli: CommandLine) -> None:
    said = await cli("dashboard")
    assert said.code == 3
    assert 'start it with "clawdbot gateway"' in said.err


async def test_G6_a_scope_that_nobody_has_is_refused(cli: CommandLine) -> None:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli("dashboard", "--scope", "made.up")
        assert (said.code, said.out) == (1, "")
        assert said.err.splitlines()[0] == "clawdbot: error: a link gives no scopes beyond your own"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("ws://127.0.0.1:18789", "http://127.0.0.1:18789"),
        ("ws://[::1]:18789/", "http://[::1]:18789"),
        ("wss://gw.example", "https://gw.example"),
    ],
)
def test_where_the_page_is(url: str, page: str) -> None:
    assert page_of(Address(url)) == page
