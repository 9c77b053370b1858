"""Names of channels, accounts, senders and devices, and how a person may spell them."""

import re
from enum import StrEnum
from typing import NamedTuple, NewType

AccountId = NewType("AccountId", str)
"""One bot login of a channel: ``[a-z0-9_-]``, at most 64 characters (see :func:`account_id`)."""

SenderId = NewType("SenderId", str)
"""A person on a channel, by the id that the platform never changes (see :mod:`clawdbot.domain.sender_ids`)."""

DeviceId = NewType("DeviceId", str)
"""A device: the lower-case hex SHA-256 of its raw public key (threats.md G1)."""

NodeId = NewType("NodeId", str)
"""A node of the legacy store, by whatever name it gave; for a device that is a node, its :data:`DeviceId`."""

RequestId = NewType("RequestId", str)
"""Names the request of one device or node: what the owner saw under it is what gets approved (threats.md G5)."""

Scope = NewType("Scope", str)
"""Something that an operator may do, ``operator.read``; what covers what: :mod:`clawdbot.domain.scopes`."""

Instant = int
"""A point in time: integer milliseconds since the Unix epoch."""

DEFAULT_ACCOUNT = AccountId("default")


class Role(StrEnum):
    """What a device is to the gateway; there is no other role (threats.md G3)."""

    OPERATOR = "operator"
    NODE = "node"


class Channel(StrEnum):
    """A chat platform."""

    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    SIGNAL = "signal"
    IMESSAGE = "imessage"
    DISCORD = "discord"
    SLACK = "slack"

    @property
    def id_label(self) -> str:
        """What a sender's id is called, as a column heading (``docs/cli.md#pairing-list``)."""
        return _ID_LABELS[self]


ITS_OWN_CONNECTION = frozenset({Channel.WHATSAPP, Channel.SIGNAL, Channel.IMESSAGE})
"""Channels that one program at a time can reach from this machine; while a gateway runs, that is the gateway's."""

_ID_LABELS = {
    Channel.TELEGRAM: "telegramUserId",
    Channel.WHATSAPP: "whatsappSenderId",
    Channel.SIGNAL: "signalNumber",
    Channel.IMESSAGE: "imessageSenderId",
    Channel.DISCORD: "discordUserId",
    Channel.SLACK: "slackUserId",
}
_CHANNEL_ALIASES = {"imsg": Channel.IMESSAGE}


def channel(text: str) -> Channel:
    """Read a channel's name as a person types it: any case, spaces around it, ``imsg`` for ``imessage``.

    Raises:
        ValueError: there is no such channel.
    """
    name = text.strip().lower()
    return _CHANNEL_ALIASES.get(name) or Channel(name)


def account_id(text: str) -> AccountId:
    """Normalise an account's name to one that is safe in a file name; a blank one is the default account.

    ``"Work Bot"`` becomes ``"work-bot"``. Two names of one channel that become the same are the configuration's
    business to refuse.

    Raises:
        ValueError: there is no letter or digit of ASCII in it.
    """
    if not text.strip():
        return DEFAULT_ACCOUNT
    name = re.sub(r"[^a-z0-9_-]+", "-", text.strip().lower())[:64].strip("-")
    if not name:
        raise ValueError("an account's name needs a letter or a digit")
    return AccountId(name)


class ChannelAccount(NamedTuple):
    """One bot login of one channel: what approvals, pending requests and the cap belong to (threats.md D1).

    A tuple, because each message is looked up by it several times: a tuple is hashed without calling any Python.
    """

    channel: Channel
    account: AccountId = DEFAULT_ACCOUNT

    def __str__(self) -> str:
        return self.channel if self.account == DEFAULT_ACCOUNT else f"{self.channel}:{self.account}"
