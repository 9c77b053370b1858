"""Dialogues of the real adapter with a signal-cli that misbehaves, over real sockets."""

from dataclasses import replace
from functools import partial

import pytest

from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal.adapter import Timing
from clawdbot.channels.signal.api import EVENT_LIMIT
from clawdbot.errors import ChannelFailed, ChannelRefused, LoggedOut, NeedsLogin, RateLimited
from tests.channels.signal.conftest import FAST, Receive, Running
from tests.fakes import faults
from tests.fakes.signal import FakeSignal, error
from tests.fakes.signal_people import NUMBER
from tests.support.adapters import without_waiting
from tests.support.desk import Desk
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    "fault",
    [faults.html(500), faults.html(), faults.html(404), faults.drop, faults.raw("{}")],
    ids=["500", "502", "404", "reset", "no stream"],
)
async def test_trouble_of_a_while_is_waited_out_and_loses_nothing(
    signal: FakeSignal, receive: Receive, fault: faults.Fault
) -> None:
    signal.fail("events", fault, fault)
    signal.person(1, "Alice").write("hi")
    async with receive() as bot:
        await bot.desk.wait_ended("hi")

    assert len(bot.reports.troubles) == 2
    assert len(bot.ready) == 1


async def test_a_connection_that_is_lost_is_made_again(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        for n in range(4):
            signal.drop()
            alice.write(f"{n}")
            await bot.desk.wait_ended(f"{n}")

    assert bot.desk.begun == ["0", "1", "2", "3"]
    assert len(bot.ready) == 5


async def test_a_daemon_that_is_restarted_is_found_again(signal: FakeSignal, receive: Receive) -> None:
    async with receive(timing=replace(FAST, patience=1000)) as bot:
        await signal.stop()
        await eventually(lambda: "nothing listens there" in " ".join(map(str, bot.reports.troubles)))
        await signal.start()
        signal.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")


async def test_headers_that_come_with_the_first_keep_alive_are_waited_for(signal: FakeSignal, receive: Receive) -> None:
    """Before 0.14.4 they come after 15 s; a client that is less patient reconnects for ever."""
    signal.late_headers, signal.keep_alive = True, 0.3
    async with receive(timing=replace(FAST, silence=2.0)) as bot:
        assert (signal.connections, bot.reports.troubles) == (1, [])


async def test_keep_alives_are_life_though_no_event_comes(signal: FakeSignal, receive: Receive) -> None:
    signal.keep_alive = 0.2
    async with receive(timing=replace(FAST, silence=2.0)) as bot:
        await eventually(lambda: signal.keep_alives > 12)
        assert (signal.connections, bot.reports.troubles) == (1, [])


async def test_silence_is_death(signal: FakeSignal, receive: Receive) -> None:
    """A connection that a router forgot says nothing, and never ends."""
    signal.keep_alive = 3600
    async with receive(timing=replace(FAST, silence=0.2)) as bot:
        await eventually(lambda: signal.connections >= 3)

    assert "ReadTimeout" in bot.reports.troubles[0].message


async def test_back_off_grows_from_1_to_10_seconds(signal: FakeSignal, receive: Receive) -> None:
    timing, slept = without_waiting(replace(Timing(), patience=8))
    signal.fail("events", *[faults.html()] * 6)
    signal.person(1, "Alice").write("hi")
    async with receive(timing=timing) as bot:
        await bot.desk.wait_ended("hi")

    assert all(a <= b <= 1.2 * a for a, b in zip([1, 2, 4, 8, 10, 10], slept, strict=True))


async def test_trouble_that_goes_on_is_handed_to_the_supervisor(signal: FakeSignal, receive: Receive) -> None:
    signal.fail("events", *[faults.html()] * 3)
    async with receive() as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "status 502" in str(error)


def has_connected(bot: Running, times: int) -> bool:
    return len(bot.ready) == times


async def test_connections_that_end_at_once_are_trouble_too(signal: FakeSignal, receive: Receive) -> None:
    async with receive(timing=replace(FAST, steady=3600)) as bot:
        for count in range(1, 4):
            await eventually(partial(has_connected, bot, count))
            signal.drop()

        assert type(await bot.failure()) is ChannelFailed


async def test_trouble_that_goes_on_does_not_disturb_what_is_under_way(signal: FakeSignal, receive: Receive) -> None:
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk) as bot:
        signal.person(1, "Alice").write("hi")
        await desk.wait_begun("hi")
        signal.fail("events", *[faults.html()] * 1000)
        signal.drop()
        await eventually(lambda: len(bot.reports.troubles) > 6)
        assert not bot.run.done()
        slow.set()

        assert isinstance(await bot.failure(), ChannelFailed)

    assert desk.ended == ["hi"]


async def test_a_daemon_that_is_not_there_is_a_failure_that_may_pass(signal: FakeSignal, receive: Receive) -> None:
    await signal.stop()
    async with receive() as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "channels.signal.autoStart" in error.hint


async def test_something_else_that_listens_is_named(signal: FakeSignal, receive: Receive) -> None:
    signal.fail("check", faults.html(404))
    async with receive() as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "is not signal-cli's" in str(error)
    assert "channels.signal.httpUrl" in error.hint


async def test_a_daemon_that_knows_us_by_another_name_is_trouble(signal: FakeSignal, receive: Receive) -> None:
    """As of 0.14.4 signal-cli refuses other names of its host."""
    url = signal.url.replace("127.0.0.1", "127.0.0.1.nip.example")
    async with receive(settings=SignalSettings(NUMBER, url, auto_start=False)) as bot:
        assert isinstance(await bot.failure(), ChannelFailed)


@pytest.mark.parametrize(
    ("account", "accounts", "kind", "hint"),
    [
        ("+15550007777", [NUMBER], NeedsLogin, "signal-cli -a +15550007777 register"),
        (NUMBER, [], NeedsLogin, "signal-cli link"),
        ("", [], NeedsLogin, "signal-cli link"),
        ("", [NUMBER, "+15550008888"], ChannelRefused, "channels.signal.account"),
    ],
    ids=["another", "none", "none at all", "several"],
)
async def test_an_account_that_is_not_there_needs_a_login(
    signal: FakeSignal, receive: Receive, account: str, accounts: list[str], kind: type[ChannelRefused], hint: str
) -> None:
    signal.accounts = accounts
    async with receive(settings=SignalSettings(account, signal.url, auto_start=False)) as bot:
        error = await bot.failure()

    assert type(error) is kind
    assert hint in error.hint
    assert bot.ready == []


async def test_an_account_that_goes_away_needs_a_login(signal: FakeSignal, receive: Receive) -> None:
    async with receive() as bot:
        signal.accounts = []
        signal.drop()

        assert isinstance(await bot.failure(), NeedsLogin)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (error(-1, "[401] Authorization failed!"), LoggedOut),
        (error(-5, "Rate limit reached"), RateLimited),
        (error(-32603, "oops"), ChannelFailed),
    ],
)
async def test_refusals_have_their_class(
    signal: FakeSignal, receive: Receive, refusal: faults.Fault, kind: type[ChannelFailed]
) -> None:
    signal.fail("rpc", refusal)
    async with receive() as bot:
        assert type(await bot.failure()) is kind


async def test_S8_malformed_events_are_passed_over_and_not_quoted(
    signal: FakeSignal, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        for bad in ("sesame", "", "[]", "{" * 5000, '{"envelope": {"dataMessage": {"timestamp": 1e999}}}', "\ud800"):
            signal.push_raw(bad)
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]
    assert caplog.text.count("an event is left aside: malformed") == 5
    assert "sesame" not in caplog.text


async def test_S8_an_event_that_is_too_long_is_not_kept_in_memory(signal: FakeSignal, receive: Receive) -> None:
    alice = signal.person(1, "Alice")
    async with receive() as bot:
        signal.push_raw("x" * (EVENT_LIMIT + 100_000))
        await eventually(lambda: len(bot.ready) == 2)
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert bot.desk.begun == ["hi"]


async def test_a_long_text_arrives_whole(signal: FakeSignal, receive: Receive) -> None:
    text = "Ä" * 60_000
    async with receive() as bot:
        signal.person(1, "Alice").write(text)
        await bot.desk.wait_ended(text)


async def test_a_daemon_that_numbers_its_events_is_told_the_last(receive: Receive) -> None:
    async with FakeSignal(numbered=True) as signal:
        alice = signal.person(1, "Alice")
        async with receive(settings=SignalSettings(NUMBER, signal.url, auto_start=False)) as bot:
            alice.write("1")
            alice.write("2")
            await bot.desk.wait_ended("1", "2")
            signal.drop()
            await eventually(lambda: signal.connections == 2)

        assert signal.last_event_ids == [None, "2"]
