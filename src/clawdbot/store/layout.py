"""How the files of the store are called.

A channel account's files begin with ``telegram`` (the default account) or ``telegram-work`` (any other), as the
reference's do, and end with what they hold: ``-pairing.json``, ``-allowFrom.json``, ``-senders.json``. No two accounts
share a file (threats.md S5): no ending is the end of another, so equal names have equal beginnings; no channel has a
dash in its name, so the first dash of a beginning tells channel from account; and the one account without a name in
its files, ``default``, never stands behind a dash.
"""

import re
from enum import StrEnum

from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, account_id

FOLDER = "credentials"

UNFINISHED = "restore-unfinished"
"""The folder that a restore which was killed leaves in the state directory, with what was there before."""


class Part(StrEnum):
    """The files of one channel account, in the order in which they are written (``docs/adr/0002-file-store.md``)."""

    SENDERS = "senders"
    """Ours alone: who is blocked, since when who is in, when the queue was full. It never grants."""
    ALLOW_FROM = "allowFrom"
    """The reference's: who is in."""
    PAIRING = "pairing"
    """The reference's: who waits."""


_NAME = re.compile(rf"(?P<channel>{'|'.join(Channel)})(?:-(?P<account>[a-z0-9_-]+))?-(?:{'|'.join(Part)})\.json", re.A)


def base(account: ChannelAccount) -> str:
    """How all files of an account begin.

    Raises:
        ValueError: the account's name did not come from :func:`clawdbot.domain.names.account_id`.
    """
    if account.account == DEFAULT_ACCOUNT:
        return account.channel.value
    if not _is_id(account.account):
        raise ValueError("an account's name is not fit for a file name")
    return f"{account.channel.value}-{account.account}"


def file_name(account: ChannelAccount, part: Part) -> str:
    return f"{base(account)}-{part.value}.json"


def owner(name: str) -> ChannelAccount | None:
    """The account that a file belongs to; ``None`` for a file that is not ours."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    spelled = match["account"]
    if spelled is not None and (spelled == DEFAULT_ACCOUNT or not _is_id(spelled)):
        return None
    return ChannelAccount(Channel(match["channel"]), AccountId(spelled or DEFAULT_ACCOUNT))


def _is_id(name: str) -> bool:
    try:
        return account_id(name) == name
    except ValueError:
        return False
