"""Failed tries are counted by key, and so are the strangers at the door (threats.md G11, G12, D13)."""

from clawdbot.gateway.tries import LOCK_MS, MOST_FAILURES, WINDOW_MS, Doorstep, FailedTries


def test_G11_ten_failures_in_a_minute_lock_for_five() -> None:
    """The tenth locks, the lock ends by itself, and counts anew after it."""
    tries = FailedTries()
    for number in range(MOST_FAILURES - 1):
        assert not tries.failed("a", now=number)
        assert tries.locked_for("a", now=number) == 0
    assert tries.failed("a", now=100)
    assert tries.locked_for("a", now=100) == LOCK_MS
    assert tries.locked_for("a", now=100 + LOCK_MS - 1) == 1
    assert tries.locked_for("a", now=100 + LOCK_MS) == 0
    assert not tries.failed("a", now=100 + LOCK_MS)


def test_G11_failures_that_are_far_apart_do_not_lock() -> None:
    tries = FailedTries()
    gap = WINDOW_MS // (MOST_FAILURES - 1) + 1
    assert not any(tries.failed("a", now=number * gap) for number in range(100))


def test_G11_others_are_unaffected() -> None:
    tries = FailedTries()
    for _ in range(MOST_FAILURES):
        tries.failed("a", now=0)
    assert tries.locked_for("a", now=0) > 0
    assert tries.locked_for("b", now=0) == 0


def test_G11_the_table_is_bounded() -> None:
    """A flood of addresses takes no more memory than the table; the latest are kept."""
    tries = FailedTries(keys_kept=3)
    for number in range(1000):
        tries.failed(str(number), now=0)
    assert len(tries) == 3


def test_G12_so_many_sockets_an_address_and_no_more() -> None:
    doorstep = Doorstep(from_address=2, total=3)
    assert doorstep.enter("a")
    assert doorstep.enter("a")
    assert not doorstep.enter("a")
    assert doorstep.enter("b")
    assert not doorstep.enter("c"), "full in all"
    doorstep.leave("a")
    assert doorstep.enter("c")
    assert len(doorstep) == 3
    for key in ("a", "b", "c"):
        doorstep.leave(key)
    assert len(doorstep) == 0


def test_whoever_counts_is_told_of_locks_and_of_a_full_doorstep() -> None:
    """Once for each lock, and for each socket that finds no room; how many are locked now can be asked."""
    locks, full = [], []
    tries = FailedTries(on_locked=lambda: locks.append(1))
    for _ in range(MOST_FAILURES + 1):
        tries.failed("a", 0)
    tries.failed("b", 0)
    assert (len(locks), tries.locked(0), tries.locked(LOCK_MS)) == (1, 1, 0)
    doorstep = Doorstep(from_address=1, on_full=lambda: full.append(1))
    assert [doorstep.enter("a"), doorstep.enter("a"), doorstep.enter("b")] == [True, False, True]
    assert len(full) == 1
