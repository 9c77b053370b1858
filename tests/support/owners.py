"""A bot with strangers and owners, in this process: real door, verbs, notices, decisions; platforms of our own."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clawdbot.channels.base import ChannelAdapter, OnPress, Posted, Press, Rows
from clawdbot.domain.gate import DmRules
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.owners import Owners, read_owner
from clawdbot.errors import ChannelRefused, ConfigError
from clawdbot.gateway.decisions import Decisions, Says
from clawdbot.gateway.desk import Outward, furnish
from clawdbot.gateway.endings import Endings
from clawdbot.gateway.notices import AttendedDoor, Beside, Notices, Pace
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.push import Push
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.welcome import Welcome
from clawdbot.reception import Reception
from clawdbot.service import Door
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock, Echo, Platform

TELEGRAM = ChannelAccount(Channel.TELEGRAM)
SIGNAL = ChannelAccount(Channel.SIGNAL)


@dataclass
class Pressable(Platform):
    """A platform with buttons: ``keyboards`` are those under each message, as what each says when pressed."""

    keyboards: dict[str, list[list[str]]] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    pressed: OnPress | None = None
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def on_press(self, pressed: OnPress) -> None:
        self.pressed = pressed

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> Posted:
        await self.tell(sender, text)
        posted = Posted(sender, str(next(self.ids)), text)
        await self.change(posted, text, rows)
        return posted

    async def change(self, posted: Posted, text: str, rows: Rows) -> None:
        self.texts[posted.id] = text
        self.rows[posted.id] = rows
        self.keyboards[posted.id] = [[button.data for button in row] for row in rows]

    async def press(self, who: str, data: str) -> str:
        assert self.pressed is not None
        return await self.pressed(Press(self.account, SenderId(who), data))


class Street:
    """One Telegram bot with buttons, one Signal account without; ``1`` on either is in, and an owner."""

    def __init__(self, *owners: str, places: Push | None = None) -> None:
        self.clock = Clock()
        self.monotonic = Clock(0)
        self.store = MemoryStore()
        self.telegram = Pressable(TELEGRAM)
        self.signal = Platform(SIGNAL)
        self.echo = Echo()
        self.push = places or Push(tuple)
        """Where owners are told outside the chats."""
        self.remembered: Path | None = None
        """The file that knows which approvals were told of."""
        self.owners = Owners(tuple(read_owner(each) for each in owners or ("telegram:1",)))
        self.broken = False
        self.told = False
        self.minute = 12 * 60
        self.awake = asyncio.Event()
        """While it is set, nothing waits for time to pass."""
        self.awake.set()
        self.slept: list[float] = []
        self.cap = 3
        self.rules = {
            TELEGRAM: DmRules(listed=frozenset({SenderId("1"), SenderId("2")})),
            SIGNAL: DmRules(listed=frozenset({SenderId("+15550001111")})),
        }
        self.running: dict[ChannelAccount, Platform] = {TELEGRAM: self.telegram, SIGNAL: self.signal}
        self._furnish()

    def _furnish(self) -> None:
        outward = Outward(tell=self.tell)
        desk = furnish(self.store, GatewaySettings, host="here", channels=dict, now=self.clock, outward=outward)
        self.house, self.watched = desk.house, desk.store
        self.postings = Postings(self.adapter)
        says = Says(self.said, lambda account: self.rules[account])
        self.decisions = Decisions(
            self.house, says, self.postings, randbelow=random.Random(5).randrange, clock=self.monotonic
        )
        pace = Pace(sleep=self._sleep, minute=lambda: self.minute)
        endings = Endings(self.house.senders, self.remembered, warn_ms=lambda: self.owners.warn_ms, now=self.clock)
        self.notices = Notices(
            self.house,
            self.decisions,
            self.postings,
            owners=self.said,
            running=lambda: list(self.running),
            beside=Beside(endings, self.push),
            pace=pace,
        )
        self.telegram.on_press(self.decisions.pressed)
        self.welcome = Welcome(self.house, wanted=self.is_told, is_in=self.decisions.is_in)
        for listener in (self.decisions, self.notices, self.welcome):
            self.house.announcer.add(listener)
        door = Door(
            desk.store,
            rules=lambda account: self.rules[account],
            send=self.send,
            now=self.clock,
            cap=lambda _: self.cap,
            announce=lambda account, sender: self.house.announcer.sender_waits(account, sender, self.clock()),
            came=lambda account, sender: self.house.announcer.sender_came(account, sender, self.clock()),
        )
        attended = AttendedDoor(door, self.notices, self.decisions)
        self.reception = Reception(attended, assistant=self.echo, send=self.send, decides=self.decisions)

    def said(self) -> Owners:
        if self.broken:
            raise ConfigError("broken")
        return self.owners

    def adapter(self, account: ChannelAccount) -> ChannelAdapter:
        if account not in self.running:
            raise ChannelRefused("does not run")
        return self.running[account]

    async def send(self, account: ChannelAccount, conversation: str, text: str) -> None:
        await self.adapter(account).send(conversation, text)

    async def tell(self, account: ChannelAccount, sender: SenderId, text: str) -> None:
        await self.adapter(account).tell(sender, text)

    def is_told(self, _: ChannelAccount) -> bool:
        """Whether somebody who is approved is told so."""
        self.said()
        return self.told

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        await self.awake.wait()

    async def write(self, sender: str, text: str = "hello", *, at: Platform | None = None, name: str = "") -> None:
        meta = {"firstName": name} if name else {}
        await self.reception.on_direct_message((at or self.telegram).message(sender, text, name=name, **meta))

    def said_to(self, sender: str, at: Platform | None = None) -> list[str]:
        """What the bot wrote to somebody."""
        return [text for conversation, text in (at or self.telegram).sent if conversation == sender]

    async def waits(self, sender: str, at: Platform | None = None) -> bool:
        found = await self.house.senders.waiting((at or self.telegram).account)
        return sender in [request.sender for request in found]

    async def is_in(self, sender: str) -> bool:
        return (await self.house.senders.read(TELEGRAM)).is_allowed(SenderId(sender), now=self.clock())

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Owners are told, as while a gateway runs."""
        task = asyncio.create_task(self.notices.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
