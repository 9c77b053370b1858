"""The verbs: the only place where decisions, the store and effects meet.

:class:`Service` is what owners do (approve, reject, …), on any surface. :class:`Door` is what strangers meet: every
direct message of every channel knocks there. :class:`Reception` lets whom the door admits talk to the assistant. All
follow one order: decide, commit, perform. A decision reads the clock itself, when it has the lock: what waited for the
lock with an older time would take a newer request for one from the future.
"""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import assert_never

from clawdbot.assistant.base import Assistant, Prompt
from clawdbot.channels.base import DirectMessage
from clawdbot.domain import gate, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, Effect, SendCode
from clawdbot.domain.gate import Admit, AskApproval, DmRules, Ignore, Why
from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.senders import DEFAULT_CAP, Senders
from clawdbot.domain.texts import NO_ANSWER, pairing_reply, visible
from clawdbot.errors import AssistantFailed, DeliveryFailed, DeliveryUnknown, RecipientRefused
from clawdbot.store.base import SendersKey, Store

log = logging.getLogger("clawdbot")

Clock = Callable[[], Instant]
Send = Callable[[ChannelAccount, str, str], Awaitable[None]]
"""Sends a text to a conversation of an account. Raises DeliveryFailed."""
Announce = Callable[[ChannelAccount, SenderId], None]
"""Tells whoever operates the gateway that a sender waits; never with the code. Must not fail."""
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

    def __init__(self, store: Store, *, now: Clock = wall_clock) -> None:
        self._store = store
        self._now = now

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
        self, account: ChannelAccount, code: PairingCode, *, by: str
    ) -> senders.Approved | senders.NoSuchRequest:
        """Let in whom a code belongs to. When this returns, the approval is durable."""

        def decide(known: Senders) -> Change[Senders, senders.Approved | senders.NoSuchRequest]:
            return senders.approve(known, code, now=self._now(), by=by)

        return (await self._store.update(SendersKey(account), decide)).answer

    async def reject_sender(
        self, account: ChannelAccount, code: PairingCode
    ) -> senders.Rejected | senders.NoSuchRequest:
        """Dismiss a request; the sender may ask again."""

        def decide(known: Senders) -> Change[Senders, senders.Rejected | senders.NoSuchRequest]:
            return senders.reject(known, code, now=self._now())

        return (await self._store.update(SendersKey(account), decide)).answer

    async def block_sender(
        self, account: ChannelAccount, sender: SenderId, *, by: str
    ) -> senders.Blocked | senders.IsBlocked:
        """Silence for a sender, whatever he was before."""

        def decide(known: Senders) -> Change[Senders, senders.Blocked | senders.IsBlocked]:
            return senders.block(known, sender, now=self._now(), by=by)

        return (await self._store.update(SendersKey(account), decide)).answer

    async def unblock_sender(self, account: ChannelAccount, sender: SenderId) -> senders.Unblocked | senders.NotBlocked:
        """End a block; the sender is a stranger again."""
        return (await self._store.update(SendersKey(account), partial(senders.unblock, sender=sender))).answer

    async def revoke_sender(self, account: ChannelAccount, sender: SenderId) -> senders.Revoked | senders.NotAllowed:
        """Take an approval back; effective with the sender's next message, in a running gateway too."""
        return (await self._store.update(SendersKey(account), partial(senders.revoke, sender=sender))).answer


class Door:
    """Decides about each direct message, and hands a stranger his code."""

    def __init__(
        self,
        store: Store,
        *,
        rules: Rules,
        send: Send,
        cap: Callable[[ChannelAccount], int] = lambda _: DEFAULT_CAP,
        now: Clock = wall_clock,
        randbelow: Callable[[int], int] = secrets.randbelow,
        announce: Announce = lambda _account, _sender: None,
    ) -> None:
        self._store = store
        self._announce = announce
        self._rules = rules
        self._send = send
        self._cap = cap
        self._now = now
        self._randbelow = randbelow
        self._code_not_sent: set[tuple[ChannelAccount, SenderId]] = set()

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        """Decide about a message: process it, or not. A stranger may have got a code by then.

        Raises:
            StoreError: the state cannot be read or saved. Nobody was told anything, and the message may be delivered
                again (fails closed; threats.md S4).
            ConfigError: the same, because the rules cannot be known.
        """
        rules = self._rules(message.account)
        known = await self._store.read(SendersKey(message.account))
        decision = gate.decide(rules, known, message.sender)
        if isinstance(decision, AskApproval):
            decision = await self._ask_approval(message, known)
        if isinstance(decision, Ignore):
            log.info("%s: ignored a message of sender %s: %s", message.account, visible(message.sender), decision.why)
        return decision

    async def _ask_approval(self, message: DirectMessage, known: Senders) -> Admit | Ignore:
        """Open a request, or keep the one there is.

        Where what was read leaves nothing to change, no lock is taken: a flood of messages must not keep the owner and
        other conversations waiting for it (threats.md D10).
        """
        cap = self._cap(message.account)

        def decide(known: Senders) -> Change[Senders, senders.RequestAnswer]:
            return senders.request(
                known, message.sender, message.meta, now=self._now(), randbelow=self._randbelow, cap=cap
            )

        change = decide(known)
        if change.state is not known:
            change = await self._store.update(SendersKey(message.account), decide)
        for effect in change.effects:
            await self._perform(effect, message)
        match change.answer:
            case senders.Requested():
                return Ignore(Why.WAITING)
            case senders.StillWaiting(request):
                if (message.account, message.sender) in self._code_not_sent:
                    await self._send_code(message, request.code)
                return Ignore(Why.WAITING)
            case senders.QueueFull():
                return Ignore(Why.QUEUE_FULL)
            case senders.IsBlocked():
                return Ignore(Why.BLOCKED)
            case senders.AlreadyAllowed():
                return Admit()
            case _:
                assert_never(change.answer)

    async def _perform(self, effect: Effect, message: DirectMessage) -> None:
        match effect:
            case SendCode(code=code):
                await self._send_code(message, code)
            case AnnounceRequest(sender=sender):
                who = visible(sender) + (f" ({visible(message.name)})" if message.name else "")
                listing = f"clawdbot pairing list {message.account.channel}"
                log.warning("%s: %s waits for your approval; see: %s", message.account, who, listing)
                self._announce(message.account, sender)
            case _:
                raise TypeError(f"not an effect of a sender's message: {type(effect).__name__}")

    async def _send_code(self, message: DirectMessage, code: PairingCode) -> None:
        """Send the code once (threats.md D10).

        If the platform certainly did not take it, the sender's next message tries again. If it may have, nothing does:
        where answers get lost, each message would bring another code.
        """
        waits = (message.account, message.sender)
        self._code_not_sent.discard(waits)
        text = pairing_reply(message.account.channel, message.id_line, code)
        try:
            await self._send(message.account, message.conversation, text)
        except RecipientRefused as error:
            log.warning("%s: no code for %s: %s", message.account, visible(message.sender), error)
        except DeliveryUnknown as error:
            log.warning("%s: the code for %s may not have arrived: %s", message.account, visible(message.sender), error)
        except DeliveryFailed as error:
            self._code_not_sent.add(waits)
            log.warning("%s: the code for %s is not sent yet: %s", message.account, visible(message.sender), error)


class Reception:
    """Lets whom the door admits talk to the assistant."""

    def __init__(self, door: Door, *, assistant: Assistant, send: Send) -> None:
        self._door = door
        self._assistant = assistant
        self._send = send

    async def on_direct_message(self, message: DirectMessage) -> None:
        """See a message through: answered by the assistant, answered with a code, or ignored.

        Raises as :meth:`Door.knock`, with nothing processed.
        """
        if isinstance(await self._door.knock(message), Admit):
            await self._hand_over(message)

    async def _hand_over(self, message: DirectMessage) -> None:
        """Let the assistant answer. Its words go to the one who wrote, as text, and nowhere else (threats.md D14)."""
        prompt = Prompt(
            account=message.account,
            sender=message.sender,
            name=message.name,
            conversation=message.conversation,
            text=message.text,
            sent_at=message.sent_at,
        )
        try:
            reply = await self._assistant.answer(prompt)
        except AssistantFailed as error:
            why = f"{error}; {error.hint}" if error.hint else error.message
            log.error("%s: the assistant gave no answer: %s", message.account, why)
            reply = NO_ANSWER
        if not reply:
            return
        try:
            await self._send(message.account, message.conversation, reply)
        except DeliveryFailed as error:
            log.error("%s: a reply to %s was not delivered: %s", message.account, visible(message.sender), error)
