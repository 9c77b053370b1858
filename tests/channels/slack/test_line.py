"""Connections that come and go, over real sockets, with a Slack that misbehaves."""

import asyncio
from dataclasses import replace

import pytest

from clawdbot.channels.slack.line import Timing
from clawdbot.errors import Banned, ChannelFailed, ChannelRefused, RateLimited, TokenRefused
from tests.channels.slack.conftest import FAST, Receive, Running
from tests.fakes import faults
from tests.fakes.slack import FakeSlack, error, too_many
from tests.support.adapters import without_waiting
from tests.support.waiting import eventually


async def hears(slack: FakeSlack, bot: Running, text: str) -> None:
    slack.person(1, "Alice").write(text)
    await bot.desk.wait_ended(text)


# --- lost and found ---------------------------------------------------------------------------------------------------


async def test_a_lost_connection_is_reported_and_made_again_at_once(slack: FakeSlack, receive: Receive) -> None:
    timing, slept = without_waiting(FAST)
    async with receive(timing=timing) as bot:
        slack.drop()
        await hears(slack, bot, "after")

    assert [str(each) for each in bot.reports.troubles] == ["the connection to slack was lost"]
    assert len(bot.reports.ready_as) == 2
    assert slept == []


async def test_a_connection_that_is_lost_again_and_again_is_made_more_and_more_slowly(
    slack: FakeSlack, receive: Receive
) -> None:
    timing, slept = without_waiting(replace(Timing(), ping=0.2))
    async with receive(timing=timing) as bot:
        for n in range(2, 6):
            slack.drop()
            await eventually(lambda n=n: len(bot.reports.ready_as) == n)  # type: ignore[misc]

    assert [round(delay) for delay in slept][1:] == sorted(round(delay) for delay in slept)[1:]
    assert min(slept) >= 2


async def test_a_connection_that_lived_long_enough_is_no_failure(slack: FakeSlack, receive: Receive) -> None:
    timing, slept = without_waiting(replace(FAST, steady=0.0))
    async with receive(timing=timing) as bot:
        for n in range(2, 6):
            slack.drop()
            await eventually(lambda n=n: len(bot.reports.ready_as) == n)  # type: ignore[misc]

    assert slept == []


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_with_notice_the_next_connection_is_there_before_the_last_is_gone(
    slack: FakeSlack, receive: Receive, reason: str
) -> None:
    async with receive() as bot:
        slack.disconnect(reason)
        await eventually(lambda: len(bot.reports.ready_as) == 2)
        await eventually(lambda: len(slack.sockets) == 1)
        await hears(slack, bot, "after")

    assert slack.most_sockets == 2
    assert bot.reports.troubles == []


async def test_with_too_many_connections_ours_is_gone_before_the_next(slack: FakeSlack, receive: Receive) -> None:
    async with receive() as bot:
        slack.disconnect("too_many_websockets")
        await eventually(lambda: len(bot.reports.ready_as) == 2)
        await hears(slack, bot, "after")

    assert slack.most_sockets == 1


async def test_a_connection_that_died_silently_is_found_out(slack: FakeSlack, receive: Receive) -> None:
    async with receive() as bot:
        slack.deaf = True
        await eventually(lambda: bot.reports.troubles)
        slack.deaf = False
        await hears(slack, bot, "after")


async def test_a_slack_that_is_away_is_waited_for(slack: FakeSlack, receive: Receive) -> None:
    timing, slept = without_waiting(FAST)
    async with receive(timing=timing) as bot:
        await slack.stop()
        await eventually(lambda: len(slept) > 3)
        await slack.start()
        await hears(slack, bot, "after")

    assert {type(each) for each in bot.reports.troubles} == {ChannelFailed}


async def test_an_outage_that_goes_on_is_handed_to_the_supervisor(slack: FakeSlack, receive: Receive) -> None:
    timing, slept = without_waiting(replace(FAST, patience=4))
    async with receive(timing=timing) as bot:
        await slack.stop()
        lost = await bot.failure()

    assert type(lost) is ChannelFailed
    assert len(slept) == 3  # after the connection that was lost


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize(
    "fault",
    [faults.html(), faults.drop, faults.raw("{"), error("internal_error"), error("news of next year")],
    ids=["html", "reset", "no json", "internal error", "unknown"],
)
async def test_trouble_of_a_while_is_waited_out(
    slack: FakeSlack, receive: Receive, method: str, fault: faults.Fault
) -> None:
    slack.fail(method, fault, fault)
    async with receive() as bot:
        await hears(slack, bot, "hi")

    assert len(bot.reports.troubles) == 2


async def test_429_is_waited_out_as_long_as_slack_says_within_an_hour(slack: FakeSlack, receive: Receive) -> None:
    timing, slept = without_waiting(FAST)
    slack.fail("apps.connections.open", too_many(17), too_many(10**8))
    async with receive(timing=timing) as bot:
        await hears(slack, bot, "hi")

    assert slept == [17, 3600]
    assert isinstance(bot.reports.troubles[0], RateLimited)


async def test_a_url_that_leads_nowhere_is_asked_for_again(slack: FakeSlack, receive: Receive) -> None:
    slack.fail("apps.connections.open", faults.raw('{"ok": true, "url": "ws://127.0.0.1:1/link?ticket=sesame"}'))
    async with receive() as bot:
        await hears(slack, bot, "hi")

    assert "sesame" not in str(bot.reports.troubles)


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["xoxb-another", "xoxp-of-a-person", "no token at all", ""])
async def test_a_bad_bot_token_is_refused_with_advice(slack: FakeSlack, receive: Receive, token: str) -> None:
    async with receive(token=token) as bot:
        refused = await bot.failure()

    assert isinstance(refused, TokenRefused)
    assert "bot token" in str(refused)
    assert "clawdbot channels add slack" in refused.hint
    assert bot.reports.ready_as == []


@pytest.mark.parametrize("token", ["xapp-another", "xoxb-the-other-one"])
async def test_a_bad_app_token_is_refused_with_advice_and_not_tried_for_ever(
    slack: FakeSlack, receive: Receive, token: str
) -> None:
    async with receive(app_token=token) as bot:
        refused = await bot.failure()

    assert isinstance(refused, TokenRefused)
    assert "app token" in str(refused)
    assert "connections:write" in refused.hint


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("invalid_auth", TokenRefused),
        ("account_inactive", TokenRefused),
        ("token_revoked", TokenRefused),
        ("team_disabled", Banned),
    ],
)
async def test_what_slack_refuses_meanwhile_ends_the_run(
    slack: FakeSlack, receive: Receive, word: str, kind: type[ChannelRefused]
) -> None:
    async with receive() as bot:
        slack.fail("auth.test", error(word))
        slack.drop()
        assert type(await bot.failure()) is kind


async def test_scopes_that_are_missing_are_named_instead_of_a_silence(slack: FakeSlack, receive: Receive) -> None:
    slack.scopes = ("chat:write", "im:write")
    async with receive() as bot:
        refused = await bot.failure()

    assert isinstance(refused, ChannelRefused)
    assert "im:history" in str(refused)
    assert "install the app again" in refused.hint


async def test_an_app_of_a_whole_organisation_is_refused(slack: FakeSlack, receive: Receive) -> None:
    slack.enterprise = True
    async with receive() as bot:
        assert "whole organisation" in str(await bot.failure())


async def test_socket_mode_switched_off_meanwhile_is_refused(slack: FakeSlack, receive: Receive) -> None:
    async with receive() as bot:
        slack.disconnect("link_disabled")
        refused = await bot.failure()

    assert isinstance(refused, ChannelRefused)
    assert "Socket Mode" in refused.hint


async def test_socket_mode_that_was_off_from_the_beginning_is_refused(slack: FakeSlack, receive: Receive) -> None:
    slack.socket_mode = False
    async with receive() as bot:
        refused = await bot.failure()

    assert isinstance(refused, ChannelRefused)
    assert "Socket Mode" in refused.hint


# --- stopped ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_whenever_it_is_stopped_nothing_is_left_behind(slack: FakeSlack, receive: Receive, steps: int) -> None:
    """While one connection replaces another, after so many turns of the event loop; the fixture looks for tasks."""
    async with receive():
        slack.disconnect("warning")
        for _ in range(steps):
            await asyncio.sleep(0.0005)
    await eventually(lambda: not slack.sockets)
