"""What the doctor finds in the files, and what it mends (threats.md S1, S4)."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from clawdbot.errors import StoreCorrupt, UsageError
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import Severity
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


def test_S4_a_folder_that_cannot_be_opened_is_one_problem(state_dir: Path) -> None:
    """Not an exception."""
    state_dir.mkdir()
    (state_dir / "credentials").write_text("")
    (problem,) = FileStore(state_dir).problems()
    assert "credentials" in problem.text


async def test_a_folder_that_nothing_can_be_saved_in_is_an_error(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first approval fails on it; the way out is the command to type. (For root nothing is closed.)"""
    store = await settled_store(state_dir)
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
