"""Points in time, as files and people spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.instants import ago, iso, minute, parse_iso

NOW = 1_795_365_194_030


def test_an_instant_is_spelled_as_the_reference_spells_it() -> None:
    """UTC, milliseconds, Z."""
    assert iso(NOW) == "2026-11-22T16:33:14.030Z"


def test_an_instant_for_people() -> None:
    assert minute(NOW) == "2026-11-22 16:33 UTC"


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_spelled_reads_back(instant: int) -> None:
    """Every instant until the year 9999."""
    assert parse_iso(iso(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026-11-22T17:13:14.030", "2026-11-22", "1795365194030", "2026-13-01T00:00:00Z",
        "٢٠٢٦-11-22T17:13:14.030Z", "2026-11-22T17:13:14.030Z" + "0" * 40, "NaN",
    ],
)  # fmt: skip
def test_S8_what_is_no_instant_is_none(text: str) -> None:
    """No offset, no date, other digits, too long: nothing is guessed."""
    assert parse_iso(text) is None


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    """Reading never raises."""
    parse_iso(text)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3599, "59 min ago"), (7200, "2 h ago"), (200_000, "2 d ago"),
     (-90, "in 1 min")],
)  # fmt: skip
def test_ago_is_rough_and_short(seconds: int, told: str) -> None:
    """For people: the largest unit that fits."""
    assert ago(NOW - seconds * 1000, NOW) == told
