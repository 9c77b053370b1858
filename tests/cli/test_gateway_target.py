"""Which gateway is asked, and what it is shown: nothing that was meant for another one."""

import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli import gateway_target
from clawdbot.cli.call_options import CallOptions
from clawdbot.client import TokenFile, load_identity
from clawdbot.client.identity_file import load_or_create
from clawdbot.client.refusals import NO_WORDS
from clawdbot.config import TlsSettings
from clawdbot.domain.check_words import check_words
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError
from clawdbot.gateway import instance
from clawdbot.gateway.tls import Tls, open_tls
from clawdbot.service import wall_clock
from tests.fakes.gateway import Line, fake_gateway
from tests.support.command_line import CommandLine
from tests.support.gateways import SETTINGS, SHARED, Running, gateway, identity

VECTORS = Path(__file__).parents[1] / "vectors"


def listener() -> tuple[Callable[[Line], Any], list[Mapping[str, str]]]:
    """A gateway that notes the credentials that it is shown, and lets nobody in."""
    shown: list[Mapping[str, str]] = []

    async def talk(line: Line) -> None:
        request = await line.greet()
        shown.append(request["params"].get("auth", {}))
        await line.refuse(request, code="INVALID_REQUEST", message="unauthorized: gateway token missing (…)")
        await line.ws.close(code=1008)

    return talk, shown


def keep_token(cli: CommandLine, token: str) -> None:
    """As if the configured gateway had given this device a token."""
    device = load_or_create(cli.state, now=wall_clock()).device_id
    TokenFile(cli.state, device).keep(Role.OPERATOR, Secret(token), [], now=wall_clock())


# --- threats.md G15 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("devices", "list"), ("gateway", "call", "health"), ("nodes", "status")])
async def test_G15_a_named_gateway_is_shown_nothing_that_is_kept(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Neither configured nor in the environment nor kept from before; the hint says what to give."""
    monkeypatch.setenv("CLAWDBOT_GATEWAY_TOKEN", "from-the-environment")
    monkeypatch.setenv("CLAWDBOT_GATEWAY_PASSWORD", "from-the-environment-too")
    keep_token(cli, "kept")
    talk, shown = listener()
    async with fake_gateway(talk) as elsewhere:
        cli.configure(auth={"token": "configured"}, remote={"url": elsewhere.url, "token": "remote"})
        said = await cli(*words, "--url", elsewhere.url)
    assert shown == [{}]
    assert said.code == 1
    assert "give the gateway's token with --token" in said.err


async def test_G15_a_named_gateway_is_shown_what_is_given_for_it(cli: CommandLine) -> None:
    """And its tokens are not kept as if they were the configured gateway's."""
    async with gateway() as running:
        url = f"ws://127.0.0.1:{running.gateway.port}"
        await cli.done("devices", "list", "--url", url, "--token", SHARED)
    identity = load_identity(cli.state)
    assert identity is not None
    assert TokenFile(cli.state, identity.device_id).get(Role.OPERATOR) is None


async def test_G15_a_probe_shows_each_gateway_its_own(cli: CommandLine) -> None:
    """What is given for the named one is not for the others, nor theirs for it."""
    named, shown_to_named = listener()
    own, shown_to_own = listener()
    async with fake_gateway(named) as elsewhere, fake_gateway(own) as here:
        cli.configure(port=here.port, auth={"token": "configured"})
        await cli("gateway", "probe", "--url", elsewhere.url, "--token", "given")
    assert (shown_to_named, shown_to_own) == ([{"token": "given"}], [{"token": "configured"}])


# --- which gateway, and with what ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "environ", "options", "url", "token", "password"),
    [
        ({}, {}, {}, "ws://127.0.0.1:18789", None, None),
        ({"port": 5}, {}, {}, "ws://127.0.0.1:5", None, None),
        ({"port": 5}, {"PORT": "6"}, {}, "ws://127.0.0.1:6", None, None),
        ({"auth": {"token": "c"}}, {}, {}, "ws://127.0.0.1:18789", "c", None),
        ({}, {"TOKEN": "e", "PASSWORD": "p"}, {}, "ws://127.0.0.1:18789", "e", "p"),
        ({"auth": {"token": "c"}}, {"TOKEN": "e"}, {"token": "o"}, "ws://127.0.0.1:18789", "o", None),
        ({"auth": {"token": "c"}}, {}, {"password": "o"}, "ws://127.0.0.1:18789", None, "o"),
        ({"remote": {"url": "ws://b:1", "token": "r"}}, {}, {}, "ws://127.0.0.1:18789", None, None),
        ({"mode": "remote", "remote": {"url": "ws://b:1", "token": "r"}}, {"TOKEN": "e"}, {}, "ws://b:1", "r", None),
        ({"mode": "remote", "remote": {"url": "ws://b:1"}, "auth": {"token": "c"}}, {}, {}, "ws://b:1", None, None),
        ({"mode": "remote", "remote": {"url": "ws://b:1", "token": "r"}}, {}, {"token": "o"}, "ws://b:1", "o", None),
        ({"auth": {"token": "c"}}, {"TOKEN": "e"}, {"url": "ws://x:1"}, "ws://x:1", None, None),
        ({"auth": {"token": "c"}}, {"TOKEN": "e"}, {"url": "ws://x:1", "token": "o"}, "ws://x:1", "o", None),
    ],
)
def test_where_url_and_credentials_come_from(
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    configured: dict[str, Any],
    environ: dict[str, str],
    options: dict[str, str],
    url: str,
    token: str | None,
    password: str | None,
) -> None:
    """The command line counts before the configuration, and each secret is for one gateway."""
    cli.configure(**configured)
    for name, value in environ.items():
        monkeypatch.setenv(f"CLAWDBOT_GATEWAY_{name}", value)
    said = {name: Secret(options[name]) if name in options else None for name in ("token", "password")}
    target = gateway_target.choose(CallOptions(options.get("url"), said["token"], said["password"]))
    shown = [None if one is None else one.reveal() for one in (target.credentials.token, target.credentials.password)]
    assert (target.address.url, *shown) == (url, token, password)


def test_a_named_gateway_needs_no_configuration(cli: CommandLine) -> None:
    """A broken file does not keep the owner from asking another machine."""
    cli.configure()
    (cli.state / "clawdbot.json").write_text("{")
    assert gateway_target.choose(CallOptions(url="ws://b:1")).source == gateway_target.EXPLICIT
    with pytest.raises(ConfigError):
        gateway_target.choose(CallOptions())


def test_a_remote_gateway_must_be_named(cli: CommandLine) -> None:
    """``mode: remote`` alone does not silently mean this machine."""
    cli.configure(mode="remote")
    with pytest.raises(ConfigError, match=r"gateway\.remote\.url says nothing"):
        gateway_target.choose(CallOptions())


# --- the gateway that runs on the state directory ---------------------------------------------------------------------


@asynccontextmanager
async def running_here(cli: CommandLine, tls: Tls | None = None) -> AsyncIterator[Running]:
    """A gateway on the state directory, which says where it listens; the configuration has another port."""
    cli.configure(port=1, auth={"token": SHARED})
    async with gateway(ssl=tls.context if tls else None) as running:
        with instance.hold(cli.state) as place:
            where = f"127.0.0.1:{running.gateway.port}"
            place.listens(f"wss://{where}" if tls else f"ws://{where}", tls.fingerprint if tls else "")
            yield running


@pytest.mark.parametrize(
    "words",
    [
        ("devices", "list"),
        ("nodes", "status"),
        ("nodes", "pending"),
        ("gateway", "status"),
        ("gateway", "health"),
        ("gateway", "probe"),
        ("gateway", "call", "health"),
    ],
)
async def test_it_is_found_whatever_port_it_was_started_with(cli: CommandLine, words: tuple[str, ...]) -> None:
    """Without a flag, by every command."""
    async with running_here(cli):
        await cli.done(*words)


async def test_it_is_known_by_the_certificate_that_it_was_started_with(cli: CommandLine, tmp_path: Path) -> None:
    """TLS with a certificate of which the configuration knows nothing."""
    tls = open_tls(TlsSettings(enabled=True), tmp_path / "elsewhere", names=("box",), now=wall_clock())
    assert tls is not None
    async with running_here(cli, tls):
        await cli.done("devices", "list")


async def test_it_is_not_asked_for_another_machine_s(cli: CommandLine) -> None:
    """Whoever names another gateway, on the command line or as ``remote``, means that one."""
    async with running_here(cli):
        url = "ws://127.0.0.1:1"
        assert gateway_target.choose(CallOptions(url=url)).address.url == url
        cli.configure(mode="remote", remote={"url": url})
        assert gateway_target.choose(CallOptions()).address.url == url


async def test_a_broken_configuration_does_not_hide_it(cli: CommandLine) -> None:
    """``gateway status`` asks it all the same, and shows it no secret."""
    async with running_here(cli) as running:
        (cli.state / "clawdbot.json").write_text("{")
        said = await cli("gateway", "status")
    assert f"ws://127.0.0.1:{running.gateway.port}" in said.out
    assert "token missing" in said.out


@pytest.mark.parametrize("url", ["ws://192.0.2.1:4711", "ws://gateway.example:4711", "ws://127.0.0.1.example:1", "no"])
def test_G15_nothing_but_loopback_is_believed(cli: CommandLine, url: str) -> None:
    """An address in the lock file that leads anywhere else is not used."""
    cli.configure(port=5)
    with instance.hold(cli.state) as place:
        place.listens(url)
        assert gateway_target.choose(CallOptions()).address.url == "ws://127.0.0.1:5"


async def test_G15_whoever_has_a_killed_gateway_s_port_now_is_shown_nothing(cli: CommandLine) -> None:
    """The lock file still names the port, and nobody holds it: commands go where they are configured to."""
    talk, shown = listener()
    async with fake_gateway(talk) as stranger:
        cli.configure(port=1, auth={"token": SHARED})
        with instance.hold(cli.state) as place:
            place.listens(f"ws://127.0.0.1:{stranger.port}")
            left = (cli.state / instance.LOCK_NAME).read_bytes()
        (cli.state / instance.LOCK_NAME).write_bytes(left)
        said = await cli("gateway", "health")
    assert (said.code, shown) == (3, [])


# --- device tokens ---------------------------------------------------------------------------------------------------


async def test_the_configured_gateways_token_is_kept_and_used(cli: CommandLine) -> None:
    """The first command gets in with the shared secret, the next with what it got; then the secret may go."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        await cli.done("devices", "list")
        cli.configure(port=running.gateway.port)
        await cli.done("devices", "list")


async def test_the_references_device_gets_in_without_a_new_approval(cli: CommandLine) -> None:
    """A state directory that the reference left: same device, same token, no shared secret needed."""
    for name in ("devices", "identity"):
        shutil.copytree(VECTORS / "state" / name, cli.state / name)
    from clawdbot.store.files import FileStore

    async with gateway(FileStore(cli.state)) as running:
        cli.configure(port=running.gateway.port)
        listed = (await cli.done("devices", "list", "--json")).json
    recorded = json.loads((VECTORS / "state" / "devices" / "paired.json").read_text())
    assert {one["deviceId"] for one in listed["paired"]} == set(recorded)


# --- this machine's certificate --------------------------------------------------------------------------------------


async def test_this_machines_gateway_is_known_by_its_certificate(cli: CommandLine) -> None:
    """With TLS switched on, nobody has to type the fingerprint of the gateway next door."""
    cli.state.mkdir(mode=0o700)
    tls = open_tls(TlsSettings(enabled=True), cli.state, names=("box",), now=wall_clock())
    assert tls is not None
    async with gateway(settings=SETTINGS, ssl=tls.context) as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED}, tls={"enabled": True})
        await cli.done("devices", "list")
        url = f"wss://127.0.0.1:{running.gateway.port}"
        assert (await cli("devices", "list", "--url", url, "--token", SHARED)).code == 3
        await cli.done("devices", "list", "--url", url, "--token", SHARED, "--tls-fingerprint", tls.fingerprint)


# --- when it does not answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("nodes", "status"), ("gateway", "health"), ("gateway", "call", "health")])
async def test_no_gateway_is_exit_code_3(cli: CommandLine, words: tuple[str, ...]) -> None:
    """With where it was looked for, who said so, and how to start one."""
    cli.configure(port=1)
    said = await cli(*words)
    assert (said.code, said.out) == (3, "")
    assert said.err.splitlines() == [
        "clawdbot: error: no gateway listens at ws://127.0.0.1:1 (local loopback)",
        'clawdbot: hint: start it with "clawdbot gateway", or name another one with --url',
    ]


async def test_a_wrong_token_is_exit_code_1(cli: CommandLine) -> None:
    """With the gateway's own message, as the reference prints it, and where to put the right one."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": "wrong-one"})
        said = await cli("gateway", "health")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[0] == (
        "clawdbot: error: gateway connect failed: unauthorized: gateway token mismatch"
        " (set gateway.remote.token to match gateway.auth.token)"
    )
    assert f"set gateway.auth.token in {cli.state / 'clawdbot.json'}" in said.err


async def test_a_device_that_must_be_approved_says_by_which_command(cli: CommandLine) -> None:
    """The owner copies one line to the gateway's machine."""
    from dataclasses import replace

    async with gateway(settings=replace(SETTINGS, silent_local=False)) as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli("devices", "list")
    assert said.code == 1
    error, hint = said.err.splitlines()
    assert error == "clawdbot: error: gateway connect failed: pairing required"
    assert hint.startswith(f"clawdbot: hint: {NO_WORDS}; on the gateway's machine: clawdbot devices approve ")
    assert len(hint.split()[-1]) == 36


async def test_G19_a_command_that_must_be_approved_shows_its_check_words(cli: CommandLine) -> None:
    """On another machine than the gateway's: before what to type there."""
    from dataclasses import replace

    async with gateway(settings=replace(SETTINGS, silent_local=False), key=identity(3).public_key) as running:
        said = await cli("devices", "list", "--url", f"ws://127.0.0.1:{running.gateway.port}", "--token", SHARED)
    own = load_identity(cli.state)
    assert own is not None
    words = check_words(own.public_key, identity(3).public_key)
    hint = said.err.splitlines()[1]
    assert f'"clawdbot devices list" must show, too: {words}; on the gateway\'s machine: clawdbot devices' in hint


async def test_a_silent_gateway_is_not_waited_for(cli: CommandLine) -> None:
    """``--timeout`` is the whole of the patience."""

    async def talk(line: Line) -> None:
        await line.closed()

    async with fake_gateway(talk) as silent:
        said = await cli("gateway", "health", "--url", silent.url, "--timeout", "300")
    assert (said.code, said.err) == (3, "clawdbot: error: gateway timeout after 300ms\n")
