"""``dm.pair.*``: operators decide from afar about people who write to the bot.

Wrong codes are slowed down by who asks (threats.md D13): ten within a minute, and the device waits five. The owner's
own terminal does not come this way.
"""

from collections.abc import Sequence
from enum import StrEnum

from clawdbot.domain import codes, names, sender_ids, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.instants import iso
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.frames import Error, ErrorCode
from clawdbot.wire.params import DmPairApprove, DmPairBlock, DmPairList, DmPairReject, DmPairRevoke

UNKNOWN_CODE = "unknown pairing code"
UNKNOWN_ACCOUNT = "unknown channel or account"
SEVERAL_ACCOUNTS = "that code waits on several accounts; name one"


class Decided(StrEnum):
    """How an operator decided about a sender."""

    APPROVED = "approved"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    REVOKED = "revoked"


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
                "meta": dict(request.meta),
            }
            found["pending"].append({**where, **shown})
        for sender, approval in known.allowed.items():
            since = {} if approval.approved_at is None else {"approvedAt": iso(approval.approved_at)}
            found["allowed"].append({**where, "id": sender, **since})
        for sender, block in known.blocked.items():
            found["blocked"].append({**where, "id": sender, "blockedAt": iso(block.blocked_at)})
    return found


async def approve(house: House, session: Session, params: DmPairApprove) -> object:
    """Let in whom a code belongs to."""
    return await _try_code(house, session, params, Decided.APPROVED)


async def reject(house: House, session: Session, params: DmPairReject) -> object:
    """Dismiss a request; the sender may ask again."""
    return await _try_code(house, session, params, Decided.REJECTED)


async def block(house: House, session: Session, params: DmPairBlock) -> object:
    """Silence for a sender, whatever he was before."""
    named = _named(params)
    if isinstance(named, Error):
        return named
    where, sender = named
    await house.senders.block_sender(where, sender, by=_by(session))
    return _resolved(house, where, sender, Decided.BLOCKED)


async def revoke(house: House, _: Session, params: DmPairRevoke) -> object:
    """Take an approval back."""
    named = _named(params)
    if isinstance(named, Error):
        return named
    where, sender = named
    if isinstance(await house.senders.revoke_sender(where, sender), senders.NotAllowed):
        return invalid("sender is not approved")
    return _resolved(house, where, sender, Decided.REVOKED)


async def _try_code(house: House, session: Session, params: DmPairApprove | DmPairReject, decision: Decided) -> object:
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
    house: House, session: Session, where: ChannelAccount, code: PairingCode, decision: Decided
) -> SenderId | None:
    if decision is Decided.APPROVED:
        approved = await house.senders.approve_sender(where, code, by=_by(session))
        return approved.request.sender if isinstance(approved, senders.Approved) else None
    rejected = await house.senders.reject_sender(where, code)
    return rejected.request.sender if isinstance(rejected, senders.Rejected) else None


def _resolved(house: House, where: ChannelAccount, sender: SenderId, decision: Decided) -> object:
    house.announcer.sender_resolved(where, sender, decision, house.now())
    return {"channel": where.channel, "account": where.account, "id": sender, "decision": decision}


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


def _named(params: DmPairBlock | DmPairRevoke) -> tuple[ChannelAccount, SenderId] | Error:
    """The account and the sender that are meant, who need not be known yet."""
    try:
        where = ChannelAccount(names.channel(params.channel), names.account_id(params.account or ""))
    except ValueError:
        return invalid(UNKNOWN_ACCOUNT)
    try:
        return where, sender_ids.normalise(where.channel, params.sender)
    except ValueError as error:
        return invalid(f"not a sender's id: {error}")
