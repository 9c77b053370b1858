"""Shell completion, asked as the shells ask: the words so far and the position of the one that is typed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.transcript import clawdbot, lay

WAITING = """{"version": 1, "requests": [{"id": "7", "code": "ABCDEFGH", "createdAt": "@now-10s",
 "lastSeenAt": "@now-10s"}]}"""


def complete(line: str, state: Path) -> list[str]:
    """What is offered behind a line."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_CLAWDBOT_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-m", "clawdbot"],
        env={**os.environ, **asked, "CLAWDBOT_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [offered.partition(",")[2] for offered in done.stdout.splitlines() if offered]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("clawdbot pai", ["pairing"]),
        ("clawdbot pairing ap", ["approve"]),
        ("clawdbot pairing list t", ["telegram"]),
        ("clawdbot pairing approve t", ["telegram"]),
        ("clawdbot pairing approve telegram ", ["ABCDEFGH"]),
        ("clawdbot pairing reject --channel telegram ab", ["ABCDEFGH"]),
        ("clawdbot pairing approve signal ", []),
        ("clawdbot pairing approve nowhere ", []),
        ("clawdbot pairing list --j", ["--json"]),
    ],
)
def test_what_can_come_next_is_offered(line: str, offered: list[str], tmp_path: Path) -> None:
    """Commands, options, channels, and the codes that wait on the channel."""
    lay({"credentials/telegram-pairing.json": WAITING}, tmp_path / "state")
    assert complete(line, tmp_path / "state") == offered


def test_state_that_cannot_be_read_offers_nothing(tmp_path: Path) -> None:
    """The command itself says what is wrong, not the Tab key."""
    lay({"credentials/telegram-pairing.json": "{"}, tmp_path / "state")
    assert complete("clawdbot pairing approve telegram ", tmp_path / "state") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_takes(shell: str, tmp_path: Path) -> None:
    """Read by the shell itself where it is installed."""
    done = clawdbot(["completion", shell], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_CLAWDBOT_COMPLETE" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True, timeout=60)
