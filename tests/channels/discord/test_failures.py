import pytest

from clawdbot.channels.discord.api import Rejected
from clawdbot.channels.discord.failures import may_be_taken, may_pass, of_channel, of_delivery
from clawdbot.channels.discord.gateway import Closed
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)
from tests.channels.discord.conftest import ACCOUNT


def rejected(status: int, code: int = 0) -> Rejected:
    return Rejected("a message", status, code, retry_after=3 if status == 429 else 0)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (rejected(401), TokenRefused),
        (Closed(4004), TokenRefused),
        (Closed(4010), ChannelRefused),
        (Closed(4011), ChannelRefused),
        (Closed(4012), ChannelRefused),
        (Closed(4013), ChannelRefused),
        (Closed(4014), ChannelRefused),
        (rejected(429), RateLimited),
        (rejected(403), ChannelFailed),
        (rejected(500), ChannelFailed),
        (Closed(4008), ChannelFailed),
        (Unreachable("away"), ChannelFailed),
    ],
)
def test_each_failure_of_the_channel_has_its_class_and_its_way_out(error: ApiError, kind: type[ChannelFailed]) -> None:
    failure = of_channel(error, ACCOUNT)

    assert type(failure) is kind
    assert failure.hint or kind is RateLimited


@pytest.mark.parametrize("code", [10003, 10013, 50001, 50007, 50033, 50278])
def test_people_who_cannot_be_written_to_are_told_from_failures(code: int) -> None:
    assert type(of_delivery(rejected(403, code), "user 5", perhaps=False)) is RecipientRefused


@pytest.mark.parametrize(
    ("error", "taken", "passes"),
    [
        (rejected(500), True, True),
        (rejected(503), True, True),
        (rejected(429), False, True),
        (rejected(400, 50035), False, False),
        (rejected(400, 40003), False, False),
        (rejected(403, 20026), False, False),
        (Unreachable("reset"), True, True),
        (Unreachable("away", sent=False), False, True),
        (Closed(4000), False, False),
    ],
)
def test_what_may_be_taken_and_what_may_pass(error: ApiError, taken: bool, passes: bool) -> None:
    assert (may_be_taken(error), may_pass(error)) == (taken, passes)
    assert type(of_delivery(error, "user 5", perhaps=taken)) is (DeliveryUnknown if taken else DeliveryFailed)
