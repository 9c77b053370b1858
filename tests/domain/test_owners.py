"""Owners are people by their immutable ids, and want to be left alone at night."""

import pytest

from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.owners import Owner, Owners, Quiet, read_owner, read_quiet


def test_D6_an_owner_is_found_by_his_ids_on_his_channel() -> None:
    """The same number on another channel is somebody else."""
    owners = Owners((read_owner("telegram:777"), read_owner("whatsapp:+15550001111")))
    assert owners.find(Channel.TELEGRAM, {SenderId("777")}) == (Owner(Channel.TELEGRAM, SenderId("777")),)
    assert owners.find(Channel.DISCORD, {SenderId("777")}) == ()
    assert owners.find(Channel.TELEGRAM, {SenderId("7777")}) == ()


def test_D7_an_owner_is_known_by_what_the_platform_ties_to_him() -> None:
    """Listed by number, he is known where a message shows his account id beside it; listed by account id, a number
    that another account has now is not his."""
    by_number = read_owner("whatsapp:+15550001111")
    assert by_number.is_shown_by(Channel.WHATSAPP, {SenderId("lid:5"), SenderId("+15550001111")})
    by_account = read_owner("whatsapp:lid:5")
    assert not by_account.is_shown_by(Channel.WHATSAPP, {SenderId("lid:6"), SenderId("+15550001111")})


@pytest.mark.parametrize("text", ["telegram:777", "signal:uuid:8f1c0c6e-0000-4000-8000-000000000001", "whatsapp:lid:5"])
def test_what_an_owner_is_called_reads_as_himself(text: str) -> None:
    """So that it can be written to the configuration."""
    assert str(read_owner(text)) == text


@pytest.mark.parametrize(
    ("hours", "minute", "quiet"),
    [
        ("22:00-07:00", 22 * 60, True),
        ("22:00-07:00", 0, True),
        ("22:00-07:00", 7 * 60 - 1, True),
        ("22:00-07:00", 7 * 60, False),
        ("22:00-07:00", 12 * 60, False),
        ("12:00 – 13:30", 12 * 60, True),
        ("12:00-13:30", 13 * 60 + 30, False),
        ("12:00-13:30", 0, False),
    ],
)
def test_quiet_hours(hours: str, minute: int, quiet: bool) -> None:
    """From the first minute to before the last, over midnight too."""
    assert read_quiet(hours).holds(minute) is quiet


def test_quiet_is_minutes_of_the_day() -> None:
    assert read_quiet(" 00:00-23:59 ") == Quiet(0, 23 * 60 + 59)
