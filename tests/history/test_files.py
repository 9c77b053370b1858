"""The files of the history, one by one; all together in ``test_log.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.errors import StoreUnavailable
from clawdbot.history import files
from clawdbot.history.chain import Anchor, Segment, extend
from clawdbot.history.entry import Head
from clawdbot.history.files import HistoryFolder, last_entry, whole_size
from clawdbot.store.disk import created
from tests.support.histories import fact

ANCHOR = Anchor(Head(9, "ab" * 32), pruned=Head(4, "cd" * 32), first=3)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[HistoryFolder]:
    with created(tmp_path, files.FOLDER) as opened:
        yield HistoryFolder(opened)


def test_the_anchor_is_read_as_it_was_written(folder: HistoryFolder) -> None:
    """And there is none before."""
    assert folder.anchor() is None
    folder.move_anchor(ANCHOR)
    assert folder.anchor() == ANCHOR


def test_only_segments_count(folder: HistoryFolder, tmp_path: Path) -> None:
    """In the order of their numbers; names that no segment has are not looked at."""
    for name in ("10.jsonl", "9.jsonl", "007.jsonl", "-1.jsonl", "x.jsonl", "1.json", "1234567890123.jsonl", "٣.jsonl"):
        (tmp_path / "history" / name).write_bytes(b"")
    assert folder.numbers() == [9, 10]


def test_the_count_of_what_was_missed_is_overwritten_in_place(folder: HistoryFolder, tmp_path: Path) -> None:
    """The file never grows; what is no number is none."""
    path = tmp_path / "history" / files.MISSED
    assert folder.missed() == 0
    sizes = set()
    for count in (0, 7, 10**12):
        folder.set_missed(count)
        sizes.add(path.stat().st_size)
    assert len(sizes) == 1
    assert folder.missed() == 999_999_999
    path.write_text("many")
    assert folder.missed() == 0


def test_a_pipe_in_the_place_of_a_segment_is_refused(folder: HistoryFolder, tmp_path: Path) -> None:
    """Nobody waits for its other end."""
    import os

    os.mkfifo(tmp_path / "history" / "1.jsonl")
    with pytest.raises(StoreUnavailable):
        folder.append(1, b"x\n", is_new=False)
    with pytest.raises(StoreUnavailable, match="not a regular file"):
        folder.segment(1)


def test_the_last_entry_is_the_last_whole_line() -> None:
    """A torn one does not count; one that is no entry is none."""
    lines, head = extend([fact("1"), fact("2")], Head())
    entry = last_entry(Segment("1.jsonl", lines + b'{"seq":3'))
    assert entry is not None
    assert entry.head == head
    assert whole_size(Segment("1.jsonl", lines + b'{"seq":3')) == len(lines)
    assert last_entry(Segment("1.jsonl", lines + b"rubbish\n")) is None
    assert last_entry(Segment("1.jsonl", b"")) is None
