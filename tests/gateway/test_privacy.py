"""What is open to others is closed when the gateway starts, and nothing that is not for the state alone."""

import os
import stat
from pathlib import Path

import pytest

from clawdbot.gateway.privacy import close_to_others
from clawdbot.paths import Paths
from tests.support.transcript import clawdbot


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A state directory and a configuration as somebody made them by hand."""
    state = tmp_path / "home" / "state"
    state.mkdir(parents=True)
    state.chmod(0o755)
    for name in ("clawdbot.json", "clawdbot.json.bak"):
        (state / name).write_text("{}")
        (state / name).chmod(0o644)
    return Paths(state, state / "clawdbot.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(paths: Paths) -> list[int]:
    backup = paths.config_path.with_name("clawdbot.json.bak")
    return [mode(path) for path in (paths.state_dir, paths.config_path, backup)]


def test_S1_state_and_configuration_are_closed_and_it_is_said(paths: Paths, caplog: pytest.LogCaptureFixture) -> None:
    """Each with a warning; where nothing is open, or nothing is there, nothing is said."""
    close_to_others(paths, paths.state_dir.parent)
    assert modes(paths) == [0o700, 0o600, 0o600]
    assert f"{paths.state_dir} was open to others (mode 755); now it is not" in caplog.text
    assert f"{paths.config_path} was open to others (mode 644); now it is not" in caplog.text
    caplog.clear()
    close_to_others(paths, paths.state_dir.parent)
    close_to_others(Paths(paths.state_dir / "none", paths.state_dir / "none.json"), paths.state_dir.parent)
    assert caplog.text == ""


def test_S1_a_configuration_that_is_kept_elsewhere_is_closed_there(paths: Paths) -> None:
    """A link to it is the owner's choice, and leads to what holds his tokens."""
    elsewhere = paths.config_path.rename(paths.state_dir.parent / "dotfile.json")
    paths.config_path.symlink_to(elsewhere)
    close_to_others(paths, paths.state_dir.parent)
    assert mode(elsewhere) == 0o600


@pytest.mark.parametrize("home", ["", "inside"])
def test_a_home_directory_is_not_closed(paths: Paths, home: str) -> None:
    """Nor what homes are in: web servers and other programs may have their way through it. What holds tokens is."""
    (paths.state_dir / "inside").mkdir()
    close_to_others(paths, paths.state_dir / home)
    assert modes(paths) == [0o755, 0o600, 0o600]


def test_what_is_another_s_is_left_alone(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Root, too, leaves a user's directory as that user has it."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    close_to_others(paths, paths.state_dir.parent)
    assert (modes(paths), caplog.text) == ([0o755, 0o644, 0o644], "")


def test_what_all_users_share_is_left_alone(paths: Paths) -> None:
    """A directory like /tmp, even where it is ours."""
    paths.state_dir.chmod(0o1777)
    close_to_others(paths, paths.state_dir.parent)
    assert mode(paths.state_dir) == 0o1777


@pytest.mark.parametrize(
    "command", [["gateway", "--port", "0"], ["channels", "add", "telegram", "--no-check", "--token", "1:a"]]
)
def test_S1_the_commands_that_keep_tokens_close_what_they_find_open(paths: Paths, command: list[str]) -> None:
    """The gateway before it serves anybody (here it ends on an assistant that is none), and ``channels add``."""
    paths.config_path.write_text('{ assistant: { python: "json:nothing" } }')
    done = clawdbot(command, paths.state_dir)
    assert modes(paths)[:2] == [0o700, 0o600]
    assert "was open to others (mode 755); now it is not" in done.stderr
    assert "was open to others (mode 644); now it is not" in done.stderr


@pytest.mark.parametrize("command", [["status"], ["channels", "status"], ["doctor"], ["security", "audit"]])
def test_who_only_looks_changes_nothing(paths: Paths, command: list[str]) -> None:
    clawdbot(command, paths.state_dir)
    assert modes(paths) == [0o755, 0o644, 0o644]
