"""What the door and the owner's verbs tell the history; and that nothing depends on whether it listens."""

import random
from dataclasses import dataclass, field

from clawdbot.domain import codes
from clawdbot.domain.facts import Fact, Kind, Surface
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.service import Door, Service
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock, Platform

WHO = SenderId("7")


@dataclass
class House:
    """A door and an owner who tell what happens."""

    rules: DmRules = field(default_factory=DmRules)
    told: list[Fact] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    bot: Platform = field(default_factory=Platform)

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.owner = Service(self.store, now=self.clock, record=self.told.append)
        self.door = self.open_door()

    def open_door(self) -> Door:
        return Door(
            self.store,
            rules=lambda _: self.rules,
            send=self._send,
            now=self.clock,
            randbelow=random.Random(7).randrange,
            record=self.told.append,
        )

    async def _send(self, _account: ChannelAccount, conversation: str, text: str) -> None:
        await self.bot.send(conversation, text)

    async def knock(self, sender: str = "7", times: int = 1) -> None:
        for _ in range(times):
            await self.door.knock(self.bot.message(sender, "secret words"))

    async def approve(self, sender: SenderId = WHO) -> None:
        code = (await self.owner.read(self.bot.account)).requests[sender].code
        await self.owner.approve_sender(self.bot.account, code, by="terminal")

    @property
    def kinds(self) -> list[tuple[Kind, str]]:
        return [(one.kind, one.about.id) for one in self.told]


async def test_the_whole_road_is_told_step_by_step() -> None:
    """Asked once, approved, first use once, revoked, asked again, rejected, blocked, refused, unblocked."""
    house = House()
    at = house.bot.account
    await house.knock(times=5)
    await house.approve()
    await house.knock(times=5)
    await house.owner.revoke_sender(at, WHO, by="device 0123456789ab")
    await house.knock()
    code = (await house.owner.read(at)).requests[WHO].code
    await house.owner.reject_sender(at, code)
    await house.owner.block_sender(at, WHO, by="terminal")
    await house.knock()
    await house.owner.unblock_sender(at, WHO)
    steps = ["requested", "approved", "used", "revoked", "requested", "rejected", "blocked", "refused", "unblocked"]
    assert house.kinds == [(Kind(step), WHO) for step in steps]
    assert [one.by for one in house.told if one.kind is Kind.REVOKED] == ["device 0123456789ab"]
    by = [(one.surface, bool(one.by)) for one in house.told]
    assert by == [
        *[(Surface.CHAT, False), (Surface.TERMINAL, True), (Surface.CHAT, False), (Surface.GATEWAY, True)],
        *[(Surface.CHAT, False), (Surface.TERMINAL, True), (Surface.TERMINAL, True), (Surface.CHAT, False)],
        (Surface.TERMINAL, True),
    ]


async def test_a_use_is_told_once_an_approval_and_once_a_start() -> None:
    """Approved anew, it is another one; a gateway that is started again tells it again."""
    house = House()
    await house.knock()
    await house.approve()
    await house.knock(times=3)
    house.door = house.open_door()
    await house.knock(times=3)
    await house.owner.revoke_sender(house.bot.account, WHO)
    await house.knock()
    house.clock.now += 1
    await house.approve()
    await house.knock(times=3)
    assert [kind for kind, _ in house.kinds].count(Kind.USED) == 3


async def test_what_changes_nothing_is_not_told() -> None:
    """A code that nobody has, somebody who is not in, a second block."""
    house, at = House(), Platform().account
    code = codes.read("ABCDEFGH")
    assert code is not None
    await house.owner.approve_sender(at, code, by="terminal")
    await house.owner.reject_sender(at, code)
    await house.owner.revoke_sender(at, WHO)
    await house.owner.unblock_sender(at, WHO)
    assert house.told == []
    await house.owner.block_sender(at, WHO, by="terminal")
    await house.owner.block_sender(at, WHO, by="terminal")
    assert house.kinds == [(Kind.BLOCKED, WHO)]


async def test_D10_who_finds_the_queue_full_is_told_of() -> None:
    """With the reason."""
    house = House()
    for number in range(1, 5):
        await house.knock(str(number))
    assert house.kinds[-1] == (Kind.REFUSED, "4")
    assert house.told[-1].why == "the queue is full"


async def test_D3_nothing_is_written_about_a_stranger_whom_the_policy_leaves_out() -> None:
    """Under ``allowlist`` and ``disabled`` the history does not know that he wrote."""
    for policy in (DmPolicy.ALLOWLIST, DmPolicy.DISABLED):
        house = House(DmRules(policy))
        await house.knock()
        assert house.told == []


async def test_S7_neither_code_nor_text_is_told() -> None:
    """Whatever is told, neither is in it."""
    house = House()
    await house.knock()
    code = (await house.owner.read(house.bot.account)).requests[WHO].code.reveal()
    await house.approve()
    await house.knock()
    told = repr(house.told)
    assert code not in told
    assert "secret words" not in told
