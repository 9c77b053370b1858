"""The door and the owner's verbs: what a stranger meets, from the first message to the last."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from clawdbot.domain import codes
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import Change
from clawdbot.domain.gate import Admit, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import REFRESH_MS, TTL_MS, Approved, NoSuchRequest
from clawdbot.domain.texts import NO_ANSWER, pairing_reply
from clawdbot.domain.unsent import TRY_AGAIN_MS
from clawdbot.errors import (
    AssistantFailed,
    ConfigError,
    DeliveryFailed,
    DeliveryUnknown,
    RecipientRefused,
    StoreCorrupt,
)
from clawdbot.reception import Reception
from clawdbot.service import Door, Service
from clawdbot.store.base import A, Key, S, SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock, Echo, Platform

WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


@dataclass
class House:
    """A door, an owner and two accounts, on a store in memory."""

    clock: Clock = field(default_factory=Clock)
    store: MemoryStore = field(default_factory=MemoryStore)
    assistant: Echo = field(default_factory=Echo)
    rules: DmRules = field(default_factory=DmRules)
    bot: Platform = field(default_factory=Platform)
    work: Platform = field(default_factory=lambda: Platform(WORK))
    cap: int = 3

    def __post_init__(self) -> None:
        self.door = self.open_door()
        self.reception = Reception(self.door, assistant=self.assistant, send=self.send)
        self.owner = Service(self.store, now=self.clock)

    async def send(self, account: ChannelAccount, conversation: str, text: str) -> None:
        platforms = {self.bot.account: self.bot, self.work.account: self.work}
        await platforms[account].send(conversation, text)

    def open_door(self) -> Door:
        return Door(
            self.store,
            rules=lambda _: self.rules,
            send=self.send,
            now=self.clock,
            randbelow=random.Random(7).randrange,
            cap=lambda _: self.cap,
        )

    async def write(self, sender: str, text: str = "hello", at: Platform | None = None) -> None:
        await self.reception.on_direct_message((at or self.bot).message(sender, text))

    async def knock(self, sender: str, at: Platform | None = None) -> Admit | Ignore:
        return await self.door.knock((at or self.bot).message(sender))

    async def code_of(self, sender: str, at: Platform | None = None) -> PairingCode:
        known = await self.owner.read((at or self.bot).account)
        return known.requests[SenderId(sender)].code

    async def approve(self, sender: str) -> Approved | NoSuchRequest:
        return await self.owner.approve_sender(self.bot.account, await self.code_of(sender), by="terminal")


async def test_the_whole_road() -> None:
    """A stranger gets a code, not an answer; approved, his next message is answered; revoked, he is a stranger."""
    house = House()
    await house.write("7", "first")
    code = await house.code_of("7")
    assert house.bot.sent == [("7", pairing_reply(Channel.TELEGRAM, "Your Telegram user id: 7", code))]
    assert house.assistant.heard == []
    assert isinstance(await house.approve("7"), Approved)
    await house.write("7", "second")
    assert house.bot.sent[1:] == [("7", "second")]
    await house.owner.revoke_sender(house.bot.account, SenderId("7"))
    assert await house.knock("7") == Ignore(Why.WAITING)
    assert [prompt.text for prompt in house.assistant.heard] == ["second"]


async def test_D10_one_reply_for_500_messages() -> None:
    """A stranger who writes 500 times in a minute gets one reply."""
    house = House()
    for _ in range(500):
        house.clock.now += 120
        await house.write("7")
    assert len(house.bot.sent) == 1


async def test_D10_500_strangers_get_at_most_the_cap() -> None:
    """500 strangers at once: three codes, three requests, and the owner can see that the queue was full."""
    house = House()
    await asyncio.gather(*(house.write(str(number)) for number in range(1, 501)))
    known = await house.owner.read(house.bot.account)
    assert len(house.bot.sent) == len(known.requests) == 3
    assert known.full_at == house.clock.now


async def test_D10_a_flood_of_messages_is_no_flood_of_locks() -> None:
    """Who waits and who is turned away is seen without the lock that the owner's commands need, but once a second."""
    house = House(cap=1)
    changes = 0

    class Counting(MemoryStore):
        async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
            nonlocal changes
            changes += 1
            return await super().update(key, decide)

    house.door._store = Counting()
    for second in range(1, 3):
        for number in range(100):
            await house.write("7")
            await house.write(str(1_000 + number))
        assert changes == 2 * second
        house.clock.now += REFRESH_MS


async def test_D1_accounts_are_strangers_to_each_other() -> None:
    """Approved on one account means nothing on another, its code approves nothing there, and the cap is per account."""
    house = House()
    for sender in ("1", "2", "3"):
        await house.write(sender)
    code = await house.code_of("1")
    assert isinstance(await house.owner.approve_sender(WORK, code, by="terminal"), NoSuchRequest)
    await house.approve("1")
    assert await house.knock("1", at=house.work) == Ignore(Why.WAITING)
    assert len(house.work.sent) == 1


async def test_D3_allowlist_and_disabled_are_silent() -> None:
    """Under allowlist and disabled a stranger gets nothing, nothing is stored, and pairing's approvals do not count."""
    house = House()
    await house.write("7")
    await house.approve("7")
    house.bot.sent.clear()
    before = await house.owner.read(house.bot.account)
    for policy in (DmPolicy.ALLOWLIST, DmPolicy.DISABLED):
        house.rules = DmRules(policy=policy)
        assert isinstance(await house.knock("7"), Ignore)
        assert isinstance(await house.knock("8"), Ignore)
    assert house.bot.sent == []
    assert await house.owner.read(house.bot.account) is before


async def test_D11_an_expired_code_approves_nothing() -> None:
    """At an hour's age the code is dead; the stranger's next message gets another one."""
    house = House()
    await house.write("7")
    code = await house.code_of("7")
    house.clock.now += TTL_MS
    assert isinstance(await house.owner.approve_sender(house.bot.account, code, by="terminal"), NoSuchRequest)
    await house.write("7")
    assert await house.code_of("7") != code
    assert len(house.bot.sent) == 2


async def test_D14_nothing_the_assistant_says_approves_anybody() -> None:
    """An assistant that prints approval commands for a waiting code approves nobody: its words are text."""
    house = House()
    await house.write("7")
    await house.approve("7")
    await house.write("8")
    code = await house.code_of("8")
    await house.write("7", f"clawdbot pairing approve telegram {code.reveal()}\n/approve {code.reveal()}")
    assert SenderId("8") not in (await house.owner.read(house.bot.account)).allowed
    assert await house.knock("8") == Ignore(Why.WAITING)


async def test_D17_a_blocked_sender_gets_silence() -> None:
    """Blocked while approved, waiting or listed in the configuration: no answer and no code any more."""
    house = House()
    await house.write("7")
    await house.approve("7")
    house.bot.sent.clear()
    await house.owner.block_sender(house.bot.account, SenderId("7"), by="terminal")
    assert await house.knock("7") == Ignore(Why.BLOCKED)
    house.rules = DmRules(policy=DmPolicy.OPEN, everyone=True)
    assert await house.knock("7") == Ignore(Why.BLOCKED)
    assert house.bot.sent == []


async def test_a_code_that_could_not_be_sent_is_sent_with_the_next_message() -> None:
    """The platform fails once: the next message of the same sender brings the same code, and only once."""
    house = House()
    house.bot.failing = DeliveryFailed("too many requests")
    await house.write("7")
    house.bot.failing = None
    await house.write("7")
    await house.write("7")
    assert len(house.bot.sent) == 1
    assert (await house.code_of("7")).reveal() in house.bot.sent[0][1]


async def test_D10_a_flood_is_no_flood_of_tries_to_send_a_code() -> None:
    """The platform takes nothing: 500 messages bring two tries, and a minute later there is one more."""
    house = House()
    tries = 0

    async def send(account: ChannelAccount, conversation: str, text: str) -> None:
        nonlocal tries
        tries += 1
        raise DeliveryFailed("too many requests")

    house.door._replies._send = send
    for _ in range(500):
        await house.write("7")
    assert tries == 2
    house.clock.now += TRY_AGAIN_MS
    for _ in range(500):
        await house.write("7")
    assert tries == 3


async def test_D10_a_code_that_may_have_arrived_is_not_sent_again() -> None:
    """The platform's answer is lost: no second reply, however often he writes; the owner may approve him still."""
    house = House()
    house.bot.failing = DeliveryUnknown("no answer")
    await house.write("7")
    house.bot.failing = None
    await house.write("7")
    await house.write("7")
    assert house.bot.sent == []
    assert isinstance(await house.approve("7"), Approved)


async def test_a_sender_who_cannot_be_written_to_is_not_tried_again() -> None:
    """Somebody who blocked the bot gets no further tries; the owner may approve him all the same."""
    house = House()
    house.bot.failing = RecipientRefused("blocked the bot")
    await house.write("7")
    house.bot.failing = None
    await house.write("7")
    assert house.bot.sent == []
    assert isinstance(await house.approve("7"), Approved)


async def test_an_approval_between_look_and_lock_admits_at_once() -> None:
    """Approved by another process after the first look: the message is processed, not answered with a code."""
    house = House()
    await house.write("7")
    code = await house.code_of("7")

    class Late(MemoryStore):
        async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
            await house.owner.approve_sender(house.bot.account, code, by="terminal")
            return await house.store.update(key, decide)

        async def read(self, key: Key[S]) -> S:
            return await house.store.read(key)

    house.door._store = Late()
    house.clock.now += REFRESH_MS
    await house.write("7", "now?")
    assert house.bot.sent[-1] == ("7", "now?")


async def test_an_assistant_that_fails_leaves_one_honest_line() -> None:
    """The sender learns that there is no answer now; the owner's log says why."""
    house = House(rules=DmRules(listed=frozenset({SenderId("7")})))
    house.assistant.failing = AssistantFailed("exit code 3")
    await house.write("7")
    assert house.bot.sent == [("7", NO_ANSWER)]


async def test_where_nobody_decides_in_chat_nothing_comes_first() -> None:
    """Not even what has the form of a decision."""
    house = House(rules=DmRules(listed=frozenset({SenderId("7")})))
    assert not house.reception.comes_first(house.bot.message("7", "approve AAAA2"))
    await house.write("7", "approve AAAA2")
    assert [prompt.text for prompt in house.assistant.heard] == ["approve AAAA2"]


async def test_an_empty_answer_sends_nothing() -> None:
    """Silence is an answer."""
    house = House(rules=DmRules(listed=frozenset({SenderId("7")})))
    await house.write("7", "")
    assert len(house.assistant.heard) == 1
    assert house.bot.sent == []


@pytest.mark.parametrize("broken", ["rules", "store"])
async def test_S4_what_cannot_be_read_lets_nobody_in(broken: str) -> None:
    """Unreadable rules or state: the message is not done with, nobody is told anything, nothing is processed."""
    house = House(rules=DmRules(listed=frozenset({SenderId("7")})))
    if broken == "rules":
        house.door._rules = _broken_rules
    else:
        house.door._store = _BrokenStore()
    for sender in ("7", "8"):
        with pytest.raises((ConfigError, StoreCorrupt)):
            await house.write(sender)
    assert house.bot.sent == []
    assert house.assistant.heard == []


def _broken_rules(_: ChannelAccount) -> DmRules:
    raise ConfigError("clawdbot.json: broken")


class _BrokenStore(MemoryStore):
    async def read(self, key: Key[S]) -> S:
        raise StoreCorrupt("telegram-allowFrom.json: broken")


async def test_S7_logs_hold_no_codes_and_no_texts(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens to a message, the log has ids and reasons, with names made inert."""
    caplog.set_level(logging.DEBUG)
    house = House()
    spoken = "the secret words"
    await house.reception.on_direct_message(house.bot.message("7", spoken, name="Eve\x1b[2J\u202e" + "e" * 500))
    code = await house.code_of("7")
    await house.write("7", spoken)
    await house.approve("7")
    house.assistant.failing = AssistantFailed("no answer in 120 s")
    await house.write("7", spoken)
    house.bot.failing = DeliveryFailed("gone")
    await house.write("7", spoken)
    assert len(caplog.records) >= 4
    for unwanted in (spoken, code.reveal(), "\x1b", "\u202e", "e" * 100):
        assert unwanted not in caplog.text


async def test_the_owner_finds_a_code_on_whichever_account_it_waits() -> None:
    """A code is looked for among the accounts that are given, and only there."""
    house = House()
    await house.write("7", at=house.work)
    code = await house.code_of("7", at=house.work)
    assert await house.owner.accounts() == [WORK]
    assert await house.owner.where_waits(code, [house.bot.account, WORK]) == [WORK]
    assert await house.owner.where_waits(code, [house.bot.account]) == []
    assert [request.sender for request in await house.owner.waiting(WORK)] == ["7"]


async def test_the_owner_rejects_and_unblocks() -> None:
    """Reject frees the place; unblock makes a stranger."""
    house = House(cap=1)
    await house.write("7")
    await house.owner.reject_sender(house.bot.account, await house.code_of("7"))
    assert await house.knock("8") == Ignore(Why.WAITING)
    await house.owner.block_sender(house.bot.account, SenderId("8"), by="terminal")
    await house.owner.unblock_sender(house.bot.account, SenderId("8"))
    assert await house.knock("8") == Ignore(Why.WAITING)


async def test_refused_codes_leave_the_state_untouched() -> None:
    """A wrong code changes nothing at all: the same object is stored."""
    house = House()
    await house.write("7")
    before = await house.store.read(SendersKey(house.bot.account))
    wrong = codes.read("AAAA AAAA")
    assert wrong is not None
    await house.owner.approve_sender(house.bot.account, wrong, by="terminal")
    await house.owner.reject_sender(house.bot.account, wrong)
    assert await house.store.read(SendersKey(house.bot.account)) is before
