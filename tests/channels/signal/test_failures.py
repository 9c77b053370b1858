"""What signal-cli's refusals mean. That each is met is shown in test_trouble.py and test_send.py."""

import pytest

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal import failures
from clawdbot.channels.signal.api import Rejected
from clawdbot.errors import ChannelFailed, ChannelRefused, NeedsLogin, RecipientRefused

US = "+15550009999"


@pytest.mark.parametrize(("account", "numbers", "chosen"), [(US, [US], US), (US, ["+1555", US], US), ("", [US], US)])
def test_the_account_is_found_among_those_of_the_daemon(account: str, numbers: list[str], chosen: str) -> None:
    assert failures.chosen(SignalSettings(account), numbers) == chosen


@pytest.mark.parametrize(
    ("account", "numbers", "kind"),
    [(US, ["+1555"], NeedsLogin), (US, [], NeedsLogin), ("", [], NeedsLogin), ("", ["+1", "+2"], ChannelRefused)],
)
def test_which_account_is_never_guessed(account: str, numbers: list[str], kind: type[ChannelRefused]) -> None:
    with pytest.raises(ChannelRefused) as caught:
        failures.chosen(SignalSettings(account), numbers)

    assert type(caught.value) is kind
    assert caught.value.hint


def test_who_starts_the_daemon_is_told_how() -> None:
    away = Unreachable("away", sent=False)

    assert "autoStart" in failures.of_channel(away, SignalSettings(auto_start=False)).hint
    assert failures.of_channel(away, SignalSettings()).hint == ""
    assert "clawdbot gateway" in failures.of_delivery(away, SignalSettings()).hint


@pytest.mark.parametrize("error", [ApiError("x"), Rejected("send", 12345), Unreachable("x")])
def test_what_is_not_known_is_a_failure_that_may_pass(error: ApiError) -> None:
    assert type(failures.of_channel(error, SignalSettings())) is ChannelFailed
    assert not isinstance(failures.of_delivery(error, SignalSettings()), RecipientRefused)


def test_S7_no_words_of_signal_cli_are_passed_on() -> None:
    """They may quote a number."""
    error = Rejected("send", -1, "sesame +15550001111")

    assert (
        "sesame" not in f"{failures.of_channel(error, SignalSettings())}{failures.of_delivery(error, SignalSettings())}"
    )
