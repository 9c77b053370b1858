"""The device's key pair on disk: made once, the reference's format, never silently another one."""

import json
import multiprocessing
import shutil
import stat
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import load_identity, load_or_create_identity
from clawdbot.errors import ClawdbotError, StoreCorrupt

RECORDED = Path(__file__).parents[1] / "vectors" / "state"
NOW = 1_795_367_471_187


def document(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / "identity" / "device.json").read_text())
    return found


def test_an_identity_is_made_once(tmp_path: Path) -> None:
    """There is none, then there is one, and it stays."""
    assert load_identity(tmp_path) is None
    made = load_or_create_identity(tmp_path, now=NOW)
    assert load_identity(tmp_path) == made == load_or_create_identity(tmp_path, now=NOW + 1)
    assert made != load_or_create_identity(tmp_path / "other", now=NOW)
    assert stat.S_IMODE((tmp_path / "identity" / "device.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [".", "node-host"])
def test_the_references_identity_is_read(tmp_path: Path, place: str) -> None:
    """A device keeps its name when it changes programs."""
    shutil.copytree(RECORDED / place / "identity", tmp_path / "identity")
    found = load_or_create_identity(tmp_path, now=NOW)
    assert found.device_id == document(tmp_path)["deviceId"]
    assert found.public_key.pem == document(tmp_path)["publicKeyPem"]


def test_an_identity_is_written_as_the_reference_writes_it(tmp_path: Path) -> None:
    """The same properties in the same order, the same layout, down to the last newline."""
    made = load_or_create_identity(tmp_path, now=NOW)
    ours = (tmp_path / "identity" / "device.json").read_text()
    theirs = (RECORDED / "identity" / "device.json").read_text()
    assert list(json.loads(ours)) == list(json.loads(theirs))
    assert ours == json.dumps(json.loads(ours), indent=2) + "\n"
    assert theirs == json.dumps(json.loads(theirs), indent=2) + "\n"
    assert json.loads(ours)["privateKeyPem"] == made.private_pem()
    assert json.loads(ours)["createdAtMs"] == NOW


def _make(state: Path, made: "SimpleQueue[str]") -> None:
    made.put(load_or_create_identity(state, now=NOW).device_id)


def test_S3_processes_that_start_at_once_are_one_device(tmp_path: Path) -> None:
    """Eight processes find no identity and make one: all end up with the same."""
    context = multiprocessing.get_context("fork")
    made = context.SimpleQueue()
    others = [context.Process(target=_make, args=(tmp_path, made)) for _ in range(8)]
    for process in others:
        process.start()
    found = {made.get() for _ in others}
    for process in others:
        process.join(60)
    assert len(found) == 1


def broken(**changes: object) -> str:
    good = json.loads((RECORDED / "identity" / "device.json").read_text())
    changed = {**good, **changes}
    return json.dumps({name: value for name, value in changed.items() if value is not None})


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '{"version": 1}', "[" * 50_000, "{}"),
        broken(version=2),
        broken(deviceId="0" * 64),
        broken(privateKeyPem="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        broken(privateKeyPem=None),
        broken(privateKeyPem=5),
        broken(privateKeyPem=json.loads((RECORDED / "node-host/identity/device.json").read_text())["privateKeyPem"]),
    ],
    ids=lambda text: text[:20],
)
def test_S4_a_file_that_holds_no_identity_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    """A new identity would need a new approval: the owner decides, and no key shows in the message."""
    path = tmp_path / "identity" / "device.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    with pytest.raises(StoreCorrupt, match=r"device\.json is not what it must be") as caught:
        load_or_create_identity(tmp_path, now=NOW)
    assert path.read_text() == text
    assert "BEGIN" not in str(caught.value)
    assert caught.value.hint


def test_S4_an_unreadable_identity_is_no_reason_for_another(tmp_path: Path) -> None:
    """Something else stands where the file should be."""
    (tmp_path / "identity" / "device.json").mkdir(parents=True, mode=0o700)
    with pytest.raises(ClawdbotError):
        load_or_create_identity(tmp_path, now=NOW)
