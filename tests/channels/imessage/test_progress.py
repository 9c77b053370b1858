"""How far the rows of a Messages database are done with, across restarts."""

import json
import logging
import stat
from pathlib import Path

import pytest

from clawdbot.channels.imessage.progress import Newest, Rows
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import ChannelFailed

DEFAULT = ChannelAccount(Channel.IMESSAGE)


def opened(state: Path, account: ChannelAccount = DEFAULT, db_path: str = "") -> Rows:
    rows = Rows(state, account, db_path=db_path)
    rows.load()
    return rows


def finish(rows: Rows, *numbers: int, sent_at: int = 1000) -> None:
    for number in numbers:
        assert rows.take(number, sent_at)
        rows.finish(number)


def test_D8_at_the_first_start_nothing_from_before_counts_and_that_is_remembered(tmp_path: Path) -> None:
    """What comes between that start and the next is news then."""
    assert opened(tmp_path).since(Newest(700, 1000)) == 700
    assert opened(tmp_path).since(Newest(702, 2000)) == 700


def test_an_empty_database_is_followed_from_its_first_row(tmp_path: Path) -> None:
    assert opened(tmp_path).since(None) == 0
    assert opened(tmp_path).since(Newest(1, 1000)) == 0


def test_D16_after_a_restart_what_was_not_done_with_is_asked_for(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.since(Newest(700, 1000))
    assert first.take(701, 1000)
    finish(first, 702)

    second = opened(tmp_path)

    assert second.since(Newest(702, 1000)) == 700
    assert [second.take(each, 1000) for each in (701, 702, 703)] == [True, False, True]


def test_in_the_same_run_only_what_was_not_seen_is_asked_for(tmp_path: Path) -> None:
    """What is under way is still here."""
    rows = opened(tmp_path)
    rows.since(Newest(700, 1000))
    rows.take(701, 1000)
    rows.take(702, 1000)
    assert rows.since(Newest(702, 1000)) == 702
    assert [rows.take(each, 1000) for each in (700, 701, 702)] == [False, False, False]


def test_another_database_is_told_by_a_newer_message_with_a_lower_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = opened(tmp_path)
    rows.since(Newest(700, 1000))
    finish(rows, 701, sent_at=5000)

    assert rows.since(Newest(12, 6000)) == 12
    assert "another one" in caplog.text
    finish(rows, 13)
    assert opened(tmp_path).since(Newest(13, 6000)) == 13


def test_old_messages_with_new_numbers_make_no_other_database(tmp_path: Path) -> None:
    """As when they are taken over from iCloud, or when the newest message is deleted."""
    rows = opened(tmp_path)
    rows.since(Newest(700, 5000))
    finish(rows, 900, sent_at=10)
    assert rows.since(Newest(700, 5000)) == 900


def test_the_numbering_of_another_database_file_is_not_ours(tmp_path: Path) -> None:
    opened(tmp_path).since(Newest(700, 1000))
    assert opened(tmp_path, db_path="/other/chat.db").since(Newest(12, 1)) == 12


def test_D1_each_account_has_a_file_of_its_own(tmp_path: Path) -> None:
    opened(tmp_path).since(Newest(700, 1000))
    assert opened(tmp_path, ChannelAccount(Channel.IMESSAGE, AccountId("work"))).since(Newest(12, 1)) == 12


def test_S1_the_file_is_private(tmp_path: Path) -> None:
    rows = opened(tmp_path)
    rows.since(None)
    assert stat.S_IMODE(rows.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(rows.path.parent.stat().st_mode) == 0o700


def test_S4_what_is_unreadable_is_not_taken_for_empty(tmp_path: Path) -> None:
    rows = Rows(tmp_path, DEFAULT)
    rows.path.mkdir(parents=True)
    with pytest.raises(ChannelFailed, match=r"cannot read .*progress-default\.json"):
        rows.load()


@pytest.mark.parametrize("content", ["", "{", '{"version": 2}', '{"version": 1, "lastRowid": "1"}'])
def test_S4_a_corrupt_file_is_kept_aside(tmp_path: Path, content: str) -> None:
    """It is as at the first start then."""
    path = tmp_path / "imessage" / "progress-default.json"
    path.parent.mkdir()
    path.write_text(content)
    assert opened(tmp_path).since(Newest(12, 1)) == 12
    assert path.with_name("progress-default.json.corrupt-1").read_text() == content
    assert json.loads(path.read_text())["lastRowid"] == 12


def test_S2_a_failure_to_save_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = opened(tmp_path)
    rows.since(None)
    rows.path.with_name(f"{rows.path.name}.tmp").mkdir()
    finish(rows, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
