"""Tells owners who waits: once for each request, several at once in one message, and not at night (``docs/owner.md``).

Whoever hears of a request leaves a note here and goes on; the telling is a task of its own, whose failures are logged
and disturb nobody. What is told is what is stored when it is told: who was decided about meanwhile is left out.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from clawdbot.channels.base import DirectMessage
from clawdbot.domain import notices
from clawdbot.domain.effects import Decision, SenderDecision
from clawdbot.domain.gate import Admit, Ignore, Why
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, RequestId, SenderId
from clawdbot.domain.notices import MOST_LISTED, Waiting
from clawdbot.domain.owners import Owner, Owners
from clawdbot.domain.references import Ends
from clawdbot.errors import (
    ChannelFailed,
    ClawdbotError,
    ConfigError,
    DeliveryFailed,
    DeliveryUnknown,
    RecipientRefused,
)
from clawdbot.gateway.decisions import Decisions
from clawdbot.gateway.endings import Endings
from clawdbot.gateway.notes import Noted, Notes
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.push import Push
from clawdbot.gateway.verbs.base import House
from clawdbot.service import Knock

log = logging.getLogger("clawdbot")

TRIES = 3
"""How often an owner is tried to be told; what comes meanwhile is told afterwards."""

FULL_AGAIN_MS = 60 * 60 * 1000
"""That a queue is full is told once in this time."""


def local_minute() -> int:
    """The minute of the day by the clock on the wall."""
    now = time.localtime()
    return now.tm_hour * 60 + now.tm_min


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds.

    Attributes:
        gather: from the first request until owners are told; what comes meanwhile is told with it.
        pause: the least time between two messages.
        look: between looks whether the quiet hours are over.
        minute: the minute of the day.
    """

    gather: float = 3.0
    pause: float = 30.0
    look: float = 20.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    minute: Callable[[], int] = local_minute


@dataclass(slots=True)
class _Audience:
    """Who is told at one pace: nobody waits for the others.

    Attributes:
        tell: tells them; whether anybody was told. Raises ClawdbotError.
    """

    tell: Callable[[Notes], Awaitable[bool]]
    notes: Notes = field(default_factory=Notes)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> Notes:
        """Hand out what there is to tell."""
        self.news.clear()
        notes, self.notes = self.notes, Notes()
        return notes


@dataclass(frozen=True, slots=True)
class Beside:
    """What owners are told besides requests, and where besides their chats.

    Attributes:
        endings: which approvals are about to end.
        push: the places outside the chats.
    """

    endings: Endings
    push: Push


class Notices:
    """Hears of requests (:class:`~clawdbot.gateway.announcer.Listener`), and tells owners in :meth:`run`.

    Args:
        owners: what the configuration says now; raises ConfigError while it is broken.
        running: the accounts whose channel runs.
        beside: which approvals end, and where else owners are told.
    """

    def __init__(
        self,
        house: House,
        decisions: Decisions,
        postings: Postings,
        *,
        owners: Callable[[], Owners],
        running: Callable[[], Iterable[ChannelAccount]],
        beside: Beside,
        pace: Pace | None = None,
    ) -> None:
        self._house = house
        self._decisions = decisions
        self._postings = postings
        self._owners = owners
        self._running = running
        self._endings, self._push = beside.endings, beside.push
        self._pace = pace or Pace()
        self._in_chat, self._outside = _Audience(self._tell_in_chat), _Audience(self._tell_outside)
        self._told_full: dict[ChannelAccount, Instant] = {}
        decisions.on_misuse(self._warn)

    # --- hearing

    def sender_waits(self, account: ChannelAccount, sender: SenderId) -> None:
        """A sender has a code."""
        self._note((account, sender))

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision) -> None:
        pass

    def sender_came(self, account: ChannelAccount, sender: SenderId) -> None:
        pass

    def device_waits(self, device: DeviceId) -> None:
        """A device has a request."""
        self._note(device)

    def device_resolved(self, device: DeviceId, request: RequestId, decision: Decision) -> None:
        pass

    def queue_full(self, account: ChannelAccount) -> None:
        """A stranger was turned away, because as many wait as may (threats.md D10)."""
        now, told = self._house.now(), self._told_full.get(account)
        if told is None or not 0 <= now - told < FULL_AGAIN_MS:
            self._told_full[account] = now
            for audience in (self._in_chat, self._outside):
                audience.notes.full.add(account)
                audience.news.set()

    async def look_for_endings(self) -> None:
        """See which approvals are about to end. Raises ConfigError."""
        if self._owners().who or self._push.has_places:
            for ends in await self._endings.due():
                self._note(ends)

    def _warn(self, warning: str) -> None:
        """Somebody came with an owner's reference; in his chat he knows already."""
        self._outside.notes.warn(warning)
        self._outside.news.set()

    def _note(self, noted: Noted) -> None:
        for audience in (self._in_chat, self._outside):
            audience.notes.note(noted)
            audience.news.set()

    # --- telling

    async def run(self) -> None:
        """Tell owners until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for audience in (self._in_chat, self._outside):
                    group.create_task(self._attend(audience))
        finally:
            await self._postings.close()

    async def _attend(self, audience: _Audience) -> None:
        while True:
            await audience.news.wait()
            await self._pace.sleep(self._pace.gather)
            while self._is_quiet():
                await self._pace.sleep(self._pace.look)
            if await self._tell(audience, audience.take()):
                await self._pace.sleep(self._pace.pause)

    def _is_quiet(self) -> bool:
        quiet = self._listed().quiet
        return quiet is not None and quiet.holds(self._pace.minute())

    def _listed(self) -> Owners:
        """The owners; none while the configuration is broken (threats.md D5)."""
        try:
            return self._owners()
        except ConfigError:
            return Owners()

    async def _tell(self, audience: _Audience, notes: Notes) -> bool:
        """Whether anybody was told."""
        try:
            told = await audience.tell(notes)
            if told:
                await self._endings.told(notes.ends)
        except ClawdbotError as error:
            log.warning("owners are not told who waits: %s", error)
        except Exception as defect:  # a defect of notices must not end the gateway
            log.error("owners are not told who waits, which is a bug: %s", type(defect).__name__)
        else:
            return told
        return False

    async def _tell_in_chat(self, notes: Notes) -> bool:
        """Tell each owner on his channel."""
        return any(await asyncio.gather(*(self._tell_one(owner, notes) for owner in self._listed().who)))

    async def _tell_outside(self, notes: Notes) -> bool:
        """Tell the places outside the chats, where nobody can answer."""
        if not self._push.has_places:
            return False
        waiting = await self._found(notes)
        listed = [(each, None) for each in waiting[:MOST_LISTED]]
        text = notices.notice(
            listed, more=len(waiting) - len(listed), gone=notes.gone(waiting), full=sorted(notes.full)
        )
        said = "\n\n".join([*([text] if text else []), *notes.warnings])
        return bool(said) and await self._push.tell(said)

    async def _tell_one(self, owner: Owner, notes: Notes) -> bool:
        """Tell an owner, if he can be; try again what his platform certainly did not take, a few times."""
        for _ in range(TRIES):
            try:
                return await self._try_to_tell(owner, notes)
            except (RecipientRefused, DeliveryUnknown, TimeoutError) as error:
                log.warning("owner %s could not be told who waits: %s", owner, error)
                return False
            except (ChannelFailed, DeliveryFailed) as error:
                log.warning("owner %s could not be told who waits: %s", owner, error)
                await self._pace.sleep(self._pace.pause)
        return False

    async def _try_to_tell(self, owner: Owner, notes: Notes) -> bool:
        """Tell an owner at the first account of his channel that runs and that he is in on. Raises as a post."""
        waiting = await self._found(notes)
        gone = notes.gone(waiting)
        if not (waiting or gone or notes.full):
            return False
        for account in sorted(one for one in self._running() if one.channel is owner.channel):
            if await self._decisions.is_in(account, owner.sender):
                listed = [(each, self._decisions.give(each, owner, account)) for each in waiting[:MOST_LISTED]]
                more = len(waiting) - len(listed)
                text = notices.notice(listed, more=more, gone=gone, full=sorted(notes.full))
                await self._postings.post(account, owner, text, [given for _, given in listed])
                return True
        log.warning("owner %s is not told who waits: he is in on no channel that runs", owner)
        return False

    async def _found(self, notes: Notes) -> list[Waiting]:
        """What of it stands still, requests first. Raises StoreError."""
        found = [waiting for noted in notes.noted if (waiting := await self._look(noted)) is not None]
        return sorted(found, key=lambda waiting: isinstance(waiting.asked, Ends))

    async def _look(self, noted: Noted) -> Waiting | None:
        """The request as it is stored, if it waits still."""
        if isinstance(noted, Ends):
            return await self._endings.look(noted)
        now = self._house.now()
        if isinstance(noted, tuple):
            account, sender = noted
            known = await self._house.senders.read(account)
            request = next((each for each in known.waiting(now) if each.sender == sender), None)
            return None if request is None else notices.sender(account, request)
        asked = (await self._house.devices.read(noted)).waiting(now)
        return None if asked is None else notices.device(noted, asked, await self._house.checks.of(asked.public_key))


class AttendedDoor:
    """A door beside which somebody stands: owners hear of full queues, and of strangers who know their references."""

    def __init__(self, door: Knock, notices: Notices, decisions: Decisions) -> None:
        self._door = door
        self._notices = notices
        self._decisions = decisions

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        decision = await self._door.knock(message)
        if isinstance(decision, Ignore):
            if decision.why is Why.QUEUE_FULL:
                self._notices.queue_full(message.account)
            await self._decisions.overheard(message)
        return decision
