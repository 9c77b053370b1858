"""Many processes at once on the register of devices (threats.md S3)."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from clawdbot.store.base import DeviceKey
from clawdbot.store.files import FileStore
from tests.support.register_moves import DeviceMove

ROOT = Path(__file__).parents[2]
DEVICES = 40


def test_S3_twenty_owners_at_once_decide_each_request_once(tmp_path: Path) -> None:
    """Nothing is lost, no request is decided twice, nobody comes in unapproved, and every file is always valid."""
    crowd = subprocess.run(
        [sys.executable, "-m", "tests.support.register_crowd", str(tmp_path / "state"), str(DEVICES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert crowd.returncode == 0, crowd.stderr[-4000:]
    seen = json.loads(crowd.stdout)
    assert seen["failed"] == []
    assert seen["reads"] > DEVICES
    said = [line.split() for line in seen["said"]]
    requested = {id: int(number) for verb, id, number in (words for words in said if words[0] == "requested")}
    decided = [words[1] for words in said if words[0] in ("approved", "rejected")]
    assert sorted(decided) == sorted(requested)
    approved = {requested[words[1]] for words in said if words[0] == "approved"}
    assert {int(words[2]) for words in said if words[0] == "came"} == approved
    left = asyncio.run(FileStore(tmp_path / "state").read_all(DeviceKey))
    assert set(left) == {DeviceMove("ask", number).key for number in approved}
    assert all(device.paired and device.pending is None for device in left.values())
