"""Patience with a platform: failures of a connection, and messages to send."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.patience import ApiError, Outage, Timing, Unreachable, insist, together
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed, TokenRefused
from tests.support import adapters
from tests.support.channels import Reports

ACCOUNT = ChannelAccount(Channel.SLACK)


class Busy(ApiError):
    """Asks to wait."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


def without_waiting(**fields: object) -> tuple[Timing, list[float]]:
    return adapters.without_waiting(replace(Timing(backoff=Backoff(jitter=0)), **fields))  # type: ignore[arg-type]


def answering(*answers: ApiError | str) -> Callable[[], Awaitable[str]]:
    """Gives one answer after the other."""
    left = list(answers)

    async def ask() -> str:
        answer = left.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    return ask


# --- a connection ----------------------------------------------------------------------------------------------------


async def test_each_failure_is_told_and_waited_out_longer_than_the_last(caplog: pytest.LogCaptureFixture) -> None:
    timing, slept = without_waiting()
    reports = Reports()
    outage = Outage(ACCOUNT, reports, timing, idle=lambda: True)
    for _ in range(3):
        await outage.wait_out(ChannelFailed("away"))
    assert slept == [2, 3.6, pytest.approx(6.48)]
    assert [str(each) for each in reports.troubles] == ["away"] * 3
    assert "slack: away; trying again in 2 s" in caplog.text


async def test_a_wait_is_as_long_as_either_of_us_wants_it_but_an_hour_at_most() -> None:
    timing, slept = without_waiting()
    for failures, at_least in ((1, 0.0), (1, 17.0), (9, 17.0), (1, 86_400.0)):
        await timing.pause(failures, at_least)
    assert slept == [2, 17, 30, 3600]


async def test_what_trying_again_cannot_mend_is_raised_at_once() -> None:
    timing, slept = without_waiting()
    reports = Reports()
    with pytest.raises(ChannelRefused):
        await Outage(ACCOUNT, reports, timing, idle=lambda: False).wait_out(TokenRefused("no"))
    assert (slept, reports.troubles) == ([], [])


async def test_an_outage_that_goes_on_is_handed_over_only_when_nothing_is_under_way() -> None:
    timing, _ = without_waiting(patience=3)
    is_idle = False
    outage = Outage(ACCOUNT, Reports(), timing, idle=lambda: is_idle)
    for _ in range(10):
        await outage.wait_out(ChannelFailed("away"))
    is_idle = True
    with pytest.raises(ChannelFailed, match="away"):
        await outage.wait_out(ChannelFailed("away"))


async def test_a_trouble_that_is_usual_is_logged_more_quietly(caplog: pytest.LogCaptureFixture) -> None:
    timing, _ = without_waiting()
    caplog.set_level(logging.INFO)
    await Outage(ACCOUNT, Reports(), timing, idle=lambda: True).wait_out(ChannelFailed("away"), level=logging.INFO)
    assert [record.levelname for record in caplog.records] == ["INFO"]


# --- a message to send -----------------------------------------------------------------------------------------------


async def sent(timing: Timing, *answers: ApiError | str) -> str:
    return await insist(
        answering(*answers),
        timing,
        again=lambda error: error.retry_after > 0,
        undelivered=lambda error: DeliveryFailed(str(error)),
    )


async def test_what_a_platform_asks_to_wait_for_is_sent_again_after_that_long() -> None:
    timing, slept = without_waiting()
    assert await sent(timing, Busy(5), Busy(1), "taken") == "taken"
    assert slept == [5, 3.6]


async def test_D10_what_may_have_been_taken_is_not_sent_again() -> None:
    timing, slept = without_waiting()
    with pytest.raises(DeliveryFailed, match="reset"):
        await sent(timing, Unreachable("reset"), "twice")
    assert slept == []


async def test_a_message_waits_no_longer_in_all_than_it_may() -> None:
    timing, slept = without_waiting(flood=10.0)
    with pytest.raises(DeliveryFailed, match="busy"):
        await sent(timing, Busy(4), Busy(5), Busy(6), "too late")
    assert slept == [4, 5]


async def test_the_time_that_answers_take_counts_too() -> None:
    timing, slept = without_waiting(flood=2.02)

    async def slow() -> str:
        await asyncio.sleep(0.05)
        raise Busy(1)

    with pytest.raises(DeliveryFailed):
        await insist(slow, timing, again=lambda _: True, undelivered=lambda error: DeliveryFailed(str(error)))
    assert slept == []


# --- tasks -----------------------------------------------------------------------------------------------------------


async def test_what_runs_together_ends_together_and_leaves_nothing_behind() -> None:
    """The first failure is raised; so it is when we are cancelled."""
    ended: list[str] = []

    async def lasting(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ChannelFailed("away")

    with pytest.raises(ChannelFailed, match="away"):
        await together(lasting("one"), failing(), lasting("two"))
    task = asyncio.create_task(together(lasting("three")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ended == ["one", "two", "three"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
