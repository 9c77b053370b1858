"""``clawdbot gateway status``: does it run, where, and does it answer."""

from pathlib import Path

import pytest

from clawdbot.cli import gateway_status
from clawdbot.cli.other_services import other_services
from clawdbot.gateway import instance
from tests.support.command_line import CommandLine
from tests.support.gateways import SHARED, gateway


async def test_a_gateway_that_answers(cli: CommandLine) -> None:
    """Exit code 0, and where it was asked."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        with instance.hold(cli.state):
            told = (await cli.done("gateway", "status")).out
    assert told.splitlines()[0].startswith("gateway  running (process ")
    assert f"asked    ws://127.0.0.1:{running.gateway.port} (local loopback): something listens\n" in told
    assert told.endswith("answer   ok\n")


async def test_a_gateway_that_is_not_there(cli: CommandLine) -> None:
    """Exit code 3, and how to start one; without asking it is exit code 0."""
    cli.configure(port=1)
    said = await cli("gateway", "status")
    assert said.code == 3
    assert said.out.startswith("gateway  not running\n")
    assert "nothing listens" in said.out
    assert 'start it with "clawdbot gateway"' in said.out
    report = (await cli("gateway", "status", "--json")).json
    assert (report["rpc"]["ok"], report["port"]["status"]) == (False, "free")
    assert report["service"]["runtime"] == {"status": "stopped"}
    unasked = await cli.done("gateway", "status", "--no-probe", "--json")
    assert "rpc" not in unasked.json


async def test_a_gateway_that_does_not_let_us_in(cli: CommandLine) -> None:
    """Exit code 1: it is there, and says no."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": "wrong-one"})
        said = await cli("gateway", "status")
    assert (said.code, "answer   gateway connect failed: unauthorized" in said.out) == (1, True)


async def test_a_broken_configuration_is_said_and_not_in_the_way(cli: CommandLine) -> None:
    """The file is named, and the gateway looked for where it is by default."""
    cli.configure()
    (cli.state / "clawdbot.json").write_text("{gateway: {port: 'x'}}")
    said = await cli("gateway", "status", "--url", "ws://127.0.0.1:1")
    assert (said.code, "gateway.port: must be a whole number" in said.out) == (3, True)
    assert (await cli("gateway", "status", "--url", "ws://127.0.0.1:1", "--json")).json["config"]["cli"][
        "valid"
    ] is False


async def test_nothing_is_known_and_nothing_made(cli: CommandLine) -> None:
    """On a fresh machine looking with --no-probe leaves no trace."""
    said = await cli.done("gateway", "status", "--no-probe")
    assert "(not there: all defaults)" in said.out
    assert not cli.state.exists()


def unit(folder: Path, name: str, command: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"[Unit]\nDescription=a service\n[Service]\nExecStart={command}\n")
    return path


async def test_other_gateways_among_the_services_are_named(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user's own always, those of the machine with --deep; neither nodes nor the gateway that is asked about."""
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(gateway_status, "SYSTEM", (tmp_path / "etc", tmp_path / "nowhere"))
    own = cli.home / ".config" / "systemd" / "user"
    unit(own, "clawdbot-gateway.service", "/usr/bin/python -m clawdbot gateway run")
    unit(own, "box.service", "/usr/bin/clawdbot node run")
    unit(own, "plain.service", "/bin/true")
    mine = unit(own, "my-bot.service", '"/usr/bin/node" \\\n  "/opt/clawdbot/entry.js" "gateway"')
    machines = unit(tmp_path / "etc", "bot.service", "/usr/bin/clawdbot gateway --port 19001")
    said = await cli.done("gateway", "status", "--no-probe")
    assert f"besides  {mine} (user) starts a gateway, too\n" in said.out
    assert str(machines) not in said.out
    deep = (await cli.done("gateway", "status", "--no-probe", "--deep", "--json")).json
    assert deep["extraServices"] == [
        {"platform": "linux", "label": path.name, "detail": f"unit: {path}", "scope": scope}
        for path, scope in ((mine, "user"), (machines, "system"))
    ]
    assert "besides" in (await cli.done("gateway", "status", "--no-probe", "--deep")).out


async def test_services_that_cannot_be_read_are_not_in_the_way(cli: CommandLine, tmp_path: Path) -> None:
    """Nor is what is no file: a link to nothing, a folder, bytes that are no text."""
    folder = cli.home / ".config" / "systemd" / "user"
    unit(folder, "odd.service", "x").write_bytes(b"ExecStart=\xff\xfe clawdbot\x00 gateway\n" * 10_000)
    (folder / "gone.service").symlink_to(tmp_path / "gone")
    (folder / "folder.service").mkdir()
    assert [one.path.name for one in other_services(folder, [tmp_path / "nowhere"], own="")] == ["odd.service"]
