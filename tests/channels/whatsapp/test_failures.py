"""What a bridge's last events and answers mean. That each is met is shown in test_connection.py and test_adapter.py."""

from pathlib import Path

import pytest

from clawdbot.channels.patience import ApiError
from clawdbot.channels.whatsapp import protocol
from clawdbot.channels.whatsapp.failures import NotSent, may_pass, of_delivery, of_event
from clawdbot.channels.whatsapp.protocol import Answer, Event, Outcome
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    LoggedOut,
    NeedsLogin,
    RecipientRefused,
)

ACCOUNT = ChannelAccount(Channel.WHATSAPP, AccountId("work"))


@pytest.mark.parametrize(
    ("event", "kind", "hint"),
    [
        (protocol.NeedsLogin(), NeedsLogin, "clawdbot channels login whatsapp --account work"),
        (protocol.LoggedOut(), LoggedOut, "clawdbot channels login whatsapp --account work"),
        (protocol.Replaced(), ChannelRefused, "restart the gateway"),
        (protocol.Banned(), Banned, "on the phone"),
        (protocol.Outdated(), ChannelRefused, "update clawdbot"),
        (protocol.Unreachable("dns"), ChannelFailed, "HTTPS_PROXY"),
        (protocol.Fatal("no", "do this"), ChannelRefused, "do this"),
    ],
)
def test_each_last_event_has_its_class_and_its_way_out(event: Event, kind: type[ChannelFailed], hint: str) -> None:
    failure = of_event(event, ACCOUNT, Path("/session"))
    assert type(failure) is kind
    assert hint in failure.hint


def test_a_ban_says_until_when_and_what_whatsapp_says_is_inert() -> None:
    failure = of_event(protocol.Banned(until=1_790_000_000_000, why="spam\x1b[2J"), ACCOUNT, Path("/session"))
    assert failure is not None
    assert failure.message == r"whatsapp has shut this account out until 2026-09-21 14:13 UTC: spam\x1b[2J"


@pytest.mark.parametrize(
    "event", [protocol.Disconnected(), protocol.Account("1@s.whatsapp.net"), protocol.QrCode("2@")]
)
def test_other_events_end_nothing(event: Event) -> None:
    assert of_event(event, ACCOUNT, Path("/session")) is None


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.NEVER, RecipientRefused),
        (Outcome.UNKNOWN, DeliveryUnknown),
        (Outcome.NOT_NOW, DeliveryFailed),
        (Outcome.REFUSED, DeliveryFailed),
    ],
)
def test_what_became_of_a_message_and_whether_it_may_be_sent_again(
    outcome: Outcome, kind: type[DeliveryFailed]
) -> None:
    error = NotSent(Answer(1, outcome, why="server returned error 463"))
    assert type(of_delivery(error)) is kind
    assert "463" in str(of_delivery(error))
    assert may_pass(error) is (outcome is Outcome.NOT_NOW)


def test_of_what_is_no_answer_nobody_knows() -> None:
    assert type(of_delivery(ApiError("odd"))) is DeliveryUnknown
    assert not may_pass(ApiError("odd"))
