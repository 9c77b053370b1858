"""Reading a database of another program, without a trace."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest

from clawdbot.backup import sqlite_source
from clawdbot.backup.sqlite_source import Tables
from clawdbot.backup.successor import DATABASE, FOLDER, SHAPES
from clawdbot.backup.successor_senders import ALLOWED
from clawdbot.errors import Refused, StoreCorrupt, StoreUnavailable
from tests.support import openclaw
from tests.support.openclaw import allows


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever becomes of the reading, its copy is gone afterwards."""
    private = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    yield
    assert list(private.iterdir()) == []


def read(state_dir: Path) -> Tables:
    found = sqlite_source.read(state_dir, FOLDER, DATABASE, SHAPES)
    assert found is not None
    return found


def entries(state_dir: Path) -> list[object]:
    return [row["entry"] for row in read(state_dir)[ALLOWED].rows]


def test_a_table_is_read_with_all_its_columns(tmp_path: Path) -> None:
    openclaw.database(tmp_path, {ALLOWED: [allows("7", new_one="x")]})
    found = read(tmp_path)[ALLOWED]
    assert found.columns == SHAPES[ALLOWED].known | {"new_one"}
    assert found.rows[0]["new_one"] == "x"


def test_no_database_is_nothing(tmp_path: Path) -> None:
    assert sqlite_source.read(tmp_path, FOLDER, DATABASE, SHAPES) is None
    (tmp_path / FOLDER).mkdir()
    assert sqlite_source.read(tmp_path, FOLDER, DATABASE, SHAPES) is None


def test_what_is_in_the_log_alone_is_read_and_nothing_is_touched(tmp_path: Path) -> None:
    """A program was killed before its last changes came into the database: they count, and stay where they are."""
    path = openclaw.database(tmp_path, {ALLOWED: [allows("7"), allows("8")]})
    child = openclaw.elsewhere(path, f"UPDATE {ALLOWED} SET entry = '9' WHERE entry = '8'")
    child.kill()
    child.communicate()
    before = openclaw.content(tmp_path)
    assert len(before[f"{FOLDER}/{DATABASE}-wal"]) > 0
    assert entries(tmp_path) == ["7", "9"]
    assert openclaw.content(tmp_path) == before


def test_a_database_in_use_is_refused_until_it_is_not(tmp_path: Path) -> None:
    path = openclaw.database(tmp_path, {ALLOWED: [allows("7")]})
    child = openclaw.elsewhere(path, f"DELETE FROM {ALLOWED}")
    before = openclaw.content(tmp_path)
    with pytest.raises(Refused, match="is in use"):
        read(tmp_path)
    assert openclaw.content(tmp_path) == before
    child.communicate()
    assert entries(tmp_path) == []


def test_a_database_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system cannot say that somebody has it open."""
    path = openclaw.database(tmp_path, {})
    monkeypatch.setattr(sqlite_source, "_FLOCKS", {})
    copying = shutil.copyfileobj

    def copy_and_change(source: IO[bytes], copy: IO[bytes]) -> None:
        copying(source, copy)
        os.utime(path, ns=(1, 1))

    monkeypatch.setattr(shutil, "copyfileobj", copy_and_change)
    with pytest.raises(Refused, match="changes while it is read"):
        read(tmp_path)


def test_a_change_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    """It would have to be taken back by what it belongs to; such a journal names other files, and may not be played."""
    path = openclaw.database(tmp_path, {})
    path.with_name(f"{DATABASE}-journal").write_bytes(b"x")
    with pytest.raises(Refused, match="in the middle of a change"):
        read(tmp_path)


# --- what it is not --------------------------------------------------------------------------------------------------


def test_S1_links_are_not_followed(tmp_path: Path) -> None:
    """Neither the database nor its folder may be one, nor what lies beside it."""
    real = openclaw.database(tmp_path / "real", {})
    for name, to in ((DATABASE, real), (f"{DATABASE}-wal", real)):
        there = tmp_path / name / FOLDER
        there.mkdir(parents=True)
        if to is real and name != DATABASE:
            (there / DATABASE).write_bytes(real.read_bytes())
        (there / name).symlink_to(to)
        with pytest.raises(StoreUnavailable):
            read(tmp_path / name)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / FOLDER).symlink_to(real.parent)
    with pytest.raises(StoreUnavailable):
        read(tmp_path / "linked")


def test_a_pipe_is_no_database(tmp_path: Path) -> None:
    """And nobody waits for its other end."""
    (tmp_path / FOLDER).mkdir()
    os.mkfifo(tmp_path / FOLDER / DATABASE)
    with pytest.raises(StoreUnavailable, match="not a regular file"):
        read(tmp_path)


@pytest.mark.parametrize("damage", ["foreign", "cut", "page", "header"])
def test_S4_a_damaged_database_is_refused(tmp_path: Path, damage: str) -> None:
    """Something else under its name, half of it, a page or a header of noise."""
    path = openclaw.database(tmp_path, {ALLOWED: [allows(str(number)) for number in range(1, 2_000)]})
    good = path.read_bytes()
    noise = b"\xa5" * 4096
    path.write_bytes(
        {
            "foreign": b"{}" * 4096,
            "cut": good[: len(good) // 2],
            "page": good[:-8192] + noise + good[-4096:],
            "header": good[:16] + noise + good[16 + 4096 :],
        }[damage]
    )
    with pytest.raises(StoreCorrupt):
        read(tmp_path)


def test_S4_a_table_that_breaks_its_own_rules_is_damaged(tmp_path: Path) -> None:
    """It can be read to the end, and still is not what was written into it."""
    path = openclaw.database(tmp_path, {ALLOWED: [allows(None)]})
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA writable_schema = ON")
        made.execute("UPDATE sqlite_master SET sql = replace(sql, 'entry', 'entry NOT NULL') WHERE name = ?", [ALLOWED])
    with pytest.raises(StoreCorrupt, match=f"damaged, in {ALLOWED}"):
        read(tmp_path)


def test_S8_what_only_looks_like_a_table_is_none(tmp_path: Path) -> None:
    """A view of a table's name could run forever."""
    (tmp_path / FOLDER).mkdir()
    with closing(sqlite3.connect(tmp_path / FOLDER / DATABASE)) as made:
        endless = "WITH RECURSIVE n(entry) AS (SELECT 1 UNION ALL SELECT entry + 1 FROM n) SELECT entry FROM n"
        made.execute(f"CREATE VIEW {ALLOWED} AS {endless}")
    assert read(tmp_path) == {}


def test_S8_a_text_that_is_none_comes_as_bytes(tmp_path: Path) -> None:
    path = openclaw.database(tmp_path, {ALLOWED: [allows("7")]})
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"UPDATE {ALLOWED} SET entry = CAST(x'37ff' AS TEXT)")
        made.commit()
    assert entries(tmp_path) == [b"7\xff"]


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_a_huge_database_is_not_copied(tmp_path: Path) -> None:
    path = openclaw.database(tmp_path, {})
    os.truncate(path, sqlite_source.MAX_DATABASE + 1)
    with pytest.raises(StoreCorrupt, match="larger than 1024 MiB"):
        read(tmp_path)


def test_a_huge_value_is_refused(tmp_path: Path) -> None:
    openclaw.database(tmp_path, {ALLOWED: [allows("7" * (sqlite_source.MAX_VALUE + 1))]})
    with pytest.raises(StoreCorrupt):
        read(tmp_path)


@pytest.mark.parametrize("bound", ["MAX_ROWS", "MAX_SIZE"])
def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """As many as there may be are fine; one more is not, nor is more in them: text, or values that are none."""
    openclaw.database(tmp_path, {ALLOWED: [allows(str(number), "x", "y") for number in range(5)]})
    values = sqlite_source.EACH * len(SHAPES[ALLOWED].known)
    size = {"MAX_ROWS": 5, "MAX_SIZE": 5 * (values + len("0xy"))}[bound]
    monkeypatch.setattr(sqlite_source, bound, size)
    assert len(entries(tmp_path)) == 5
    monkeypatch.setattr(sqlite_source, bound, size - 1)
    with pytest.raises(StoreCorrupt, match=ALLOWED):
        read(tmp_path)


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    """A column whose values are its default costs the file nothing, and each row that is read as much as any other."""
    spare = sqlite_source.MAX_COLUMNS - len(SHAPES[ALLOWED].known)
    for more in (spare, spare + 1):
        there = tmp_path / str(more)
        path = openclaw.database(there, {ALLOWED: [allows("7")]})
        with closing(sqlite3.connect(path)) as made:
            for number in range(more):
                made.execute(f"ALTER TABLE {ALLOWED} ADD COLUMN more{number} DEFAULT 1.5")
    assert entries(tmp_path / str(spare)) == ["7"]
    with pytest.raises(StoreCorrupt, match=ALLOWED):
        read(tmp_path / str(spare + 1))
