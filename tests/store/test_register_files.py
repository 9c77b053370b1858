"""The files of a register on the disk: hot reads, broken files, and every moment between two of them."""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.domain.names import Role
from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.store import register, register_files
from clawdbot.store.base import DeviceKey, NodeKey
from clawdbot.store.disk import Folder, signature
from clawdbot.store.files import FileStore
from clawdbot.store.register_files import about, clear
from tests.support.devices import identity
from tests.support.register_files import KINDS, VECTORS, document, files, make, put, recorded, state
from tests.support.register_moves import NOW, DeviceMove, NodeMove
from tests.support.store_moves import KEY as SENDERS

ME = DeviceMove("ask").key
ID = ME.device


def place(device: Device) -> str:
    """Where a device is, as its owner sees it: what it may do, and what it asks for."""
    record, request = device.paired, device.waiting(NOW)
    may = "stranger" if record is None else "in" if record.has(Role.OPERATOR) else "out"
    power = " ".join(scope.removeprefix("operator.") for scope in record.scopes) if record and may == "in" else ""
    asks = f"asks for {' '.join([*request.scopes]).replace('operator.', '')}" if request else ""
    return " ".join(part for part in (may, power, asks) if part)


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_a_hot_read_costs_two_stats(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is opened while nothing changes, however many devices there are, and the object is the same."""
    make(state_dir, *[DeviceMove("ask", number) for number in range(1, 50)])
    store = FileStore(state_dir)
    await store.read(ME)
    await asyncio.sleep(0.06)
    first = await store.read(ME)
    looked: list[str] = []
    lstat = os.lstat

    def counted(path: str) -> os.stat_result:
        looked.append(Path(path).name)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", counted)
    monkeypatch.setattr(os, "open", lambda *_, **__: pytest.fail("opened"))
    assert await store.read(ME) is first
    assert looked == ["pending.json", "devices"]  # nobody is paired: that file is not there
    looked.clear()
    assert len(await store.read_all(DeviceKey)) == 49
    assert len(looked) == 2


async def test_G8_every_other_writer_is_noticed_with_the_next_read(state_dir: Path) -> None:
    """A hundred changes by hand, each of one character in place of another, each seen at once."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    store = FileStore(state_dir)
    records = document(state_dir, "devices/paired")
    for number in range(100, 200):
        records[ID]["displayName"] = f"Box {number}"
        put(state_dir, "devices/paired", records)
        found = (await store.read(ME)).paired
        assert found
        assert found.name == f"Box {number}"
    (state_dir / "devices" / "paired.json").unlink()
    assert (await store.read(ME)).paired is None


async def test_the_reference_s_state_carries_over_to_the_letter(state_dir: Path) -> None:
    """One of its requests is approved: one record is new, one request is gone, and every other byte is as it was."""
    recorded(state_dir)
    store = FileStore(state_dir)
    waiting = [one for one in (await store.read_all(DeviceKey)).values() if one.pending and one.paired is None]
    (device,) = waiting
    request = device.pending
    assert request

    def approve(device: Device) -> Change[Device, Any]:
        return DeviceMove("approve", now=request.asked_at + 1)(device)

    await store.update(DeviceKey(device.id), approve)
    before = {name: (VECTORS / "devices" / name).read_bytes() for name in ("paired.json", "pending.json")}
    after = {name: (state_dir / "devices" / name).read_bytes() for name in before}
    assert after["paired.json"].startswith(before["paired.json"][:-2])
    record = document(state_dir, "devices/paired")[device.id]
    assert [record["displayName"], record["roles"], "scopes" in record] == ["Pending node", ["node"], False]
    kept = before["pending.json"].partition(f',\n  "{request.id}"'.encode())[0]
    assert after["pending.json"] == kept + b"\n}"
    assert (state_dir / "nodes" / "paired.json").read_bytes() == (VECTORS / "nodes" / "paired.json").read_bytes()


async def test_S1_the_reference_s_open_folder_is_closed(state_dir: Path) -> None:
    """It makes 0755; we make and leave 0700, and files of 0600."""
    recorded(state_dir)
    for path in state_dir.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    store = FileStore(state_dir)
    await store.read_all(DeviceKey)
    await store.read_all(NodeKey)
    assert {path.stat().st_mode & 0o777 for path in state_dir.rglob("*")} == {0o700, 0o600}


# --- broken files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["devices/paired", "devices/pending", "nodes/paired", "nodes/pending"])
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": 1, "a": 1}', b"[" * 10_000], ids=repr)
async def test_S4_a_broken_file_is_never_written_over(state_dir: Path, name: str, data: bytes) -> None:
    """Reading and changing are errors that name the file and the way out; it stays as it is, and so does the other."""
    move: Any = DeviceMove("ask", 2) if name.startswith("devices") else NodeMove("ask", 2)
    recorded(state_dir)
    store = FileStore(state_dir)
    await store.update(move.key, move)
    put(state_dir, name, data)
    before = {path: path.read_bytes() for path in state_dir.rglob("*.json")}
    for fresh in (store, FileStore(state_dir)):
        for attempt in (fresh.read(move.key), fresh.read_all(type(move.key)), fresh.update(move.key, move)):
            with pytest.raises(StoreCorrupt, match=rf"{name}\.json is not what it must be") as error:
                await attempt
            assert "doctor" in error.value.hint
    assert {path: path.read_bytes() for path in state_dir.rglob("*.json")} == before


async def test_S4_a_broken_register_is_not_another_s(state_dir: Path) -> None:
    """Nodes and senders go on while devices cannot be read."""
    put(state_dir, "devices/paired", b"")
    store = FileStore(state_dir)
    await store.update(NodeMove("ask").key, NodeMove("ask"))
    assert len(await store.read_all(NodeKey)) == 1
    assert not (await store.read(SENDERS)).requests


def test_a_decision_that_cannot_be_written_spoils_nobody_else_s(state_dir: Path) -> None:
    """Of a group, only the caller whose state is impossible fails."""

    def impossible(device: Device) -> Change[Device, None]:
        record = DeviceMove("approve")(DeviceMove("ask")(device).state).state.paired
        assert record
        return Change(replace(device, paired=replace(record, public_key=identity(9).public_key)), None)

    moves = [about(DeviceMove("ask", n).key.device, DeviceMove("ask", n)) for n in (1, 2)]
    outcomes = files(state_dir).transact([moves[0], about(ID, impossible), moves[1]])
    assert [type(outcome).__name__ for outcome in outcomes] == ["Change", "ValueError", "Change"]
    assert set(document(state_dir, "devices/pending")) == {outcomes[n].answer.request.id for n in (0, 2)}  # type: ignore[union-attr]


def test_S4_a_file_never_grows_beyond_what_is_read(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change that would do it fails, alone; whoever takes something away can."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    size = (state_dir / "devices" / "paired.json").stat().st_size
    monkeypatch.setattr(register_files, "MAX_BYTES", size + 300)
    answers = make(
        state_dir, DeviceMove("ask", 2), DeviceMove("approve", 2), DeviceMove("revoke"), DeviceMove("rename")
    )
    assert [type(answer).__name__ for answer in answers] == ["Waiting", "StoreUnavailable", "Revoked", "Renamed"]
    assert [type(answer).__name__ for answer in make(state_dir, DeviceMove("remove"))] == ["Removed"]


# --- every moment ----------------------------------------------------------------------------------------------------

MORE = DeviceMove("ask more", seed=1)
WAYS: list[tuple[list[DeviceMove], list[DeviceMove], list[str]]] = [
    ([], [DeviceMove("ask")], ["stranger asks for read"]),
    ([DeviceMove("ask")], [DeviceMove("approve")], ["in read", "in read"]),
    ([DeviceMove("ask")], [DeviceMove("reject")], ["stranger"]),
    ([DeviceMove("ask")], [MORE], ["stranger asks for read write"]),
    ([DeviceMove("ask"), DeviceMove("approve")], [MORE], ["in read asks for read write"]),
    ([DeviceMove("ask"), DeviceMove("approve"), MORE], [DeviceMove("approve")], ["in read write", "in read write"]),
    ([DeviceMove("ask"), DeviceMove("approve"), MORE], [DeviceMove("reject")], ["in read"]),
    ([DeviceMove("ask"), DeviceMove("approve")], [DeviceMove("revoke")], ["out"]),
    ([DeviceMove("ask"), DeviceMove("approve"), MORE], [DeviceMove("revoke")], ["out asks for read write"]),
    ([DeviceMove("ask"), DeviceMove("approve")], [DeviceMove("remove")], ["stranger"]),
    ([DeviceMove("ask"), DeviceMove("approve"), MORE], [DeviceMove("remove")], ["stranger", "stranger"]),
    # decided at once, saved together
    ([DeviceMove("ask")], [DeviceMove("approve"), DeviceMove("revoke")], ["out", "out"]),
    ([DeviceMove("ask")], [DeviceMove("approve"), DeviceMove("remove")], ["stranger"]),
    (
        [DeviceMove("ask"), DeviceMove("approve"), MORE],
        [DeviceMove("approve"), DeviceMove("revoke")],
        ["out asks for read write", "out"],
    ),
    ([DeviceMove("ask")], [DeviceMove("approve"), MORE], ["in read", "in read asks for read write"]),
]


@pytest.mark.parametrize(
    ("before", "moves", "way"), WAYS, ids=[" ".join(m.verb for m in (*before, *moves)) for before, moves, _ in WAYS]
)
def test_S2_each_moment_of_a_change_is_harmless(
    state_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: list[DeviceMove],
    moves: list[DeviceMove],
    way: list[str],
) -> None:
    """What a kill between two files leaves: at no time more than was granted, nor less than was to stay."""
    for move in before:
        make(state_dir, move)
    seen: list[str] = []
    rename = Folder.rename

    def watched(self: Folder, old: str, new: str) -> None:
        rename(self, old, new)
        seen.append(place(state(state_dir, DeviceMove("ask"))))

    monkeypatch.setattr(Folder, "rename", watched)
    make(state_dir, *moves)
    assert seen == way


@pytest.mark.parametrize("verb", ["revoke", "remove", "rename"])
def test_S2_what_a_crash_left_is_put_right_before_the_next_change(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A request that was granted counts for nothing, and never comes to life: not when the grant is taken away."""
    make(state_dir, DeviceMove("ask"))
    used = document(state_dir, "devices/pending")
    make(state_dir, DeviceMove("approve"))
    put(state_dir, "devices/pending", used)
    assert place(state(state_dir, DeviceMove("ask"))) == "in read"
    seen: list[str] = []
    rename = Folder.rename

    def watched(self: Folder, old: str, new: str) -> None:
        rename(self, old, new)
        seen.append(f"{new.partition('.')[0]}: {place(state(state_dir, DeviceMove('ask')))}")

    monkeypatch.setattr(Folder, "rename", watched)
    make(state_dir, DeviceMove(verb))
    after = {"revoke": "out", "remove": "stranger", "rename": "in read"}[verb]
    assert seen == ["pending: in read", f"paired: {after}"]
    assert document(state_dir, "devices/pending") == {}


def test_only_what_changes_is_written(state_dir: Path) -> None:
    """A request does not touch the file of those who are in; a refusal touches none."""
    make(state_dir, DeviceMove("ask"))
    assert [path.name for path in (state_dir / "devices").glob("*.json")] == ["pending.json"]
    make(state_dir, DeviceMove("approve"))
    before = {path.name: signature(path.stat()) for path in (state_dir / "devices").glob("*.json")}
    make(state_dir, DeviceMove("approve"), DeviceMove("reject"), DeviceMove("remove", 2))
    assert {path.name: signature(path.stat()) for path in (state_dir / "devices").glob("*.json")} == before
    make(state_dir, DeviceMove("rename"))
    after = {path.name: signature(path.stat()) for path in (state_dir / "devices").glob("*.json")}
    assert [name for name in before if after[name] != before[name]] == ["paired.json"]


def test_half_written_files_of_killed_processes_are_swept(state_dir: Path) -> None:
    """Ours; what the reference is writing stays."""
    make(state_dir, DeviceMove("ask"))
    folder = state_dir / "devices"
    others = ["paired.json.1f0e7a1c-9f0b-4b0e-8a51-0a4d8a3e6f55.tmp", "other.json.0123456789abcdef.tmp"]
    for name in ("paired.json.0123456789abcdef.tmp", *others):
        (folder / name).touch(0o600)
    make(state_dir, DeviceMove("approve"))
    assert {path.name for path in folder.glob("*.tmp")} == set(others)


# --- in passing ------------------------------------------------------------------------------------------------------

LATER = DeviceMove("ask", now=NOW + 5)


def last_used(state_dir: Path) -> int | None:
    used: int | None = document(state_dir, "devices/paired")[ID]["tokens"]["operator"].get("lastUsedAtMs")
    return used


def test_what_nobody_waits_for_is_saved_with_what_somebody_does(state_dir: Path) -> None:
    """Alone it changes no file; with the next change of whichever device, or when it is asked for, it is saved."""
    one = files(state_dir)
    one.transact([about(ID, DeviceMove("ask")), about(ID, DeviceMove("approve"))])
    for then in (about(DeviceMove("ask", 2).key.device, DeviceMove("ask", 2)), clear):
        put(state_dir, "devices/paired", {ID: {**document(state_dir, "devices/paired")[ID]}})
        before = last_used(state_dir)
        now = (before or NOW) + 5
        one.transact([about(ID, DeviceMove("ask", now=now))])
        assert last_used(state_dir) == before
        assert one.traces
        one.transact([then])
        assert last_used(state_dir) == now
        assert not one.traces


def test_what_came_after_a_decision_in_the_same_group_is_saved_with_it(state_dir: Path) -> None:
    """Approved and connected at once."""
    make(state_dir, DeviceMove("ask"))
    make(state_dir, DeviceMove("approve"), LATER)
    assert last_used(state_dir) == NOW + 5


def refuse(*_: Any) -> Any:
    raise ValueError("no")


@pytest.mark.parametrize("verb", ["remove", "revoke", "rotate", "rename"])
def test_G8_what_nobody_waits_for_never_undoes_a_decision(state_dir: Path, verb: str) -> None:
    """Decided elsewhere before it was saved: it is forgotten, and the decision stands."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    one = files(state_dir)
    one.transact([about(ID, LATER)])
    make(state_dir, DeviceMove(verb))
    decided = (state_dir / "devices" / "paired.json").read_bytes()
    one.transact([clear])
    assert (state_dir / "devices" / "paired.json").read_bytes() == decided
    assert not one.traces


@pytest.mark.parametrize("why", ["cannot be read back", "no room"])
def test_what_nobody_waits_for_is_in_nobody_s_way(state_dir: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """If it cannot be saved, the decision still is."""
    make(state_dir, DeviceMove("ask"), DeviceMove("approve"))
    one = files(state_dir)
    one.transact([about(ID, LATER)])
    if why == "no room":
        size = (state_dir / "devices" / "paired.json").stat().st_size
        monkeypatch.setattr(register_files, "MAX_BYTES", size + 10)
    else:
        edit = register.edit
        monkeypatch.setattr(register, "edit", lambda *of: refuse() if of[1] == ID else edit(*of))
    key = DeviceMove("ask", 2).key
    one.transact([about(key.device, DeviceMove("ask", 2, now=NOW))])
    assert len(document(state_dir, "devices/pending")) == 1
    assert last_used(state_dir) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.folder)
async def test_S1_S3_the_lock_is_one_for_the_folder(state_dir: Path, kind: Any) -> None:
    """One private file beside the others; nothing of the reference's is touched by it."""
    move: Any = DeviceMove("ask") if kind.folder == "devices" else NodeMove("ask")
    await FileStore(state_dir).update(move.key, move)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (state_dir / kind.folder).iterdir()}
    assert modes == {"pending.json": 0o600, "register.flock": 0o600}


async def test_S7_no_error_holds_a_token(state_dir: Path) -> None:
    """Neither that of a broken file, nor a note about a record."""
    record = {"deviceId": "d", "tokens": "SECRET", "role": "SECRET", "publicKey": "SECRET"}
    put(state_dir, "devices/paired", {"d": record})
    texts = [f"{problem.text} {problem.hint}" for problem in FileStore(state_dir).problems()]
    put(state_dir, "devices/paired", b'{"d": {"token": "SECRET"')
    with pytest.raises(StoreCorrupt) as error:
        await FileStore(state_dir).read_all(DeviceKey)
    texts.append(f"{error.value!r} {error.value.hint} {error.value.__cause__!r}")
    assert len(texts) == 2
    assert not re.search("SECRET", "".join(texts))


def test_a_writer_without_a_lock_is_an_error_in_the_end(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that change under the lock are not decided on."""
    make(state_dir, DeviceMove("ask"))
    read: Callable[[Folder, str], Any] = Folder.read

    def disturbed(self: Folder, name: str) -> Any:
        blob = read(self, name)
        put(state_dir, "devices/pending", document(state_dir, "devices/pending"))
        return blob

    monkeypatch.setattr(Folder, "read", disturbed)
    with pytest.raises(StoreUnavailable, match="takes no lock"):
        files(state_dir).transact([about(ID, DeviceMove("approve"))])
