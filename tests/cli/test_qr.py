"""``clawdbot qr``: the setup code that it prints, where that leads, and what is never advertised."""

import time
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli import qr_route
from clawdbot.cli.gateway_target import EXPLICIT, LOCAL, Target
from clawdbot.client.address import Address
from clawdbot.client.setup_code import SetupCode, read
from clawdbot.config import TlsSettings
from clawdbot.domain.connect import Credentials
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.names import Role
from clawdbot.gateway import addresses
from clawdbot.gateway.instance import hold
from clawdbot.gateway.tls import open_tls
from tests.support.command_line import CommandLine
from tests.support.gateways import NODE_HOST, SHARED, TEST, Running, gateway, identity

PIN = Fingerprint("ab" * 32)
OTHER_PIN = "cd" * 32
HERE = Address("ws://127.0.0.1:18789")
HERE_TLS = Address("wss://127.0.0.1:18789", PIN)


async def opened(running: Running, code: SetupCode, *, number: int = 7) -> bool:
    """Does a code let a device in, for what it says?"""
    client = await running.open(afar=True)
    program = NODE_HOST if code.role is Role.NODE else TEST
    said = {"client": program, "token": code.word.reveal(), "role": code.role, "scopes": code.scopes}
    return bool((await client.connect(identity(number), **said))["ok"])


async def test_the_code_lets_a_node_in(cli: CommandLine) -> None:
    """Behind its picture, on a line of its own; it works once, and holds nothing that opens more."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("qr")
        *picture, text, told, then = said.out.splitlines()
        assert picture
        assert set("".join(picture)) <= set("█▀▄ ")
        assert told == f"Good once, for the next 10 minutes, for one node, at ws://127.0.0.1:{running.gateway.port}"
        assert "clawdbot node run --pair -" in then
        code = read(text)
        assert (code.address.port, code.role, code.scopes) == (running.gateway.port, Role.NODE, ())
        assert await opened(running, code)
        assert not await opened(running, code, number=8)
        assert SHARED not in said.out
        assert code.word.reveal() not in said.out + said.err


async def test_a_code_for_programs(cli: CommandLine) -> None:
    """Without the picture, for an operator, elsewhere."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        words = ("--role", "operator", "--scope", "operator.read", "--at", "https://GW.example/", "--json")
        said = (await cli.done("qr", *words)).json
        code = read(said.pop("code"))
        assert code.address == Address("wss://GW.example")
        assert said.pop("expiresAtMs") > time.time() * 1000
        assert said == {
            "url": "wss://GW.example", "fingerprint": None, "role": "operator", "scopes": ["operator.read"],
        }  # fmt: skip
        assert await opened(running, code)


async def test_without_the_picture(cli: CommandLine) -> None:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("qr", "--no-qr", "--at", "wss://gw.example", "--pin", PIN)
        text, told, pin, _ = said.out.splitlines()
        assert read(text).address == Address("wss://gw.example", PIN)
        assert told.endswith("for one node, at wss://gw.example")
        assert pin == f"Certificate {PIN}"
        assert said.err == ""


async def test_a_code_for_this_machine_alone_is_said_to_be_that(cli: CommandLine) -> None:
    """Loudly: it is of no use where most people would take it."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        for words in (("--no-qr",), ("--json",)):
            said = await cli.done("qr", *words)
            assert said.err.startswith(
                "clawdbot: warning: this code is good on this machine alone: it leads to 127.0.0.1"
            )


async def test_the_certificate_of_the_gateway_is_in_the_code(cli: CommandLine, tmp_path: Path) -> None:
    """One that it made for itself."""
    tls = open_tls(TlsSettings(enabled=True), cli.state, names=("127.0.0.1",), now=time.time_ns() // 1_000_000)
    assert tls is not None
    async with gateway(ssl=tls.context) as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED}, tls={"enabled": True})
        said = (await cli.done("qr", "--json")).json
        assert said["fingerprint"] == tls.fingerprint
        assert read(said["code"]).address == Address(f"wss://127.0.0.1:{running.gateway.port}", tls.fingerprint)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("--at", "ws://gw.example"), "beyond its own machine nobody is paired over ws://", "gateway.tls.enabled"),
        (("--at", "http://gw.example"), "beyond its own machine nobody is paired over ws://", "--at"),
        (("--at", "wss://me:hidden@gw.example"), "a gateway URL holds no user, password, query or fragment", ""),
        (("--at", "https://gw.example/?token=hidden"), "a gateway URL holds no user, password, query or", ""),
        (("--at", "https://gw.example/#hidden"), "a gateway URL holds no user, password, query or fragment", ""),
        (("--at", "wss://gw.example/path"), "a setup code leads to a host and a port, without a path", ""),
        (("--at", "wss://0.0.0.0:18789"), "0.0.0.0 is no address that anybody can connect to", ""),
        (("--at", "gw.example"), "that is no gateway URL", ""),
        (("--at", "ftp://gw.example"), "that is no gateway URL", ""),
        (("--at", "wss://gw.example", "--pin", "hidden"), "that is no SHA-256 fingerprint", ""),
        (("--pin", PIN), "a fingerprint is of a certificate, which only wss:// has", ""),
        (("--scope", "operator.read"), "a node holds no scopes", ""),
        (("--role", "operator"), "say what the operator may do", "--scope"),
        (("--role", "owner"), "", ""),
    ],
)
async def test_G18_what_is_not_advertised(cli: CommandLine, words: tuple[str, ...], error: str, hint: str) -> None:
    """Is refused before a code is made; a secret in it is not repeated."""
    said = await cli("qr", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"clawdbot: error: {error}")
    assert hint in said.err
    assert "hidden" not in said.err


async def test_G18_the_lan_without_tls_is_not_advertised(cli: CommandLine) -> None:
    """The way out is said."""
    cli.configure(bind="custom", customBindHost="192.168.1.10", auth={"token": SHARED})
    said = await cli("qr")
    assert said.code == 2
    assert "nobody is paired over ws://" in said.err
    assert "set gateway.tls.enabled" in said.err


async def test_G6_a_scope_that_nobody_has_is_refused(cli: CommandLine) -> None:
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli("qr", "--role", "operator", "--scope", "made.up")
        assert (said.code, said.out) == (1, "")
        error, hint = said.err.splitlines()[-2:]
        assert error == "clawdbot: error: a setup code gives no scopes beyond your own"
        assert hint.startswith("clawdbot: hint: operator.admin is everything")


async def test_without_a_gateway_there_is_no_code(cli: CommandLine) -> None:
    said = await cli("qr")
    assert (said.code, said.out) == (3, "")
    assert 'start it with "clawdbot gateway"' in said.err


def at(address: Address, source: str = LOCAL) -> Target:
    return Target(address, Credentials(), source)


@pytest.mark.parametrize(
    ("settings", "target", "url"),
    [
        ({}, HERE, "ws://127.0.0.1:18789"),
        ({"bind": "auto"}, HERE_TLS, "wss://127.0.0.1:18789"),
        ({"bind": "lan"}, HERE_TLS, "wss://192.168.1.10:18789"),
        ({"bind": "custom", "customBindHost": "10.0.0.7"}, Address("wss://10.0.0.7:5", PIN), "wss://10.0.0.7:5"),
        ({"bind": "custom", "customBindHost": "fd00::7"}, Address("wss://[fd00::7]:5", PIN), "wss://[fd00::7]:5"),
        ({"bind": "custom", "customBindHost": "::"}, Address("wss://[::1]:5", PIN), "wss://[fd00::9]:5"),
        ({"bind": "custom", "customBindHost": "0.0.0.0"}, HERE_TLS, "wss://192.168.1.10:18789"),
    ],
)
def test_where_others_reach_this_machine(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], target: Address, url: str
) -> None:
    """By what the gateway listens on, and the port that it has; the certificate goes along."""
    monkeypatch.setattr(addresses, "own_addresses", lambda: ("192.168.1.10", "fd00::9"))
    cli.configure(**settings)
    assert qr_route.route(at(target), None, None) == Address(url, target.fingerprint)


def test_what_the_gateway_was_started_with_counts(cli: CommandLine) -> None:
    """Not what the configuration says meanwhile."""
    cli.configure(bind="loopback")
    with hold(cli.state) as place:
        place.listens(HERE_TLS.url, PIN, ["10.0.0.7", "127.0.0.1"])
        assert qr_route.route(at(HERE_TLS), None, None) == Address("wss://10.0.0.7:18789", PIN)


@pytest.mark.parametrize(
    ("pin", "fingerprint"), [(None, PIN), (OTHER_PIN, OTHER_PIN), ("none", None), (" NONE ", None)]
)
def test_which_certificate_is_known_elsewhere(cli: CommandLine, pin: str | None, fingerprint: str | None) -> None:
    """The gateway's own, unless somebody else's is named, or an authority's word is enough."""
    found = qr_route.route(at(HERE_TLS), "wss://gw.example:4443", pin)
    assert (found.url, found.fingerprint) == ("wss://gw.example:4443", fingerprint)


def test_another_machines_gateway_is_reached_as_it_is_from_here(cli: CommandLine) -> None:
    cli.configure(bind="lan")
    address = Address("wss://gw.example:7", PIN)
    assert qr_route.route(at(address, EXPLICIT), None, None) == address


@pytest.mark.parametrize("bind", ["lan", "tailnet"])
async def test_without_a_network_nothing_is_advertised(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, bind: str
) -> None:
    """Rather than an address that leads nowhere."""
    monkeypatch.setattr(addresses, "own_addresses", lambda: ())
    monkeypatch.setattr(addresses, "settled", lambda settings: settings)
    cli.configure(bind=bind, auth={"token": SHARED}, tls={"enabled": True})
    said = await cli("qr")
    assert said.code == 2
    assert "this machine has no address now at which others reach the gateway" in said.err
    assert "--at wss://" in said.err
