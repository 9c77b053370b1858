"""Shell completion, asked as the shells ask: the words so far and the position of the one that is typed."""

import json
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
        ("clawdbot channels login ", ["whatsapp"]),
        ("clawdbot channels add si", ["signal"]),
    ],
)
def test_what_can_come_next_is_offered(line: str, offered: list[str], tmp_path: Path) -> None:
    """Commands, options, channels, and the codes that wait on the channel."""
    lay({"credentials/telegram-pairing.json": WAITING}, tmp_path / "state")
    assert complete(line, tmp_path / "state") == offered


REQUEST, NODE, OPERATOR = "fde212a3-9f82-4a59-83e2-27158994febb", "0f" * 32, "1e" * 32
ON_RECORD = {
    "devices/pending.json": json.dumps({REQUEST: {"requestId": REQUEST, "role": "operator"}, "\x1b[2J$(id)": {}}),
    "devices/paired.json": json.dumps(
        {NODE: {"roles": ["node"]}, OPERATOR: {"role": "operator"}, "x": {}, "longer": 1}
    ),
    "nodes/pending.json": json.dumps({"2f6c1f0e-1111": {"nodeId": "an-old-app"}}),
    "nodes/paired.json": json.dumps({"an-old-app": {"nodeId": "an-old-app"}}),
}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("clawdbot devices approve ", [REQUEST]),
        ("clawdbot devices reject fd", [REQUEST]),
        ("clawdbot devices reject 0", []),
        ("clawdbot devices remove ", [NODE, OPERATOR]),
        ("clawdbot devices revoke --device 1", [OPERATOR]),
        ("clawdbot devices revoke --role ", ["operator", "node"]),
        ("clawdbot devices rotate --scope operator.p", ["operator.pairing"]),
        ("clawdbot devices approve --url ws://127.0.0.1:9 ", []),
        ("clawdbot nodes approve ", ["2f6c1f0e-1111"]),
        ("clawdbot nodes describe --node ", [NODE, "an-old-app"]),
        ("clawdbot qr --scope operator.a", ["operator.admin", "operator.approvals"]),
    ],
)
def test_S7_ids_are_offered_that_nobody_types(line: str, offered: list[str], tmp_path: Path) -> None:
    """Of this machine's state, and only what is an id: a file's other words would reach the shell."""
    lay(ON_RECORD, tmp_path / "state")
    assert complete(line, tmp_path / "state") == offered


@pytest.mark.parametrize("text", ["{", "[]", '{"longer": []}', "[" * 100_000])
def test_records_that_cannot_be_read_offer_nothing(text: str, tmp_path: Path) -> None:
    """The command itself says what is wrong, not the Tab key; nothing is mended by looking either."""
    lay({"devices/pending.json": text}, tmp_path / "state")
    (tmp_path / "state" / "devices").chmod(0o755)
    assert complete("clawdbot devices approve ", tmp_path / "state") == []
    assert (tmp_path / "state" / "devices").stat().st_mode & 0o777 == 0o755


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


def test_fish_shows_descriptions_to_their_end(tmp_path: Path) -> None:
    """A comma in one is no end: the script takes the first comma alone for a separator."""
    script = clawdbot(["completion", "fish"], tmp_path).stdout
    assert 'string split -m 1 "," $completion' in script
    if shutil.which("fish"):
        offered = subprocess.run(
            ["fish", "-c", "string split -m 1 ',' 'plain,allowlist\\tShow who is in, and who is blocked.'"],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert offered.stdout.splitlines()[1].endswith("blocked.")
