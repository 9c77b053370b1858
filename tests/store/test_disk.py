"""The folder is private at every instant, and nothing leads out of it (threats.md S1)."""

import asyncio
import logging
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.errors import StoreCorrupt, StoreError, StoreUnavailable
from clawdbot.store.disk import MAX_BYTES, created, existing
from clawdbot.store.files import FileStore
from tests.support import store_strace as strace
from tests.support.store_moves import KEY, Move
from tests.support.store_users import unprivileged

STORY = [Move("request", "7"), Move("approve", "7"), Move("request", "8"), Move("block", "8")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
async def test_S1_folders_and_files_are_private_whatever_the_umask(
    state_dir: Path, umask: Callable[[int], int], mask: int
) -> None:
    """0700 and 0600, the lock file included; and it works under each of them, for those who are not root too."""
    state_dir.parent.chmod(0o755)
    with unprivileged(state_dir.parent):
        umask(mask)
        store = FileStore(state_dir)
        for move in STORY:
            await store.update(KEY, move)
    assert [mode(state_dir), mode(state_dir / "credentials")] == [0o700, 0o700]
    modes = {path.name: mode(path) for path in (state_dir / "credentials").iterdir()}
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_S1_nothing_is_ever_created_open(tmp_path: Path, mask: int) -> None:
    """Under strace: every file and folder is made with a private mode, and no call ever widens one."""
    strace.need_strace()
    calls = "open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,mknod,mknodat"
    run = strace.run(
        tmp_path / "state", STORY, "-e", "trace=" + ",".join(f"?{name}" for name in calls.split(",")), umask=mask
    )
    assert run.said == ["saved"] * len(STORY), run.errors
    making = [
        line
        for line in run.calls
        if "O_CREAT" in line or re.search(r" (?:mkdir|mkdirat|chmod|fchmod|fchmodat)\(", line)
    ]
    modes = {int(match[1], 8) & 0o777 for line in making if (match := re.search(r", (0[0-7]{3,4})(?:\)|, )", line))}
    parent = 0o777  # of the folder above the state directory, which is there already
    assert len(making) > 3 * len(STORY)
    assert modes - {parent} == {0o600, 0o700}
    assert sum(", 0777)" in line for line in making) == 1


@pytest.mark.parametrize("touch", ["read", "update"])
async def test_S1_what_is_found_open_is_closed_and_reported(
    state_dir: Path, caplog: pytest.LogCaptureFixture, touch: str
) -> None:
    """Folder and files, with a line in the log that names each."""
    await FileStore(state_dir).update(KEY, STORY[0])
    folder = state_dir / "credentials"
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    with caplog.at_level(logging.WARNING, "clawdbot.store"):
        store = FileStore(state_dir)
        await (store.read(KEY) if touch == "read" else store.update(KEY, STORY[1]))
    assert mode(folder) == 0o700
    assert mode(folder / "telegram-pairing.json") == 0o600
    assert f"{folder} was open to others (mode 755)" in caplog.text
    assert "telegram-pairing.json was open to others (mode 644)" in caplog.text
    if touch == "update":
        assert mode(folder / "telegram-pairing.flock") == 0o600


@pytest.mark.parametrize(
    "what", ["credentials", "credentials/telegram-allowFrom.json", "credentials/telegram-pairing.flock"]
)
@pytest.mark.parametrize("touch", ["read", "update"])
async def test_S1_symbolic_links_are_not_followed(state_dir: Path, what: str, touch: str) -> None:
    """Below the state directory a link is an error that names it; what it leads to stays as it is."""
    store = FileStore(state_dir)
    for move in STORY:
        await store.update(KEY, move)
    real = state_dir.with_name("elsewhere")
    (state_dir / what).rename(real)
    (state_dir / what).symlink_to(real)
    before = real.read_bytes() if real.is_file() else sorted(real.iterdir())
    if real.is_dir():  # whoever read in it knows its files until one of them changes
        os.utime(real / "telegram-allowFrom.json")
    fresh = FileStore(state_dir)
    if touch == "read" and what.endswith(".flock"):
        await fresh.read(KEY)
        return
    with pytest.raises(StoreUnavailable, match=re.escape(f"{state_dir / what}: it is a symbolic link")):
        await (fresh.read(KEY) if touch == "read" else fresh.update(KEY, Move("revoke", "7")))
    with pytest.raises(StoreUnavailable):
        await (store.read(KEY) if touch == "read" else store.update(KEY, Move("revoke", "7")))
    assert (real.read_bytes() if real.is_file() else sorted(real.iterdir())) == before


def test_the_state_directory_itself_may_be_a_link(state_dir: Path) -> None:
    """Its owner chose it; one that leads nowhere is an error and not an empty store."""
    real = state_dir.with_name("real")
    real.mkdir()
    state_dir.symlink_to(real)
    asyncio.run(FileStore(state_dir).update(KEY, STORY[0]))
    assert (real / "credentials" / "telegram-pairing.json").exists()
    state_dir.unlink()
    state_dir.symlink_to(state_dir.with_name("nowhere"))
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        asyncio.run(FileStore(state_dir).read(KEY))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def unreadable(path: Path) -> None:
    path.write_text('{"version": 1, "requests": [], "allowFrom": [], "approved": {}, "blocked": {}}')
    path.chmod(0)


@pytest.mark.parametrize("make", [pipe, folder, unreadable])
@pytest.mark.parametrize("part", ["pairing", "allowFrom", "senders"])
async def test_S4_unreadable_is_not_empty(state_dir: Path, make: Callable[[Path], None], part: str) -> None:
    """What cannot be read is an error that names it, for reading and for changing, and stays as it is."""
    state_dir.parent.chmod(0o755)
    with unprivileged(state_dir.parent):
        store = FileStore(state_dir)
        await store.update(KEY, Move("block", "1"))
        path = state_dir / "credentials" / f"telegram-{part}.json"
        path.unlink(missing_ok=True)
        make(path)
        before = path.lstat()
        for fresh in (store, FileStore(state_dir)):
            with pytest.raises(StoreUnavailable, match=re.escape(str(path))) as error:
                await fresh.read(KEY)
            assert error.value.hint
            with pytest.raises(StoreUnavailable, match=re.escape(str(path))):
                await fresh.update(KEY, Move("request", "7"))
        after = path.lstat()
        assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)


def test_S4_a_file_in_the_folder_s_place_is_an_error(state_dir: Path) -> None:
    """So is one in the state directory's; and a folder that may not be entered is not an empty one."""
    state_dir.write_text("")
    for store in (FileStore(state_dir), FileStore(state_dir / "below")):
        with pytest.raises(StoreUnavailable):
            asyncio.run(store.read(KEY))
        with pytest.raises(StoreUnavailable):
            asyncio.run(store.update(KEY, STORY[0]))
    state_dir.unlink()
    state_dir.mkdir()
    (state_dir / "credentials").write_text("")
    with pytest.raises(StoreUnavailable, match="credentials"):
        asyncio.run(FileStore(state_dir).read(KEY))


async def test_S4_a_folder_that_may_not_be_entered_is_not_an_empty_one(state_dir: Path) -> None:
    """Missing rights are an error on each level."""
    state_dir.parent.chmod(0o755)
    with unprivileged(state_dir.parent):
        store = FileStore(state_dir)
        await store.update(KEY, STORY[0])
        for path in (state_dir, state_dir / "credentials"):
            path.chmod(0)
            for fresh in (store, FileStore(state_dir)):
                with pytest.raises(StoreError, match="permission denied"):
                    await fresh.read(KEY)
                with pytest.raises(StoreError, match="permission denied"):
                    await fresh.keys(type(KEY))
            path.chmod(0o700)
        assert (await store.read(KEY)).requests


async def test_S4_a_file_larger_than_any_of_ours_is_not_read(state_dir: Path) -> None:
    """Nobody's memory is filled by a file."""
    (state_dir / "credentials").mkdir(parents=True)
    path = state_dir / "credentials" / "telegram-allowFrom.json"
    path.touch(0o600)
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(StoreCorrupt, match="larger"):
        await FileStore(state_dir).read(KEY)


def test_a_staged_file_is_whole_or_gone(state_dir: Path) -> None:
    """It has a name of its own until it is renamed; a second one does not disturb it."""
    with created(state_dir) as open_folder:
        first, second = (open_folder.stage("a.json", data) for data in (b"1", b"2"))
        assert first != second
        open_folder.rename(first, "a.json")
        blob = open_folder.read("a.json")
        assert blob is not None
        assert blob.data == b"1"
        open_folder.discard(second)
        open_folder.discard("not there")
        assert open_folder.names() == ["a.json"]
        with pytest.raises(StoreUnavailable, match="not there"):
            open_folder.remove("not there")


def test_nothing_is_made_by_looking(state_dir: Path) -> None:
    """Opening to read makes no folder."""
    with existing(state_dir) as nothing:
        assert nothing is None
    assert not state_dir.exists()
