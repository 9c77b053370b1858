"""What a command loads: deciding about senders needs no channel, no network and no cryptography."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiohttp", "cryptography", "httpcore", "httpx", "telegram", "discord", "slack_sdk", "neonize", "anyio",
    "clawdbot.gateway", "clawdbot.config", "clawdbot.channels.telegram",
}  # fmt: skip

LOADED = """
import json, sys
from clawdbot.cli.app import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [["pairing", "list", "telegram"], ["pairing", "list", "--json"], ["--help"]], ids=" ".join
)
def test_looking_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """``pairing list`` and ``--help`` import no channel, no network library, no configuration."""
    environ = {"CLAWDBOT_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{LOADED}", *words],
        capture_output=True, text=True, check=True, env=environ,
    )  # fmt: skip
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert "clawdbot.cli.app" in modules
    assert HEAVY & set(modules) == set()
