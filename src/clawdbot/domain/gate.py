"""The gate: may this sender's direct message be processed? Decided here, once, for every channel.

    policy      blocked  listed in config  approved by pairing  anybody else
    pairing     ignore   admit             admit                ask for approval
    allowlist   ignore   admit             ignore               ignore
    open        ignore   admit             admit                admit only if the config lists "*"
    disabled    ignore   ignore            ignore               ignore

A ``"*"`` in the configured list admits everybody under pairing, allowlist and open; it never counts from the store
(threats.md D3, D4, D5).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Invited,
    IsBlocked,
    IsQuiet,
    QueueFull,
    RequestAnswer,
    Requested,
    Senders,
    StillWaiting,
    Welcomed,
)


class DmPolicy(StrEnum):
    """Who may write to the bot directly."""

    PAIRING = "pairing"
    ALLOWLIST = "allowlist"
    OPEN = "open"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class DmRules:
    """What the configuration says about one channel account."""

    policy: DmPolicy = DmPolicy.PAIRING
    listed: frozenset[SenderId] = frozenset()
    everyone: bool = False
    """The configured list holds ``"*"``."""
    self_chat: bool | None = None
    """Whether the account's owner may write to the bot in the chat with himself; ``None`` if he is listed."""


class Why(StrEnum):
    """Why a message is ignored."""

    DISABLED = "direct messages are disabled"
    BLOCKED = "the sender is blocked"
    NOT_LISTED = "the sender is not on the allowlist"
    QUIET = "the sender was turned away for a while"
    QUEUE_FULL = "the queue is full"
    WAITING = "the sender waits for approval"
    LATE = "it is from before we were connected"
    OWN = "it is from ourselves"
    INVITE = "it is the word of an invite, which is for nobody else"


@dataclass(frozen=True, slots=True)
class Admit:
    """Hand the message to the assistant; nothing is written."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Not processed, and no word to the sender."""

    why: Why


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Not processed; the sender may get a code (:func:`clawdbot.domain.senders.request` decides)."""


def decide(
    rules: DmRules,
    senders: Senders,
    sender: SenderId,
    aliases: frozenset[SenderId] = frozenset(),
    *,
    now: Instant,
    own: bool = False,
) -> Admit | Ignore | AskApproval:
    """Decide about one direct message by the person's immutable ids alone (threats.md D6, D7).

    Args:
        aliases: his other ids, as the platform ties them to ``sender`` in this message.
        own: it is from ourselves to ourselves, which never asks for approval (threats.md D8).
    """
    if rules.policy is DmPolicy.DISABLED:
        return Ignore(Why.DISABLED)
    if senders.is_blocked(sender, aliases):
        return Ignore(Why.BLOCKED)
    listed = sender in rules.listed or not aliases.isdisjoint(rules.listed)
    if own:
        return Admit() if (listed if rules.self_chat is None else rules.self_chat) else Ignore(Why.OWN)
    if rules.everyone or listed:
        return Admit()
    if rules.policy is DmPolicy.ALLOWLIST:
        return Ignore(Why.NOT_LISTED)
    if senders.is_allowed(sender, aliases, now=now):
        return Admit()
    if rules.policy is DmPolicy.OPEN:
        return Ignore(Why.NOT_LISTED)
    return AskApproval()


def after_asking(answer: RequestAnswer) -> Admit | Ignore:
    """What becomes of the message of somebody who asked for approval."""
    match answer:
        case Requested() | StillWaiting():
            return Ignore(Why.WAITING)
        case QueueFull():
            return Ignore(Why.QUEUE_FULL)
        case IsBlocked():
            return Ignore(Why.BLOCKED)
        case IsQuiet():
            return Ignore(Why.QUIET)
        case Invited():
            return Ignore(Why.INVITE)
        case AlreadyAllowed() | Welcomed():
            return Admit()
        case _:
            assert_never(answer)
