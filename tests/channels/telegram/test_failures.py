"""What the Bot API's errors mean. That each is met is shown in test_trouble.py and test_send.py."""

import pytest

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.telegram.api import Rejected
from clawdbot.channels.telegram.failures import may_pass, of_channel, of_delivery, wait_at_least
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import (
    ChannelFailed,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)

ACCOUNT = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


def rejected(code: int, description: str = "", retry_after: float = 0) -> Rejected:
    return Rejected("sendMessage", code, description, retry_after)


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        (rejected(401), TokenRefused, "channels add telegram --account work"),
        (rejected(404), TokenRefused, "@BotFather"),
        (rejected(429, retry_after=9), RateLimited, ""),
        (rejected(409, "can't use getUpdates while webhook is active"), ChannelFailed, "a bot of its own"),
        (rejected(409, "terminated by other getUpdates request"), ChannelFailed, "two programs poll"),
        (rejected(500), ChannelFailed, "channels.telegram.apiBase"),
        (Unreachable("away"), ChannelFailed, "network"),
    ],
)
def test_each_failure_of_the_channel_has_its_class_and_its_way_out(
    error: ApiError, kind: type[ChannelFailed], hint: str
) -> None:
    failure = of_channel(error, ACCOUNT)
    assert type(failure) is kind
    assert hint in failure.hint


@pytest.mark.parametrize(
    ("error", "kind", "passes"),
    [
        (rejected(403, "bot was blocked by the user"), RecipientRefused, False),
        (rejected(400, "Bad Request: chat not found"), RecipientRefused, False),
        (rejected(400, "Bad Request: message is too long"), DeliveryFailed, False),
        (rejected(429, retry_after=3), DeliveryFailed, True),
        (rejected(502), DeliveryUnknown, False),
        (Unreachable("reset"), DeliveryUnknown, False),
        (Unreachable("away", sent=False), DeliveryFailed, True),
        (ApiError("odd"), DeliveryFailed, False),
    ],
)
def test_what_became_of_a_message_and_whether_it_may_be_sent_again(
    error: ApiError, kind: type[DeliveryFailed], passes: bool
) -> None:
    failure = of_delivery(error, "777")
    assert type(failure) is kind
    assert "777" in str(failure)
    assert may_pass(error) is passes


def test_telegram_is_left_alone_for_as_long_as_it_says_or_a_second_poller_lives() -> None:
    assert wait_at_least(rejected(429, retry_after=9), 30) == 9
    assert wait_at_least(rejected(409), 30) == 30
    assert wait_at_least(Unreachable("away"), 30) == 0
