"""What was done with, on disk: nothing is answered twice, whatever became of the file or of us."""

import os
import stat
from pathlib import Path

import pytest

from clawdbot.channels import small_file
from clawdbot.channels.base import DirectMessage
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.journal import Journal
from clawdbot.channels.spool import Spool
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.errors import ChannelFailed
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.SIGNAL)


def loaded(state: Path, *, most: int = 100) -> Journal:
    journal = Journal(state, ACCOUNT, most=most)
    journal.load()
    return journal


def key(number: int) -> tuple[str, str]:
    return ("+15550001111", str(number))


def remembered(journal: Journal, upto: int) -> list[int]:
    return [number for number in range(upto) if key(number) in journal]


def message(text: str) -> DirectMessage:
    return DirectMessage(ACCOUNT, SenderId("+15550001111"), text, "+15550001111", text, 0, "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Journal(tmp_path, ACCOUNT).path


def test_D16_what_was_added_is_known_to_the_next_process(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    for number in (1, 2, 2, 1):
        first.add(key(number))
    assert remembered(loaded(tmp_path), 5) == remembered(first, 5) == [1, 2]
    assert len(first.path.read_bytes().splitlines()) == 3


def test_D1_accounts_have_journals_of_their_own(tmp_path: Path) -> None:
    loaded(tmp_path).add(key(1))
    work = Journal(tmp_path, ChannelAccount(Channel.SIGNAL, AccountId("work")))
    work.load()
    assert key(1) not in work


def test_a_key_is_its_two_parts_and_not_what_they_make_together(tmp_path: Path) -> None:
    journal = loaded(tmp_path)
    journal.add(("12", "3"))
    journal.add(("\ud800", "\x00"))
    assert ("1", "23") not in journal
    assert ("\ud800", "\x00") in loaded(tmp_path)


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_S1_files_are_private_and_name_nobody(tmp_path: Path, path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        journal = loaded(tmp_path, most=1)
        journal.add(key(1))
        journal.add(key(2))
    finally:
        os.umask(old)
    for each in (path, journal.old_path):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
        assert b"1555" not in each.read_bytes()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_is_bounded_and_forgets_the_oldest(tmp_path: Path, path: Path) -> None:
    """Between one and two files' worth are remembered, the newest, in this process and in the next."""
    journal = loaded(tmp_path, most=10)
    for number in range(95):
        journal.add(key(number))
    expected = list(range(80, 95))
    assert remembered(journal, 95) == remembered(loaded(tmp_path, most=10), 95) == expected
    assert sorted(os.listdir(path.parent)) == ["done-default.log", "done-default.old.log"]
    assert all(each.stat().st_size < 11 * 33 for each in path.parent.iterdir())


def test_S2_killed_between_two_files_it_knows_what_it_knew(tmp_path: Path, path: Path) -> None:
    """The full file has its new name, and the new one is not there yet."""
    journal = loaded(tmp_path, most=3)
    for number in range(3):
        journal.add(key(number))
    path.replace(journal.old_path)
    again = loaded(tmp_path, most=3)
    again.add(key(3))
    assert remembered(loaded(tmp_path, most=3), 5) == [0, 1, 2, 3]


@pytest.mark.parametrize("lost", range(1, 34))
def test_S2_a_torn_last_line_costs_that_line_alone(tmp_path: Path, path: Path, lost: int) -> None:
    """What is written after it is whole. Without its end alone, the line still counts."""
    for number in (1, 2):
        loaded(tmp_path).add(key(number))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - lost)
    again = loaded(tmp_path)
    again.add(key(3))
    again.add(key(4))
    assert remembered(loaded(tmp_path), 6) == [1, *([2] if lost == 1 else []), 3, 4]


@pytest.mark.parametrize(
    "junk", [b"\x00" * 50, b"\xff\n", b"0" * 31, b"0" * 33, b"G" * 32, b"{}", b"\r", b"0" * 100_000]
)
def test_S4_lines_that_are_not_ours_are_passed_over_and_told_of(
    tmp_path: Path, path: Path, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    loaded(tmp_path).add(key(1))
    with path.open("ab") as file:
        file.write(junk + b"\n")
    again = loaded(tmp_path)
    again.add(key(2))
    assert remembered(loaded(tmp_path), 4) == [1, 2]
    assert "1 lines" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"\x00" * 4096, b"clawdbot done 2\n", b"clawdbot done 1", b"{}", b"clawdbot done 1\n" + b"0" * 9_000_000],
)
def test_S4_a_file_of_a_later_version_or_of_nobody_s_is_kept_aside(tmp_path: Path, path: Path, content: bytes) -> None:
    small_file.write(path, content)
    again = loaded(tmp_path)
    again.add(key(1))
    assert path.with_name(f"{path.name}.corrupt-1").read_bytes() == content
    assert remembered(loaded(tmp_path), 3) == [1]


def test_an_empty_file_is_begun(tmp_path: Path, path: Path) -> None:
    """As a power cut can leave it."""
    small_file.write(path, b"")
    loaded(tmp_path).add(key(1))
    assert remembered(loaded(tmp_path), 3) == [1]


def test_S4_one_that_cannot_be_read_stops_the_channel_and_says_what_to_do(tmp_path: Path, path: Path) -> None:
    """A folder, and a link to somebody else's file."""
    path.mkdir(parents=True)
    with pytest.raises(ChannelFailed, match="cannot read") as caught:
        loaded(tmp_path)
    assert "answered again" in caught.value.hint
    path.rmdir()
    (tmp_path / "elsewhere").write_text("clawdbot done 1\n")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ChannelFailed, match="cannot read"):
        loaded(tmp_path)


def test_what_cannot_be_written_is_remembered_as_long_as_we_run(
    tmp_path: Path, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so once, and bounds hold all the same; when there is room again, it is written."""
    journal = loaded(tmp_path, most=10)
    path.parent.rmdir()
    path.parent.write_text("in the way")
    for number in range(25):
        journal.add(key(number))
    assert caplog.text.count("may be answered twice") == 1
    assert len(journal) <= 20
    assert key(24) in journal
    path.parent.unlink()
    journal.add(key(25))
    assert remembered(loaded(tmp_path), 30) == [25]


async def test_D16_S2_killed_between_the_journal_and_the_spool_a_message_is_done_with(tmp_path: Path) -> None:
    """It is remembered before the spool lets it go: what is found in both is not delivered again."""

    class Killed(Spool):
        def forget(self, number: int) -> None:
            """The process is gone by now."""

    desk = Desk()
    inbox = Inbox(desk, seen=loaded(tmp_path), spool=Killed(tmp_path, ACCOUNT))
    await inbox.put(message("one"))
    await desk.wait_ended("one")
    await inbox.close(1)
    assert len(Spool(tmp_path, ACCOUNT).load()) == 1

    again = Desk()
    inbox = Inbox(again, seen=loaded(tmp_path), spool=Spool(tmp_path, ACCOUNT))
    await inbox.restore()
    await inbox.put(message("one"))
    await inbox.put(message("two"))
    await again.wait_ended("two")
    await inbox.close(1)
    assert again.begun == ["two"]
    assert Spool(tmp_path, ACCOUNT).load() == []
