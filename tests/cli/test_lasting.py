"""Spans of time as the owner types them."""

import pytest

from clawdbot.cli.lasting import Lasting, span_ms
from clawdbot.domain.instants import LONGEST_MS
from clawdbot.errors import UsageError

DAY = 24 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("text", "lasts"),
    [("30m", DAY // 48), ("12h", DAY // 2), ("7d", 7 * DAY), (" 2W ", 14 * DAY), ("3660d", LONGEST_MS)],
)
def test_a_span_is_read(text: str, lasts: int) -> None:
    """Minutes, hours, days, weeks; what was read already stays."""
    assert Lasting().convert(text, None, None) == lasts
    assert Lasting().convert(lasts, None, None) == lasts


@pytest.mark.parametrize(
    "text", ["", "7", "0d", "07d", "-7d", "1.5h", "7s", "7 d", "3661d", "9999999w", "٧d", "7d7h", "x" * 5000]
)
def test_S8_what_is_no_span_is_refused(text: str) -> None:
    """Nothing is guessed, and nothing is longer than files can hold."""
    with pytest.raises(UsageError):
        Lasting().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "length"), [("90s", 90_000), ("24h", DAY), ("2w", 14 * DAY), ("0h", None), ("7", None)]
)
def test_a_span_that_is_past_may_be_of_seconds(text: str, length: int | None) -> None:
    """As ``history --since`` and ``nodes status --last-connected`` read it."""
    assert span_ms(text) == length
