"""``clawdbot gateway install|uninstall|start|stop|restart``, with a systemctl that is strict about its arguments."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.systemctl import FakeSystemd

UNIT = "clawdbot-gateway.service"


@pytest.fixture
def systemd(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemd:
    fake = FakeSystemd(tmp_path / "bin")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    cli.configure(port=1)
    return fake


def unit_file(cli: CommandLine, name: str = UNIT) -> Path:
    return cli.home / ".config" / "systemd" / "user" / name


async def test_install_starts_the_service_now_and_at_every_login(cli: CommandLine, systemd: FakeSystemd) -> None:
    """The unit is on disk before systemd reads it, and read before it is started."""
    said = await cli.done("gateway", "install")
    assert str(unit_file(cli)) in said.out
    assert systemd.calls() == ["show --property=Version", "daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]
    assert unit_file(cli).read_text() == (await cli.done("gateway", "install", "--print")).out
    assert "loginctl enable-linger" in said.err


async def test_a_user_who_lingers_gets_no_hint(cli: CommandLine, systemd: FakeSystemd) -> None:
    systemd.is_("lingers")
    assert "linger" not in (await cli.done("gateway", "install")).err


async def test_print_changes_nothing(cli: CommandLine, systemd: FakeSystemd) -> None:
    said = await cli.done("gateway", "install", "--print", "--port", "4711", "--log-format", "json")
    assert '"gateway" "run" "--port" "4711" "--log-format" "json"\n' in said.out
    assert not unit_file(cli).exists()
    assert systemd.calls() == []


async def test_the_words_of_systemctl_are_passed_on(cli: CommandLine, systemd: FakeSystemd) -> None:
    await cli.done("gateway", "install")
    before = len(systemd.calls())
    for verb in ("stop", "start", "restart"):
        await cli.done("gateway", verb)
    assert [call for call in systemd.calls()[before:] if "show" not in call] == [
        f"stop {UNIT}",
        f"start {UNIT}",
        f"restart {UNIT}",
    ]
    await cli.done("gateway", "uninstall")
    assert systemd.calls()[-2:] == [f"disable --now {UNIT}", "daemon-reload"]
    assert not unit_file(cli).exists()


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "uninstall"])
async def test_without_a_service_there_is_nothing_to_do(cli: CommandLine, systemd: FakeSystemd, verb: str) -> None:
    said = await cli("gateway", verb)
    assert (said.code, 'run "clawdbot gateway install"' in said.err) == (1, True)


async def test_a_unit_that_says_something_else_is_not_written_over(cli: CommandLine, systemd: FakeSystemd) -> None:
    """Installing twice is fine; what somebody wrote himself goes only by force."""
    await cli.done("gateway", "install")
    await cli.done("gateway", "install")
    unit_file(cli).write_text("[Service]\nExecStart=/bin/true\n")
    said = await cli("gateway", "install")
    assert (said.code, "--force" in said.err) == (1, True)
    assert "/bin/true" in unit_file(cli).read_text()
    await cli.done("gateway", "install", "--force")
    assert "/bin/true" not in unit_file(cli).read_text()


async def test_each_profile_has_a_service_of_its_own(
    cli: CommandLine, systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(cli.home / ".clawdbot-work"))
    await cli.done("gateway", "install")
    assert "CLAWDBOT_STATE_DIR" in unit_file(cli, "clawdbot-gateway-work.service").read_text()
    assert not unit_file(cli).exists()


async def test_S7_secrets_of_the_terminal_do_not_go_into_the_unit(
    cli: CommandLine, systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units can be read by everybody; the command says where they belong."""
    monkeypatch.setenv("CLAWDBOT_GATEWAY_TOKEN", "hunter2-hunter2-hunter2-h")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456789:hunter3")
    said = await cli.done("gateway", "install")
    assert "CLAWDBOT_GATEWAY_TOKEN, TELEGRAM_BOT_TOKEN" in said.err
    assert str(cli.state / ".env") in said.err
    assert f"EnvironmentFile=-{cli.state / '.env'}\n" in unit_file(cli).read_text()
    assert "hunter" not in unit_file(cli).read_text() + said.out + said.err


async def test_without_systemd_it_is_said(
    cli: CommandLine, systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program, or none that runs for this user; nothing is written."""
    systemd.is_("no-bus")
    said = await cli("gateway", "install")
    assert (said.code, "no systemd runs for this user" in said.err, "enable-linger" in said.err) == (3, True, True)
    monkeypatch.setenv("PATH", "/nonexistent")
    said = await cli("gateway", "install")
    assert (said.code, "there is no systemd here" in said.err, "--print" in said.err) == (3, True, True)
    assert not unit_file(cli).exists()


async def test_a_service_that_does_not_start_says_where_to_look(cli: CommandLine, systemd: FakeSystemd) -> None:
    systemd.is_("broken")
    said = await cli("gateway", "install")
    assert (said.code, "journalctl --user --unit clawdbot-gateway.service" in said.err) == (1, True)


async def test_a_broken_configuration_is_said_before_anything_is_written(
    cli: CommandLine, systemd: FakeSystemd
) -> None:
    cli.configure(port="never")
    assert (await cli("gateway", "install")).code == 2
    assert (unit_file(cli).exists(), systemd.calls()) == (False, [])
