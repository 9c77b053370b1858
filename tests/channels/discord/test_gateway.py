"""Dialogues of the real adapter with a Discord of our own, over real sockets: connections that end and come back."""

import json
from dataclasses import replace

import pytest

from clawdbot.channels.backoff import Backoff
from clawdbot.errors import ChannelFailed, ChannelRefused, RateLimited, TokenRefused
from tests.channels.discord.conftest import FAST, Receive, Running
from tests.fakes import faults
from tests.fakes.discord import FakeDiscord, error
from tests.fakes.discord_gateway import Op
from tests.support.adapters import without_waiting
from tests.support.desk import Desk
from tests.support.waiting import eventually

LASTING = replace(FAST, patience=1000)


async def ready(bot: Running, times: int) -> None:
    await eventually(lambda: len(bot.reports.ready_as) == times)


# --- a short break ----------------------------------------------------------------------------------------------------


async def test_what_was_missed_in_a_short_break_is_told_again(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
        discord.drop()
        alice.write("meanwhile")
        discord.person(2, "bob").write("a stranger's first")
        await bot.desk.wait_ended("meanwhile", "a stranger's first")

    assert discord.gateway.opened == [Op.IDENTIFY, Op.RESUME]
    assert bot.desk.begun == ["before", "meanwhile", "a stranger's first"]


async def test_trouble_is_told_and_so_is_its_end(discord: FakeDiscord, receive: Receive) -> None:
    async with receive() as bot:
        discord.drop()
        await ready(bot, 2)

    [trouble] = bot.reports.troubles
    assert type(trouble) is ChannelFailed


@pytest.mark.parametrize("how", ["asked to", "closed with 1000", "closed with 4000", "closed with 4009"])
async def test_discord_may_ask_for_another_connection(discord: FakeDiscord, receive: Receive, how: str) -> None:
    async with receive(timing=LASTING) as bot:
        for socket in discord.gateway.sockets:
            if how == "asked to":
                socket.send(Op.RECONNECT)
            else:
                socket.close(int(how.split()[-1]))
        await ready(bot, 2)
        discord.person(1, "alice").write("hi")
        await bot.desk.wait_ended("hi")


async def test_D16_what_a_resumed_session_repeats_is_processed_once(discord: FakeDiscord, receive: Receive) -> None:
    alice = discord.person(1, "alice")
    desk = Desk()
    slow = desk.hold("slow")
    async with receive(desk) as bot:
        alice.write("slow")
        alice.write("next")
        await desk.wait_begun("slow")
        discord.drop()
        discord.redeliver(alice)
        await ready(bot, 2)
        slow.set()
        alice.write("last")
        await desk.wait_ended("last")

    assert desk.ended == ["slow", "next", "last"]


# --- a long break -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", ["while it is connected", "while it is away"])
async def test_a_session_that_is_forgotten_is_begun_anew_and_what_was_missed_is_asked_for(
    discord: FakeDiscord, receive: Receive, waits: str
) -> None:
    alice = discord.person(1, "alice")
    async with receive() as bot:
        alice.write("before")
        await bot.desk.wait_ended("before")
        sockets = list(discord.gateway.sockets)
        discord.gateway.forget()
        alice.write("missed 1")
        alice.write("missed 2")
        if waits == "while it is connected":
            sockets[0].send(Op.INVALID_SESSION, False)
        else:
            discord.drop()
        await bot.desk.wait_ended("missed 2")
        alice.write("after")
        await bot.desk.wait_ended("after")

    assert bot.desk.ended == ["before", "missed 1", "missed 2", "after"]
    assert discord.gateway.opened[-1] == Op.IDENTIFY


async def test_a_session_is_not_begun_when_discord_allows_none_today(discord: FakeDiscord, receive: Receive) -> None:
    timing, slept = without_waiting(FAST)
    discord.gateway.starts_left = 0
    async with receive(timing=timing) as bot:
        error = await bot.failure()

    assert isinstance(error, RateLimited)
    assert discord.gateway.opened == []
    assert slept == [3600] * timing.patience


# --- for good ---------------------------------------------------------------------------------------------------------


async def test_a_bad_token_is_refused_with_advice(discord: FakeDiscord, receive: Receive) -> None:
    for token in ("MTIz.another.token", "no token at all", "\n"):
        async with receive(token=token) as bot:
            error = await bot.failure()

        assert isinstance(error, TokenRefused)
        assert "clawdbot channels add discord" in error.hint
        assert bot.reports.ready_as == []
    assert len(discord.traffic) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(4004, TokenRefused), (4014, ChannelRefused), (4013, ChannelRefused), (4011, ChannelRefused)]
)
async def test_what_trying_again_cannot_mend_ends_the_run_with_a_way_out(
    discord: FakeDiscord, receive: Receive, code: int, kind: type[ChannelRefused]
) -> None:
    async with receive() as bot:
        discord.gateway.close_with = code
        discord.drop()
        error = await bot.failure()

    assert type(error) is kind
    assert isinstance(error, ChannelRefused)
    assert error.hint


async def test_trouble_that_goes_on_is_handed_to_the_supervisor(discord: FakeDiscord, receive: Receive) -> None:
    discord.gateway.close_with = 4000
    async with receive() as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert len(bot.reports.troubles) == FAST.patience


async def test_trouble_that_goes_on_does_not_disturb_what_is_under_way(discord: FakeDiscord, receive: Receive) -> None:
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk) as bot:
        discord.person(1, "alice").write("hi")
        await desk.wait_begun("hi")
        discord.gateway.close_with = 4000
        discord.drop()
        await eventually(lambda: len(bot.reports.troubles) > 2 * FAST.patience)
        assert not bot.run.done()
        slow.set()

        assert isinstance(await bot.failure(), ChannelFailed)

    assert desk.ended == ["hi"]


async def test_a_server_that_is_not_there_is_a_failure_that_may_pass(discord: FakeDiscord, receive: Receive) -> None:
    await discord.stop()
    async with receive() as bot:
        error = await bot.failure()
    assert type(error) is ChannelFailed

    await discord.start()
    async with receive() as bot:
        discord.person(1, "alice").write("hi")
        await bot.desk.wait_ended("hi")


@pytest.mark.parametrize("fault", [error(500), error(403), faults.html(), faults.drop, faults.raw("{}")])
async def test_a_gateway_that_cannot_be_asked_for_is_waited_for(
    discord: FakeDiscord, receive: Receive, fault: faults.Fault
) -> None:
    discord.fail("GET /gateway/bot", fault, fault)
    async with receive() as bot:
        assert bot.reports.troubles


async def test_a_gateway_that_does_not_greet_is_left(discord: FakeDiscord, receive: Receive) -> None:
    discord.gateway.mute = True
    async with receive(timing=replace(FAST, answer=0.05)) as bot:
        assert type(await bot.failure()) is ChannelFailed
    discord.gateway.mute, discord.gateway.deaf = False, True
    async with receive(timing=replace(FAST, answer=0.05)) as bot:
        assert type(await bot.failure()) is ChannelFailed


async def test_back_off_grows_from_2_to_30_seconds(discord: FakeDiscord, receive: Receive) -> None:
    timing, slept = without_waiting(replace(FAST, backoff=Backoff(), patience=7))
    discord.gateway.close_with = 4000
    async with receive(timing=timing) as bot:
        await bot.failure()

    assert all(a <= b for a, b in zip([2, 3.6, 6.4, 11, 20, 30, 30], slept, strict=True))


async def test_connections_that_do_not_last_count_as_failures(discord: FakeDiscord, receive: Receive) -> None:
    timing, slept = without_waiting(replace(FAST, backoff=Backoff(jitter=0), patience=3))
    async with receive(timing=timing) as bot:
        for n in range(1, 4):
            await ready(bot, n)
            discord.drop()
        assert isinstance(await bot.failure(), ChannelFailed)

    assert slept == pytest.approx([2, 3.6, 6.48])


async def test_a_connection_that_lasted_was_a_good_one(discord: FakeDiscord, receive: Receive) -> None:
    timing, slept = without_waiting(replace(FAST, backoff=Backoff(jitter=0), steady=0))
    async with receive(timing=timing) as bot:
        for n in range(2, 7):
            discord.drop()
            await ready(bot, n)

    assert slept == [2] * 5


# --- nonsense ---------------------------------------------------------------------------------------------------------

DEEP = '{"op":0,"t":"MESSAGE_CREATE","s":99,"d":' + "[" * 100_000 + "]" * 100_000 + "}"
NONSENSE = {
    "no json": "{",
    "a number of 5000 digits": '{"op":0,"t":"MESSAGE_CREATE","s":99,"d":{"id":' + "9" * 5000 + "}}",
    "10,000 deep": DEEP,
    "an unknown event": json.dumps({"op": 0, "t": "SOMETHING_NEW", "s": 1, "d": None}),
    "an unknown operation": json.dumps({"op": 77, "d": None}),
    "a message that is none": json.dumps({"op": 0, "t": "MESSAGE_CREATE", "s": 1, "d": [1]}),
    "an empty message": json.dumps({"op": 0, "t": "MESSAGE_CREATE", "s": 1, "d": None}),
    "ids that are numbers": '{"op":0,"t":"MESSAGE_CREATE","s":1,"d":{"id":1e400,"channel_id":NaN,"author":{}}}',
}


@pytest.mark.parametrize("frame", NONSENSE.values(), ids=NONSENSE)
async def test_S8_a_frame_that_makes_no_sense_is_skipped(discord: FakeDiscord, receive: Receive, frame: str) -> None:
    async with receive() as bot:
        discord.gateway.sockets[0].send_text(frame)
        discord.person(1, "alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert discord.gateway.opened == [Op.IDENTIFY]
    assert bot.desk.begun == ["hi"]


async def test_S8_a_frame_that_confuses_the_library_is_not_asked_for_again(
    discord: FakeDiscord, receive: Receive
) -> None:
    async with receive() as bot:
        discord.gateway.sockets[0].send_text("[]")
        await ready(bot, 2)
        discord.person(1, "alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert discord.gateway.opened == [Op.IDENTIFY, Op.IDENTIFY]


async def test_S8_a_very_long_text_arrives_whole(discord: FakeDiscord, receive: Receive) -> None:
    async with receive() as bot:
        discord.person(1, "alice").write("x" * 1_000_000)
        await eventually(lambda: bot.desk.ended)

    assert len(bot.desk.messages[0].text) == 1_000_000
