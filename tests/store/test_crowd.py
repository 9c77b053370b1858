"""Many processes at once on one channel account (threats.md S3)."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from clawdbot.store.files import FileStore
from tests.support.store_moves import KEY, places

ROOT = Path(__file__).parents[2]
STRANGERS = 40


def test_S3_twenty_owners_at_once_decide_each_request_once(tmp_path: Path) -> None:
    """Nothing is lost, no code works twice, never more than three wait, and every file is valid at each instant."""
    crowd = subprocess.run(
        [sys.executable, "-m", "tests.support.store_crowd", str(tmp_path / "state"), str(STRANGERS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert crowd.returncode == 0, crowd.stderr[-4000:]
    seen = json.loads(crowd.stdout)
    assert seen["failed"] == []
    assert seen["reads"] > 3 * STRANGERS
    said = [tuple(line.split()) for line in seen["said"]]
    requested = sorted((code, name) for verb, code, name in said if verb == "requested")
    decided = sorted((code, name) for verb, code, name in said if verb != "requested")
    assert len(requested) == STRANGERS
    assert decided == requested
    approved = {name: "allowed" for verb, _, name in said if verb == "approved"}
    assert places(asyncio.run(FileStore(tmp_path / "state").read(KEY))) == approved
