"""How far numbered news are done with."""

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.progress import Progress


def finish(progress: Progress, *numbers: int) -> None:
    for number in numbers:
        assert progress.take(number)
        progress.finish(number)


def test_only_what_lies_below_all_that_is_under_way_is_confirmed() -> None:
    progress = Progress()
    assert [progress.take(each) for each in (10, 11, 14)] == [True, True, True]

    progress.finish(14)
    assert progress.offset == 10
    progress.finish(10)
    assert progress.offset == 11
    progress.finish(11)
    assert progress.offset == 15
    assert progress.processed == set()


def test_D16_what_is_under_way_or_done_with_is_not_taken_again() -> None:
    progress = Progress()
    progress.take(10)
    finish(progress, 11)

    assert [progress.take(each) for each in (10, 11, 9)] == [False, False, False]


def test_a_new_numbering_far_below_is_followed_and_the_old_one_is_over() -> None:
    progress = Progress(last=900_000_000, window=100)
    progress.take(900_000_001)

    finish(progress, 5_000)
    progress.finish(900_000_001)

    assert progress.offset == 5_001


def test_without_a_window_whatever_is_below_is_a_repetition() -> None:
    progress = Progress(last=900_000_000)

    assert not progress.take(5_000)


def test_a_numbering_may_jump_ahead() -> None:
    progress = Progress(last=10)
    finish(progress, 2_000_000_000)

    assert progress.offset == 2_000_000_001


def test_what_was_done_with_before_a_crash_does_not_vouch_for_what_lies_below() -> None:
    """12 was under way in the run before, and has yet to come again."""
    progress = Progress(last=10, processed={13})
    finish(progress, 11)

    assert progress.offset == 12
    assert [progress.take(each) for each in (12, 13)] == [True, False]
    progress.finish(12)
    assert progress.offset == 14


@given(st.data())
def test_in_whatever_order_updates_end_nothing_unfinished_is_ever_confirmed(data: st.DataObject) -> None:
    """Crashes included: then what is under way is forgotten, and Telegram sends again from the offset on."""
    numbers = sorted(data.draw(st.sets(st.integers(1, 80), min_size=1)))
    progress, done = Progress(), set[int]()
    for _ in range(data.draw(st.integers(1, 60))):
        news = [number for number in numbers if number >= (progress.offset or 0)]
        for number in news[: data.draw(st.integers(1, 80))]:
            assert not (progress.take(number) and number in done), "processed twice"
        if progress.under_way:
            ended = data.draw(st.sampled_from(sorted(progress.under_way)))
            progress.finish(ended)
            done.add(ended)
        if data.draw(st.booleans()):
            progress = Progress(progress.last, set(progress.processed))
        assert {number for number in numbers if number < (progress.offset or 0)} <= done
        assert progress.processed <= done
