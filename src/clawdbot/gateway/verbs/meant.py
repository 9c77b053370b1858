"""Which channel accounts and which sender a call is about, from names that clients made up."""

from collections.abc import Callable, Sequence

from clawdbot.domain import names, sender_ids
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount, SenderId
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.frames import Error
from clawdbot.wire.sender_params import OfSender

UNKNOWN_ACCOUNT = "unknown channel or account"


def among(channel: str | None, account: str | None) -> Callable[[ChannelAccount | None], bool] | Error:
    """Tells the accounts that are meant from others; what is of no account is meant where none is named."""
    try:
        only_channel = None if channel is None else names.channel(channel)
        only_account = None if account is None else names.account_id(account)
    except ValueError:
        return invalid(UNKNOWN_ACCOUNT)

    def is_meant(one: ChannelAccount | None) -> bool:
        if one is None:
            return only_channel is None and only_account is None
        return only_channel in (None, one.channel) and only_account in (None, one.account)

    return is_meant


async def accounts(house: House, channel: str | None, account: str | None) -> Sequence[ChannelAccount] | Error:
    """Those of the accounts that anything is stored for which are meant."""
    is_meant = among(channel, account)
    if isinstance(is_meant, Error):
        return is_meant
    return [one for one in await house.senders.accounts() if is_meant(one)]


async def sender(house: House, params: OfSender) -> tuple[ChannelAccount, SenderId] | Error:
    """The account and the sender that are meant, who need not be known yet."""
    where = await account(house, params.channel, params.account)
    if isinstance(where, Error):
        return where
    id = id_on(where.channel, params.sender)
    return id if isinstance(id, Error) else (where, id)


async def account(house: House, channel: str, account: str | None) -> ChannelAccount | Error:
    """The one account that is meant; the default one if none is named, which every channel has.

    One that is neither configured nor has anything stored for it is unknown: nobody makes files of ours by making up
    names.
    """
    try:
        where = ChannelAccount(names.channel(channel), names.account_id(account or ""))
    except ValueError:
        return invalid(UNKNOWN_ACCOUNT)
    if where.account == DEFAULT_ACCOUNT or where in house.reports.accounts() or where in await house.senders.accounts():
        return where
    return invalid(UNKNOWN_ACCOUNT)


def id_on(channel: Channel, text: str) -> SenderId | Error:
    """A sender's id on a channel."""
    try:
        return sender_ids.normalise(channel, text)
    except ValueError as error:
        return invalid(f"not a sender's id: {error}")
