"""Our node host at the reference's gateway, on another machine; and its node host's state in our hands."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from clawdbot.node import programs
from clawdbot.node.policy import Rule
from clawdbot.node.policy_file import PolicyFile
from tests.support.namespaces import HOUSE, STRANGER, Street, street
from tests.support.node_hosts import HostProcess, process_of
from tests.support.own import stop
from tests.support.peer import Peer, find

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]

PORT = 18789
TOKEN = "sekrit-of-the-reference"
HERE = ("--url", f"ws://127.0.0.1:{PORT}", "--token", TOKEN)
NAME = "box"
BOOT_S = 90.0


@dataclass(frozen=True)
class House:
    """The reference's gateway, its owner, and a street on which others live."""

    peer: Peer
    made: Street

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """It runs for as long as the context lasts."""
        process = self.peer.start(
            "gateway", "--port", str(PORT), "--bind", "lan", "--token", TOKEN, "--allow-unconfigured"
        )
        assert process.stdout is not None
        try:
            assert any("listening on ws" in line for line in process.stdout)
            yield
        finally:
            stop(process)
            process.communicate()

    async def owner(self, *words: str, code: int = 0) -> str:
        """A command of the reference, beside its gateway."""
        return await asyncio.to_thread(self.peer.run, *words, *HERE, code=code)

    async def asked(self, *words: str) -> Any:
        return json.loads(await self.owner(*words, "--json"))

    async def pending(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.asked("devices", "list"))["pending"]
        return found

    async def invoke(self, command: str, params: object) -> Any:
        words = ("nodes", "invoke", "--node", NAME, "--command", command, "--params", json.dumps(params))
        return (await self.asked(*words))["payload"]

    async def refused(self, command: str, params: object) -> str:
        words = ("nodes", "invoke", "--node", NAME, "--command", command, "--params", json.dumps(params))
        return await self.owner(*words, code=1)

    @asynccontextmanager
    async def node(self, state: Path, *words: str, **environ: str) -> AsyncIterator[HostProcess]:
        """Our node host, on another machine."""
        far = ("--host", HOUSE, "--port", str(PORT), "--display-name", NAME)
        async with process_of(state, *(words or far), prefix=self.made.others.prefix, **environ) as process:
            yield process


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    peer = find(tmp_path / "home", tmp_path / "home" / ".clawdbot")
    with street() as made:
        yield House(replace(peer, prefix=made.house.prefix), made)


async def test_our_node_host_at_its_gateway(house: House, state: Path) -> None:
    """Pairing required; approved by its command line, connected; it serves what is allowed; revoked, it is out."""
    PolicyFile(state).allow(Rule(programs.resolve("uname") or ""))
    with house.gateway():
        async with house.node(state, CLAWDBOT_GATEWAY_TOKEN=TOKEN) as node:
            await node.says("devices approve")
            (request,) = await house.pending()
            assert (request["role"], request["displayName"], request["remoteIp"]) == ("node", NAME, STRANGER)
            assert re.findall(r"clawdbot devices approve (\S+)", node.log.read_text()) == [request["requestId"]]
            await house.owner("devices", "approve", request["requestId"])
            await node.says("connected")
            await serves(house)
    async with house.node(state, "--verbose") as node:
        with house.gateway():
            await node.says("connected")  # by the token and the address that it kept
            await house.owner("devices", "revoke", "--device", request["deviceId"], "--role", "node")
        # The reference does not cut live connections; with the end of this one the node is out.
        await node.says("connection to the gateway lost")
        with house.gateway():
            assert await asyncio.wait_for(node.process.wait(), BOOT_S) == 1
            assert "clawdbot: error: the gateway took this node's access away" in node.log.read_text()


async def serves(house: House) -> None:
    """What is allowed is done, as the reference's programs expect it; nothing else is, whatever they say."""
    assert await house.invoke("system.which", {"bins": ["sh", "nope"]}) == {"bins": {"sh": programs.find("sh")}}
    result = await house.invoke("system.run", {"command": ["uname", "-s"], "timeoutMs": 5000})
    assert (result["stdout"], result["exitCode"], result["success"]) == ("Linux\n", 0, True)
    denied = await house.refused("system.run", {"command": ["id"], "approved": True, "approvalDecision": "allow-once"})
    assert "SYSTEM_RUN_DENIED: allowlist miss" in denied
    shown = await house.asked("approvals", "get", "--node", NAME)
    assert shown["file"]["agents"]["*"]["allowlist"] == [{"pattern": programs.resolve("uname")}]
    refusal = await house.owner("approvals", "allowlist", "add", "--node", NAME, "/bin/sh", code=1)
    assert "changed on the node itself" in refusal


async def test_a_nodes_state_carries_over_both_ways(house: House, tmp_path: Path) -> None:
    """Paired by its node host, connected by ours, and by its again: one approval, one device."""
    home = tmp_path / "node-home"
    home.mkdir()
    state = home / ".clawdbot"
    far = replace(
        house.peer, home=home, state_dir=state, prefix=house.made.others.prefix,
        environ={"CLAWDBOT_GATEWAY_TOKEN": TOKEN},
    )  # fmt: skip
    words = ("node", "run", "--host", HOUSE, "--port", str(PORT), "--display-name", NAME)
    with house.gateway():
        assert "pairing required" in await asyncio.to_thread(far.run, *words)
        (request,) = await house.pending()
        await house.owner("devices", "approve", request["requestId"])
        with theirs(far, words):
            await connected(house)
        files = {path.name: path.read_text() for path in state.rglob("*.json")}
        async with house.node(state, "--verbose") as node:
            await node.says("connected")
            assert await house.invoke("system.which", {"bins": ["sh"]})
        assert files == {path.name: path.read_text() for path in state.rglob("*.json")}
        with theirs(replace(far, environ={}), words):
            await connected(house)
        assert await house.pending() == []


@contextmanager
def theirs(peer: Peer, words: tuple[str, ...]) -> Iterator["subprocess.Popen[str]"]:
    process = peer.start(*words)
    try:
        yield process
    finally:
        stop(process)
        process.communicate()


async def connected(house: House) -> None:
    """Wait until the node is there."""
    for _ in range(20):
        if any(node["connected"] for node in (await house.asked("nodes", "status"))["nodes"]):
            return
    raise AssertionError("the node never connected")
