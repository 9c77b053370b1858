"""Facts are taken down beside the work: nothing fails and nobody waits because of it."""

import logging
import threading
from pathlib import Path

import pytest

from clawdbot.domain.facts import Fact, Kind, Surface
from clawdbot.errors import StoreUnavailable
from clawdbot.history.log import Log
from clawdbot.history.scribe import MOST_WAITING, Scribe, at_once
from tests.support.histories import NOW, fact, log


class Disk(Log):
    """A history whose disk is full for as long as it is told."""

    full = False
    counts = True
    hangs: threading.Event | None = None

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, now=lambda: NOW)
        self.entered = threading.Event()

    def append(self, facts: list[Fact], *, lost: int = 0) -> None:  # type: ignore[override]
        self.entered.set()
        if self.hangs is not None:
            self.hangs.wait()
        if self.full:
            raise StoreUnavailable("cannot write 1.jsonl: no space left on device")
        super().append(facts, lost=lost)

    def count_missed(self, count: int) -> None:
        if not self.counts:
            raise StoreUnavailable("cannot write missed: no space left on device")
        super().count_missed(count)


def disk(state_dir: Path) -> Disk:
    return Disk(state_dir)


def told(state_dir: Path) -> list[tuple[Kind, str, int]]:
    return [(one.fact.kind, one.fact.about.id, one.fact.times) for one in log(state_dir).entries()]


def test_a_scribe_writes_in_order_and_everything_by_its_end(tmp_path: Path) -> None:
    """A hundred decisions from several threads, each of them in its own order."""
    scribe = Scribe(log(tmp_path))

    def tell(name: str) -> None:
        for number in range(25):
            scribe.record(fact(f"{name}{number:02}"))

    threads = [threading.Thread(target=tell, args=name) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scribe.close()
    found = [id_ for _, id_, _ in told(tmp_path)]
    assert len(found) == 100
    for name in "abcd":
        assert [one for one in found if one[0] == name] == [f"{name}{n:02}" for n in range(25)]
    assert log(tmp_path).verify().broken is None


def test_what_was_counted_is_told_at_the_end(tmp_path: Path) -> None:
    """A flood that ends with the gateway."""
    scribe = Scribe(log(tmp_path))
    for _ in range(500):
        scribe.record(fact(kind=Kind.REFUSED, surface=Surface.CHAT))
    scribe.close()
    assert told(tmp_path) == [(Kind.REFUSED, "7", 1), (Kind.REFUSED, "7", 499)]


def test_what_was_counted_is_told_when_its_time_is_over(tmp_path: Path) -> None:
    """By the clock that the scribe is given, with no new fact to wake it."""
    times = iter([0, 0, 0, 60_000])
    written = threading.Event()

    class Noticed(Log):
        def append(self, facts: list[Fact], *, lost: int = 0) -> None:  # type: ignore[override]
            super().append(facts, lost=lost)
            if any(one.times == 2 for one in facts):
                written.set()

    scribe = Scribe(Noticed(tmp_path, now=lambda: NOW), clock=lambda: next(times, 60_000))
    for _ in range(3):
        scribe.record(fact(kind=Kind.REFUSED, surface=Surface.CHAT))
    assert written.wait(30)
    scribe.close()
    assert told(tmp_path) == [(Kind.REFUSED, "7", 1), (Kind.REFUSED, "7", 2)]


def test_after_its_end_nothing_is_taken_down_and_nothing_fails(tmp_path: Path) -> None:
    """One that never wrote anything ends, too."""
    scribe = Scribe(log(tmp_path))
    scribe.close()
    scribe.record(fact())
    assert told(tmp_path) == []


@pytest.mark.parametrize("counts", [True, False])
def test_S2_a_full_disk_is_logged_once_and_leaves_a_gap(
    tmp_path: Path, counts: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether or not the disk still took the count; decisions were never in question."""
    history = disk(tmp_path)
    history.append([fact("0")])
    history.full, history.counts = True, counts
    scribe = Scribe(history)
    with caplog.at_level(logging.ERROR):
        for number in range(1, 4):
            scribe.record(fact(str(number)))
            scribe.wait_until_idle()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    history.full, history.counts = False, True
    scribe.record(fact("4"))
    scribe.close()
    assert told(tmp_path) == [(Kind.APPROVED, "0", 1), (Kind.GAP, "", 3), (Kind.APPROVED, "4", 1)]


def test_a_disk_that_hangs_keeps_nobody_waiting_and_fills_no_memory(tmp_path: Path) -> None:
    """Facts wait up to a bound; what is beyond is a gap."""
    history = disk(tmp_path)
    history.hangs = threading.Event()
    scribe = Scribe(history)
    scribe.record(fact("first"))
    assert history.entered.wait(30)
    for number in range(MOST_WAITING + 500):
        scribe.record(fact(str(number)))
    history.hangs.set()
    scribe.close()
    found = told(tmp_path)
    assert [times for kind, _, times in found if kind is Kind.GAP] == [500]
    assert len(found) - 1 == 1 + MOST_WAITING


def test_S4_the_end_does_not_wait_for_a_history_that_cannot_be_written(tmp_path: Path) -> None:
    """It is tried once more, and given up: not over and over until nobody waits any more."""
    history = disk(tmp_path)
    history.full, history.counts = True, False
    scribe = Scribe(history)
    scribe.record(fact("1"))
    scribe.wait_until_idle()
    scribe.close()
    assert scribe._thread is not None
    assert not scribe._thread.is_alive()


def test_a_defect_is_logged_and_the_next_fact_is_taken_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Even what should not happen stops nothing."""
    scribe = Scribe(log(tmp_path))
    scribe.record(fact("1", at=10**18))
    scribe.wait_until_idle()
    scribe.record(fact("2"))
    scribe.close()
    assert told(tmp_path) == [(Kind.GAP, "", 1), (Kind.APPROVED, "2", 1)]
    assert "a defect while the history was written" in caplog.text


def test_S2_a_command_whose_history_cannot_be_written_warns_and_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is done all the same; the next entry tells of the gap."""
    history = disk(tmp_path)
    history.append([fact("0")])
    history.full = True
    at_once(history)(fact("1"))
    assert "done, but the history does not say so" in caplog.text
    history.full = False
    at_once(history)(fact("2"))
    assert told(tmp_path) == [(Kind.APPROVED, "0", 1), (Kind.GAP, "", 1), (Kind.APPROVED, "2", 1)]


def test_D10_what_is_only_counted_wakes_nobody(tmp_path: Path) -> None:
    """The thread that writes sleeps on while thousands come in again: who wakes looks at the clock."""
    here, elsewhere = threading.get_ident(), 0

    def clock() -> int:
        nonlocal elsewhere
        elsewhere += threading.get_ident() != here
        return 0

    scribe = Scribe(Disk(tmp_path), clock=clock)
    scribe.record(fact("7", Kind.USED))
    scribe.wait_until_idle()
    for _ in range(5_000):
        scribe.record(fact("7", Kind.USED))
    assert elsewhere <= 3  # before it fell asleep
    scribe.close()
