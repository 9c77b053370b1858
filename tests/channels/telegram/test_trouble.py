"""Dialogues of the real adapter with a Telegram that misbehaves, over real sockets."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.telegram.adapter import Timing
from clawdbot.errors import ChannelFailed, ChannelRefused
from tests.channels.telegram.conftest import FAST, Receive
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram, error, too_many
from tests.support.adapters import without_waiting
from tests.support.desk import Desk
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    "fault",
    [error(500), error(502, "Bad Gateway"), faults.html(), faults.html(404), faults.drop, faults.raw("{")],
    ids=["500", "502", "html", "html 404", "reset", "no json"],
)
async def test_trouble_of_a_while_is_waited_out_and_loses_nothing(
    telegram: FakeTelegram, receive: Receive, fault: faults.Fault
) -> None:
    telegram.fail("getUpdates", fault, fault)
    telegram.user(777, "Alice").write("hi")
    async with receive() as bot:
        await bot.desk.wait_ended("hi")

    assert len(bot.ready) == 2
    assert bot.reports.troubles


async def test_back_off_grows_from_2_to_30_seconds(telegram: FakeTelegram, receive: Receive) -> None:
    timing, slept = without_waiting(replace(Timing(), patience=8))
    telegram.fail("getUpdates", *[faults.html()] * 7)
    telegram.user(777, "Alice").write("hi")
    async with receive(timing=timing) as bot:
        await bot.desk.wait_ended("hi")

    assert all(a <= b for a, b in zip([2, 3.6, 6.4, 11, 20, 30, 30], slept, strict=True))
    assert all(b <= a for a, b in zip([2.5, 4.5, 8.2, 14.6, 26.3, 37.5, 37.5], slept, strict=True))


async def test_429_is_waited_out_as_long_as_telegram_says(telegram: FakeTelegram, receive: Receive) -> None:
    timing, slept = without_waiting(FAST)
    telegram.fail("getUpdates", too_many(17))
    telegram.user(777, "Alice").write("hi")
    async with receive(timing=timing) as bot:
        await bot.desk.wait_ended("hi")

    assert slept == [17]


async def test_a_second_poller_is_named_and_given_30_seconds(
    telegram: FakeTelegram, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    timing, slept = without_waiting(replace(Timing(), patience=1000))
    async with receive(timing=timing) as bot:
        await eventually(lambda: telegram.polling)
        async with receive(timing=timing):
            await eventually(lambda: slept)
        telegram.user(777, "Alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert min(slept) >= 30
    assert "another program receives the messages of telegram" in caplog.text


async def test_a_webhook_that_somebody_sets_meanwhile_is_named(telegram: FakeTelegram, receive: Receive) -> None:
    timing, _ = without_waiting(replace(Timing(), patience=2))
    async with receive(timing=timing) as bot:
        await eventually(lambda: telegram.polling)
        telegram.webhook = "https://example.invalid/hook"
        telegram.user(777, "Alice").write("hi")

        assert "a webhook receives the messages" in str(await bot.failure())


async def test_trouble_that_goes_on_is_handed_to_the_supervisor(telegram: FakeTelegram, receive: Receive) -> None:
    telegram.fail("getUpdates", *[faults.html()] * 3)
    async with receive() as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "status 502" in str(error)


async def test_trouble_that_goes_on_does_not_disturb_what_is_under_way(
    telegram: FakeTelegram, receive: Receive
) -> None:
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk) as bot:
        telegram.user(777, "Alice").write("hi")
        await desk.wait_begun("hi")
        telegram.fail("getUpdates", *[faults.html()] * 1000)
        await eventually(lambda: len(telegram.calls("getUpdates")) > 8)
        assert not bot.run.done()
        slow.set()

        assert isinstance(await bot.failure(), ChannelFailed)

    assert desk.ended == ["hi"]


async def test_a_server_that_is_not_there_is_a_failure_that_may_pass(telegram: FakeTelegram, receive: Receive) -> None:
    await telegram.stop()
    async with receive() as bot:
        error = await bot.failure()
    assert type(error) is ChannelFailed

    await telegram.start()
    telegram.user(777, "Alice").write("hi")
    async with receive() as bot:
        await bot.desk.wait_ended("hi")


async def test_a_connection_that_is_lost_is_made_again(telegram: FakeTelegram, receive: Receive) -> None:
    async with receive(timing=replace(FAST, patience=1000)) as bot:
        await eventually(lambda: telegram.polling)
        await telegram.stop()
        await telegram.start()
        telegram.user(777, "Alice").write("hi")
        await bot.desk.wait_ended("hi")


@pytest.mark.parametrize("token", ["123456789:another", "no token at all", ""])
async def test_a_bad_token_is_refused_with_advice(telegram: FakeTelegram, receive: Receive, token: str) -> None:
    async with receive(token=token) as bot:
        error = await bot.failure()

    assert isinstance(error, ChannelRefused)
    assert "clawdbot channels add telegram" in error.hint
    assert bot.ready == []


async def test_a_token_that_is_revoked_meanwhile_is_refused(telegram: FakeTelegram, receive: Receive) -> None:
    async with receive() as bot:
        await eventually(lambda: telegram.polling)
        telegram.token = "123456789:another"
        telegram.user(777, "Alice").write("hi")

        assert isinstance(await bot.failure(), ChannelRefused)


async def test_S8_a_malformed_update_is_skipped_by_its_number_and_not_quoted(
    telegram: FakeTelegram, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    alice = telegram.user(777, "Alice")
    bad = alice.write("sesame", **{"from": {"id": "777", "is_bot": False}})
    alice.write("hi")
    async with receive() as bot:
        await bot.desk.wait_ended("hi")
        await eventually(lambda: not telegram.unconfirmed)

    assert bot.desk.begun == ["hi"]
    assert str(bad) in caplog.text
    assert "sesame" not in caplog.text


async def test_S8_an_update_without_a_number_hides_no_other_and_makes_no_storm(
    telegram: FakeTelegram, receive: Receive
) -> None:
    timing, slept = without_waiting(replace(Timing(), patience=3))
    telegram.strays = [{"message": "nonsense"}, None]
    telegram.user(777, "Alice").write("hi")
    async with receive(timing=timing) as bot:
        await bot.desk.wait_ended("hi")
        error = await bot.failure()

    assert "without a number" in str(error)
    assert min(slept) >= 2


async def test_an_unreadable_offset_file_is_a_failure_that_names_it(
    telegram: FakeTelegram, receive: Receive, tmp_path: Path
) -> None:
    (tmp_path / "telegram" / "update-offset-default.json").mkdir(parents=True)
    async with receive() as bot:
        error = await bot.failure()

    assert isinstance(error, ChannelFailed)
    assert "update-offset-default.json" in str(error)


async def test_a_server_that_does_not_hold_polls_makes_no_storm(telegram: FakeTelegram, receive: Receive) -> None:
    telegram.fail("getUpdates", *[faults.raw('{"ok": true, "result": []}')] * 1000)
    async with receive(timing=replace(FAST, lull=3600)):
        await eventually(lambda: telegram.calls("getUpdates"))
        await asyncio.sleep(0.1)

    assert len(telegram.calls("getUpdates")) == 1
