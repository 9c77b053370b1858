"""Devices: the process is killed or the disk fails, at every system call that changes anything (threats.md S2).

As ``test_faults.py`` has it for senders: real children under strace.
"""

import json
import stat
from pathlib import Path

import pytest

from clawdbot.domain.device_records import Device
from clawdbot.store.files import FileStore
from clawdbot.store.locks import Patience
from tests.support import store_strace as strace
from tests.support.register_moves import NOW, DeviceMove

STORY = [
    DeviceMove("ask"),
    DeviceMove("approve", seed=1),
    DeviceMove("ask more", seed=2),
    DeviceMove("approve", seed=3),
    DeviceMove("rotate", seed=4),
    DeviceMove("ask as node", seed=5),
    DeviceMove("revoke"),
    DeviceMove("reject"),
    DeviceMove("rename", seed=6),
    DeviceMove("ask as node", seed=7),
    DeviceMove("remove"),
    DeviceMove("ask", seed=8),
]
"""Every kind of decision, with a request beside and without; each state is unlike the one before."""

KEY = STORY[0].key
PROMPT = Patience(lock_s=10)


def after(moves: list[DeviceMove]) -> Device:
    """The state that moves lead to, by the rules alone."""
    device = Device(KEY.device)
    for move in moves:
        device = move(device).state
    return device


def parse_all(state_dir: Path) -> None:
    """Every file that is there is whole, private, and in a private folder."""
    folder = state_dir / "devices"
    if folder.exists():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) & 0o77 for path in folder.iterdir()} <= {0}
        assert all(isinstance(json.loads(path.read_bytes()), dict) for path in folder.glob("*.json"))


async def goes_on(state_dir: Path) -> Device:
    """What is stored; and the next change, of another device, works at once and cleans up."""
    store = FileStore(state_dir, patience=PROMPT)
    found = await store.read(KEY)
    other = DeviceMove("ask", 99)
    assert (await store.update(other.key, other)).effects
    assert {path.suffix for path in (state_dir / "devices").iterdir()} == {".json", ".flock"}
    assert await store.read(KEY) == found
    return found


async def test_S2_killed_at_any_system_call_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """The state is the one after the moves that were acknowledged, or with the one more that was on its way."""
    strace.need_strace()
    states = [after(STORY[:count]) for count in range(len(STORY) + 1)]
    for state_dir, run in strace.killed(tmp_path, STORY):
        parse_all(state_dir)
        count = len(run.said)
        found = await goes_on(state_dir)
        assert found in states[count : count + 2], (state_dir.name, run.said)


def test_S2_a_grant_is_on_the_disk_before_its_request_is_gone(tmp_path: Path) -> None:
    """Each file is flushed before it is renamed, the folder after; and then the caller is answered."""
    strace.need_strace()
    calls = "fsync,?rename,renameat,?renameat2,writev"
    run = strace.run(tmp_path / "state", STORY[:2], "-y", "-e", f"trace={calls}")
    assert run.said == ["saved", "saved"], run.errors
    assert [strace.event(line) for line in run.calls][-11:] == [
        *["fsync pending.json.tmp", "rename pending.json", "fsync devices", "acknowledged"],
        *["fsync paired.json.tmp", "fsync pending.json.tmp"],
        *["rename paired.json", "fsync devices", "rename pending.json", "fsync devices", "acknowledged"],
    ]


def test_nobody_waits_for_the_disk_to_be_let_in(tmp_path: Path) -> None:
    """A hundred connects of a paired device flush nothing; one save at the end has the last of them."""
    strace.need_strace()
    connects = [DeviceMove("ask", now=NOW + number, seed=number) for number in range(1, 101)]
    run = strace.run(tmp_path / "state", [*STORY[:2], *connects], "-y", "-e", "trace=fsync,writev")
    assert run.said == ["saved"] * 102, run.errors
    events = [strace.event(line) for line in run.calls]
    last = len(events) - events[::-1].index("acknowledged")
    assert events[last - 100 : last] == ["acknowledged"] * 100
    assert events[last:] == ["fsync paired.json.tmp", "fsync devices"]
    record = json.loads((tmp_path / "state" / "devices" / "paired.json").read_bytes())[KEY.device]
    assert (record["tokens"]["operator"]["lastUsedAtMs"], record["displayName"]) == (NOW + 100, "Name 100")


@pytest.mark.parametrize(("call", "error"), [("fsync", "EIO"), ("write", "ENOSPC"), ("renameat", "EIO")])
async def test_S2_what_the_disk_refuses_is_answered_as_failed_and_changes_nothing(
    tmp_path: Path, call: str, error: str
) -> None:
    """Whichever call fails: the moves that were acknowledged are there, and exactly those."""
    strace.need_strace()
    made = failures = 0
    for state_dir, run in strace.refused(tmp_path, STORY, call, error):
        made, failures = made + 1, failures + run.said.count("failed")
        parse_all(state_dir)
        assert await goes_on(state_dir) == after(strace.saved(STORY, run)), (call, state_dir.name, run.said)
    assert failures == made
