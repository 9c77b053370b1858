"""``dm.pair.*``: operators decide from afar about people who write to the bot.

Wrong codes are slowed down by who asks (threats.md D13): ten within a minute, and the device waits five. The owner's
own terminal does not come this way.
"""

import asyncio
from collections.abc import Sequence

from clawdbot.domain import codes, names, sender_ids, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import SenderDecision
from clawdbot.domain.instants import iso
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.texts import APPROVED
from clawdbot.errors import ChannelFailed, DeliveryFailed
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.frames import Error, ErrorCode
from clawdbot.wire.params import DmPairApprove, DmPairBlock, DmPairList, DmPairNotify, DmPairReject, DmPairRevoke

NOTIFY_PATIENCE_S = 8.0
"""A platform that takes longer leaves the caller without an answer."""

UNKNOWN_CODE = "unknown pairing code"
UNKNOWN_ACCOUNT = "unknown channel or account"
SEVERAL_ACCOUNTS = "that code waits on several accounts; name one"


async def list_(house: House, _: Session, params: DmPairList) -> object:
    """Who waits, with the codes, who is in by pairing, and who is blocked."""
    accounts = await _accounts(house, params.channel, params.account)
    if isinstance(accounts, Error):
        return accounts
    found: dict[str, list[object]] = {"pending": [], "allowed": [], "blocked": []}
    now = house.now()
    for account in accounts:
        where = {"channel": account.channel, "account": account.account}
        known = await house.senders.read(account)
        for request in known.waiting(now):
            shown = {
                "id": request.sender,
                "code": request.code.reveal(),
                "createdAt": iso(request.created_at),
                "lastSeenAt": iso(request.last_seen),
                "expiresAt": iso(request.created_at + senders.TTL_MS),
                "meta": dict(request.meta),
                **_label(known, request.sender),
            }
            found["pending"].append({**where, **shown})
        for sender, approval in known.allowed.items():
            since = {} if approval.approved_at is None else {"approvedAt": iso(approval.approved_at)}
            until = {} if approval.until is None else {"until": iso(approval.until)}
            found["allowed"].append(
                {**where, "id": sender, **since, **until, **_label(known, sender), **_decided_by(approval.by)}
            )
        for sender, block in known.blocked.items():
            told = {**_label(known, sender), "id": sender, "blockedAt": iso(block.blocked_at), **_decided_by(block.by)}
            found["blocked"].append({**where, **told})
    return found


async def approve(house: House, session: Session, params: DmPairApprove) -> object:
    """Let in whom a code belongs to."""
    return await _try_code(house, session, params, SenderDecision.APPROVED)


async def reject(house: House, session: Session, params: DmPairReject) -> object:
    """Dismiss a request; the sender may ask again."""
    return await _try_code(house, session, params, SenderDecision.REJECTED)


async def block(house: House, session: Session, params: DmPairBlock) -> object:
    """Silence for a sender, whatever he was before."""
    named = _named(params)
    if isinstance(named, Error):
        return named
    where, sender = named
    await house.senders.block_sender(where, sender, by=_by(session))
    return _resolved(house, where, sender, SenderDecision.BLOCKED)


async def revoke(house: House, session: Session, params: DmPairRevoke) -> object:
    """Take an approval back."""
    named = _named(params)
    if isinstance(named, Error):
        return named
    where, sender = named
    if isinstance(await house.senders.revoke_sender(where, sender, by=_by(session)), senders.NotAllowed):
        return invalid("sender is not approved")
    return _resolved(house, where, sender, SenderDecision.REVOKED)


async def notify(house: House, _: Session, params: DmPairNotify) -> object:
    """Tell an approved sender that he is in: for channels that have one connection, which is the gateway's."""
    named = _named(params)
    if isinstance(named, Error):
        return named
    where, sender = named
    if not (await house.senders.read(where)).is_allowed(sender, now=house.now()):
        return invalid("sender is not approved")
    try:
        async with asyncio.timeout(NOTIFY_PATIENCE_S):
            await house.tell(where, sender, APPROVED)
    except TimeoutError:
        return Error(ErrorCode.UNAVAILABLE, "the platform gave no answer in time")
    except (DeliveryFailed, ChannelFailed) as error:
        return Error(ErrorCode.UNAVAILABLE, error.message)
    return {"channel": where.channel, "account": where.account, "id": sender}


async def _try_code(
    house: House, session: Session, params: DmPairApprove | DmPairReject, decision: SenderDecision
) -> object:
    """Decide about whom a code belongs to; one try of a device at a time, and not many wrong ones."""
    accounts = await _accounts(house, params.channel, params.account)
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
        sender = await _decide(house, session, where[0], code, decision) if where and code else None
        if sender is None:
            house.wrong_codes.failed(session.device, house.now())
            return invalid(UNKNOWN_CODE)
    return _resolved(house, where[0], sender, decision)


async def _decide(
    house: House, session: Session, where: ChannelAccount, code: PairingCode, decision: SenderDecision
) -> SenderId | None:
    if decision is SenderDecision.APPROVED:
        approved = await house.senders.approve_sender(where, code, by=_by(session))
        return approved.request.sender if isinstance(approved, senders.Approved) else None
    rejected = await house.senders.reject_sender(where, code, by=_by(session))
    return rejected.request.sender if isinstance(rejected, senders.Rejected) else None


def _resolved(house: House, where: ChannelAccount, sender: SenderId, decision: SenderDecision) -> object:
    house.announcer.sender_resolved(where, sender, decision, house.now())
    return {"channel": where.channel, "account": where.account, "id": sender, "decision": decision}


def _label(known: senders.Senders, sender: SenderId) -> dict[str, str]:
    return {"label": label} if (label := known.labels.get(sender)) else {}


def _decided_by(who: str | None) -> dict[str, str]:
    return {} if who is None else {"by": who}


def _by(session: Session) -> str:
    """Who decided, for the record."""
    return f"device {session.device[:12]}"


async def _accounts(house: House, channel: str | None, account: str | None) -> Sequence[ChannelAccount] | Error:
    """Those of the accounts that anything is stored for which are meant."""
    try:
        only_channel = None if channel is None else names.channel(channel)
        only_account = None if account is None else names.account_id(account)
    except ValueError:
        return invalid(UNKNOWN_ACCOUNT)
    return [
        one
        for one in await house.senders.accounts()
        if only_channel in (None, one.channel) and only_account in (None, one.account)
    ]


def _named(params: DmPairBlock | DmPairRevoke | DmPairNotify) -> tuple[ChannelAccount, SenderId] | Error:
    """The account and the sender that are meant, who need not be known yet."""
    try:
        where = ChannelAccount(names.channel(params.channel), names.account_id(params.account or ""))
    except ValueError:
        return invalid(UNKNOWN_ACCOUNT)
    try:
        return where, sender_ids.normalise(where.channel, params.sender)
    except ValueError as error:
        return invalid(f"not a sender's id: {error}")
