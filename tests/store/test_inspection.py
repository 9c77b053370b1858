"""What the doctor finds in the files, and what it mends (threats.md S1, S4)."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import StoreCorrupt, UsageError
from clawdbot.store.base import DeviceKey, Key, NodeKey
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import Severity
from tests.support.register_files import document, put, recorded
from tests.support.store_moves import KEY, Move


async def settled_store(state_dir: Path) -> FileStore:
    store = FileStore(state_dir)
    for move in (Move("request", "7"), Move("approve", "7"), Move("request", "8")):
        await store.update(KEY, move)
    return store


async def test_nothing_is_wrong_with_what_we_wrote(state_dir: Path) -> None:
    """Nor with a state directory that is not there, and looking makes none."""
    before = list(state_dir.parent.iterdir())
    assert FileStore(state_dir).problems() == []
    assert list(state_dir.parent.iterdir()) == before
    assert (await settled_store(state_dir)).problems() == []


async def test_S1_open_modes_are_reported_and_mended_on_demand(state_dir: Path) -> None:
    """Looking changes nothing; tidying closes all of it."""
    store = await settled_store(state_dir)
    folder = state_dir / "credentials"
    paths = [state_dir, folder, *folder.iterdir()]
    for path in paths:
        path.chmod(0o755)
    found = store.problems()
    assert {problem.path for problem in found} == set(paths)
    assert {problem.severity for problem in found} == {Severity.WARNING}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o755}
    store.tidy()
    assert store.problems() == []
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o700, *[0o600] * (len(paths) - 2)]


async def test_S4_bad_entries_are_reported_with_their_file(state_dir: Path) -> None:
    """Each by its number and why; the file is still in use."""
    store = await settled_store(state_dir)
    path = state_dir / "credentials" / "telegram-allowFrom.json"
    path.write_text(json.dumps({"version": 1, "allowFrom": ["7", "@ann", "*", 5]}))
    found = store.problems()
    assert [(problem.path, problem.severity) for problem in found] == [(path, Severity.WARNING)] * 3
    assert found[0].text.startswith('entry 2 of "allowFrom" is not used: ')
    assert all(problem.hint for problem in found)
    assert list((await store.read(KEY)).allowed) == ["7"]


async def test_S4_a_broken_file_is_reported_and_can_be_set_aside(state_dir: Path) -> None:
    """It is renamed, never removed; then the store works again, without what was in it."""
    store = await settled_store(state_dir)
    path = state_dir / "credentials" / "telegram-pairing.json"
    for number in (1, 2):
        path.write_bytes(b"{")
        path.chmod(0o600)
        (problem,) = store.problems()
        assert (problem.path, problem.severity) == (path, Severity.ERROR)
        with pytest.raises(StoreCorrupt):
            await store.read(KEY)
        aside = store.set_aside(path)
        assert aside == path.with_name(f"telegram-pairing.json.corrupt-{number}")
        assert aside.read_bytes() == b"{"
        assert list((await store.read(KEY)).allowed) == ["7"]
        assert store.problems() == []


def test_only_files_of_the_store_are_set_aside(state_dir: Path) -> None:
    """Nothing else is renamed by whatever path is given."""
    for path in (
        "x.json",
        "telegram-pairing.json",
        "credentials/../credentials/telegram-pairing.json",
        "credentials/a",
    ):
        with pytest.raises(UsageError):
            FileStore(state_dir).set_aside(state_dir / path)


async def test_S1_S4_links_and_locks_that_are_none_are_reported(state_dir: Path) -> None:
    """What keeps everything from being saved has its line."""
    store = await settled_store(state_dir)
    folder = state_dir / "credentials"
    (folder / "telegram-pairing.json.lock").touch(0o600)
    link = folder / "telegram-senders.json"
    link.rename(state_dir / "elsewhere")
    link.symlink_to(state_dir / "elsewhere")
    texts = [f"{problem.path.name}: {problem.text}" for problem in store.problems()]
    assert any(re.match(r"telegram-pairing.json.lock: .* no directory", text) for text in texts)
    assert any(re.match(r"telegram-senders.json: .*link", text) for text in texts)


async def test_half_written_files_are_reported_once_they_are_old(state_dir: Path) -> None:
    """And removed on demand, of every account."""
    store = await settled_store(state_dir)
    fresh, old = (
        state_dir / "credentials" / f"telegram-{account}pairing.json.0123456789abcdef.tmp" for account in ("", "work-")
    )
    for path in (fresh, old):
        path.touch(0o600)
    os.utime(old, (1, 1))
    assert [problem.path for problem in store.problems()] == [old]
    store.tidy()
    assert not fresh.exists()
    assert not old.exists()


async def test_foreign_files_are_not_our_business(state_dir: Path) -> None:
    """Other programs keep things in the folder too."""
    store = await settled_store(state_dir)
    for name in ("oauth.json", "weird___chan-pairing.json", "telegram-default-pairing.json"):
        (state_dir / "credentials" / name).write_text("{")
        (state_dir / "credentials" / name).chmod(0o644)
    assert store.problems() == []
    store.tidy()
    assert (state_dir / "credentials" / "oauth.json").stat().st_mode & 0o777 == 0o644


# --- devices and nodes -----------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_what_the_reference_wrote(state_dir: Path) -> None:
    """But for its folders, which everybody may look into: they are closed on demand."""
    recorded(state_dir)
    state_dir.chmod(0o700)
    for folder in ("devices", "nodes"):
        (state_dir / folder).chmod(0o755)
        for path in (state_dir / folder).iterdir():
            path.chmod(0o600)
    store = FileStore(state_dir)
    found = store.problems()
    assert [(problem.path.name, problem.severity) for problem in found] == [
        ("devices", Severity.WARNING),
        ("nodes", Severity.WARNING),
    ]
    store.tidy()
    assert store.problems() == []


async def test_S4_odd_records_are_reported_with_their_file(state_dir: Path) -> None:
    """Those that are not used, and those that are used in part; nobody else is touched by them."""
    recorded(state_dir)
    records = document(state_dir, "devices/paired")
    (first, second, *others) = records
    records[first]["publicKey"] = "x"
    records[second]["tokens"]["node"] = None
    path = put(state_dir, "devices/paired", records)
    store = FileStore(state_dir)
    found = [problem for problem in store.problems() if problem.path == path]
    assert [problem.severity for problem in found] == [Severity.WARNING] * 2
    assert "is not used" in found[0].text
    assert "counts as revoked" in found[1].text
    paired = [key for key, device in (await store.read_all(DeviceKey)).items() if device.paired]
    assert len(paired) == len(others) + 1


@pytest.mark.parametrize("name", ["devices/paired", "devices/pending", "nodes/paired", "nodes/pending"])
async def test_S4_a_broken_register_is_reported_and_can_be_set_aside(state_dir: Path, name: str) -> None:
    """File by file: the other one stays in use."""
    recorded(state_dir)
    path = put(state_dir, name, b"{")
    store = FileStore(state_dir)
    assert [problem.path for problem in store.problems() if problem.severity is Severity.ERROR] == [path]
    kind: type[Key[Any]] = DeviceKey if name.startswith("devices") else NodeKey
    with pytest.raises(StoreCorrupt):
        await store.read_all(kind)
    assert store.set_aside(path).name == f"{path.name}.corrupt-1"
    left = await store.read_all(kind)
    assert left
    assert all((state.paired is None) == name.endswith("paired") for state in left.values())


@pytest.mark.parametrize("folder", ["devices", "nodes"])
async def test_S4_both_files_of_a_register_are_reported(state_dir: Path, folder: str) -> None:
    """At once, each with its own way out: whoever mends one need not ask again to learn of the other."""
    recorded(state_dir)
    paths = [put(state_dir, f"{folder}/{name}", b"{") for name in ("paired", "pending")]
    found = [problem for problem in FileStore(state_dir).problems() if problem.severity is Severity.ERROR]
    assert [problem.path for problem in found] == paths
    assert "none of them is paired any more" in found[0].hint
    assert "doctor --fix" in found[1].hint


async def test_S4_a_file_that_is_too_large_hides_no_other(state_dir: Path) -> None:
    recorded(state_dir)
    large = put(state_dir, "devices/paired", b" " * (16 * 1024 * 1024 + 1))
    broken = put(state_dir, "devices/pending", b"[]")
    found = [problem for problem in FileStore(state_dir).problems() if problem.severity is Severity.ERROR]
    assert [problem.path for problem in found] == [large, broken]


async def test_S4_all_broken_files_of_an_account_are_reported(state_dir: Path) -> None:
    store = await settled_store(state_dir)
    for name in ("pairing", "allowFrom", "senders"):
        path = state_dir / "credentials" / f"telegram-{name}.json"
        path.write_bytes(b"{")
        path.chmod(0o600)
    found = [problem.path.name for problem in store.problems()]
    assert sorted(found) == ["telegram-allowFrom.json", "telegram-pairing.json", "telegram-senders.json"]


async def test_S1_what_stands_beside_a_register_is_looked_after(state_dir: Path) -> None:
    """A link, an open file, a leftover of a killed process; what is not ours is not."""
    recorded(state_dir)
    folder = state_dir / "devices"
    (folder / "pending.json").rename(state_dir / "elsewhere")
    (folder / "pending.json").symlink_to(state_dir / "elsewhere")
    old = folder / "paired.json.0123456789abcdef.tmp"
    for path in (old, folder / "notes.txt"):
        path.touch(0o644)
        os.utime(path, (1, 1))
    found = {problem.path.name for problem in FileStore(state_dir).problems() if problem.path.parent == folder}
    assert {"pending.json", old.name} <= found
    assert "notes.txt" not in found
    FileStore(state_dir).tidy()
    assert not old.exists()
    assert (folder / "notes.txt").stat().st_mode & 0o777 == 0o644


def test_S4_a_folder_that_cannot_be_opened_is_one_problem(state_dir: Path) -> None:
    """Not an exception."""
    state_dir.mkdir(0o700)
    (state_dir / "credentials").write_text("")
    (problem,) = FileStore(state_dir).problems()
    assert "credentials" in problem.text


async def test_a_folder_that_nothing_can_be_saved_in_is_an_error(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first approval fails on it; the way out is the command to type. (For root nothing is closed.)"""
    store = await settled_store(state_dir)
    (state_dir / "credentials").chmod(0o500)
    monkeypatch.setattr(os, "access", lambda path, mode: path != state_dir / "credentials")
    (problem,) = store.problems()
    assert (problem.path, problem.severity) == (state_dir / "credentials", Severity.ERROR)
    assert "nothing can be saved" in problem.text
    assert f"chmod u+rwx {state_dir / 'credentials'}" in problem.hint


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("pairing", "doctor --fix"),
        ("allowFrom", "nobody is approved any more"),
        ("senders", "nobody is blocked any more"),
    ],
)
async def test_S4_the_way_out_of_an_unreadable_file_says_what_it_costs(
    name: str, way_out: str, state_dir: Path
) -> None:
    """The doctor does not send its reader to the doctor."""
    store = await settled_store(state_dir)
    path = state_dir / "credentials" / f"telegram-{name}.json"
    path.write_bytes(b"{")
    path.chmod(0o600)
    (problem,) = store.problems()
    assert problem.path == path
    assert way_out in problem.hint
