"""What every channel does alike: one suite, over the real adapter of each on a platform of our own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clawdbot.domain.gate import Admit
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.senders import Approved, NoSuchRequest
from clawdbot.domain.texts import APPROVED
from clawdbot.persons_service import PersonsService
from tests.support.bots import Bot, bot_on, code_in
from tests.support.channels import Person, Platform
from tests.support.fakes import open_fake
from tests.support.waiting import eventually

HOUR_MS = 60 * 60 * 1000

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)


@pytest.fixture
async def platform(channel: Channel) -> AsyncIterator[Platform]:
    async with open_fake(channel) as fake:
        yield fake


@asynccontextmanager
async def _started(platform: Platform, **keys: object) -> AsyncIterator[tuple[Bot, Person]]:
    """A bot, and Olive, whom its configuration lists: when she is answered, what came before was looked at."""
    olive = platform.person(99, "Olive")
    async with bot_on(platform, allowFrom=[olive.sender], **keys) as bot:
        await bot.answers(olive)
        yield bot, olive


# --- pairing ---------------------------------------------------------------------------------------------------------


async def test_D9_D10_a_stranger_gets_one_code_and_is_answered_once_approved(platform: Platform) -> None:
    """Three messages, one code with the sender's id; none of them is processed, the first one after the approval is."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        code = await bot.asks(anne, "one")
        for text in ("two", "/start", "three"):
            anne.write(text)
        await bot.decided("three")
        await bot.answers(olive)
        assert len(anne.received) == 1
        assert anne.id_line in anne.received[0].splitlines()
        (request,) = await bot.waiting()
        assert request.sender == anne.sender
        assert isinstance(await bot.approve(code), Approved)
        await bot.tell(anne.sender)
        assert await anne.next_message() == APPROVED
        await bot.answers(anne, "four")
        assert [prompt.text for prompt in bot.assistant.heard if prompt.sender == anne.sender] == ["four"]


async def test_D10_a_flood_of_one_stranger_brings_one_reply(platform: Platform) -> None:
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        for number in range(200):
            anne.write(f"hello {number}")
        await bot.decided("hello 199")
        await bot.answers(olive)
        assert len(anne.received) == 1


async def test_D11_a_code_is_dead_after_an_hour(platform: Platform) -> None:
    """It opens nothing, and the next message brings a new one."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, _):
        old = await bot.asks(anne)
        bot.clock.ahead_ms += HOUR_MS
        assert await bot.approve(old) == NoSuchRequest()
        new = await bot.asks(anne, "again")
        assert new != old
        assert isinstance(await bot.approve(new), Approved)


async def test_D10_three_wait_and_the_fourth_is_ignored_until_one_is_decided(platform: Platform) -> None:
    people = [platform.person(number, f"Person {number}") for number in range(1, 5)]
    async with _started(platform) as (bot, olive):
        codes = [await bot.asks(person) for person in people[:3]]
        people[3].write("me too")
        await bot.decided("me too")
        await bot.answers(olive)
        assert people[3].received == []
        await bot.service.reject_sender(bot.account(), (await bot.waiting())[0].code)
        assert await bot.asks(people[3], "and now?") not in codes


async def test_D11_a_rejected_request_is_gone(platform: Platform) -> None:
    """Its code opens nothing; nobody is told; the next message brings a new code."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        old = await bot.asks(anne)
        (request,) = await bot.waiting()
        await bot.service.reject_sender(bot.account(), request.code)
        assert await bot.waiting() == []
        assert await bot.approve(old) == NoSuchRequest()
        await bot.answers(olive)
        assert len(anne.received) == 1
        assert await bot.asks(anne, "again") != old


async def test_D17_revoked_and_blocked_are_out_with_the_next_message(platform: Platform) -> None:
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        await bot.answers(anne)
        (sender,) = (await bot.service.read(bot.account())).allowed
        await bot.service.revoke_sender(bot.account(), sender)
        await bot.asks(anne, "revoked?")
        await bot.service.block_sender(bot.account(), sender, by="test")
        got = len(anne.received)
        anne.write("blocked?")
        await bot.decided("blocked?")
        await bot.answers(olive)
        assert len(anne.received) == got
        await bot.service.unblock_sender(bot.account(), sender)
        await bot.asks(anne, "unblocked?")
        assert not {"revoked?", "blocked?", "unblocked?"} & set(bot.assistant.texts)


async def test_D14_nobody_approves_himself_by_what_he_writes(platform: Platform) -> None:
    """Neither a command nor his own code, sent to the bot, decides anything."""
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        code = await bot.asks(anne)
        for text in (code, f"/approve {code}", f"clawdbot pairing approve {platform.channel} {code}"):
            anne.write(text)
            await bot.decided(text)
        await bot.answers(olive)
        assert len(anne.received) == 1
        assert len(await bot.waiting()) == 1


async def test_D9_D18_who_has_a_word_of_the_owner_gets_in_and_the_assistant_never_sees_it(platform: Platform) -> None:
    """Written as people do, or brought by a deep link; he is told, and what he writes next is answered."""
    anne, bert, carl = (platform.person(number, name) for number, name in enumerate(("Anne", "Bert", "Carl"), 1))
    async with _started(platform) as (bot, olive):
        owner = PersonsService(bot.store, now=bot.clock)
        made = await owner.invite(bot.account(), within_ms=HOUR_MS, uses=2)
        assert isinstance(made, InviteMade)
        word = made.word
        for person, text in ((anne, f" {word.grouped().lower()}"), (bert, f"/start {word.reveal()}")):
            person.write(text)
            assert await person.next_message() == APPROVED
            await bot.answers(person)
        await bot.asks(carl, word.grouped())
        await bot.answers(olive)
        assert len((await bot.service.read(bot.account())).allowed) == 2
        heard = " ".join(bot.assistant.texts).upper().replace("-", "")
        assert word.reveal() not in heard


# --- policies --------------------------------------------------------------------------------------------------------


async def test_D3_D4_D5_every_policy(platform: Platform) -> None:
    """As it changes under a running bot: who is in, and silence for everybody else."""
    anne, bert = platform.person(1, "Anne"), platform.person(2, "Bert")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        bot.configure(dmPolicy="allowlist")
        for person, text in ((anne, "approved, not listed"), (bert, "a stranger to the list")):
            got = len(person.received)
            person.write(text)
            await bot.decided(text)
            await bot.answers(olive)
            assert len(person.received) == got
        bot.configure(dmPolicy="open")
        await bot.answers(anne, "approved")
        bert.write("open, without a star")
        await bot.decided("open, without a star")
        assert bert.received == []
        bot.configure(allowFrom=["*"])
        await bot.answers(bert, "open to all")
        bot.configure(dmPolicy="disabled")
        for person in (anne, olive):
            got = len(person.received)
            person.write(f"disabled {got}")
            await bot.decided(f"disabled {got}")
            assert len(person.received) == got
        assert await bot.waiting() == []


# --- what is no message ----------------------------------------------------------------------------------------------


async def test_D2_D8_what_is_no_new_direct_text_from_a_person_does_nothing(platform: Platform) -> None:
    """Of a stranger and of somebody who is in: no code, no state, not a word to the assistant."""
    anne, bert = platform.person(1, "Anne"), platform.person(2, "Bert")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        await bot.answers(anne)
        for person in (anne, bert):
            seen, got = len(bot.decisions), len(person.received)
            for kind, send in platform.noise(person).items():
                send()
                await bot.answers(olive)
                others = [message for message, _ in bot.decisions[seen:] if message.sender != olive.sender]
                assert others == [], kind
            assert len(person.received) == got
        assert await bot.waiting() == []


# --- delivery --------------------------------------------------------------------------------------------------------


async def test_D16_what_comes_again_is_processed_once(platform: Platform) -> None:
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        await bot.answers(anne, "once")
        platform.redeliver(anne)
        await bot.answers(olive)
        await bot.answers(anne, "twice")
        platform.redeliver(anne)
        platform.redeliver(anne)
        await bot.answers(olive)
        assert [text for text in bot.assistant.texts if text in ("once", "twice")] == ["once", "twice"]


async def test_one_person_s_messages_stay_in_order_and_hold_up_nobody_else(platform: Platform) -> None:
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        go = bot.assistant.hold("slow")
        for text in ("slow", "second", "third"):
            anne.write(text)
        await eventually(lambda: "slow" in bot.assistant.texts)
        await bot.answers(olive)
        assert not {"second", "third"} & set(bot.assistant.texts)
        go.set()
        for text in ("slow", "second", "third"):
            assert await anne.next_message() == f"You said: {text}"


async def test_a_connection_that_breaks_comes_back_and_nothing_is_lost(platform: Platform) -> None:
    anne = platform.person(1, "Anne")
    async with _started(platform) as (bot, olive):
        await bot.paired(anne)
        for number in range(3):
            platform.drop()
            anne.write(f"after drop {number}")
            assert await anne.next_message(30) == f"You said: after drop {number}"
        await bot.answers(olive)
        assert [text for text in bot.assistant.texts if text.startswith("after")] == [
            f"after drop {n}" for n in range(3)
        ]


async def test_a_restart_in_the_middle_loses_nothing_that_was_taken(platform: Platform, tmp_path: Path) -> None:
    """Stopped while the assistant is at one message and another one waits: both are answered after the start."""
    anne, olive = platform.person(1, "Anne"), platform.person(99, "Olive")
    bot, again = (Bot(platform.channel, tmp_path / "state") for _ in range(2))
    for each in (bot, again):
        each.configure(DEFAULT_ACCOUNT, allowFrom=[olive.sender], **platform.settings())
    async with bot.running():
        await bot.paired(anne)
        bot.assistant.hold("one")
        anne.write("one")
        await eventually(lambda: "one" in bot.assistant.texts)
        anne.write("two")
        await bot.answers(olive)
    async with again.running():
        assert await anne.next_message(30) == "You said: one"
        assert await anne.next_message(30) == "You said: two"


# --- accounts --------------------------------------------------------------------------------------------------------


async def test_D1_two_accounts_are_strangers_to_each_other(channel: Channel, tmp_path: Path) -> None:
    """Approved on one, a stranger on the other; a code of one opens nothing on the other."""
    async with open_fake(channel) as one, open_fake(channel) as two:
        bot = Bot(channel, tmp_path / "state")
        bot.configure("default", **one.settings())
        bot.configure("work", **two.settings())
        here, there = one.person(1, "Anne"), two.person(1, "Anne")
        async with bot.running():
            code = await bot.asks(here)
            assert await bot.approve(code, "work") == NoSuchRequest()
            assert isinstance(await bot.approve(code), Approved)
            await bot.answers(here)
            there.write("hello")
            assert code_in(await there.next_message()) != code
            assert [message.account for message, decision in bot.decisions if decision == Admit()] == [bot.account()]
