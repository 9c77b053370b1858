"""Dialogues of the real adapter with a Slack of our own, over real sockets: what it sends."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.slack.adapter import SlackAdapter
from clawdbot.domain.names import SenderId
from clawdbot.errors import DeliveryFailed, DeliveryUnknown, RecipientRefused
from tests.channels.slack.conftest import FAST, adapter_for
from tests.fakes import faults
from tests.fakes.slack import FakeSlack, error, too_many


async def refusal(adapter: SlackAdapter, conversation: str = "D0PERSON1", text: str = "hi") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send(conversation, text)
    return caught.value


def patient(slack: FakeSlack, state_dir: Path) -> tuple[SlackAdapter, list[float]]:
    """An adapter for which waiting takes no time; and how long it would have waited each time."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return adapter_for(slack, state_dir, replace(FAST, flood=60.0, sleep=sleep)), slept


async def test_a_text_is_sent_as_it_is_without_markup_and_calls_nobody(slack: FakeSlack, adapter: SlackAdapter) -> None:
    alice = slack.person(1, "Alice")
    text = "*a* _b_ <!channel> <@U0CLAWD> & &lt; <https://a.b|c> 👋"

    await adapter.send("D0PERSON1", text)

    assert alice.received == [text]
    assert alice.called == []
    [sent] = slack.calls("chat.postMessage")
    assert (sent.asked["mrkdwn"], sent.asked["unfurl_links"], sent.asked["unfurl_media"]) == (False, False, False)


async def test_a_person_is_told_by_sender_id(slack: FakeSlack, adapter: SlackAdapter) -> None:
    alice = slack.person(1, "Alice")
    await adapter.tell(SenderId("U0PERSON1"), "you are in")
    assert await alice.next_message() == "you are in"


async def test_a_long_text_is_sent_in_as_many_messages_as_it_needs(slack: FakeSlack, adapter: SlackAdapter) -> None:
    alice = slack.person(1, "Alice")
    text = "\n".join("<👋>" * 25 for _ in range(100))

    await adapter.send("D0PERSON1", text)

    assert "\n".join(alice.received) == text
    assert [len(each.encode("utf-16-le")) // 2 <= 4000 for each in alice.received] == [True] * 3


async def test_nothing_is_sent_for_a_blank_text(slack: FakeSlack, adapter: SlackAdapter) -> None:
    await adapter.send("D0PERSON1", " \n")
    assert slack.traffic == []


@pytest.mark.parametrize(
    "conversation", ["", "C0GENERAL", "#general", "@alice", "U0PERSON1", "d0person1", "D0 1", "D\n"]
)
async def test_D2_D6_only_a_direct_conversation_is_written_to(
    slack: FakeSlack, adapter: SlackAdapter, conversation: str
) -> None:
    assert isinstance(await refusal(adapter, conversation), RecipientRefused)
    assert slack.traffic == []


@pytest.mark.parametrize("sender", ["", "alice", "@alice", "u0person1", "D0PERSON1", "U1,U2", "U1\n"])
async def test_D6_only_a_person_s_id_is_told(slack: FakeSlack, adapter: SlackAdapter, sender: str) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.tell(SenderId(sender), "hi")
    assert slack.traffic == []


async def test_people_who_cannot_be_written_to_are_told_apart(slack: FakeSlack, adapter: SlackAdapter) -> None:
    slack.person(2, "Bob").deactivated = True
    assert isinstance(await refusal(adapter, "D0NOBODY"), RecipientRefused)
    assert isinstance(await refusal(adapter, "D0PERSON2"), RecipientRefused)
    for sender in ("U0PERSON2", "U0NOBODY", slack.user_id):
        with pytest.raises(RecipientRefused):
            await adapter.tell(SenderId(sender), "hi")


async def test_the_scope_that_is_missing_is_named(slack: FakeSlack, adapter: SlackAdapter) -> None:
    slack.scopes = ("im:write",)
    slack.person(1, "Alice")
    failed = await refusal(adapter)
    assert type(failed) is DeliveryFailed
    assert "chat:write" in failed.hint


async def test_429_is_waited_out_and_the_message_sent_once(slack: FakeSlack, tmp_path: Path) -> None:
    adapter, slept = patient(slack, tmp_path)
    alice = slack.person(1, "Alice")
    slack.fail("conversations.open", too_many(1))
    slack.fail("chat.postMessage", too_many(3), too_many(5))

    await adapter.tell(SenderId("U0PERSON1"), "hello")

    assert slept == [1, 3, 5]
    assert alice.received == ["hello"]


async def test_a_wait_that_is_too_long_is_not_begun(slack: FakeSlack, tmp_path: Path) -> None:
    adapter, slept = patient(slack, tmp_path)
    slack.fail("chat.postMessage", too_many(40), too_many(40))

    assert "too many were sent" in str(await refusal(adapter))
    assert slept == [40]


@pytest.mark.parametrize(
    "fault", [error("internal_error"), faults.html(), faults.drop], ids=["internal error", "html", "reset"]
)
async def test_D10_what_slack_may_have_taken_is_not_sent_again(
    slack: FakeSlack, adapter: SlackAdapter, fault: faults.Fault
) -> None:
    slack.person(1, "Alice")
    slack.fail("chat.postMessage", fault)

    assert type(await refusal(adapter)) is DeliveryUnknown
    assert len(slack.calls("chat.postMessage")) == 1


async def test_what_certainly_did_not_arrive_is_sent_again(slack: FakeSlack, tmp_path: Path) -> None:
    gone, back = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        gone.set()
        await back.wait()

    adapter = adapter_for(slack, tmp_path, replace(FAST, sleep=sleep))
    alice = slack.person(1, "Alice")
    await slack.stop()
    sending = asyncio.create_task(adapter.send("D0PERSON1", "hello"))
    await gone.wait()
    await slack.start()
    back.set()
    await sending

    assert alice.received == ["hello"]


async def test_a_bad_token_fails_the_delivery_and_not_the_recipient(slack: FakeSlack, tmp_path: Path) -> None:
    slack.person(1, "Alice")
    assert type(await refusal(adapter_for(slack, tmp_path, token="xoxb-other"))) is DeliveryFailed


async def test_two_conversations_are_written_to_at_once(slack: FakeSlack, adapter: SlackAdapter) -> None:
    alice, bob = slack.person(1, "Alice"), slack.person(2, "Bob")
    slow = asyncio.Event()
    slack.fail("chat.postMessage", faults.hold(slow))

    first = asyncio.create_task(adapter.send("D0PERSON1", "to alice"))
    await asyncio.sleep(0)
    while slack._faults["chat.postMessage"]:
        await asyncio.sleep(0.002)
    await adapter.send("D0PERSON2", "to bob")
    assert (alice.received, bob.received) == ([], ["to bob"])
    slow.set()
    await first

    assert alice.received == ["to alice"]
