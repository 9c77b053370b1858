import fcntl
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from clawdbot.channels.whatsapp.protocol import Account, Incoming
from clawdbot.channels.whatsapp.session import InUse, Session, is_unlinked, prepare

MESSAGE = Incoming("3EB01", "1@lid", "1@lid", 1_790_000_000_000, text="hello")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_S1_the_folder_and_those_above_it_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "credentials" / "whatsapp" / "default"
    before = os.umask(0)
    try:
        prepare(folder, tmp_path / "state")
    finally:
        os.umask(before)

    assert {mode(each) for each in (folder, *list(folder.parents)[:3])} == {0o700}


def test_S1_what_is_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "credentials" / "whatsapp"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "session.db").touch(0o644)
    (folder / "session.db").chmod(0o644)
    prepare(folder, tmp_path)

    assert (mode(folder), mode(folder.parent), mode(folder / "session.db")) == (0o700, 0o700, 0o600)


@pytest.mark.parametrize("which", ["credentials", "credentials/whatsapp"])
def test_S1_links_in_the_way_are_not_followed(tmp_path: Path, which: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "state" / which
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        prepare(tmp_path / "state" / "credentials" / "whatsapp", tmp_path / "state")

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_elsewhere_is_the_owner_s_choice(tmp_path: Path) -> None:
    above = tmp_path / "mine"
    above.mkdir()
    above.chmod(0o755)
    prepare(above / "session", tmp_path / "state")

    assert (mode(above / "session"), mode(above)) == (0o700, 0o755)


def test_S1_in_a_folder_that_other_things_are_in_only_our_own_files_are_closed(tmp_path: Path) -> None:
    """The owner's choice of ``authDir``; what else is there, and the folder itself, stay as they are."""
    folder = tmp_path / "home"
    (folder / "photos").mkdir(parents=True)
    theirs = [folder, folder / "photos", folder / "notes.txt", folder / "session.txt", folder / "bridge.log.1"]
    own = [folder / name for name in ("session.db", "session.db-wal", "handed-over.json", "bridge.log", "lock")]
    for path in (*theirs[2:], *own):
        path.touch()
    for path in (*theirs, *own):
        path.chmod(0o755)
    prepare(folder, tmp_path / "state")

    assert {mode(path) for path in theirs} == {0o755}
    assert {mode(path) for path in own} == {0o600}


def test_S1_a_folder_elsewhere_with_nothing_but_ours_in_it_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "session.db").touch()
    folder.chmod(0o777)
    prepare(folder, tmp_path / "state")

    assert mode(folder) == 0o700


@pytest.mark.parametrize("open_to", [0o775, 0o757, 0o1777])
def test_S1_a_folder_that_others_write_to_is_refused(tmp_path: Path, open_to: int) -> None:
    """They could put other keys there; and it is not for us to lock them out."""
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "notes.txt").touch()
    folder.chmod(open_to)
    with pytest.raises(PermissionError, match="others may write to it"):
        prepare(folder, tmp_path / "state")

    assert stat.S_IMODE(folder.stat().st_mode) == open_to


def test_one_bridge_at_a_time(tmp_path: Path) -> None:
    with Session(tmp_path).held(), pytest.raises(InUse), Session(tmp_path).held():
        pass
    with Session(tmp_path).held(), (tmp_path / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_who_is_linked_is_read_from_the_library_s_tables(tmp_path: Path) -> None:
    """And nobody is, while there are no tables yet, or nothing in them."""
    session = Session(tmp_path)
    assert session.linked() is None
    database = sqlite3.connect(session.database)
    assert session.linked() is None
    database.execute("create table whatsmeow_device (jid text, lid text, push_name text)")
    assert session.linked() is None
    database.execute("insert into whatsmeow_device values ('1:2@s.whatsapp.net', null, 'Clawd, the bot')")
    database.commit()
    assert session.linked() == Account("1:2@s.whatsapp.net", "", "Clawd, the bot")
    database.close()


def test_what_is_no_database_is_an_error_and_not_nobody(tmp_path: Path) -> None:
    (tmp_path / "session.db").write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.Error):
        Session(tmp_path).linked()
    assert not is_unlinked(tmp_path)
    assert is_unlinked(tmp_path / "none")


def test_what_was_not_taken_is_there_the_next_time(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert session.kept() == []
    session.keep([MESSAGE, MESSAGE])
    assert session.kept() == [MESSAGE, MESSAGE]
    assert mode(tmp_path / "handed-over.json") == 0o600
    session.keep([])
    assert session.kept() == []


def test_S4_what_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "handed-over.json").write_text('[{"id": 1}]')
    assert Session(tmp_path).kept() == []
    assert (tmp_path / "handed-over.json.corrupt-1").read_text() == '[{"id": 1}]'


def test_the_log_is_private_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    for size in (600_000, 600_000, 5):
        log = Session(tmp_path).open_log()
        os.write(log, b"x" * size)
        os.close(log)
    assert mode(tmp_path / "bridge.log") == 0o600
    assert (tmp_path / "bridge.log").stat().st_size == 5
