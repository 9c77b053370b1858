"""A bot with strangers and owners, in this process: real door, verbs, notices, decisions; platforms of our own."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clawdbot.channels.base import ChannelAdapter, OnPress, Press, Rows
from clawdbot.domain.gate import DmRules
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.owners import Owners, read_owner
from clawdbot.errors import ChannelRefused, ConfigError
from clawdbot.gateway.decisions import Decisions, Says
from clawdbot.gateway.desk import furnish
from clawdbot.gateway.notices import AttendedDoor, Notices, Pace
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.settings import GatewaySettings
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
    texts: dict[str, str] = field(default_factory=dict)
    pressed: OnPress | None = None
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def on_press(self, pressed: OnPress) -> None:
        self.pressed = pressed

    async def ask(self, sender: SenderId, text: str, rows: Rows) -> str:
        await self.tell(sender, text)
        message = str(next(self.ids))
        await self.change(sender, message, text, rows)
        return message

    async def change(self, sender: SenderId, message: str, text: str, rows: Rows) -> None:
        self.texts[message] = text
        self.keyboards[message] = [[button.data for button in row] for row in rows]

    async def press(self, who: str, data: str) -> str:
        assert self.pressed is not None
        return await self.pressed(Press(self.account, SenderId(who), data))


class Street:
    """One Telegram bot with buttons, one Signal account without; ``1`` on either is in, and an owner."""

    def __init__(self, *owners: str) -> None:
        self.clock = Clock()
        self.monotonic = Clock(0)
        self.store = MemoryStore()
        self.telegram = Pressable(TELEGRAM)
        self.signal = Platform(SIGNAL)
        self.echo = Echo()
        self.owners = Owners(tuple(read_owner(each) for each in owners or ("telegram:1",)))
        self.broken = False
        self.minute = 12 * 60
        self.awake = asyncio.Event()
        """While it is set, nothing waits for time to pass."""
        self.awake.set()
        self.cap = 3
        self.rules = {
            TELEGRAM: DmRules(listed=frozenset({SenderId("1"), SenderId("2")})),
            SIGNAL: DmRules(listed=frozenset({SenderId("+15550001111")})),
        }
        self.running: dict[ChannelAccount, Platform] = {TELEGRAM: self.telegram, SIGNAL: self.signal}
        self._furnish()

    def _furnish(self) -> None:
        desk = furnish(self.store, GatewaySettings, host="here", channels=dict, now=self.clock)
        self.house = desk.house
        self.postings = Postings(self.adapter)
        says = Says(self.said, lambda account: self.rules[account])
        self.decisions = Decisions(
            self.house, says, self.postings, randbelow=random.Random(5).randrange, clock=self.monotonic
        )
        pace = Pace(sleep=lambda _: self._sleep(), minute=lambda: self.minute)
        self.notices = Notices(
            self.house, self.decisions, self.postings, owners=self.said, running=lambda: list(self.running), pace=pace
        )
        self.telegram.on_press(self.decisions.pressed)
        for listener in (self.decisions, self.notices):
            self.house.announcer.add(listener)
        door = Door(
            desk.store,
            rules=lambda account: self.rules[account],
            send=self.send,
            now=self.clock,
            cap=lambda _: self.cap,
            announce=lambda account, sender: self.house.announcer.sender_waits(account, sender, self.clock()),
        )
        attended = AttendedDoor(door, self.notices, self.decisions)
        self.reception = Reception(attended, assistant=self.echo, send=self.send, decide=self.decisions.reply)

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

    async def _sleep(self) -> None:
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
