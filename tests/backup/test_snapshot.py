"""The state directory as it is at one moment."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from clawdbot.backup.snapshot import read, snapshot
from clawdbot.errors import StoreUnavailable
from clawdbot.paths import Paths
from clawdbot.store.files import FileStore
from clawdbot.store.locks import Patience
from tests.support.store_moves import KEY, Move


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Paths(state, state / "clawdbot.json")


async def test_everything_of_ours_is_in_it_and_nothing_else(paths: Paths) -> None:
    store = FileStore(paths.state_dir)
    await store.update(KEY, Move("request", "7"))
    paths.config_path.write_text("{}")
    (paths.state_dir / "notes.txt").write_text("mine")
    found = snapshot(paths, store, sessions=False)
    assert list(found) == ["clawdbot.json", "credentials/telegram-pairing.json"]


def test_nothing_there_is_nothing(paths: Paths) -> None:
    """And no folder is made for the sake of its lock."""
    assert snapshot(paths, FileStore(paths.state_dir), sessions=True) == {}
    assert list(paths.state_dir.iterdir()) == []


async def test_S3_while_somebody_writes_it_waits(paths: Paths) -> None:
    """An approval is two files; the snapshot has both as they were before, or both as they are after."""
    store = FileStore(paths.state_dir, patience=Patience(lock_s=20.0))
    await store.update(KEY, Move("request", "7"))
    entered, found = threading.Event(), []

    def look() -> None:
        entered.set()
        found.append(snapshot(paths, FileStore(paths.state_dir), sessions=False))

    thread = threading.Thread(target=look)
    with store.standing_still():
        thread.start()
        assert entered.wait(20)
        thread.join(0.05)
        assert found == []
    thread.join(20)
    assert len(found) == 1


def test_a_session_is_copied_as_a_database(paths: Paths, tmp_path: Path) -> None:
    """Also what only its journal holds yet."""
    folder = paths.state_dir / "credentials" / "whatsapp" / "default"
    folder.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(folder / "session.db")) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table t (x)")
        writer.execute("insert into t values (7)")
        writer.commit()
        assert read(paths, sessions=False) == {}
        content = read(paths, sessions=True)["credentials/whatsapp/default/session.db"]
    (tmp_path / "copy.db").write_bytes(content)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select x from t").fetchall() == [(7,)]


def test_the_configuration_may_be_a_link_and_elsewhere(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_text("{a: 1}")
    paths.config_path.symlink_to(tmp_path / "dotfiles.json")
    assert read(paths, sessions=False) == {"clawdbot.json": b"{a: 1}"}


def test_S4_what_cannot_be_read_fails_the_whole(paths: Paths) -> None:
    (paths.state_dir / "devices").mkdir(mode=0o700)
    (paths.state_dir / "devices" / "paired.json").symlink_to("/etc/hostname")
    with pytest.raises(StoreUnavailable, match=r"paired\.json"):
        read(paths, sessions=False)
