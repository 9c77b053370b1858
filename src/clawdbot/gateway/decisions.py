"""Owners decide in chat: by a reply, or by pressing a button (threats.md D13, D14).

Who wrote or pressed is whom the platform verified. He decides only if the configuration lists him as an owner now, if
the door admits him now, and by a reference that was given to himself, at this bot account, for this request and this
action, once and in time (:mod:`clawdbot.domain.references`). Everybody else's words are ordinary messages.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from clawdbot.channels.base import DirectMessage, Press
from clawdbot.domain import devices, gate, notices, references, senders
from clawdbot.domain.effects import Decision, SenderDecision
from clawdbot.domain.endings import Extended
from clawdbot.domain.gate import Admit, DmRules
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, RequestId, Role, SenderId
from clawdbot.domain.notices import Waiting
from clawdbot.domain.owners import Owner, Owners
from clawdbot.domain.references import Action, Asked, Book, Command, DeviceAsks, Ends, Given, Refused, SenderAsks
from clawdbot.domain.scopes import ADMIN, Caller
from clawdbot.domain.texts import visible
from clawdbot.errors import ClawdbotError, ConfigError
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.tries import FailedTries
from clawdbot.gateway.verbs.base import House

log = logging.getLogger("clawdbot")

UNSAVED = "Nothing decided: it could not be saved. Try again in a moment."
NOT_YOURS = "Only the owner can decide."


@dataclass(frozen=True, slots=True)
class Says:
    """What the configuration says now; both raise ConfigError while it is broken."""

    owners: Callable[[], Owners]
    rules: Callable[[ChannelAccount], DmRules]


def monotonic() -> Instant:
    """Milliseconds that never jump, for counting tries."""
    return time.monotonic_ns() // 1_000_000


class Decisions:
    """Gives out references, and decides what owners answer by them.

    It hears of what is decided elsewhere (:class:`~clawdbot.gateway.announcer.Listener`).

    Args:
        randbelow: from the system's CSPRNG, for references.
        clock: counts tries; it never jumps.
    """

    def __init__(
        self,
        house: House,
        says: Says,
        postings: Postings,
        *,
        randbelow: Callable[[int], int] = secrets.randbelow,
        clock: Callable[[], Instant] = monotonic,
    ) -> None:
        self._house = house
        self._says = says
        self._randbelow = randbelow
        self._clock = clock
        self._postings = postings
        self._wrong = FailedTries()
        self._book = Book()
        self._warn: Callable[[str], None] = lambda _: None

    def on_misuse(self, warn: Callable[[str], None]) -> None:
        """Have somebody hear, in words without the reference, that one was misused."""
        self._warn = warn

    # --- telling

    async def is_in(self, account: ChannelAccount, sender: SenderId) -> bool:
        """Whether the door admits somebody to an account now. Raises as the door."""
        rules, known = self._says.rules(account), await self._house.senders.read(account)
        return isinstance(gate.decide(rules, known, sender, now=self._house.now()), Admit)

    def give(self, waiting: Waiting, owner: Owner, at: ChannelAccount) -> Given:
        """Give an owner a reference to a request, good at one account."""
        self._book, given = references.give(
            self._book,
            waiting.asked,
            waiting.actions,
            (owner, at),
            expires_at=waiting.expires_at,
            now=self._house.now(),
            randbelow=self._randbelow,
        )
        return given

    # --- answers

    def is_decision(self, message: DirectMessage) -> bool:
        """Does an owner answer with this, whatever comes of it?"""
        return references.read(message.text) is not None and bool(self._owner_of(message))

    async def reply(self, message: DirectMessage) -> str | None:
        """See whether an admitted message is an owner's decision; what to answer him then. Raises StoreError."""
        command = references.read(message.text)
        if command is None:
            return None
        owner = self._owner_of(message)
        if not owner:
            await self.overheard(message)
            return None
        return await self._answer(command, owner, message.account)

    async def pressed(self, press: Press) -> str:
        """Decide by a button; what to answer who pressed it. Never fails."""
        try:
            return await self._pressed(press)
        except ClawdbotError as error:
            log.warning("%s: a press decided nothing: %s", press.account, error)
            return UNSAVED

    async def overheard(self, message: DirectMessage) -> None:
        """Somebody who is no owner wrote: if he has a reference of one, that owner is told, once. Never fails."""
        if (command := references.read(message.text)) is not None:
            await self._misused(command, message.account, message.sender)

    async def _pressed(self, press: Press) -> str:
        command = references.read(press.data)
        owner = self._owner(press.account, {press.presser})
        if not owner or not await self.is_in(press.account, press.presser):
            if command is not None:
                await self._misused(command, press.account, press.presser)
            log.warning("%s: %s pressed a button and is no owner", press.account, visible(press.presser))
            return NOT_YOURS
        if command is None:
            return "I do not know this button."
        return await self._answer(command, owner, press.account)

    def _owner_of(self, message: DirectMessage) -> tuple[Owner, ...]:
        """Which owner wrote a message."""
        return self._owner(message.account, {message.sender, *message.aliases})

    def _owner(self, account: ChannelAccount, ids: set[SenderId]) -> tuple[Owner, ...]:
        """Which owner somebody is; nobody is one while the configuration is broken (threats.md D5)."""
        try:
            return self._says.owners().find(account.channel, ids)
        except ConfigError:
            return ()

    async def _answer(self, command: Command, owner: tuple[Owner, ...], at: ChannelAccount) -> str:
        who = str(owner[0])
        locked_for = self._wrong.locked_for(who, self._clock())
        if locked_for:
            return notices.locked(locked_for // 1000 + 1)
        now = self._house.now()
        found = references.look_up(self._book, command, owner, at, now=now)
        if isinstance(found, Refused):
            if found.why is references.Why.UNKNOWN:
                self._wrong.failed(who, self._clock())
                await self._misused(command, at, owner[0].sender)
            return notices.refused(found, now)
        return await self._decide(command.action, found)

    async def _decide(self, action: Action, given: Given) -> str:
        """Decide; the references of the request are void from the first moment, for two may answer at once."""
        asked, now = given.asked, self._house.now()
        self._book = references.end(self._book, asked, notices.past(action))
        try:
            done = await self._carry_out(action, given)
        except BaseException:
            self._book = references.reopen(self._book, asked)
            raise
        if done:
            outcome = notices.decided(notices.past(action), asked)
            self._postings.settle(asked, outcome)
            return outcome
        self._postings.settle(asked, notices.decided(notices.GONE, asked))
        self._book = references.end(self._book, asked, notices.GONE)
        return notices.refused(Refused(references.Why.ENDED, self._book.given.get(given.reference, given)), now)

    async def _carry_out(self, action: Action, given: Given) -> bool:
        """Do what an owner decided; whether the request was there still."""
        by = f"owner {given.owner}"
        match given.asked:
            case SenderAsks(account, sender) | Ends(account, sender):
                done = await self._carry_out_sender(action, given.asked, by)
                if done is None:
                    return False
                decision, others = done
                for one in (sender, *sorted(others - {sender})):
                    self._house.announcer.sender_resolved(account, one, decision, self._house.now())
                return True
            case DeviceAsks(_, request):
                owner = Caller(device=None, role=Role.OPERATOR, scopes=(ADMIN,), name=by)
                if action is Action.APPROVE:
                    return isinstance(await self._house.devices.approve(request, caller=owner), devices.Approved)
                return isinstance(await self._house.devices.reject(request, caller=owner), devices.Rejected)
            case _:
                assert_never(given.asked)

    async def _carry_out_sender(
        self, action: Action, asked: SenderAsks | Ends, by: str
    ) -> tuple[SenderDecision, frozenset[SenderId]] | None:
        """What was decided, and about which other ids of the person, too."""
        service, nobody = self._house.senders, frozenset[SenderId]()
        if isinstance(asked, Ends):
            extended = await service.extend_sender(asked.account, asked.sender, by=by, ending=asked.until)
            return (SenderDecision.EXTENDED, extended.linked) if isinstance(extended, Extended) else None
        match action:
            case Action.APPROVE:
                approved = await service.approve_sender(asked.account, asked.code, by=by)
                return (SenderDecision.APPROVED, nobody) if isinstance(approved, senders.Approved) else None
            case Action.REJECT:
                rejected = await service.reject_sender(asked.account, asked.code, by=by)
                return (SenderDecision.REJECTED, rejected.linked) if isinstance(rejected, senders.Rejected) else None
            case Action.BLOCK:
                if not await service.where_waits(asked.code, [asked.account]):
                    return None
                blocked = await service.block_sender(asked.account, asked.sender, by=by)
                return SenderDecision.BLOCKED, blocked.aliases if isinstance(blocked, senders.Blocked) else nobody
            case Action.EXTEND:
                return None  # there is nothing yet to extend
            case _:
                assert_never(action)

    async def _misused(self, command: Command, where: ChannelAccount, who: SenderId) -> None:
        """Tell an owner that somebody else came with his reference."""
        self._book, given = references.misused(self._book, command, now=self._house.now())
        if given is None:
            return
        log.warning("%s: %s came with a reference of owner %s", where, visible(who), given.owner)
        self._warn(notices.misused(given, who, where, in_chat=False))
        try:
            await self._postings.post(given.at, given.owner, notices.misused(given, who, where))
        except (ClawdbotError, TimeoutError) as error:
            log.warning("%s: owner %s could not be told: %s", given.at, given.owner, error)

    # --- what was decided elsewhere

    def sender_waits(self, account: ChannelAccount, sender: SenderId) -> None:
        pass

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision) -> None:
        """The references of a sender are void, whoever decided about him."""
        for asked in {each.asked for each in self._book.given.values()}:
            if isinstance(asked, SenderAsks | Ends) and (asked.account, asked.sender) == (account, sender):
                self._end(asked, decision)

    def sender_came(self, account: ChannelAccount, sender: SenderId) -> None:
        """The same: he needs no answer any more."""
        self.sender_resolved(account, sender, SenderDecision.APPROVED)

    def device_waits(self, device: DeviceId) -> None:
        pass

    def device_resolved(self, device: DeviceId, request: RequestId, decision: Decision) -> None:
        """The same of a device."""
        self._end(DeviceAsks(device, request), decision)

    def _end(self, asked: Asked, how: str) -> None:
        if self._book.open_about(asked, self._house.now()):
            self._book = references.end(self._book, asked, how)
            self._postings.settle(asked, notices.decided(how, asked))
