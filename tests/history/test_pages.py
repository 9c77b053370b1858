"""A page of the history: the newest that fit, and where to go on, for a bounded amount of work."""

from pathlib import Path

from clawdbot.domain.facts import Fact, Kind
from clawdbot.history.pages import Page, page
from tests.support.histories import fact, lines, log


def ids(found: Page) -> list[str]:
    return [entry.fact.about.id for entry in found.entries]


def everything(_: Fact) -> bool:
    return True


def test_pages_follow_one_another_to_the_beginning(tmp_path: Path) -> None:
    """Newest first, across files; none is missing and none twice."""
    history = log(tmp_path, segment=700)
    for number in range(1, 12):
        history.append([fact(str(number))])
    assert len(lines(tmp_path)) > 3
    found, before = [], None
    while True:
        one = page(history.entries_before(before), everything, limit=3)
        found.append(ids(one))
        if (before := one.older) is None:
            break
    assert found == [["11", "10", "9"], ["8", "7", "6"], ["5", "4", "3"], ["2", "1"]]


def test_what_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    history = log(tmp_path)
    history.append([fact("1"), fact("2", Kind.BLOCKED), fact("3")])
    found = page(history.entries_before(), lambda one: one.kind is Kind.BLOCKED, limit=3)
    assert (ids(found), found.older) == (["2"], None)


def test_G13_a_page_ends_after_so_many_entries_even_if_nothing_fits(tmp_path: Path) -> None:
    """And says where to go on: whoever asks for what is not there costs no more than others, each time."""
    history = log(tmp_path)
    history.append([fact(str(number)) for number in range(1, 11)])
    found = page(history.entries_before(), lambda one: one.about.id == "1", limit=3, most=4)
    assert (ids(found), found.older) == ([], 7)
    assert ids(page(history.entries_before(7), lambda one: one.about.id == "1", limit=3, most=6)) == ["1"]


def test_S4_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A line that was spoilt, one that is no entry, and one that was never finished."""
    history = log(tmp_path)
    history.append([fact("1"), fact("2"), fact("3")])
    ((path, (one, two, three)),) = lines(tmp_path)
    path.write_bytes(one + two.replace(b'"id":"2"', b'"id":"9"') + b"{}\n" + three + three[:-9])
    assert ids(page(history.entries_before(), everything, limit=9)) == ["3", "1"]
    assert ids(page(history.entries_before(3), everything, limit=9)) == ["1"]


def test_nothing_is_on_no_page(tmp_path: Path) -> None:
    assert page(log(tmp_path).entries_before(), everything, limit=3) == Page()
