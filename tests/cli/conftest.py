"""A command line on a home directory of its own."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("STATE_DIR", "CONFIG_PATH", "GATEWAY_TOKEN", "GATEWAY_PASSWORD", "GATEWAY_PORT"):
        monkeypatch.delenv(f"CLAWDBOT_{name}", raising=False)
    return CommandLine(home, capsys)
