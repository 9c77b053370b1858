"""Our node host on another machine than our gateway, over TLS: a namespace of its own, with an address of its own.

From there nothing is approved silently, whoever knows the shared token (threats.md G4, G9).
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clawdbot.node import programs
from clawdbot.node.policy import Rule
from clawdbot.node.policy_file import PolicyFile
from tests.support.namespaces import HOUSE, STRANGER, Street, street
from tests.support.node_hosts import HostProcess, process_of
from tests.support.own import SHARED, OwnGateway, OwnMachine, until

pytestmark = pytest.mark.timeout(300)

NAME = "box"


@dataclass(frozen=True)
class Away:
    """The gateway at home, its owner there, and the node's machine."""

    owner: OwnMachine
    gateway: OwnGateway
    made: Street
    state: Path

    @property
    def fingerprint(self) -> str:
        """What the gateway prints for the owner to copy."""
        found = re.search(r"certificate (\S+)", self.gateway.log())
        assert found is not None
        return found[1]

    @asynccontextmanager
    async def node(self, *words: str, fingerprint: str = "", token: str = SHARED) -> AsyncIterator[HostProcess]:
        """``clawdbot node run`` as the owner types it on the other machine; with no words, as it is started again."""
        known = ("--tls", "--tls-fingerprint", fingerprint) if fingerprint else ()
        environ = {"CLAWDBOT_GATEWAY_TOKEN": token} if token else {}
        async with process_of(self.state, *words, *known, prefix=self.made.others.prefix, **environ) as process:
            yield process

    @property
    def first_words(self) -> tuple[str, ...]:
        return ("--host", HOUSE, "--port", str(self.gateway.port), "--display-name", NAME)

    def run(self, *words: str, code: int = 0) -> str:
        return self.owner.run(self.gateway, *words, code=code)

    def is_connected(self) -> bool:
        nodes = self.owner.json(self.gateway, "nodes", "status")["nodes"]
        return any(node["displayName"] == NAME and node["connected"] for node in nodes)

    def invoke(self, command: str, params: object, code: int = 0) -> Any:
        words = ("nodes", "invoke", "--node", NAME, "--command", command, "--params", json.dumps(params))
        said = self.run(*words, code=code)
        return json.loads(said)["payload"] if code == 0 else said


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Away]:
    with street() as made:
        owner = OwnMachine(tmp_path / "own", made.house.prefix)
        owner.configure(tls={"enabled": True})
        with owner.gateway("--bind", "lan") as gateway:
            yield Away(owner, gateway, made, tmp_path / "node")


async def test_from_pairing_to_revocation(away: Away) -> None:
    """Pairing required; approved, it serves what is allowed; revoked, it stops, says why, and is out."""
    PolicyFile(away.state).allow(Rule(programs.resolve("uname") or ""))
    async with away.node(*away.first_words, fingerprint=away.fingerprint) as node:
        await node.says("devices approve")
        (request,) = away.owner.requests(away.gateway)
        assert f"must show, too: {request['checkWords']}\n" in node.log.read_text()  # threats.md G19
        assert (request["role"], request["displayName"], request["remoteIp"]) == ("node", NAME, STRANGER)
        assert f"clawdbot devices approve {request['requestId']}" in node.log.read_text()
        assert not away.is_connected()
        away.run("devices", "approve", request["requestId"])
        await node.says("connected")
        until(away.is_connected, "the node is connected")
        assert away.invoke("system.which", {"bins": ["sh", "nope"]}) == {"bins": {"sh": programs.find("sh")}}
        ran = away.invoke("system.run", {"command": ["uname", "-s"]})
        assert (ran["stdout"], ran["exitCode"]) == ("Linux\n", 0)
        away.invoke("system.run", {"command": ["id"]}, code=1)
        away.run("devices", "revoke", "--device", request["deviceId"], "--role", "node")
        assert await node.ended() == 1
        said = node.log.read_text()
        assert "clawdbot: error: the gateway took this node's access away\n" in said
        assert re.search(r"clawdbot: hint: to let it in again, .*clawdbot devices approve \S+; then start it", said)
    assert not away.is_connected()
    async with away.node(token="") as again:
        assert await again.ended() == 1
        assert "connected" not in again.log.read_text()


async def test_G18_a_setup_code_on_another_machine(away: Away) -> None:
    """Where the owner says how it is reached; the machine itself has no way out here, and advertises nothing."""
    away.run("qr", code=2)
    code = away.owner.json(away.gateway, "qr", "--at", f"wss://{HOUSE}:{away.gateway.port}")["code"]
    async with away.node("--pair", code, "--display-name", NAME, token="") as node:
        await node.says("connected")
        until(away.is_connected, "the node is connected")
        assert away.invoke("system.which", {"bins": ["nope"]}) == {"bins": {}}
        assert away.owner.requests(away.gateway) == []
    async with away.node(token="") as again:
        await again.says("connected")


async def test_it_comes_back_by_what_it_kept(away: Away) -> None:
    """Started without a word: address, certificate and its token are kept; the shared one is not, and not needed."""
    async with away.node(*away.first_words, fingerprint=away.fingerprint) as node:
        await node.says("devices approve")
        (request,) = away.owner.requests(away.gateway)
        away.run("nodes", "approve", request["requestId"])
        await node.says("connected")
    async with away.node(token="") as again:
        await again.says("connected")
        until(away.is_connected, "the node is connected again")
    assert SHARED not in "".join(path.read_text() for path in away.state.rglob("*") if path.is_file())


async def test_G15_another_certificate_gets_nothing(away: Away) -> None:
    """Not the fingerprint that was given: the node says so, sends no token, and leaves no request behind."""
    async with away.node(*away.first_words, fingerprint="ab" * 32) as node:
        await node.says("another certificate")
        assert away.owner.requests(away.gateway) == []
