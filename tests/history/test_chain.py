"""The chain: any change of the log is found, at the first line that shows it."""

from itertools import pairwise

import pytest

from clawdbot.domain.facts import Kind
from clawdbot.history import chain
from clawdbot.history.chain import START, Anchor, Break, Report, Segment
from clawdbot.history.entry import Head
from tests.support.histories import fact, rehash

LINES, HEAD = chain.extend([fact(str(number)) for number in range(1, 9)], START)
EVERY = LINES.splitlines(keepends=True)
ANCHOR = Anchor(HEAD)
HEADS = [
    START,
    *(chain.extend([fact(str(number)) for number in range(1, count + 1)], START)[1] for count in range(1, 9)),
]


def examine(*files: list[bytes], anchor: Anchor | None = ANCHOR, expected: Head | None = None) -> Report:
    segments = [Segment(f"{number}.jsonl", b"".join(lines)) for number, lines in enumerate(files, 1)]
    return chain.examine(segments, anchor, anchor_file="anchor.json", expected=expected)


def test_a_whole_log_is_whole_however_it_is_divided() -> None:
    """The chain goes on from segment to segment; empty ones do not matter."""
    for cut in range(9):
        report = examine(EVERY[:cut], [], EVERY[cut:])
        assert (report.broken, report.entries, report.head, report.beyond) == (None, 8, HEAD, 0)


@pytest.mark.parametrize("number", range(8))
def test_a_line_that_is_changed_is_found_where_it_stands(number: int) -> None:
    """As it stands there; and with a hash that was made to fit, at the next line, or by the anchor."""
    changed = EVERY[number].replace(b"telegram", b"whatsapp")
    found = examine([*EVERY[:number], changed, *EVERY[number + 1 :]]).broken
    assert found == Break("1.jsonl", number + 1, "the line is not as it was written")
    forged = rehash(EVERY[number], id="666")
    found = examine([*EVERY[:number], forged, *EVERY[number + 1 :]]).broken
    assert found is not None
    assert (found.file, found.line) == ("1.jsonl", min(number + 2, 8))


@pytest.mark.parametrize("number", range(8))
def test_a_line_that_is_taken_out_is_found(number: int) -> None:
    """The first, one in the middle, and the last one too, which only the anchor knows of."""
    found = examine([*EVERY[:number], *EVERY[number + 1 :]]).broken
    assert found is not None
    assert (found.file, found.line) == ("1.jsonl", number + 1)
    assert f"entry {number + 1} " in found.why


@pytest.mark.parametrize("number", range(7))
def test_lines_that_change_places_are_found(number: int) -> None:
    """Where the first of them stands."""
    swapped = [*EVERY[:number], EVERY[number + 1], EVERY[number], *EVERY[number + 2 :]]
    found = examine(swapped).broken
    assert found == Break("1.jsonl", number + 1, f"entry {number + 1} is missing before it")


@pytest.mark.parametrize("number", range(8))
def test_a_line_that_is_put_in_is_found(number: int) -> None:
    """A copy of another one, and one that was made up for the place."""
    found = examine([*EVERY[: number + 1], EVERY[number], *EVERY[number + 1 :]]).broken
    assert found == Break("1.jsonl", number + 2, f"entry {number + 1} stands where entry {number + 2} belongs")
    forged = rehash(EVERY[number], id="666", seq=number + 2, prev=HEADS[number + 1].hash)
    found = examine([*EVERY[: number + 1], forged, *EVERY[number + 1 :]]).broken
    assert (found is None) == (number == 7)  # behind the last one it is what a writer that was cut short leaves


@pytest.mark.parametrize("count", range(8))
def test_a_tail_that_is_cut_off_is_found_by_the_anchor(count: int) -> None:
    """At whatever line, and within one."""
    found = examine(EVERY[:count]).broken
    assert found == Break("1.jsonl" if count else "anchor.json", count + 1 if count else 0, _ends(count))
    within = examine([*EVERY[:count], EVERY[count][:40]])
    assert within.broken == Break("1.jsonl", count + 1, _ends(count))
    assert not within.torn


def _ends(count: int) -> str:
    return f"the log ends with entry {count}, and entry 8 was written"


def test_a_segment_that_is_gone_is_found() -> None:
    """The first, the second, the last."""
    for files in ([EVERY[3:6], EVERY[6:]], [EVERY[:3], EVERY[6:]], [EVERY[:3], EVERY[3:6]]):
        assert examine(*files).broken is not None


def test_S2_a_torn_last_line_is_no_tampering() -> None:
    """The writer was killed before the anchor moved: what it did finish counts, the rest is reported."""
    report = examine([*EVERY, b'{"seq":9,"at'])
    assert (report.broken, report.torn, report.entries) == (None, True, 8)
    beyond = examine([*EVERY[:-1], EVERY[-1][:-1]], anchor=Anchor(HEADS[6]))
    assert (beyond.broken, beyond.torn, beyond.entries, beyond.beyond) == (None, True, 7, 1)


def test_a_torn_line_that_is_not_the_last_is_a_break() -> None:
    """Nobody goes on behind one: it is cut off first."""
    found = examine([*EVERY[:3], EVERY[3][:40]], EVERY[4:]).broken
    assert found == Break("1.jsonl", 4, "the line was never finished, and the log goes on behind it")


def test_what_was_pruned_is_known_by_its_last_hash() -> None:
    """The log begins where the anchor says; another beginning is a break."""
    report = examine(EVERY[5:], anchor=Anchor(HEAD, pruned=HEADS[5]))
    assert (report.broken, report.entries, report.pruned) == (None, 3, 5)
    assert examine(EVERY[6:], anchor=Anchor(HEAD, pruned=HEADS[5])).broken is not None
    assert examine(EVERY[5:], anchor=Anchor(HEAD, pruned=Head(5, "0" * 64))).broken is not None
    assert examine(EVERY[5:], anchor=Anchor(HEAD, pruned=HEADS[5]), expected=HEADS[5]).broken is None
    broken = examine(EVERY[5:], anchor=Anchor(HEAD, pruned=HEADS[5]), expected=Head(5, "0" * 64)).broken
    assert broken is not None
    assert broken.why == "entry 5, which was removed, is another one than was noted"


def test_a_log_without_its_anchor_is_broken_and_nothing_at_all_is_not() -> None:
    """The anchor is there before the first line."""
    assert examine(EVERY, anchor=None).broken == Break("anchor.json", 0, "is gone, or says nothing")
    assert examine(anchor=None).broken is None


def test_a_head_that_was_noted_elsewhere_finds_a_log_that_was_written_anew() -> None:
    """Who can write everything can write another log and its anchor; not one with the same hashes."""
    other, head = chain.extend([fact("666"), *(fact(str(number)) for number in range(2, 9))], START)
    forged = other.splitlines(keepends=True)
    assert examine(forged, anchor=Anchor(head)).broken is None
    found = examine(forged, anchor=Anchor(head), expected=HEADS[3]).broken
    assert found == Break("1.jsonl", 3, "entry 3 is another one than was noted")
    assert examine(EVERY, expected=HEADS[3]).broken is None
    assert examine(EVERY[:2], anchor=Anchor(HEADS[2]), expected=HEADS[3]).broken is not None


# --- going on --------------------------------------------------------------------------------------------------------


def test_a_log_goes_on_where_it_ends() -> None:
    """Where it and its anchor agree, and where the writer was killed before it moved the anchor."""
    assert chain.resume(None, None, empty=True) == (START, "")
    assert chain.resume(Anchor(), None, empty=True) == (START, "")
    assert chain.resume(ANCHOR, HEAD, empty=False) == (HEAD, "")
    assert chain.resume(Anchor(HEADS[6]), HEAD, empty=False) == (HEAD, "")
    assert chain.resume(Anchor(HEADS[5], pruned=HEADS[5]), None, empty=True) == (HEADS[5], "")


@pytest.mark.parametrize("last", [None, HEADS[5], Head(8, "0" * 64)])
def test_a_log_that_falls_short_of_its_anchor_stays_broken(last: Head | None) -> None:
    """It goes on behind the anchor and says so, and however often it does, the break is found."""
    head, why = chain.resume(ANCHOR, last, empty=False)
    assert head == HEAD
    assert "the anchor says 8" in why


def test_what_says_that_it_is_broken_is() -> None:
    """An anchor that was taken away together with the tail leaves no gap, but the entry that says so."""
    head, why = chain.resume(None, HEADS[3], empty=False)
    assert (head, why) == (HEADS[3], "the anchor was gone")
    more, end = chain.extend([fact("log", Kind.BROKEN, why=why), fact("8")], head)
    found = examine([*EVERY[:3], *more.splitlines(keepends=True)], anchor=Anchor(end)).broken
    assert found == Break("1.jsonl", 4, "here the anchor was gone")


def test_each_entry_names_the_one_before() -> None:
    """Numbers without gaps from 1."""
    assert [one.seq for one in HEADS] == list(range(9))
    assert all(one.hash != two.hash for one, two in pairwise(HEADS))
