"""``clawdbot qr`` here, ``clawdbot node run --pair`` there: as processes, with a certificate of the gateway's own."""

import os
import pty
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client.address import Address
from clawdbot.client.setup_code import PREFIX, SetupCode, read
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.secret import Secret
from clawdbot.node.record import GatewayAt, RecordFile
from tests.support.node_hosts import process_of, process_reading
from tests.support.own import SHARED, OwnGateway, OwnMachine, until

pytestmark = pytest.mark.timeout(300)

NOT_TAKEN = "clawdbot: error: the gateway does not take this setup code\nclawdbot: hint: it is good once"


@dataclass(frozen=True)
class House:
    """The machine of the gateway, and its owner there."""

    owner: OwnMachine
    gateway: OwnGateway

    def code(self) -> str:
        text: str = self.owner.json(self.gateway, "qr")["code"]
        return text

    @property
    def at(self) -> GatewayAt:
        """Where the gateway is, and its certificate, as it prints that itself."""
        found = re.search(r"certificate (\S+)", self.gateway.log())
        assert found is not None
        return GatewayAt("127.0.0.1", self.gateway.port, tls=True, fingerprint=found[1])

    def nodes(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = self.owner.json(self.gateway, "nodes", "status")["nodes"]
        return nodes

    def is_connected(self) -> bool:
        return [(node["displayName"], node["connected"]) for node in self.nodes()] == [("box", True)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    owner = OwnMachine(tmp_path / "own")
    owner.configure(tls={"enabled": True})
    with owner.gateway() as gateway:
        yield House(owner, gateway)


async def test_one_paste_and_it_is_in(house: House, state: Path) -> None:
    """Address, certificate and pairing in one, without an approval; afterwards it needs no word more."""
    code = house.code()
    async with process_of(state, "--pair", code, "--display-name", "box") as node:
        await node.says("connected")
        until(house.is_connected, "the node is connected")
        words = ("nodes", "invoke", "--node", "box", "--command", "system.which", "--params", '{"bins": ["sh"]}')
        assert '"sh"' in house.owner.run(house.gateway, *words)
        assert house.owner.requests(house.gateway) == []
        (by,) = {one["approvedBy"] for one in house.owner.paired(house.gateway).values() if "node" in one["roles"]}
        assert by.startswith("a setup code of device ")
    record = RecordFile(state).read()
    assert record is not None
    assert record.gateway == house.at
    async with process_of(state) as again:
        await again.says("connected")
        until(house.is_connected, "the node is connected again")
    kept = "".join(path.read_text() for path in state.rglob("*") if path.is_file())
    assert SHARED not in kept
    assert read(code).word.reveal() not in kept + house.gateway.log()
    assert code not in kept


async def test_G18_a_code_that_is_used_up_ends_it(house: House, state: Path, tmp_path: Path) -> None:
    """With a clear word and exit code 1; the other machine is left as it was, and waits for nobody."""
    code = house.code()
    async with process_of(state, "--pair", code, "--display-name", "box") as first:
        await first.says("connected")
    other = tmp_path / "other"
    async with process_of(other, "--pair", "-", CLAWDBOT_SETUP_CODE=code) as second:
        assert await second.ended() == 1
        assert NOT_TAKEN in second.log.read_text()
    record = RecordFile(other).read()
    assert record is not None
    assert record.gateway is None
    assert house.owner.requests(house.gateway) == []
    assert len(house.nodes()) == 1


async def test_a_code_that_is_piped_is_in_no_list_of_processes(house: House, state: Path) -> None:
    """In lower case and with the line broken, as it comes out of a chat; typed by a program."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as typed:
        typed.write(f" {house.code().lower()}\n")
    async with process_reading(reading, state, "--pair", "-", "--display-name", "box") as node:
        os.close(reading)
        await node.says("connected")
        assert PREFIX not in Path(f"/proc/{node.process.pid}/cmdline").read_text().upper()
        until(house.is_connected, "the node is connected")


async def test_G18_another_certificate_is_sent_nothing(house: House, state: Path) -> None:
    """Exit code 3 at once; the gateway heard nothing of it, so that the same code is good where the pin is right."""
    good = read(house.code())
    wrong = replace(good, address=replace(good.address, fingerprint=Fingerprint("ab" * 32)))
    async with process_of(state, "--pair", wrong.text(), "--display-name", "box") as node:
        assert await node.ended() == 3
        assert "has another certificate than the one given" in node.log.read_text()
    assert house.nodes() == []
    async with process_of(state, "--pair", good.text(), "--display-name", "box") as node:
        await node.says("connected")
        until(house.is_connected, "the node is connected")


async def test_a_code_that_leads_to_nobody_ends_it(state: Path) -> None:
    """The gateway was stopped, say: nothing is tried again and again."""
    code = SetupCode(Address("ws://127.0.0.1:1"), Secret("A" * 43))
    async with process_of(state, "--pair", code.text()) as node:
        assert await node.ended() == 3
        assert "clawdbot: error: no gateway listens at ws://127.0.0.1:1" in node.log.read_text()


async def test_what_is_no_code_changes_nothing(state: Path) -> None:
    async with process_of(state, "--pair", "K7QMRX2D") as node:
        assert await node.ended() == 2
        assert node.log.read_text().startswith("clawdbot: error: that is no setup code\nclawdbot: hint: copy all of it")
    assert not state.exists()


async def test_S7_a_code_that_is_typed_is_not_shown(state: Path) -> None:
    """It is asked for at the terminal, and not echoed there."""
    own, given = pty.openpty()
    async with process_reading(given, state, "--pair", "-") as node:
        await node.says("Setup code: ")
        os.write(own, b"clawdbot1-not-a-code\n")
        assert await node.ended() == 2
        assert "that is no setup code" in node.log.read_text()
        os.set_blocking(own, False)
        with pytest.raises(BlockingIOError):
            os.read(own, 1000)
    os.close(own)
    os.close(given)
