"""Invites, from the owner who makes one to the stranger who writes its word: what the door does with it, and tells."""

import asyncio
import logging
import random
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.domain import invites
from clawdbot.domain.endings import Extended
from clawdbot.domain.facts import Fact, Kind, Surface
from clawdbot.domain.gate import Admit, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.names import SenderId
from clawdbot.domain.sender_answers import (
    Blocked,
    InviteMade,
    InviteVoided,
    Linked,
    NoSuchInvite,
    NotLinked,
    Parted,
    Revoked,
)
from clawdbot.domain.senders import Senders
from clawdbot.domain.texts import APPROVED
from clawdbot.errors import DeliveryFailed
from clawdbot.persons_service import PersonsService
from clawdbot.service import Door
from clawdbot.store.files import FileStore
from tests.support.people import Clock, Platform
from tests.test_service import House

DAY = 24 * 60 * 60 * 1000
ANN, BOB = "7", "8"


class Inviting(House):
    """A house whose owner makes invites, and which keeps what its history is told."""

    def __post_init__(self) -> None:
        self.facts: list[Fact] = []
        self.came: list[SenderId] = []
        super().__post_init__()
        self.persons = PersonsService(
            self.store, now=self.clock, randbelow=random.Random(3).randrange, record=self.facts.append
        )

    def open_door(self) -> Door:
        return Door(
            self.store,
            rules=lambda _: self.rules,
            send=self.send,
            now=self.clock,
            randbelow=random.Random(7).randrange,
            record=self.facts.append,
            came=lambda _, sender: self.came.append(sender),
        )

    async def invite(self, uses: int = 1, label: str = "") -> str:
        """The word of a new invite, as the owner is shown it."""
        answer = await self.persons.invite(self.bot.account, within_ms=DAY, uses=uses, label=label)
        assert isinstance(answer, InviteMade)
        return answer.word.grouped()

    async def known(self) -> Senders:
        return await self.owner.read(self.bot.account)


@pytest.fixture
def house() -> Inviting:
    return Inviting()


async def test_D9_D18_who_writes_the_word_is_in_and_only_what_he_writes_next_is_processed(house: Inviting) -> None:
    """He is told as by an approval; the second one with that word is a stranger like any other."""
    word = await house.invite(label="a guest")
    await house.write(ANN, word.lower())
    assert house.bot.sent == [(ANN, APPROVED)]
    assert house.came == [ANN]
    await house.write(ANN, "hello")
    assert [prompt.text for prompt in house.assistant.heard] == ["hello"]
    assert (await house.known()).labels == {SenderId(ANN): "a guest"}
    await house.write(BOB, word)
    assert list((await house.known()).requests) == [BOB]


async def test_D18_S7_the_word_is_in_no_log_no_history_and_no_state(
    house: Inviting, caplog: pytest.LogCaptureFixture
) -> None:
    """The history says who came in by which invite, and who made it."""
    caplog.set_level(logging.DEBUG)
    word = await house.invite()
    await house.write(ANN, word)
    (digest,) = (await house.known()).invites
    by = f"invite {invites.short(digest)}"
    told = [(fact.kind, fact.surface, fact.about.id, fact.by) for fact in house.facts]
    assert told == [(Kind.INVITED, Surface.TERMINAL, by, "terminal"), (Kind.APPROVED, Surface.CHAT, ANN, by)]
    bare = word.replace("-", "")
    assert not {text for text in (caplog.text, repr(house.facts), repr(await house.known())) if bare in text}
    assert word not in caplog.text


async def test_D18_a_delivery_again_lets_nobody_in_twice_and_tells_the_assistant_nothing(house: Inviting) -> None:
    """A word that is used up, and one that is good, are for nobody else's eyes, whoever of those in writes it."""
    word, other = await house.invite(), await house.invite()
    for text in (word, word, other, f"/start {other}"):
        await house.write(ANN, text)
    house.rules = DmRules(DmPolicy.PAIRING, frozenset({SenderId(BOB)}))
    await house.write(BOB, other)
    assert house.assistant.heard == []
    assert {text for _, text in house.bot.sent} == {APPROVED}
    assert sorted(one.uses for one in (await house.known()).invites.values()) == [0, 1]


@pytest.mark.parametrize("policy", [DmPolicy.ALLOWLIST, DmPolicy.OPEN, DmPolicy.DISABLED])
async def test_D3_a_word_counts_under_pairing_alone(house: Inviting, policy: DmPolicy) -> None:
    """Under every other policy a stranger with it gets silence, and nothing is written."""
    word = await house.invite()
    house.rules = DmRules(policy)
    before = await house.known()
    assert await house.door.knock(house.bot.message(ANN, word)) in (Ignore(Why.NOT_LISTED), Ignore(Why.DISABLED))
    assert house.bot.sent == []
    assert await house.known() is before


async def test_D17_a_blocked_stranger_gets_silence_for_a_good_word(house: Inviting) -> None:
    word = await house.invite()
    await house.owner.block_sender(house.bot.account, SenderId(ANN), by="terminal")
    await house.write(ANN, word)
    assert house.bot.sent == []
    assert not (await house.known()).allowed


async def test_D1_a_word_for_one_account_is_a_message_like_any_other_on_another(house: Inviting) -> None:
    word = await house.invite()
    await house.write(ANN, word, at=house.work)
    assert not (await house.known()).allowed
    assert len((await house.owner.read(house.work.account)).requests) == 1


async def test_D18_the_word_of_another_account_reaches_no_assistant_whoever_writes_it(house: Inviting) -> None:
    """Alone, in a link or among others; what he writes next is answered as ever."""
    word = await house.invite()
    house.rules = DmRules(DmPolicy.PAIRING, frozenset({SenderId(BOB)}))
    for text in (word, f"https://t.me/bot?start={word.replace('-', '')}", f"who is to have {word.lower()}?"):
        await house.write(BOB, text, at=house.work)
        assert house.assistant.heard == []
    assert {text for _, text in house.work.sent} == {APPROVED}
    await house.write(BOB, "hello", at=house.work)
    assert [prompt.text for prompt in house.assistant.heard] == ["hello"]
    assert [one.uses for one in (await house.known()).invites.values()] == [1]


async def test_D18_a_wrong_word_is_answered_as_a_first_message_is(house: Inviting) -> None:
    """So that nobody learns by trying whether there are invites."""
    await house.invite()
    await house.write(ANN, "AAAA-BBBB-CCCC-DDDD")
    await house.write(BOB, "hello")
    replies = [text.splitlines()[0] for _, text in house.bot.sent]
    assert replies[0] == replies[1] != APPROVED


async def test_D18_an_invite_that_is_over_or_void_lets_nobody_in(house: Inviting) -> None:
    word = await house.invite()
    house.clock.now += DAY
    await house.write(ANN, word)
    word = await house.invite()
    digest = invites.read(word)
    assert digest is not None
    assert await house.persons.uninvite(house.bot.account, "0") == NoSuchInvite()
    assert isinstance(await house.persons.uninvite(house.bot.account, invites.short(digest)), InviteVoided)
    assert house.facts[-1].kind is Kind.UNINVITED
    await house.write(BOB, word)
    assert not (await house.known()).allowed
    assert sorted((await house.known()).requests) == [ANN, BOB]


async def test_S6_the_sweep_forgets_invites_that_are_over(house: Inviting) -> None:
    await house.invite()
    house.clock.now += DAY
    await house.persons.forget_expired()
    assert (await house.known()).invites == {}


async def test_D8_a_word_from_before_the_connection_lets_nobody_in(house: Inviting) -> None:
    message = replace(house.bot.message(ANN, await house.invite()), late=True)
    assert await house.door.knock(message) == Ignore(Why.LATE)


async def test_who_is_in_stays_in_though_he_cannot_be_told(house: Inviting, caplog: pytest.LogCaptureFixture) -> None:
    word = await house.invite()
    house.bot.failing = DeliveryFailed("too many requests")
    await house.write(ANN, word)
    assert "is not told" in caplog.text
    house.bot.failing = None
    assert await house.knock(ANN) == Admit()


async def test_D18_S3_of_ten_at_once_exactly_one_gets_in_by_a_word_for_one(tmp_path: Path) -> None:
    """Over real files, through two doors that know nothing of each other, as two processes do."""
    clock, bot = Clock(), Platform()
    stores = [FileStore(tmp_path / "state") for _ in range(2)]
    answer = await PersonsService(stores[0], now=clock).invite(bot.account, within_ms=DAY)
    assert isinstance(answer, InviteMade)

    async def send(*_: object) -> None:
        pass

    doors = [Door(store, rules=lambda _: DmRules(), send=send, now=clock) for store in stores]
    word = answer.word.grouped()
    knocks = [doors[number % 2].knock(bot.message(str(100 + number), word)) for number in range(10)]
    decisions = await asyncio.gather(*knocks)
    known = await PersonsService(stores[1], now=clock).read(bot.account)
    assert decisions.count(Ignore(Why.INVITE)) == len(known.allowed) == 1
    assert [one.uses for one in known.invites.values()] == [0]
    for store in stores:
        await store.close()


# --- one person with several ids -------------------------------------------------------------------------------------


async def test_D17_who_is_linked_is_in_and_out_with_the_other_and_the_history_says_so(house: Inviting) -> None:
    """In with his first message, out with the next one after the other is revoked; each id is told of by itself."""
    ann, bob, where = SenderId(ANN), SenderId(BOB), house.bot.account
    await house.knock(ANN)
    await house.approve(ANN)
    assert isinstance(await house.persons.link(where, ann, bob), Linked)
    assert await house.knock(BOB) == Admit()
    assert isinstance(await house.persons.revoke_sender(where, ann), Revoked)
    assert await house.knock(BOB) == Ignore(Why.WAITING)
    assert isinstance(await house.persons.block_sender(where, bob, by="terminal"), Blocked)
    assert await house.knock(ANN) == Ignore(Why.BLOCKED)
    assert isinstance(await house.persons.unlink(where, ann, bob), Parted)
    assert await house.persons.unlink(where, ann, bob) == NotLinked()
    told = [(fact.kind, fact.about.id) for fact in house.facts if fact.by == "terminal"]
    assert told == [
        *[(Kind.LINKED, ANN), (Kind.LINKED, BOB), (Kind.EXPECTED, BOB), (Kind.APPROVED, BOB)],
        *[(Kind.REVOKED, ANN), (Kind.REVOKED, BOB), (Kind.BLOCKED, BOB), (Kind.BLOCKED, ANN), (Kind.UNLINKED, BOB)],
    ]


async def test_what_is_decided_about_a_person_is_in_the_history_under_each_id(house: Inviting) -> None:
    """Of a request that is dismissed, and of who writes, under that id alone."""
    ann, bob, where = SenderId(ANN), SenderId(BOB), house.bot.account
    await house.persons.link(where, ann, bob)
    for quiet_ms in (None, DAY):
        await house.knock(ANN)
        await house.persons.reject_sender(where, (await house.known()).requests[ann].code, quiet_ms=quiet_ms)
    await house.persons.unblock_sender(where, bob)
    await house.persons.expect_sender(where, bob, by="terminal", lasts_ms=DAY)
    await house.persons.revoke_sender(where, bob)
    await house.knock(ANN)
    code = (await house.known()).requests[ann].code
    await house.persons.approve_sender(where, code, by="terminal", lasts_ms=DAY)
    await house.knock(BOB)
    extended = await house.persons.extend_sender(where, bob, by="terminal", lasts_ms=9 * DAY)
    assert isinstance(extended, Extended)
    order = (Kind.UNBLOCKED, Kind.EXPECTED, Kind.REVOKED, Kind.EXTENDED)
    told = [(fact.kind, fact.about.id) for fact in house.facts if fact.kind in (Kind.REJECTED, *order)]
    assert told[:3] == [(Kind.REJECTED, id) for id in (ANN, ANN, BOB)]
    assert told[3:] == [(kind, id) for kind in order for id in (BOB, ANN)]
    assert {one.until for one in (await house.known()).allowed.values()} == {extended.until}


async def test_S2_links_are_in_the_file_and_bind_the_next_process(tmp_path: Path) -> None:
    clock, bot = Clock(), Platform()
    ann, bob = SenderId(ANN), SenderId(BOB)
    first = FileStore(tmp_path / "state")
    await PersonsService(first, now=clock).link(bot.account, ann, bob)
    await PersonsService(first, now=clock).block_sender(bot.account, ann, by="terminal")
    await first.close()
    second = FileStore(tmp_path / "state")
    known = await PersonsService(second, now=clock).read(bot.account)
    assert known.linked(frozenset({bob})) == {ann}
    assert sorted(known.blocked) == [ann, bob]
    await second.close()
