"""``dm.pair.*``: operators decide from afar about people who write to the bot.

Wrong codes are slowed down by who asks (threats.md D13): ten within a minute, and the device waits five. The owner's
own terminal does not come this way.
"""

import asyncio
from typing import assert_never

from clawdbot.domain import codes, facts, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import SenderDecision
from clawdbot.domain.endings import Endless, Extended
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.texts import APPROVED, read_label
from clawdbot.errors import ChannelFailed, DeliveryFailed
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs import meant
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire import sender_views
from clawdbot.wire.frames import Error, ErrorCode
from clawdbot.wire.sender_params import (
    DmPairApprove,
    DmPairBlock,
    DmPairExpect,
    DmPairExtend,
    DmPairLabel,
    DmPairList,
    DmPairNotify,
    DmPairReject,
    DmPairRevoke,
    DmPairUnblock,
)

NOTIFY_PATIENCE_S = 8.0
"""A platform that takes longer leaves the caller without an answer."""

UNKNOWN_CODE = "unknown pairing code"
SEVERAL_ACCOUNTS = "that code waits on several accounts; name one"
NOT_APPROVED = "sender is not approved"


async def list_(house: House, _: Session, params: DmPairList) -> object:
    """Who waits, with the codes; who is in by pairing, expected, blocked, turned away for a while."""
    accounts = await meant.accounts(house, params.channel, params.account)
    if isinstance(accounts, Error):
        return accounts
    known = [(one, await house.senders.read(one)) for one in accounts]
    return sender_views.people(known, now=house.now(), holds=house.holds)


# --- by code ---------------------------------------------------------------------------------------------------------


async def approve(house: House, session: Session, params: DmPairApprove) -> object:
    """Let in whom a code belongs to, for good or for a time; his label is another matter, and comes after."""
    label = _label(params.label or "")
    if isinstance(label, Error):
        return label
    found = await _try_code(house, session, params)
    if isinstance(found, Error):
        return found
    where, sender, _ = found
    if label:
        await house.senders.label_sender(where, sender, label)
    return _resolved(house, where, sender, SenderDecision.APPROVED)


async def reject(house: House, session: Session, params: DmPairReject) -> object:
    """Dismiss a request, and it alone; or turn the person away for a while, under every id of his."""
    found = await _try_code(house, session, params)
    if isinstance(found, Error):
        return found
    where, sender, linked = found
    return _resolved(house, where, sender, SenderDecision.REJECTED, others=linked)


async def _try_code(
    house: House, session: Session, params: DmPairApprove | DmPairReject
) -> tuple[ChannelAccount, SenderId, frozenset[SenderId]] | Error:
    """Decide about whom a code belongs to; one try of a device at a time, and not many wrong ones.

    The last of the answer are those of his other ids about which it was decided, too.
    """
    accounts = await meant.accounts(house, params.channel, params.account)
    if isinstance(accounts, Error):
        return accounts
    async with house.turns.of(session.device):
        locked_for = house.wrong_codes.locked_for(session.device, house.now())
        if locked_for:
            return Error(
                ErrorCode.UNAVAILABLE, "too many wrong pairing codes", retryable=True, retry_after_ms=locked_for
            )
        code = codes.read(params.code.reveal())
        where = [] if code is None else await house.senders.where_waits(code, accounts)
        if len(where) > 1:
            return invalid(SEVERAL_ACCOUNTS)
        decided = await _decide(house, session, where[0], code, params) if where and code else None
        if decided is None:
            house.wrong_codes.failed(session.device, house.now())
            return invalid(UNKNOWN_CODE)
    return where[0], *decided


async def _decide(
    house: House, session: Session, where: ChannelAccount, code: PairingCode, params: DmPairApprove | DmPairReject
) -> tuple[SenderId, frozenset[SenderId]] | None:
    match params:
        case DmPairApprove():
            approved = await house.senders.approve_sender(where, code, by=_by(session), lasts_ms=params.for_ms)
            return (approved.request.sender, frozenset()) if isinstance(approved, senders.Approved) else None
        case DmPairReject():
            rejected = await house.senders.reject_sender(where, code, by=_by(session), quiet_ms=params.for_ms)
            return (rejected.request.sender, rejected.linked) if isinstance(rejected, senders.Rejected) else None
        case _:
            assert_never(params)


# --- by id -----------------------------------------------------------------------------------------------------------


async def block(house: House, session: Session, params: DmPairBlock) -> object:
    """Silence for a sender, whatever he was before, and under whichever of his ids he asked (threats.md D7)."""
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    where, sender = named
    answer = await house.senders.block_sender(where, sender, by=_by(session))
    others = answer.aliases if isinstance(answer, senders.Blocked) else frozenset[SenderId]()
    return _resolved(house, where, sender, SenderDecision.BLOCKED, others=others)


async def unblock(house: House, session: Session, params: DmPairUnblock) -> object:
    """End a block, or the time for which a sender was turned away."""
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    answer = await house.senders.unblock_sender(*named, by=_by(session))
    if isinstance(answer, senders.NotBlocked):
        return invalid("sender is not blocked")
    return _resolved(house, *named, SenderDecision.UNBLOCKED, others=answer.linked)


async def revoke(house: House, session: Session, params: DmPairRevoke) -> object:
    """Take an approval back, or an announcement."""
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    answer = await house.senders.revoke_sender(*named, by=_by(session))
    if isinstance(answer, senders.NotAllowed):
        return invalid(NOT_APPROVED)
    return _resolved(house, *named, SenderDecision.REVOKED, others=answer.linked)


async def expect(house: House, session: Session, params: DmPairExpect) -> object:
    """Announce a person: in with the first message."""
    named, label = await meant.sender(house, params), _label(params.label or "")
    if isinstance(named, Error):
        return named
    if isinstance(label, Error):
        return label
    answer = await house.senders.expect_sender(*named, by=_by(session), lasts_ms=params.for_ms)
    match answer:
        case senders.Announced():
            if label:
                await house.senders.label_sender(*named, label)
            return _resolved(house, *named, SenderDecision.EXPECTED, others=answer.linked)
        case senders.AlreadyAllowed():
            return invalid("sender is approved already")
        case senders.IsBlocked():
            return invalid("sender is blocked")
        case _:
            assert_never(answer)


async def extend(house: House, session: Session, params: DmPairExtend) -> object:
    """Let a person who is in for a time be in for longer, counted from now."""
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    answer = await house.senders.extend_sender(*named, by=_by(session), lasts_ms=params.for_ms)
    match answer:
        case Extended():
            return _resolved(house, *named, SenderDecision.EXTENDED, others=answer.linked)
        case Endless():
            return invalid("sender is approved for good")
        case senders.NotAllowed():
            return invalid(NOT_APPROVED)
        case _:
            assert_never(answer)


async def label(house: House, _: Session, params: DmPairLabel) -> object:
    """Call a person something; it decides nothing, and nobody is told."""
    named, text = await meant.sender(house, params), _label(params.label)
    if isinstance(named, Error):
        return named
    if isinstance(text, Error):
        return text
    where, _sender = named
    answer = await house.senders.label_sender(*named, text)
    return {"channel": where.channel, "account": where.account, "id": answer.sender, "label": answer.label}


async def notify(house: House, _: Session, params: DmPairNotify) -> object:
    """Tell an approved sender that he is in: for channels that have one connection, which is the gateway's."""
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    where, sender = named
    if not (await house.senders.read(where)).is_allowed(sender, now=house.now()):
        return invalid(NOT_APPROVED)
    try:
        async with asyncio.timeout(NOTIFY_PATIENCE_S):
            await house.tell(where, sender, APPROVED)
    except TimeoutError:
        return Error(ErrorCode.UNAVAILABLE, "the platform gave no answer in time")
    except (DeliveryFailed, ChannelFailed) as error:
        return Error(ErrorCode.UNAVAILABLE, error.message)
    return {"channel": where.channel, "account": where.account, "id": sender}


# --- what they have in common ----------------------------------------------------------------------------------------


def _resolved(
    house: House,
    where: ChannelAccount,
    sender: SenderId,
    decision: SenderDecision,
    *,
    others: frozenset[SenderId] = frozenset(),
) -> object:
    """Tell everybody whom it concerns, under each of the sender's ids that anything may be known by."""
    for each in (sender, *sorted(others - {sender})):
        house.announcer.sender_resolved(where, each, decision, house.now())
    return {"channel": where.channel, "account": where.account, "id": sender, "decision": decision}


def _label(text: str) -> str | Error:
    try:
        return read_label(text)
    except ValueError as error:
        return invalid(f"that is no label: {error}")


def _by(session: Session) -> str:
    """Who decided, for the record."""
    return facts.by_device(session.device)
