"""``clawdbot node run`` as a process, and what it keeps in its state directory."""

import re
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.client.identity_file import load_or_create
from clawdbot.client.token_file import TokenFile
from clawdbot.config import TlsSettings
from clawdbot.domain.connect import Credentials
from clawdbot.domain.names import Role
from clawdbot.errors import ConnectRefused, UsageError
from clawdbot.gateway.tls import Tls, open_tls
from clawdbot.node import app, programs
from clawdbot.node.choice import Wanted
from clawdbot.node.policy import Mode, Rule
from clawdbot.node.policy_file import PolicyFile
from clawdbot.node.record import GatewayAt, Record, RecordFile
from clawdbot.paths import Paths
from tests.support.gateways import SHARED, gateway
from tests.support.node_hosts import HostProcess, Owner, host_of, owner_of, process_of


@asynccontextmanager
async def running(owner: Owner, state: Path, *words: str, token: str = SHARED) -> AsyncIterator[HostProcess]:
    """The command, at the owner's gateway."""
    port = str(owner.at.port)
    where = ("--host", "127.0.0.1", "--port", port)
    async with process_of(state, *where, *words, CLAWDBOT_GATEWAY_TOKEN=token) as process:
        yield process


async def test_from_the_first_start_to_the_last(owner: Owner, state: Path) -> None:
    """It says what to type, completes by itself, stops on SIGTERM, and comes back without a new approval."""
    PolicyFile(state).allow(Rule(programs.resolve("uname") or ""))
    async with running(owner, state, "--display-name", "box") as node:
        await node.says("devices approve")
        (request,) = await owner.waiting()
        assert f"clawdbot devices approve {request['requestId']}" in node.log.read_text()
        device = await owner.approve()
        await node.says("connected")
        await owner.connected(device)
        assert (await owner.invoke(device, "system.run", command=["uname"]))["exitCode"] == 0
        node.process.terminate()
        assert await node.ended() == 0
        assert node.log.read_text().endswith("stopped\n")
    async with process_of(state) as node:
        await node.says("connected")
        await owner.connected(device)
        node.process.terminate()
        assert await node.ended() == 0
    assert SHARED not in "".join(path.read_text() for path in state.rglob("*") if path.is_file())


async def test_a_node_that_waits_stops_as_well(owner: Owner, state: Path) -> None:
    """At once, with exit code 0."""
    async with running(owner, state) as node:
        await node.says("devices approve")
        node.process.terminate()
        assert await node.ended() == 0


async def test_G8_a_revoked_node_ends_and_says_why(owner: Owner, state: Path) -> None:
    """Exit code 1, an error and what to do next."""
    async with running(owner, state) as node:
        device = await owner.approve()
        await node.says("connected")
        await owner.connected(device)
        await owner.program.call("device.token.revoke", deviceId=device, role="node")
        assert await node.ended() == 1
        said = node.log.read_text()
        assert "clawdbot: error: the gateway took this node's access away\n" in said
        assert re.search(
            r"clawdbot: hint: to let it in again, .*clawdbot devices approve \S+; then start it again", said
        )


async def test_a_wrong_token_ends_it(owner: Owner, state: Path) -> None:
    """It is not tried again and again."""
    async with running(owner, state, token="wrong") as node:
        assert await node.ended() == 1
        assert "clawdbot: error: unauthorized: gateway token mismatch" in node.log.read_text()
        assert "clawdbot: hint: give the gateway's token with --token" in node.log.read_text()


async def test_S1_everything_is_private(owner: Owner, state: Path) -> None:
    """Identity, token, record: 0600, in folders of 0700."""
    async with host_of(state, owner.at) as host:
        await owner.approve()
        await host.says("connected")
    modes = {str(path.relative_to(state)): stat.S_IMODE(path.stat().st_mode) for path in state.rglob("*")}
    assert modes == {
        "identity": 0o700, "identity/device.json": 0o600, "identity/device-auth.json": 0o600, "node.json": 0o600,
    }  # fmt: skip


async def test_G15_a_token_goes_to_no_other_gateway(owner: Owner, state: Path) -> None:
    """One that is named on the command line later gets nothing, and the record of the first stays."""
    async with host_of(state, owner.at) as host:
        await owner.approve()
        await host.says("connected")
    token = TokenFile(state, load_or_create(state, now=0).device_id).get(Role.NODE)
    assert token is not None
    async with owner_of() as other, host_of(state, other.at, token=None) as host:
        with pytest.raises(ConnectRefused, match="token missing"):
            await host.host.connector.connect()
    record = RecordFile(state).read()
    assert record is not None
    assert record.gateway == owner.at
    async with host_of(state, owner.at, token=None) as host:
        await host.says("connected")


def certificate(state: Path) -> Tls:
    """The gateway's certificate in a state directory; a new one, if there is none."""
    tls = open_tls(TlsSettings(enabled=True), state, names=("127.0.0.1",), now=time.time_ns() // 1_000_000)
    assert tls is not None
    return tls


async def test_tls_with_a_fingerprint(state: Path, tmp_path: Path) -> None:
    """The certificate that was given, and no other; it is remembered."""
    tls = certificate(tmp_path / "gateway")
    async with gateway(ssl=tls.context) as running:
        known = GatewayAt("127.0.0.1", running.gateway.port, tls=True, fingerprint=tls.fingerprint)
        async with host_of(state, known) as host:
            await host.says("connected")
        record = RecordFile(state).read()
        assert record is not None
        assert record.gateway == known
        async with host_of(state, replace(known, fingerprint="ab" * 32)) as host:
            await host.says("another certificate")
        async with host_of(state, replace(known, fingerprint="")) as host:
            await host.says("--tls-fingerprint")


def assemble(state: Path, *, host: str = "127.0.0.1", name: str | None = None) -> list[str]:
    """Put a node host together; what it says."""
    lines: list[str] = []
    wanted = Wanted(GatewayAt(host), Credentials(), name)
    app.assemble(Paths(state, state / "clawdbot.json"), wanted, {}, say=lines.append)
    return lines


def test_the_owner_is_told_what_may_be_run(state: Path, tmp_path: Path) -> None:
    """Nothing, at first; and what on his list leads nowhere."""
    assert assemble(state, name="box") == [
        'node "box"; exec policy: deny',
        "nothing is run here until you allow it: clawdbot node allow PROGRAM",
    ]
    link = tmp_path / "sh"
    link.symlink_to("/bin/sh")
    PolicyFile(state).allow(Rule(str(link)))
    PolicyFile(state).set_mode(Mode.ASK)
    real = programs.resolve("sh")
    assert assemble(state) == [
        'node "box"; exec policy: ask',
        f"exec-policy.json: {link} matches nothing: its real path is {real}",
    ]


def test_a_node_keeps_its_name(state: Path) -> None:
    """Until it gets another one; its id stays in any case."""
    assemble(state)
    first = RecordFile(state).read()
    assert first is not None
    assert first.name
    assemble(state, name="box\x1b[2J")
    second = RecordFile(state).read()
    assert second == Record(first.node_id, r"box\x1b[2J", first.gateway)
    assemble(state)
    assert RecordFile(state).read() == second


def test_nonsense_is_refused_before_anything_is_made(state: Path) -> None:
    """No identity for an address that is none."""
    with pytest.raises(UsageError):
        assemble(state, host="a b")
    assert not state.exists()
