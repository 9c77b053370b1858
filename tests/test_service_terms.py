"""The owner's side of the door beyond yes and no: approvals that end, silence for a while, labels."""

import logging
from dataclasses import replace

import pytest

from clawdbot.domain.facts import Fact, Kind
from clawdbot.domain.gate import Admit, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import MAX_QUIET, IsBlocked
from clawdbot.domain.texts import ReplyMode, ReplyPolicy
from clawdbot.service import Door, Service
from tests.test_service import House

DAY = 24 * 60 * 60 * 1000
ANN = SenderId("7")


@pytest.fixture
def house() -> House:
    return House()


async def lend(house: House, sender: str, lasts_ms: int) -> None:
    await house.knock(sender)
    code = await house.code_of(sender)
    await house.owner.approve_sender(house.bot.account, code, by="terminal", lasts_ms=lasts_ms)


# --- approvals that end ----------------------------------------------------------------------------------------------


async def test_D17_at_its_end_an_approval_admits_nobody_and_the_sender_gets_a_new_code(house: House) -> None:
    """With the next message, and nobody has to sweep; the code that let him in before lets nobody in again."""
    await lend(house, ANN, DAY)
    used = house.bot.sent.pop()[1]
    house.clock.now += DAY - 1
    assert await house.knock(ANN) == Admit()
    house.clock.now += 1
    assert await house.knock(ANN) == Ignore(Why.WAITING)
    assert len(house.bot.sent) == 1
    assert house.bot.sent[0][1] != used
    assert not (await house.owner.read(house.bot.account)).allowed


async def test_the_sweep_takes_out_what_is_over_and_tells_the_history(house: House) -> None:
    """Once; what goes on is left alone, and where nothing is over nothing is written."""
    facts: list[Fact] = []
    owner = Service(house.store, now=house.clock, record=facts.append)
    await lend(house, ANN, DAY)
    await lend(house, "8", 2 * DAY)
    before = await house.owner.read(house.bot.account)
    await owner.forget_expired()
    assert await house.owner.read(house.bot.account) is before
    house.clock.now += DAY
    for _ in range(2):
        await owner.forget_expired()
    assert list((await house.owner.read(house.bot.account)).allowed) == ["8"]
    assert [(fact.kind, fact.about.id) for fact in facts] == [(Kind.EXPIRED, ANN)]


async def test_whatever_takes_out_what_is_over_tells_the_history(house: House) -> None:
    """The next message of the sender himself, or a decision about somebody else: once, and nobody revoked him."""
    facts: list[Fact] = []
    owner = Service(house.store, now=house.clock, record=facts.append)
    recording = Door(house.store, rules=lambda _: house.rules, send=house.send, now=house.clock, record=facts.append)
    await lend(house, ANN, DAY)
    house.clock.now += DAY
    assert await recording.knock(house.bot.message(ANN)) == Ignore(Why.WAITING)
    await owner.forget_expired()
    assert [fact.kind for fact in facts] == [Kind.EXPIRED, Kind.REQUESTED]
    facts.clear()
    await lend(house, "8", DAY)
    house.clock.now += DAY
    await house.knock("9")
    await owner.approve_sender(house.bot.account, await house.code_of("9"), by="terminal")
    await owner.forget_expired()
    assert [(fact.kind, fact.about.id) for fact in facts] == [(Kind.EXPIRED, "8"), (Kind.APPROVED, "9")]


async def test_S7_the_end_of_an_approval_is_logged_without_a_code(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Only who it was."""
    await lend(house, ANN, DAY)
    code = house.bot.sent[0][1]
    house.clock.now += DAY
    with caplog.at_level(logging.DEBUG):
        await house.owner.forget_expired()
    assert "the approval of sender 7 is over" in caplog.text
    assert not [word for word in code.split() if len(word) == 8 and word.isupper() and word in caplog.text]


# --- turned away for a while -----------------------------------------------------------------------------------------


async def turn_away(house: House, sender: str, quiet_ms: int) -> None:
    await house.knock(sender)
    code = await house.code_of(sender)
    await house.owner.reject_sender(house.bot.account, code, quiet_ms=quiet_ms)


async def test_D10_who_was_turned_away_for_a_day_gets_no_word_for_a_day(house: House) -> None:
    """However often he writes; and nothing is written because of it. Then he may ask again."""
    await turn_away(house, ANN, DAY)
    house.bot.sent.clear()
    before = await house.owner.read(house.bot.account)
    for _ in range(5):
        assert await house.knock(ANN) == Ignore(Why.QUIET)
        house.clock.now += 1000
    assert await house.owner.read(house.bot.account) is before
    assert not house.bot.sent
    house.clock.now += DAY
    assert await house.knock(ANN) == Ignore(Why.WAITING)
    assert len(house.bot.sent) == 1


async def test_the_owner_ends_the_silence_early(house: House) -> None:
    """As he ends a block; an approval would do, too."""
    await turn_away(house, ANN, DAY)
    await house.owner.unblock_sender(house.bot.account, ANN)
    assert await house.knock(ANN) == Ignore(Why.WAITING)


async def test_D10_so_many_are_turned_away_and_no_more(house: House) -> None:
    """The table is bounded: who would be heard soonest makes room; and the sweep empties it."""
    for number in range(MAX_QUIET + 1):
        await turn_away(house, str(number), DAY + number)
    known = await house.owner.read(house.bot.account)
    assert len(known.quiet) == MAX_QUIET
    assert "0" not in known.quiet
    house.clock.now += 2 * DAY
    await house.owner.forget_expired()
    assert not (await house.owner.read(house.bot.account)).quiet


# --- labels ----------------------------------------------------------------------------------------------------------


async def test_D6_a_label_is_for_show_and_decides_nothing(house: House) -> None:
    """Whoever is called like somebody who is in is a stranger all the same."""
    await lend(house, ANN, DAY)
    await house.owner.label_sender(house.bot.account, SenderId("8"), ANN)
    assert await house.knock("8") == Ignore(Why.WAITING)
    assert (await house.owner.read(house.bot.account)).labels == {"8": "7"}
    await house.owner.label_sender(house.bot.account, SenderId("8"), "")
    assert not (await house.owner.read(house.bot.account)).labels


@pytest.mark.parametrize("text", ["x" * 65, "a\u202eb", "a\x1b[2Jb"])
async def test_S7_a_label_that_could_deceive_is_refused(house: House, text: str) -> None:
    """Too long, or not what it looks like."""
    with pytest.raises(ValueError):
        await house.owner.label_sender(house.bot.account, ANN, text)


# --- what a stranger is answered -------------------------------------------------------------------------------------


def door(house: House, policy: ReplyPolicy) -> Door:
    return Door(house.store, rules=lambda _: house.rules, reply=lambda _: policy, send=house.send, now=house.clock)


async def test_D10_under_silent_the_owner_sees_the_request_and_the_stranger_nothing(house: House) -> None:
    """The code that waits is as good as one that was sent."""
    silent = door(house, ReplyPolicy(ReplyMode.SILENT))
    for _ in range(3):
        assert await silent.knock(house.bot.message(ANN)) == Ignore(Why.WAITING)
    assert not house.bot.sent
    await house.approve(ANN)
    assert await silent.knock(house.bot.message(ANN)) == Admit()


async def test_D10_own_words_and_the_code_alone_go_out_once(house: House) -> None:
    """With the code of the request."""
    for sender, policy, words in [
        ("8", ReplyPolicy(ReplyMode.CODE), "{code}"),
        ("9", ReplyPolicy(text="Hallo {id}:\n{code}"), "Hallo 9:\n{code}"),
    ]:
        for _ in range(2):
            await door(house, policy).knock(house.bot.message(sender))
        code = (await house.code_of(sender)).reveal()
        assert house.bot.sent == [(sender, words.replace("{code}", code))]
        house.bot.sent.clear()


# --- announced beforehand --------------------------------------------------------------------------------------------


async def test_D10_who_was_announced_passes_a_full_queue_and_takes_no_place(house: House) -> None:
    """With the first message, without a code; the history says who decided. A stranger meets the full queue still."""
    facts: list[Fact] = []
    for stranger in ("1", "2", "3"):
        await house.knock(stranger)
    house.bot.sent.clear()
    await house.owner.expect_sender(house.bot.account, ANN, by="terminal")
    recording = Door(house.store, rules=lambda _: house.rules, send=house.send, now=house.clock, record=facts.append)
    assert await recording.knock(house.bot.message(ANN)) == Admit()
    assert await recording.knock(house.bot.message("4")) == Ignore(Why.QUEUE_FULL)
    assert not house.bot.sent
    assert (Kind.APPROVED, ANN, "terminal") in [(fact.kind, fact.about.id, fact.by) for fact in facts]
    known = await house.owner.read(house.bot.account)
    assert known.allowed[ANN].by == "terminal"
    assert not known.expected
    assert len(known.waiting(house.clock())) == 3


async def test_D3_an_announcement_counts_under_pairing_alone(house: House) -> None:
    """As an approval does not count under allowlist; and who comes too late is a stranger."""
    await house.owner.expect_sender(house.bot.account, ANN, by="terminal", lasts_ms=DAY)
    for policy in (DmPolicy.ALLOWLIST, DmPolicy.DISABLED, DmPolicy.OPEN):
        house.rules = DmRules(policy)
        assert isinstance(await house.knock(ANN), Ignore)
    house.rules = DmRules()
    house.clock.now += DAY
    assert await house.knock(ANN) == Ignore(Why.WAITING)


async def test_D17_a_block_or_a_revocation_ends_an_announcement(house: House) -> None:
    """And nobody who is blocked is announced."""
    await house.owner.expect_sender(house.bot.account, ANN, by="terminal")
    await house.owner.revoke_sender(house.bot.account, ANN)
    assert await house.knock(ANN) == Ignore(Why.WAITING)
    await house.owner.expect_sender(house.bot.account, ANN, by="terminal")
    await house.owner.block_sender(house.bot.account, ANN, by="terminal")
    assert await house.owner.expect_sender(house.bot.account, ANN, by="terminal") == IsBlocked()
    assert await house.knock(ANN) == Ignore(Why.BLOCKED)


async def test_D7_first_contact_ties_the_ids_that_the_platform_shows(house: House) -> None:
    """Announced by number: who has the number later, under another account, is a stranger."""
    number, account, other = SenderId("+15550001"), SenderId("uuid:1"), SenderId("uuid:2")
    await house.owner.expect_sender(house.bot.account, number, by="terminal")
    message = replace(house.bot.message(number), aliases=frozenset({account}))
    assert await house.door.knock(message) == Admit()
    assert await house.door.knock(replace(message, aliases=frozenset({other}))) == Ignore(Why.WAITING)
