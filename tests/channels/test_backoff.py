from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.backoff import Backoff


def test_delays_grow_up_to_the_most() -> None:
    backoff = Backoff(first=2, most=30, factor=2, jitter=0)

    assert [backoff.delay(n) for n in range(1, 7)] == [2, 4, 8, 16, 30, 30]


@given(failures=st.integers(1, 10**9), chance=st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_shorter_than_the_first_nor_longer_than_the_most_with_jitter(
    failures: int, chance: float
) -> None:
    backoff = Backoff(chance=lambda: chance)

    assert backoff.first <= backoff.delay(failures) <= backoff.most * (1 + backoff.jitter)
