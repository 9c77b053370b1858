"""One platform's people, living: friends and strangers write, somebody comes and goes, the platform misbehaves."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.senders import Request
from clawdbot.service import Service
from soak import mischief
from soak.ledger import Ledger
from tests.support.channels import Person, Platform

PATIENCE_S = 90.0


class Stuck(Exception):
    """Something that had to happen did not."""


@dataclass
class Life:
    """The life on one platform, until it is told to end.

    Args:
        service: the owner, on the same files as the gateway.
        seed: what happens when; the same seed is the same life, but for the time that things take.
    """

    platform: Platform
    service: Service
    ledger: Ledger
    seed: int
    friends: list[Person] = field(default_factory=list)
    strangers: list[Person] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.account = ChannelAccount(self.platform.channel)
        self.friends = [self.platform.person(100 + number, f"Friend {number}") for number in range(4)]
        self.strangers = [self.platform.person(200 + number, f"Stranger {number}") for number in range(6)]
        self.guest = self.platform.person(300, "Guest")

    async def run(self, until: float) -> None:
        """Live until then; at the end everybody who is in has been answered."""
        acts = [
            self._friend_writes,
            self._stranger_writes,
            self._noise,
            self._again,
            self._mischief,
            self._guest_visits,
        ]
        weights = [60, 15, 8, 8, 3, 2]
        while time.monotonic() < until:
            (act,) = self.chance.choices(acts, weights)
            await act()
            await asyncio.sleep(self.chance.random() * 0.02)
        for friend in self.friends:
            await self._answered(friend, self._writes(friend))

    def _writes(self, person: Person) -> str:
        """Somebody who is in writes, and is owed an answer."""
        text = self._text()
        self.ledger.owed[self.platform.channel, person.sender].append(text)
        person.write(text)
        return text

    def _text(self) -> str:
        self._count += 1
        return f"{self.platform.channel} {self._count}"

    async def _answered(self, person: Person, text: str) -> None:
        """Wait until a text is answered; what was written before is answered by then."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await person.next_message(PATIENCE_S) != f"You said: {text}":
                    pass
        except TimeoutError:
            raise Stuck(f"{self.platform.channel}: {text!r} of {person.sender} was not answered") from None

    async def _friend_writes(self) -> None:
        friend = self.chance.choice(self.friends)
        texts = [self._writes(friend) for _ in range(self.chance.randint(1, 12))]
        await self._answered(friend, texts[-1])

    async def _stranger_writes(self) -> None:
        stranger = self.chance.choice(self.strangers)
        for _ in range(self.chance.randint(1, 20)):
            text = self._text()
            self.ledger.forbidden[self.platform.channel, stranger.sender].append(text)
            stranger.write(text)

    async def _noise(self) -> None:
        kinds = self.platform.noise(self.chance.choice([*self.friends, *self.strangers]))
        self.chance.choice(list(kinds.values()))()
        self.ledger.noise += 1

    async def _again(self) -> None:
        wrote = [each for each in self.friends if self.ledger.owed[self.platform.channel, each.sender]]
        if wrote:
            self.platform.redeliver(self.chance.choice(wrote))
            self.ledger.mischief["redelivered"] += 1

    def all_again(self) -> None:
        """What every friend wrote last comes once more, as after a restart of ours."""
        for friend in self.friends:
            if self.ledger.owed[self.platform.channel, friend.sender]:
                self.platform.redeliver(friend)
                self.ledger.mischief["redelivered"] += 1

    async def _mischief(self) -> None:
        what = {"dropped": self.platform.drop, **mischief.of(self.platform)}
        name = self.chance.choice(list(what))
        what[name]()
        self.ledger.mischief[f"{self.platform.channel}: {name}"] += 1

    async def _guest_visits(self) -> None:
        """The guest asks, is let in, writes, and is out again; what he writes while he is out never arrives."""
        text = self._text()
        self.ledger.forbidden[self.platform.channel, self.guest.sender].append(text)
        self.guest.write(text)
        request = await self._request()
        await self.service.approve_sender(self.account, request.code, by="soak")
        await self._answered(self.guest, self._writes(self.guest))
        await self.service.revoke_sender(self.account, request.sender)

    async def _request(self) -> Request:
        """The guest's request, which the gateway has saved by then."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for request in await self.service.waiting(self.account):
                if self.guest.sender in (request.sender, *request.aliases):
                    return request
            await asyncio.sleep(0.02)
        raise Stuck(f"{self.platform.channel}: the guest's request never came")
