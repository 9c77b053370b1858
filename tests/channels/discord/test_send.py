"""Dialogues of the real adapter with a Discord of our own, over real sockets: what it sends."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.discord.adapter import DiscordAdapter
from clawdbot.domain.names import SenderId
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    ClawdbotError,
    DeliveryFailed,
    DeliveryUnknown,
    RecipientRefused,
)
from tests.channels.discord.conftest import FAST, MESSAGES, adapter_of
from tests.fakes import faults
from tests.fakes.discord import BOT_ID, FakeDiscord, FakePerson, error, too_many
from tests.support.adapters import without_waiting
from tests.support.waiting import eventually

POST = f"POST {MESSAGES}"


@pytest.fixture
def alice(discord: FakeDiscord) -> FakePerson:
    return discord.person(1, "alice")


async def refusal(adapter: DiscordAdapter, conversation: object, text: str = "hi") -> ClawdbotError:
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send(str(conversation), text)
    return caught.value


async def test_a_text_is_sent_as_it_is_and_pings_nobody(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson
) -> None:
    await adapter.send(str(alice.channel), "@everyone <@80351110224678912> **a** 👋")

    [post] = discord.asked(POST)
    assert alice.received == ["@everyone <@80351110224678912> **a** 👋"]
    assert post.asked["allowed_mentions"]["parse"] == []
    assert len(discord.traffic) == 1  # a program that sends one message asks for nothing else


async def test_a_person_is_told_by_sender_id(discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson) -> None:
    await adapter.tell(SenderId(alice.sender), "you are in")

    assert await alice.next_message() == "you are in"
    assert [each.route for each in discord.traffic] == ["POST /users/@me/channels", POST]


@pytest.mark.parametrize("character", ["x", "👋"])
async def test_a_long_text_is_sent_in_as_many_messages_as_it_needs(
    adapter: DiscordAdapter, alice: FakePerson, character: str
) -> None:
    text = "\n".join(character * 100 for _ in range(50))

    await adapter.send(str(alice.channel), text)

    assert "\n".join(alice.received) == text
    assert 3 <= len(alice.received) <= 6


async def test_the_same_text_twice_is_two_messages(adapter: DiscordAdapter, alice: FakePerson) -> None:
    await adapter.send(str(alice.channel), "ok")
    await adapter.send(str(alice.channel), "ok")

    assert alice.received == ["ok", "ok"]


async def test_nothing_is_sent_for_a_blank_text(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson
) -> None:
    await adapter.send(str(alice.channel), " \n")

    assert discord.traffic == []


async def test_people_who_cannot_be_written_to(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson
) -> None:
    alice.unreachable = True

    assert isinstance(await refusal(adapter, alice.channel), RecipientRefused)
    assert isinstance(await refusal(adapter, 5), RecipientRefused)
    for sender in (alice.sender, "80351110224670000"):
        with pytest.raises(RecipientRefused) as caught:
            await adapter.tell(SenderId(sender), "hi")
        assert "share a server" in caught.value.hint
    assert len(discord.asked(POST)) == 3


@pytest.mark.parametrize(
    "id", ["", "0", "-1", "alice", "<@5>", "7 7", "1" * 30, "٧٧٧", "777\n", "+777", "18446744073709551616"]
)
async def test_D6_only_ids_are_written_to(discord: FakeDiscord, adapter: DiscordAdapter, id: str) -> None:
    assert isinstance(await refusal(adapter, id), RecipientRefused)
    with pytest.raises(RecipientRefused):
        await adapter.tell(SenderId(id), "hi")
    assert discord.traffic == []


async def test_a_group_is_no_person(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = adapter_of(discord, tmp_path, timing=replace(FAST, flood=0.01))
    discord.fail("POST /users/@me/channels", faults.raw('{"id": "5", "type": 3}'))

    with pytest.raises(DeliveryFailed):
        await adapter.tell(SenderId("80351110224678913"), "hi")
    await adapter.close()

    assert discord.asked(POST) == []


# --- limits and trouble -----------------------------------------------------------------------------------------------


async def test_429_is_waited_out_and_the_message_sent_once(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson
) -> None:
    timing, slept = without_waiting(replace(FAST, flood=60.0))
    adapter = adapter_of(discord, tmp_path, timing=timing)
    discord.fail(POST, too_many(3.5), too_many(5))

    await adapter.send(str(alice.channel), "hello")
    await adapter.close()

    assert slept == [3.5, 5]
    assert alice.received == ["hello"]


async def test_a_wait_that_is_too_long_is_not_begun(discord: FakeDiscord, tmp_path: Path, alice: FakePerson) -> None:
    timing, slept = without_waiting(replace(FAST, flood=60.0))
    adapter = adapter_of(discord, tmp_path, timing=timing)
    discord.fail(POST, too_many(40), too_many(40))

    error = await refusal(adapter, alice.channel)
    await adapter.close()

    assert slept == [40]
    assert type(error) is DeliveryFailed
    assert "too many were sent" in str(error)


async def test_429_of_one_conversation_holds_up_no_other(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson
) -> None:
    bob = discord.person(2, "bob")
    discord.fail(POST, too_many(3600))

    waiting = asyncio.create_task(adapter.send(str(alice.channel), "to alice"))
    await eventually(lambda: discord.asked(POST))
    await adapter.send(str(bob.channel), "to bob")

    assert bob.received == ["to bob"]
    with pytest.raises(DeliveryFailed):
        await waiting


@pytest.mark.parametrize("fault", [error(500), error(503), faults.html(), faults.drop, faults.raw("{")])
async def test_trouble_of_a_while_is_waited_out(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson, fault: faults.Fault
) -> None:
    discord.fail(POST, fault, fault)

    await adapter.send(str(alice.channel), "hello")

    assert alice.received == ["hello"]


async def test_D10_a_message_whose_answer_is_lost_is_sent_again_and_arrives_once(
    discord: FakeDiscord, adapter: DiscordAdapter, alice: FakePerson
) -> None:
    discord.fail(POST, discord.lose_answer, discord.lose_answer)

    await adapter.send(str(alice.channel), "hello")

    assert alice.received == ["hello"]
    assert len(discord.asked(POST)) == 3


@pytest.mark.parametrize("fault", [error(500), faults.html(), faults.drop], ids=["500", "html", "reset"])
async def test_D10_what_discord_may_have_taken_is_unknown_in_the_end(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson, fault: faults.Fault
) -> None:
    timing, _ = without_waiting(replace(FAST, flood=0.05))
    adapter = adapter_of(discord, tmp_path, timing=timing)
    discord.fail(POST, fault, *[too_many(1)] * 100)

    assert type(await refusal(adapter, alice.channel)) is DeliveryUnknown
    await adapter.close()


async def test_an_answer_that_does_not_come_is_not_waited_for(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson
) -> None:
    adapter = adapter_of(discord, tmp_path, timing=replace(FAST, answer=0.05, flood=0.01))
    never = asyncio.Event()
    discord.fail(POST, faults.hold(never))

    assert type(await refusal(adapter, alice.channel)) is DeliveryUnknown
    await adapter.close()


async def test_what_certainly_did_not_arrive_is_not_unknown(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson
) -> None:
    adapter = adapter_of(discord, tmp_path, timing=replace(FAST, flood=0.05))
    await discord.stop()

    assert type(await refusal(adapter, alice.channel)) is DeliveryFailed
    await adapter.close()


async def test_a_server_that_comes_back_gets_what_waited(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson
) -> None:
    async def come_back(_: float) -> None:
        await discord.start()

    adapter = adapter_of(discord, tmp_path, timing=replace(FAST, sleep=come_back))
    await discord.stop()
    await adapter.send(str(alice.channel), "hello")
    await adapter.close()

    assert alice.received == ["hello"]


async def test_a_bad_token_fails_the_delivery_and_not_the_recipient(
    discord: FakeDiscord, tmp_path: Path, alice: FakePerson
) -> None:
    adapter = adapter_of(discord, tmp_path, token="another")

    assert type(await refusal(adapter, alice.channel)) is DeliveryFailed
    await adapter.close()


# --- who we are -------------------------------------------------------------------------------------------------------


async def test_a_probe_says_who_the_bot_is(discord: FakeDiscord, adapter: DiscordAdapter) -> None:
    assert await adapter.probe() == BotIdentity(str(BOT_ID), "@clawd_test_bot")
    discord.me["discriminator"] = "1234"
    assert await adapter.probe() == BotIdentity(str(BOT_ID), "clawd_test_bot#1234")


async def test_a_probe_tells_a_bad_token_from_a_server_that_is_away(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = adapter_of(discord, tmp_path, token="another")

    with pytest.raises(ChannelRefused):
        await adapter.probe()
    await discord.stop()
    with pytest.raises(ChannelFailed) as caught:
        await adapter.probe()
    await adapter.close()

    assert not isinstance(caught.value, ChannelRefused)
