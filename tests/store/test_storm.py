"""Hundreds of kills at random moments over one state directory (threats.md S2)."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_S2_a_storm_of_kills_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """300 processes killed in the middle of random moves; after each the state is exact, and nobody had to wait."""
    storm = subprocess.run(
        [sys.executable, "-m", "tests.support.store_storm", str(tmp_path / "state"), "1", "300"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert storm.returncode == 0, storm.stderr[-4000:]
    seen = json.loads(storm.stdout)
    assert seen["kills"] == 300
    assert seen["acknowledged"] > 0
