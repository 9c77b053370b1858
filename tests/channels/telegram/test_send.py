"""Dialogues of the real adapter with a Telegram of our own, over real sockets: what it sends."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.domain.names import SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    ClawdbotError,
    DeliveryFailed,
    DeliveryUnknown,
    RecipientRefused,
)
from tests.channels.telegram.conftest import ACCOUNT, FAST
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram, error, too_many
from tests.support.waiting import eventually


async def refusal(adapter: TelegramAdapter, conversation: str, text: str = "hi") -> ClawdbotError:
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send(conversation, text)
    return caught.value


def patient(telegram: FakeTelegram, state_dir: Path) -> tuple[TelegramAdapter, list[float]]:
    """An adapter for which waiting takes no time; and how long it would have waited each time."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    timing = replace(FAST, flood=60.0, sleep=sleep)
    token = Secret(telegram.token)
    return TelegramAdapter(ACCOUNT, token, TelegramSettings(telegram.url), state_dir=state_dir, timing=timing), slept


async def test_a_text_is_sent_as_it_is_without_markup(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    alice = telegram.user(777, "Alice")
    alice.write("hi")

    await adapter.send("777", "*a* _b_ <c> [d](e) 👋")

    assert alice.received == ["*a* _b_ <c> [d](e) 👋"]
    assert [each.asked.keys() for each in telegram.calls("sendMessage")] == [{"chat_id", "text"}]


async def test_many_who_hang_hold_up_nobody_else(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    """As many as there can be conversations under way."""
    alice = telegram.user(777, "Alice")
    alice.write("hi")
    telegram.fail("sendMessage", *[faults.hold(asyncio.Event())] * 99)
    stuck = [asyncio.create_task(adapter.send("777", f"stuck {number}")) for number in range(99)]
    await eventually(lambda: not telegram.will_fail("sendMessage"))

    await adapter.send("777", "hello")

    assert alice.received == ["hello"]
    for each in stuck:
        each.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_person_is_told_by_sender_id(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    alice = telegram.user(777, "Alice")
    alice.write("hi")

    await adapter.tell(SenderId("777"), "you are in")

    assert await alice.next_message() == "you are in"


async def test_a_long_text_is_sent_in_as_many_messages_as_it_needs(
    telegram: FakeTelegram, adapter: TelegramAdapter
) -> None:
    alice = telegram.user(777, "Alice")
    alice.write("hi")
    text = "\n".join("👋" * 100 for _ in range(50))

    await adapter.send("777", text)

    assert "\n".join(alice.received) == text
    assert len(alice.received) == 3


async def test_nothing_is_sent_for_a_blank_text(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    telegram.user(777, "Alice").write("hi")

    await adapter.send("777", " \n")

    assert telegram.traffic == []


async def test_a_person_who_blocked_the_bot_cannot_be_written_to(
    telegram: FakeTelegram, adapter: TelegramAdapter
) -> None:
    alice = telegram.user(777, "Alice")
    alice.write("hi")
    alice.blocked = True

    assert isinstance(await refusal(adapter, "777"), RecipientRefused)


async def test_a_person_who_never_wrote_cannot_be_written_to(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    telegram.user(777, "Alice")

    assert isinstance(await refusal(adapter, "777"), RecipientRefused)


async def test_an_unknown_person_cannot_be_written_to(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    assert isinstance(await refusal(adapter, "999"), RecipientRefused)


@pytest.mark.parametrize("conversation", ["", "0", "-100123", "@channel", "7 7", "1" * 30, "٧٧٧", "777\n", "+777"])
async def test_D6_only_a_persons_numeric_id_is_written_to(
    telegram: FakeTelegram, adapter: TelegramAdapter, conversation: str
) -> None:
    assert isinstance(await refusal(adapter, conversation), RecipientRefused)
    assert telegram.traffic == []


async def test_429_is_waited_out_and_the_message_sent_once(telegram: FakeTelegram, tmp_path: Path) -> None:
    adapter, slept = patient(telegram, tmp_path)
    alice = telegram.user(777, "Alice")
    alice.write("hi")
    telegram.fail("sendMessage", too_many(3), too_many(5))

    await adapter.send("777", "hello")
    await adapter.close()

    assert slept == [3, 5]
    assert alice.received == ["hello"]


async def test_a_wait_that_is_too_long_is_not_begun(telegram: FakeTelegram, tmp_path: Path) -> None:
    adapter, slept = patient(telegram, tmp_path)
    telegram.user(777, "Alice").write("hi")
    telegram.fail("sendMessage", too_many(40), too_many(40))

    error = await refusal(adapter, "777")
    await adapter.close()

    assert slept == [40]
    assert "too many were sent" in str(error)


@pytest.mark.parametrize("fault", [error(500), faults.html(), faults.drop], ids=["500", "html", "reset"])
async def test_D10_what_telegram_may_have_taken_is_not_sent_again(
    telegram: FakeTelegram, adapter: TelegramAdapter, fault: faults.Fault
) -> None:
    telegram.user(777, "Alice").write("hi")
    telegram.fail("sendMessage", fault)

    assert type(await refusal(adapter, "777")) is DeliveryUnknown
    assert len(telegram.calls("sendMessage")) == 1


async def test_what_certainly_did_not_arrive_is_sent_again(telegram: FakeTelegram, tmp_path: Path) -> None:
    async def come_back(_: float) -> None:
        await telegram.start()

    alice = telegram.user(777, "Alice")
    alice.write("hi")
    token, timing = Secret(telegram.token), replace(FAST, sleep=come_back)
    adapter = TelegramAdapter(ACCOUNT, token, TelegramSettings(telegram.url), state_dir=tmp_path, timing=timing)
    await telegram.stop()
    await adapter.send("777", "hello")
    await adapter.close()

    assert alice.received == ["hello"]


async def test_a_bad_token_fails_the_delivery_and_not_the_recipient(telegram: FakeTelegram, tmp_path: Path) -> None:
    telegram.user(777, "Alice").write("hi")
    adapter = TelegramAdapter(
        ACCOUNT, Secret("1:other"), TelegramSettings(telegram.url), state_dir=tmp_path, timing=FAST
    )

    assert type(await refusal(adapter, "777")) is DeliveryFailed
    await adapter.close()


async def test_two_conversations_are_written_to_at_once(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    alice, bob = telegram.user(777, "Alice"), telegram.user(888, "Bob")
    alice.write("hi")
    bob.write("hi")
    slow = asyncio.Event()
    telegram.fail("sendMessage", faults.hold(slow))

    first = asyncio.create_task(adapter.send("777", "to alice"))
    await eventually(lambda: not telegram.will_fail("sendMessage"))
    await adapter.send("888", "to bob")
    assert alice.received == []
    slow.set()
    await first

    assert (alice.received, bob.received) == (["to alice"], ["to bob"])


async def test_a_probe_says_who_the_bot_is(adapter: TelegramAdapter) -> None:
    assert await adapter.probe() == BotIdentity("123456789", "@clawd_test_bot")


async def test_a_probe_tells_a_bad_token_from_a_server_that_is_away(telegram: FakeTelegram, tmp_path: Path) -> None:
    adapter = TelegramAdapter(
        ACCOUNT, Secret("1:other"), TelegramSettings(telegram.url), state_dir=tmp_path, timing=FAST
    )

    with pytest.raises(ChannelRefused):
        await adapter.probe()
    await telegram.stop()
    with pytest.raises(ChannelFailed) as caught:
        await adapter.probe()
    await adapter.close()

    assert not isinstance(caught.value, ChannelRefused)
