"""Who is approved is told so where the owner wants it: once for each approval, whoever decided and wherever."""

import asyncio
import logging

import pytest

from clawdbot.domain.effects import SenderDecision
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.texts import APPROVED
from clawdbot.errors import DeliveryFailed
from clawdbot.gateway.welcome import RECENT_MS
from clawdbot.persons_service import PersonsService
from clawdbot.service import Service
from tests.support.owners import TELEGRAM, Street
from tests.support.waiting import eventually


class Welcoming(Street):
    """A bot that tells who was approved."""

    def __init__(self) -> None:
        super().__init__()
        self.told = True

    @property
    def welcomed(self) -> int:
        """How often ``7`` was told that he is in."""
        return self.said_to("7").count(APPROVED)

    async def approve(self) -> None:
        (request,) = await self.house.senders.waiting(TELEGRAM)
        await self.house.senders.approve_sender(TELEGRAM, request.code, by="terminal")

    def announce(self, decision: SenderDecision = SenderDecision.APPROVED) -> None:
        self.house.announcer.sender_resolved(TELEGRAM, SenderId("7"), decision, self.clock())

    async def settled(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


@pytest.fixture
async def street() -> Welcoming:
    street = Welcoming()
    await street.write("7")
    return street


async def test_told_once_for_each_approval(street: Welcoming) -> None:
    """However often it is announced; revoked and approved again, he is told again."""
    await street.approve()
    for _ in range(3):
        street.announce()
    await street.settled()
    assert street.welcomed == 1
    await street.house.senders.revoke_sender(TELEGRAM, SenderId("7"), by="terminal")
    street.clock.now += 1
    await street.write("7")
    await street.approve()
    street.announce()
    await street.settled()
    assert street.welcomed == 2


async def test_an_owners_answer_in_chat_tells_him() -> None:
    """The whole way: notice, reply, approval, told."""
    street = Welcoming()
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.said_to("1")))
        await street.write("1", f"approve {street.said_to('1')[0].partition('approve ')[2][:5]}")
        await eventually(lambda: street.welcomed == 1)


async def test_a_decision_on_the_files_tells_him(street: Welcoming) -> None:
    """The owner's command decided: the gateway sees it, and tells him once."""
    watched = street.watched
    await watched.sweep()
    (request,) = await street.house.senders.waiting(TELEGRAM)
    await Service(street.store, now=street.clock).approve_sender(TELEGRAM, request.code, by="terminal")
    for _ in range(3):
        await watched.sweep()
        await street.settled()
    assert street.welcomed == 1


@pytest.mark.parametrize("decision", [one for one in SenderDecision if one is not SenderDecision.APPROVED])
async def test_no_other_decision_tells_him(street: Welcoming, decision: SenderDecision) -> None:
    """An extension for one: he is in already."""
    await street.approve()
    street.announce(decision)
    await street.settled()
    assert street.welcomed == 0


async def test_not_told_unless_the_owner_wants_it(street: Welcoming, caplog: pytest.LogCaptureFixture) -> None:
    """Nor while the configuration is broken, which the log says (threats.md D5)."""
    await street.approve()
    street.told = False
    street.announce()
    await street.settled()
    street.broken, street.told = True, True
    street.announce()
    await street.settled()
    assert street.welcomed == 0
    assert "7 is not told that he is in: broken" in caplog.text


async def test_D17_who_is_out_again_is_not_told(street: Welcoming) -> None:
    """Blocked or shut out by the policy between the decision and the telling."""
    await street.approve()
    street.rules[TELEGRAM] = DmRules(DmPolicy.DISABLED)
    street.announce()
    await street.settled()
    street.rules[TELEGRAM] = DmRules()
    await street.house.senders.block_sender(TELEGRAM, SenderId("7"), by="terminal")
    street.announce()
    await street.settled()
    assert street.welcomed == 0


async def test_who_was_announced_gets_the_answer_to_his_message_alone() -> None:
    street = Welcoming()
    await street.house.senders.expect_sender(TELEGRAM, SenderId("7"), by="terminal")
    await street.write("7", "hello")
    await street.settled()
    assert street.welcomed == 0
    assert len(street.said_to("7")) == 1


async def test_who_came_in_by_an_invite_was_told_at_the_door(street: Welcoming) -> None:
    made = await PersonsService(street.watched, now=street.clock).invite(TELEGRAM, within_ms=RECENT_MS)
    assert isinstance(made, InviteMade)
    await street.write("7", made.word.grouped())
    street.announce()
    await street.settled()
    assert street.welcomed == 1


async def test_an_old_approval_is_no_news(street: Welcoming) -> None:
    """It came with other files, and nobody decided it just now."""
    await street.approve()
    street.clock.now += RECENT_MS + 1
    street.announce()
    await street.settled()
    assert street.welcomed == 0


async def test_a_failure_is_logged_and_changes_nothing(street: Welcoming, caplog: pytest.LogCaptureFixture) -> None:
    """The platform does not take it, or the channel does not run."""
    caplog.set_level(logging.WARNING)
    street.telegram.failing = DeliveryFailed("away")
    await street.approve()
    street.announce()
    await street.settled()
    del street.running[TELEGRAM]
    street.clock.now += 1
    await street.house.senders.revoke_sender(TELEGRAM, SenderId("7"), by="terminal")
    street.telegram.failing = None
    street.running[TELEGRAM] = street.telegram
    await street.write("7")
    await street.approve()
    del street.running[TELEGRAM]
    street.announce()
    await street.settled()
    said = [
        record.getMessage() for record in caplog.records if "could not be told that he is in" in record.getMessage()
    ]
    assert len(said) == 2
    assert street.welcomed == 0
    assert await street.is_in("7")


async def test_whoever_waits_for_it_goes_on_when_he_is_told(street: Welcoming) -> None:
    """What is for him comes after; told already or not to be told, nobody waits."""
    await street.approve()
    await asyncio.gather(*(street.welcome.tell(TELEGRAM, SenderId("7")) for _ in range(3)))
    assert street.welcomed == 1
    await street.welcome.tell(TELEGRAM, SenderId("8"))


async def test_the_end_of_the_gateway_waits_for_nobody(street: Welcoming, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that hangs is left."""
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(street.telegram, "tell", hang)
    await street.approve()
    street.announce()
    await reached.wait()
    await street.welcome.close()
