"""The verbs: the only place where decisions, the store and effects meet.

:class:`Service` is what owners do (approve, reject, …), on any surface. :class:`Door` is what strangers meet: every
direct message of every channel knocks there; whom it admits goes on to the :mod:`~clawdbot.reception`. All follow one
order: decide, commit, perform. A decision reads the clock itself, when it has the lock: what waited for the lock with
an older time would take a newer request for one from the future.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from clawdbot.channels.base import DirectMessage
from clawdbot.domain import endings, facts, gate, invites, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, Effect, SendCode
from clawdbot.domain.facts import TERMINAL, Kind, Record, keep_nothing
from clawdbot.domain.gate import Admit, AskApproval, DmRules, Ignore, Why
from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.senders import DEFAULT_CAP, Senders
from clawdbot.domain.texts import ReplyPolicy, visible
from clawdbot.replies import Clock as Clock
from clawdbot.replies import Replies
from clawdbot.replies import Send as Send
from clawdbot.store.base import A, SendersKey, Store
from clawdbot.words_on_file import holds_a_word

log = logging.getLogger("clawdbot")

Announce = Callable[[ChannelAccount, SenderId], None]
"""Tells whoever operates the gateway that a sender waits, or came in; never with the code. Must not fail."""
Rules = Callable[[ChannelAccount], DmRules]
"""What the configuration says about an account now. Raises ConfigError while the configuration is broken."""


def wall_clock() -> Instant:
    """The system's time."""
    return time.time_ns() // 1_000_000


class Service:
    """What an owner does with the senders of a channel account.

    Every method raises :class:`~clawdbot.errors.StoreError` if the state cannot be read or saved; nothing changed then.
    ``by`` says who decided and where, for the record: ``"terminal"``.
    """

    def __init__(self, store: Store, *, now: Clock = wall_clock, record: Record = keep_nothing) -> None:
        self._store = store
        self._now = now
        self._record = record

    async def accounts(self) -> list[ChannelAccount]:
        """The channel accounts that anything is stored for."""
        return sorted(key.account for key in await self._store.keys(SendersKey) if isinstance(key, SendersKey))

    async def read(self, account: ChannelAccount) -> Senders:
        """Who is in, who waits, who is blocked."""
        return await self._store.read(SendersKey(account))

    async def waiting(self, account: ChannelAccount) -> list[senders.Request]:
        """The live requests, oldest first."""
        return (await self.read(account)).waiting(self._now())

    async def where_waits(self, code: PairingCode, among: Iterable[ChannelAccount]) -> list[ChannelAccount]:
        """The accounts on which a code is waiting: one, unless it is unknown."""
        now = self._now()
        return [account for account in among if (await self.read(account)).find(code, now)]

    async def approve_sender(
        self, account: ChannelAccount, code: PairingCode, *, by: str, lasts_ms: int | None = None
    ) -> senders.Approved | senders.NoSuchRequest:
        """Let in whom a code belongs to, for good or for a time. When this returns, the approval is durable."""

        def decide(known: Senders) -> Change[Senders, senders.Approved | senders.NoSuchRequest]:
            now = self._now()
            return senders.approve(known, code, now=now, by=by, until=None if lasts_ms is None else now + lasts_ms)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, senders.Approved):
            self._note(Kind.APPROVED, account, answer.request.sender, by)
        return answer

    async def reject_sender(
        self, account: ChannelAccount, code: PairingCode, *, by: str = TERMINAL, quiet_ms: int | None = None
    ) -> senders.Rejected | senders.NoSuchRequest:
        """Dismiss a request; or turn the person away for a while, too (:func:`clawdbot.domain.senders.reject`)."""

        def decide(known: Senders) -> Change[Senders, senders.Rejected | senders.NoSuchRequest]:
            now = self._now()
            return senders.reject(known, code, now=now, quiet_until=None if quiet_ms is None else now + quiet_ms)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, senders.Rejected):
            self._note(Kind.REJECTED, account, answer.request.sender, by, answer.linked)
        return answer

    async def block_sender(
        self, account: ChannelAccount, sender: SenderId, *, by: str
    ) -> senders.Blocked | senders.IsBlocked:
        """Silence for a sender, whatever he was before."""

        def decide(known: Senders) -> Change[Senders, senders.Blocked | senders.IsBlocked]:
            return senders.block(known, sender, now=self._now(), by=by)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, senders.Blocked):
            self._note(Kind.BLOCKED, account, sender, by, answer.linked)
        return answer

    async def unblock_sender(
        self, account: ChannelAccount, sender: SenderId, *, by: str = TERMINAL
    ) -> senders.Unblocked | senders.NotBlocked:
        """End a block; the sender is a stranger again."""
        answer = (await self._commit(account, partial(senders.unblock, sender=sender))).answer
        if isinstance(answer, senders.Unblocked):
            self._note(Kind.UNBLOCKED, account, answer.sender, by, answer.linked)
        return answer

    async def revoke_sender(
        self, account: ChannelAccount, sender: SenderId, *, by: str = TERMINAL
    ) -> senders.Revoked | senders.NotAllowed:
        """Take an approval back; effective with the sender's next message, in a running gateway too."""
        answer = (await self._commit(account, partial(senders.revoke, sender=sender))).answer
        if isinstance(answer, senders.Revoked):
            self._note(Kind.REVOKED, account, answer.sender, by, answer.linked)
        return answer

    async def extend_sender(
        self,
        account: ChannelAccount,
        sender: SenderId,
        *,
        by: str,
        lasts_ms: int | None = None,
        ending: Instant | None = None,
    ) -> endings.ExtendAnswer:
        """Let somebody who is in for a time be in for longer (:func:`clawdbot.domain.endings.extend`)."""

        def decide(known: Senders) -> Change[Senders, endings.ExtendAnswer]:
            return endings.extend(known, sender, now=self._now(), by=by, lasts_ms=lasts_ms, ending=ending)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, endings.Extended):
            self._note(Kind.EXTENDED, account, answer.sender, by, answer.linked)
        return answer

    async def expect_sender(
        self, account: ChannelAccount, sender: SenderId, *, by: str, lasts_ms: int | None = None
    ) -> senders.Announced | senders.AlreadyAllowed | senders.IsBlocked:
        """Announce a person: in with the first message, if that comes in time."""

        def decide(known: Senders) -> Change[Senders, senders.Announced | senders.AlreadyAllowed | senders.IsBlocked]:
            now = self._now()
            return senders.expect(known, sender, now=now, by=by, until=None if lasts_ms is None else now + lasts_ms)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, senders.Announced):
            self._note(Kind.EXPECTED, account, sender, by, answer.linked)
        return answer

    async def label_sender(self, account: ChannelAccount, sender: SenderId, text: str) -> senders.Labelled:
        """Call a sender something. Raises ValueError (:func:`clawdbot.domain.senders.label`)."""
        return (await self._commit(account, partial(senders.label, sender=sender, text=text))).answer

    async def forget_expired(self) -> None:
        """Take the approvals that are over out of every account's files; nothing is written where none is."""
        for account in await self.accounts():
            if (known := await self.read(account)).current(self._now()) is known:
                continue
            await self._commit(account, lambda known: senders.expire(known, now=self._now()))

    async def _commit(
        self, account: ChannelAccount, decide: Callable[[Senders], Change[Senders, A]]
    ) -> Change[Senders, A]:
        return await _commit(self._store, account, decide, now=self._now, record=self._record)

    def _note(
        self, kind: Kind, account: ChannelAccount, sender: SenderId, by: str, linked: frozenset[SenderId] = frozenset()
    ) -> None:
        """Tell the history, of each of somebody's ids by itself."""
        for one in (sender, *sorted(linked)):
            self._record(facts.sender_decided(kind, account, one, by=by, at=self._now()))


async def _commit(
    store: Store,
    account: ChannelAccount,
    decide: Callable[[Senders], Change[Senders, A]],
    *,
    now: Clock,
    record: Record,
) -> Change[Senders, A]:
    """Commit a decision about senders; whose approval was over and went with it, the history is told, too."""
    over: list[SenderId] = []

    def decide_on(known: Senders) -> Change[Senders, A]:
        change = decide(known)
        over[:] = sorted(known.ended(change.state, now()))
        return change

    change = await store.update(SendersKey(account), decide_on)
    for sender in over:
        log.info("%s: the approval of sender %s is over", account, visible(sender))
        record(facts.sender_came(Kind.EXPIRED, account, sender, at=now()))
    return change


class Door:
    """Decides about each direct message, and hands a stranger his code."""

    def __init__(  # noqa: PLR0913 - each is a port to the world outside
        self,
        store: Store,
        *,
        rules: Rules,
        send: Send,
        cap: Callable[[ChannelAccount], int] = lambda _: DEFAULT_CAP,
        reply: Callable[[ChannelAccount], ReplyPolicy] = lambda _: ReplyPolicy(),
        now: Clock = wall_clock,
        randbelow: Callable[[int], int] = secrets.randbelow,
        announce: Announce = lambda _account, _sender: None,
        came: Announce = lambda _account, _sender: None,
        record: Record = keep_nothing,
    ) -> None:
        self._store = store
        self._announce = announce
        self._came = came
        self._record = record
        self._rules = rules
        self._cap = cap
        self._now = now
        self._randbelow = randbelow
        self._replies = Replies(send, reply=reply, now=now)
        self._used: dict[tuple[ChannelAccount, SenderId], senders.Approval] = {}

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        """Decide about a message: process it, or not. A stranger may have got a code by then.

        Raises:
            StoreError: the state cannot be read or saved. Nobody was told anything, and the message may be delivered
                again (fails closed; threats.md S4).
            ConfigError: the same, because the rules cannot be known.
        """
        rules = self._rules(message.account)
        known = await self._store.read(SendersKey(message.account))
        decision = gate.decide(rules, known, message.sender, message.aliases, now=self._now(), own=message.own)
        word = invites.read(message.text) if known.invites else None
        if isinstance(decision, AskApproval):
            decision = Ignore(Why.LATE) if message.late else await self._ask_approval(message, known, word)
        may_hold_a_word = len(message.text) >= invites.LENGTH
        if isinstance(decision, Admit) and may_hold_a_word and await holds_a_word(self._store, message.text):
            # good or used up, for this account or another: whoever is in goes on without it
            decision = Ignore(Why.INVITE)
        if isinstance(decision, Ignore):
            log.info("%s: ignored a message of sender %s: %s", message.account, visible(message.sender), decision.why)
        self._note(message, known, decision)
        if isinstance(decision, Ignore) and decision.why is Why.INVITE:
            await self._replies.that_he_is_in(message)
        return decision

    def _note(self, message: DirectMessage, known: Senders, decision: Admit | Ignore) -> None:
        """Tell the history of the first use of an approval, and of refusals; never of whom the policy leaves out.

        Nothing is written about a stranger under ``allowlist`` and ``disabled`` (threats.md D3).
        """
        match decision:
            case Admit():
                key = senders.find(known.allowed, message.sender, message.aliases)
                if key is None:
                    return
                used, approval = self._used.get((message.account, key)), known.allowed[key]
                if used is not approval and used != approval:
                    self._used[message.account, key] = approval
                    self._record(facts.sender_came(Kind.USED, message.account, key, at=self._now()))
            case Ignore(Why.BLOCKED | Why.QUIET | Why.QUEUE_FULL as why):
                fact = facts.sender_came(Kind.REFUSED, message.account, message.sender, at=self._now(), why=why)
                self._record(fact)
            case Ignore():
                pass

    async def _ask_approval(
        self, message: DirectMessage, known: Senders, word: invites.WordDigest | None
    ) -> Admit | Ignore:
        """Open a request, or keep the one there is.

        Where what was read leaves nothing to change, no lock is taken: a flood of messages must not keep the owner and
        other conversations waiting for it (threats.md D10).
        """
        cap, reply = self._cap(message.account), self._replies.policy(message.account)

        def decide(known: Senders) -> Change[Senders, senders.RequestAnswer]:
            return senders.request(
                known,
                message.sender,
                message.meta,
                now=self._now(),
                randbelow=self._randbelow,
                cap=cap,
                aliases=message.aliases,
                word=word,
            )

        change = decide(known)
        if change.state is not known:
            change = await _commit(self._store, message.account, decide, now=self._now, record=self._record)
        for effect in change.effects:
            await self._perform(effect, message, reply)
        if isinstance(change.answer, senders.StillWaiting):
            await self._replies.code_again(message, change.answer.request.code, reply)
        if isinstance(change.answer, senders.Welcomed | senders.Invited):
            how = "invited" if isinstance(change.answer, senders.Invited) else "expected"
            log.info("%s: %s was %s, and is in", message.account, visible(change.answer.sender), how)
            by, now = change.answer.by or "", self._now()
            self._record(facts.sender_decided(Kind.APPROVED, message.account, change.answer.sender, by=by, at=now))
            self._came(message.account, change.answer.sender)
        return gate.after_asking(change.answer)

    async def _perform(self, effect: Effect, message: DirectMessage, reply: ReplyPolicy) -> None:
        match effect:
            case SendCode(code=code):
                await self._replies.code(message, code, reply)
            case AnnounceRequest(sender=sender):
                who = visible(sender) + (f" ({visible(message.name)})" if message.name else "")
                listing = f"clawdbot pairing list {message.account.channel}"
                log.warning("%s: %s waits for your approval; see: %s", message.account, who, listing)
                self._record(facts.sender_came(Kind.REQUESTED, message.account, sender, at=self._now()))
                self._announce(message.account, sender)
            case _:
                raise TypeError(f"not an effect of a sender's message: {type(effect).__name__}")


class Knock(Protocol):
    """What a door does: decides about a direct message (:meth:`Door.knock`)."""

    async def knock(self, message: DirectMessage) -> Admit | Ignore: ...
