"""One writer at a time, among our processes and the reference's; a lock that nobody holds stops nobody for long."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clawdbot.domain.senders import Requested
from clawdbot.errors import StoreUnavailable
from clawdbot.store.disk import created
from clawdbot.store.files import FileStore
from clawdbot.store.locks import OURS, Held, Patience, exclusive
from tests.support import store_foreign
from tests.support.store_moves import KEY, NOW, Move, places
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
LOCKS = ("telegram-pairing.json.lock", "telegram-allowFrom.json.lock")
DAY = 86_400

HASTY = Patience(lock_s=0.3, stale_s=30)
"""Gives up long before a lock is stale."""


def folder_of(state_dir: Path) -> Path:
    folder = state_dir / "credentials"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder


def foreign_lock(state_dir: Path, name: str, age_s: float = 0) -> Path:
    """A lock directory as the reference makes it, of some age."""
    directory = folder_of(state_dir) / name
    directory.mkdir(mode=0o755)
    then = time.time() - age_s
    os.utime(directory, (then, then))
    return directory


@pytest.mark.parametrize("name", LOCKS)
async def test_a_fresh_foreign_lock_is_waited_for_and_never_removed(state_dir: Path, name: str) -> None:
    """As long as it shows signs of life; the change comes when it is gone."""
    directory = foreign_lock(state_dir, name)
    stop = threading.Event()

    def live() -> None:
        while not stop.wait(0.01):
            os.utime(directory)

    holder = threading.Thread(target=live)
    holder.start()
    update = asyncio.ensure_future(FileStore(state_dir, patience=Patience(stale_s=1.0)).update(KEY, Move("block", "7")))
    done, _ = await asyncio.wait([update], timeout=2.0)
    try:
        assert not done
        assert directory.is_dir()
    finally:
        stop.set()
        holder.join()
    directory.rmdir()
    assert places((await update).state) == {"7": "blocked"}


@pytest.mark.parametrize("name", LOCKS)
async def test_patience_ends_with_an_error_that_names_the_lock(state_dir: Path, name: str) -> None:
    """Nothing is changed, and the foreign lock stays."""
    directory = foreign_lock(state_dir, name)
    with pytest.raises(StoreUnavailable, match=f"cannot lock .*{name}: another program holds it"):
        await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))
    assert directory.is_dir()
    assert not list(directory.parent.glob("*.json"))


async def test_nobody_is_waited_for_who_has_gone(state_dir: Path) -> None:
    """A caller who gives up ends the wait for the lock: a process that is told to stop does not linger."""
    directory = foreign_lock(state_dir, LOCKS[0])
    store = FileStore(state_dir)
    update = asyncio.ensure_future(store.update(KEY, Move("block", "7")))
    await eventually(lambda: (state_dir / "credentials" / "telegram-pairing.flock").exists())
    update.cancel()
    await asyncio.to_thread(store._threads.shutdown)
    assert directory.is_dir()
    assert not list(directory.parent.glob("*.json"))


@pytest.mark.parametrize("name", LOCKS)
async def test_S6_a_stale_lock_is_taken_over(state_dir: Path, name: str) -> None:
    """Older than 30 s by the wall clock: at once."""
    foreign_lock(state_dir, name, age_s=31)
    await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))
    assert not (state_dir / "credentials" / name).exists()


@pytest.mark.parametrize("age_s", [-DAY, -1, 0, 29])
async def test_S6_a_lock_that_is_not_stale_is_not_taken_over(state_dir: Path, age_s: float) -> None:
    """Not even if its time lies in the future, where a jump of the clock or the reference's probe puts it."""
    directory = foreign_lock(state_dir, LOCKS[0], age_s)
    with pytest.raises(StoreUnavailable):
        await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))
    assert directory.is_dir()


async def test_S6_a_lock_from_the_future_without_signs_of_life_is_taken_over(state_dir: Path) -> None:
    """After a jump of the clock nobody waits for a day."""
    foreign_lock(state_dir, LOCKS[0], age_s=-DAY)
    await FileStore(state_dir, patience=Patience(stale_s=0.2)).update(KEY, Move("block", "7"))


@pytest.mark.parametrize("age_s", [0, -DAY, DAY])
async def test_a_lock_left_by_a_killed_process_of_ours_stops_nobody(state_dir: Path, age_s: float) -> None:
    """It bears our mark, and whoever made it does not hold the flock any more."""
    for name in LOCKS:
        foreign_lock(state_dir, name, age_s).chmod(OURS)
    await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))
    assert not list((state_dir / "credentials").glob("*.lock"))


@contextmanager
def stopped_holder(state_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of ours that holds the locks and is stopped."""
    script = (
        "import sys, time; from pathlib import Path; from clawdbot.store.disk import created; "
        "from clawdbot.store.locks import Patience, exclusive\n"
        f"with created(Path(sys.argv[1])) as f, exclusive(f, 'telegram-pairing.flock', {LOCKS!r}, Patience()):\n"
        "    print('held', flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(state_dir)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGSTOP)
        try:
            yield holder
        finally:
            holder.kill()


async def test_a_stopped_process_of_ours_keeps_its_lock(state_dir: Path) -> None:
    """It lives: its lock directories, though they bear our mark, are not taken while it holds the flock."""
    with stopped_holder(state_dir) as holder:
        with pytest.raises(StoreUnavailable, match=r"telegram-pairing\.flock"):
            await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))
        assert all((state_dir / "credentials" / name).is_dir() for name in LOCKS)
        holder.kill()
        holder.wait()
        await FileStore(state_dir, patience=HASTY).update(KEY, Move("block", "7"))


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.parent)], ids=["file", "link"])
async def test_a_lock_that_is_no_directory_is_an_error(state_dir: Path, make: object) -> None:
    """It names it; waiting would not help."""
    path = folder_of(state_dir) / LOCKS[0]
    make(path)  # type: ignore[operator]
    with pytest.raises(StoreUnavailable, match=LOCKS[0]):
        await FileStore(state_dir).update(KEY, Move("block", "7"))
    assert path.is_symlink() or path.is_file()


def lose(state_dir: Path, how: str) -> None:
    directory = state_dir / "credentials" / LOCKS[1]
    directory.rmdir()
    if how == "to another":
        directory.mkdir()


@pytest.mark.parametrize("how", ["to nobody", "to another"])
def test_a_lock_that_was_lost_is_noticed_before_anything_is_changed(state_dir: Path, how: str) -> None:
    """A process that stood still for half a minute does not write over what came since; nor does it free their lock."""
    with created(state_dir) as folder:
        with exclusive(folder, "telegram-pairing.flock", LOCKS, Patience()) as held:
            held.confirm()
            lose(state_dir, how)
            with pytest.raises(StoreUnavailable, match="lost the lock"):
                held.confirm()
        assert (state_dir / "credentials" / LOCKS[1]).exists() == (how == "to another")
        assert not (state_dir / "credentials" / LOCKS[0]).exists()


async def test_S2_an_update_that_lost_its_lock_changes_nothing(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: it is answered as failed, and the state is as it was."""
    store = FileStore(state_dir)
    before = (await store.update(KEY, Move("request", "7"))).state
    confirm = Held.confirm

    def late(held: Held) -> None:
        lose(state_dir, "to another")
        confirm(held)

    monkeypatch.setattr(Held, "confirm", late)
    with pytest.raises(StoreUnavailable, match="lost the lock"):
        await store.update(KEY, Move("approve", "7"))
    assert await FileStore(state_dir).read(KEY) == before
    assert not list((state_dir / "credentials").glob("*.tmp"))


def test_confirming_is_a_sign_of_life(state_dir: Path) -> None:
    """What is confirmed has another 30 s."""
    with created(state_dir) as folder, exclusive(folder, "telegram-pairing.flock", LOCKS, Patience()) as held:
        for name in LOCKS:
            os.utime(folder.path / name, (1, 1))
        held.confirm()
        assert all(abs((folder.path / name).stat().st_mtime - time.time()) < 20 for name in LOCKS)


async def test_a_file_that_is_not_changed_is_not_waited_for(state_dir: Path) -> None:
    """As the reference does: a request needs the lock of the file of requests alone, an approval that of the allowlist
    too."""
    store = FileStore(state_dir, patience=HASTY)
    await store.update(KEY, Move("request", "7"))
    foreign_lock(state_dir, LOCKS[1])
    await store.update(KEY, Move("request", "8"))
    with pytest.raises(StoreUnavailable, match=LOCKS[1]):
        await store.update(KEY, Move("approve", "7"))
    assert {place.partition(" ")[0] for place in places(await store.read(KEY)).values()} == {"waiting"}


def test_a_lock_that_is_held_is_not_taken_twice(state_dir: Path) -> None:
    with created(state_dir) as folder:
        with exclusive(folder, "telegram-pairing.flock", LOCKS[:1], Patience()) as held:
            assert [held.take(name) for name in (*LOCKS, *LOCKS)] == [False, True, False, False]
            held.confirm()
            assert {path.name for path in folder.path.glob("*.lock")} == set(LOCKS)
        assert not list(folder.path.glob("*.lock"))


async def test_a_flock_that_was_removed_and_made_anew_is_still_one_lock(state_dir: Path) -> None:
    """Whoever waited on the removed file looks again."""
    with created(state_dir) as folder:
        flock = folder.path / "telegram-pairing.flock"
        with exclusive(folder, flock.name, LOCKS, Patience()):
            update = asyncio.ensure_future(FileStore(state_dir).update(KEY, Move("request", "7")))
            await asyncio.sleep(0.05)
            flock.unlink()
            flock.touch(0o600)
            await asyncio.sleep(0.05)
        assert isinstance((await update).answer, Requested)


def foreign_writer(folder: Path, first: int, last: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.support.store_foreign", str(folder), str(first), str(last)]
    return subprocess.Popen(command, cwd=ROOT)


async def test_a_writer_with_the_reference_s_protocol_loses_nothing_and_nothing_of_ours_is_lost(
    state_dir: Path,
) -> None:
    """Both approve at the same time, sixty each; everybody is in at the end."""
    store = FileStore(state_dir)
    await store.update(KEY, Move("request", "1"))
    await store.update(KEY, Move("approve", "1"))
    with foreign_writer(state_dir / "credentials", 1001, 1060) as foreign:
        for number in range(2, 62):
            await store.update(KEY, Move("request", str(number), NOW, number))
            await store.update(KEY, Move("approve", str(number)))
            await asyncio.sleep(0.002)
        assert foreign.wait() == 0
    everybody = [*range(1, 62), *range(1001, 1061)]
    assert places(await store.read(KEY)) == {str(number): "allowed" for number in everybody}


def test_the_foreign_writer_is_one_that_locks(state_dir: Path) -> None:
    """The imitation waits for our lock, so that the test above means something."""
    with created(state_dir) as folder:
        (folder.path / "telegram-allowFrom.json").write_text('{"version": 1, "allowFrom": []}')
        with exclusive(folder, "telegram-pairing.flock", LOCKS, Patience()):
            approval = threading.Thread(target=store_foreign.approve, args=(folder.path, "7"))
            approval.start()
            approval.join(0.2)
            assert approval.is_alive()
        approval.join(20)
        assert '"7"' in (folder.path / "telegram-allowFrom.json").read_text()
