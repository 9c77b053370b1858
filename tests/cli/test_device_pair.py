"""``clawdbot qr --role operator`` here, ``clawdbot devices pair`` on another machine: one paste, and it is in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clawdbot.cli import pasted_code
from clawdbot.client.address import Address
from clawdbot.client.identity_file import load_or_create
from clawdbot.client.setup_code import SetupCode, read
from clawdbot.client.token_file import TokenFile
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.gateway.instance import hold
from clawdbot.gateway.pairing_words import TTL_MS
from clawdbot.service import wall_clock
from tests.support.command_line import CommandLine
from tests.support.gateways import Running, gateway
from tests.support.own import SHARED, OwnGateway, OwnMachine

NOT_TAKEN = "clawdbot: error: the gateway does not take this setup code\nclawdbot: hint: it is good once"
APART = "clawdbot --profile NAME devices pair -"


async def code_of(running: Running, *scopes: str, role: Role = Role.OPERATOR) -> str:
    """A setup code, as the owner's program makes it."""
    admin = await running.admin()
    made = await admin.call("device.pair.code", role=role, scopes=list(scopes))
    address = Address(f"ws://127.0.0.1:{running.gateway.port}")
    return SetupCode(address, Secret(made["word"]), role, tuple(map(Scope, scopes))).text()


def token(cli: CommandLine) -> Secret | None:
    """The operator's token that is kept here."""
    return TokenFile(cli.state, load_or_create(cli.state, now=0).device_id).get(Role.OPERATOR)


def configured(cli: CommandLine) -> dict[str, object]:
    path = cli.state / "clawdbot.json"
    found: dict[str, object] = json.loads(path.read_text()).get("gateway", {}) if path.exists() else {}
    return found


# --- two machines, as processes, over TLS ----------------------------------------------------------------------------


@dataclass(frozen=True)
class House:
    """The machine of the gateway, and its owner there."""

    owner: OwnMachine
    gateway: OwnGateway

    def code(self, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        text: str = self.owner.json(self.gateway, "qr", "--role", "operator", *words)["code"]
        return text


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    owner = OwnMachine(tmp_path / "own")
    owner.configure(tls={"enabled": True})
    with owner.gateway() as running:
        yield House(owner, running)


ALONE = OwnGateway(0, Path("/dev/null"))
"""For commands that are told of no gateway but what their own machine knows."""


def test_one_paste_and_it_is_an_operator(house: House, tmp_path: Path) -> None:
    """Address, certificate and pairing in one, without an approval and without the gateway's secret."""
    laptop, code = OwnMachine(tmp_path / "laptop"), house.code("operator.admin")
    said = laptop.run(ALONE, "devices", "pair", code)
    assert said.startswith(
        f"Paired: this machine is an operator of wss://127.0.0.1:{house.gateway.port} with operator."
    )
    assert said.endswith("Try it: clawdbot devices list\n")
    own = load_or_create(laptop.state, now=0).device_id
    listed = laptop.json(ALONE, "devices", "list")
    assert listed["pending"] == []
    (record,) = [device for device in listed["paired"] if device["deviceId"] == own]
    assert record["approvedBy"].startswith("a setup code of ")
    assert record["scopes"] == ["operator.admin"]
    remote = json.loads((laptop.state / "clawdbot.json").read_text())["gateway"]
    assert remote["mode"] == "remote"
    assert remote["remote"]["url"] == f"wss://127.0.0.1:{house.gateway.port}"
    assert remote["remote"]["tlsFingerprint"] in house.gateway.log()
    kept = "".join(path.read_text() for path in laptop.state.rglob("*") if path.is_file())
    assert SHARED not in kept
    assert code not in kept
    assert read(code).word.reveal() not in kept + house.gateway.log()
    assert {path.stat().st_mode & 0o077 for path in laptop.state.rglob("*")} == {0}


def test_G18_a_code_is_good_for_one_machine(house: House, tmp_path: Path) -> None:
    """The second one is told so, and is left as it was: no configuration, no token, nobody who waits."""
    code = house.code("operator.admin")
    OwnMachine(tmp_path / "one").run(ALONE, "devices", "pair", code)
    other = OwnMachine(tmp_path / "other")
    assert other.run(ALONE, "devices", "pair", code, code=1) == ""
    assert [path.name for path in other.state.rglob("*") if path.is_file()] == ["device.json"]
    assert house.owner.requests(house.gateway) == []


def test_G18_another_certificate_is_sent_nothing(house: House, tmp_path: Path) -> None:
    """The same code is good afterwards, where the pin is right."""
    good = read(house.code("operator.read"))
    wrong = replace(good, address=replace(good.address, fingerprint=Fingerprint("ab" * 32)))
    laptop = OwnMachine(tmp_path / "laptop")
    laptop.run(ALONE, "devices", "pair", wrong.text(), code=3)
    assert not (laptop.state / "clawdbot.json").exists()
    laptop.run(ALONE, "devices", "pair", good.text())


# --- what is refused -------------------------------------------------------------------------------------------------


async def test_G18_too_late_is_as_good_as_used_up(cli: CommandLine) -> None:
    clock = {"behind": TTL_MS}
    async with gateway(now=lambda: wall_clock() - clock["behind"]) as running:
        code = await code_of(running, "operator.read")
        clock["behind"] = 0
        said = await cli("devices", "pair", code)
        assert said.code == 1
        assert said.err.startswith(NOT_TAKEN)
        assert (configured(cli), token(cli)) == ({}, None)


async def test_G18_a_wrong_word_changes_nothing(cli: CommandLine) -> None:
    """The gateway says no more than that; the code itself is not repeated."""
    async with gateway() as running:
        code = read(await code_of(running, "operator.read"))
        wrong = replace(code, word=Secret("A" * 43)).text()
        said = await cli("devices", "pair", wrong)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(NOT_TAKEN)
        assert wrong not in said.err
        assert (configured(cli), token(cli)) == ({}, None)
        assert (await cli("devices", "pair", code.text())).code == 0


async def test_a_code_for_a_node_is_refused_and_not_used_up(cli: CommandLine) -> None:
    """And the other way round; each says where it belongs."""
    async with gateway() as running:
        for_node, for_operator = await code_of(running, role=Role.NODE), await code_of(running, "operator.read")
        said = await cli("devices", "pair", for_node)
        assert said.code == 2
        assert "that setup code is for a node, not for an operator" in said.err
        assert "clawdbot node run --pair -" in said.err
        assert not cli.state.exists()
        said = await cli("node", "run", "--pair", for_operator)
        assert said.code == 2
        assert "clawdbot devices pair -" in said.err
        assert (await cli("devices", "pair", for_operator)).code == 0


async def test_what_is_no_code_changes_nothing(cli: CommandLine) -> None:
    said = await cli("devices", "pair", "K7QMRX2D")
    assert said.code == 2
    assert said.err.startswith("clawdbot: error: that is no setup code")
    assert not cli.state.exists()


async def test_a_code_that_leads_to_nobody_changes_nothing(cli: CommandLine) -> None:
    said = await cli("devices", "pair", SetupCode(Address("ws://127.0.0.1:1"), Secret("A" * 43), Role.OPERATOR).text())
    assert said.code == 3
    assert "no gateway listens at ws://127.0.0.1:1" in said.err
    assert configured(cli) == {}


# --- one gateway at a time -------------------------------------------------------------------------------------------


async def test_another_gateway_is_not_given_up_by_the_way(cli: CommandLine) -> None:
    """G15: with --force it is, and its secret goes with it. The code is not used up by the refusal."""
    async with gateway() as running:
        cli.configure(mode="remote", remote={"url": "ws://127.0.0.1:1", "token": "of-the-other"})
        code = await code_of(running, "operator.read")
        said = await cli("devices", "pair", code)
        assert said.code == 1
        assert "commands on this machine are for another gateway, ws://127.0.0.1:1" in said.err
        assert APART in said.err
        await cli.done("devices", "pair", code, "--force")
        assert configured(cli) == {"mode": "remote", "remote": {"url": f"ws://127.0.0.1:{running.gateway.port}"}}


@pytest.mark.parametrize("known", ["cd" * 32, None])
def test_G15_another_certificate_may_be_another_gateway(house: House, tmp_path: Path, known: str | None) -> None:
    """Also at the same address: without --force nothing is asked of it, and with it the old one's secret goes."""
    laptop, code = OwnMachine(tmp_path / "laptop"), house.code("operator.read")
    url = f"wss://127.0.0.1:{house.gateway.port}"
    laptop.configure(
        mode="remote", remote={"url": url, "token": "of-the-old"} | ({"tlsFingerprint": known} if known else {})
    )
    before = (laptop.state / "clawdbot.json").read_text()
    assert laptop.run(ALONE, "devices", "pair", code, code=1) == ""
    assert (laptop.state / "clawdbot.json").read_text() == before
    laptop.run(ALONE, "devices", "pair", code, "--force")
    remote = json.loads((laptop.state / "clawdbot.json").read_text())["gateway"]["remote"]
    assert remote == {"url": url, "tlsFingerprint": read(code).address.fingerprint}


async def test_a_gateway_that_runs_here_keeps_its_commands(cli: CommandLine) -> None:
    async with gateway() as running:
        code = await code_of(running, "operator.read")
        with hold(cli.state) as place:
            place.listens("ws://127.0.0.1:5", "", ["127.0.0.1"])
            said = await cli("devices", "pair", code)
        assert said.code == 1
        assert "commands on this machine are for its own gateway, which runs" in said.err
        assert token(cli) is None


async def test_a_token_of_the_own_gateway_is_not_overwritten(cli: CommandLine) -> None:
    """There is one place for it; with --force it is gone."""
    own = load_or_create(cli.state, now=wall_clock()).device_id
    TokenFile(cli.state, own).keep(Role.OPERATOR, Secret("of-the-own"), [], now=wall_clock())
    async with gateway() as running:
        code = await code_of(running, "operator.read")
        said = await cli("devices", "pair", code)
        assert said.code == 1
        assert "commands on this machine are paired with its own gateway" in said.err
        assert token(cli) == Secret("of-the-own")
        await cli.done("devices", "pair", code, "--force")
        assert token(cli) not in (None, Secret("of-the-own"))


async def test_the_same_gateway_again_needs_no_force(cli: CommandLine) -> None:
    """For more than before, say: the new token is kept."""
    async with gateway() as running:
        await cli.done("devices", "pair", await code_of(running, "operator.read"))
        first = token(cli)
        said = await cli.done("devices", "pair", await code_of(running, "operator.admin"), "--json")
        assert said.json["url"] == f"ws://127.0.0.1:{running.gateway.port}"
        assert "operator.admin" in said.json["scopes"]
        assert token(cli) not in (None, first)
        await cli.done("devices", "list")


async def test_who_may_less_asks_for_no_more(cli: CommandLine) -> None:
    """Commands of an operator who may only read ask his owner for nothing, and say what is missing."""
    async with gateway() as running:
        said = await cli.done("devices", "pair", await code_of(running, "operator.read"))
        assert said.out.endswith("Try it: clawdbot nodes status\n")
        await cli.done("nodes", "status")
        refused = await cli("devices", "list")
        assert refused.code == 1
        assert "missing scope: operator.pairing" in refused.err
        assert (await (await running.admin()).call("device.pair.list"))["pending"] == []


# --- how the code is given -------------------------------------------------------------------------------------------


async def test_S7_a_code_need_not_stand_on_the_command_line(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the variable, which programs that are started later do not see."""
    async with gateway() as running:
        monkeypatch.setenv(pasted_code.VARIABLE, f" {(await code_of(running, 'operator.read')).lower()}\n")
        await cli.done("devices", "pair", "-")
        assert token(cli) is not None


async def test_a_broken_configuration_is_said_before_the_code_is_used(cli: CommandLine) -> None:
    async with gateway() as running:
        code = await code_of(running, "operator.read")
        cli.state.mkdir(mode=0o700)
        (cli.state / "clawdbot.json").write_text("{")
        assert (await cli("devices", "pair", code)).code == 2
        (cli.state / "clawdbot.json").unlink()
        await cli.done("devices", "pair", code)
