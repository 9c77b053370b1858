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

from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import Senders


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


class Why(StrEnum):
    """Why a message is ignored."""

    DISABLED = "direct messages are disabled"
    BLOCKED = "the sender is blocked"
    NOT_LISTED = "the sender is not on the allowlist"
    QUEUE_FULL = "as many requests wait as may"
    WAITING = "the sender waits for approval"


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


def decide(rules: DmRules, senders: Senders, sender: SenderId) -> Admit | Ignore | AskApproval:
    """Decide about one direct message by the sender's immutable id alone (threats.md D6)."""
    if rules.policy is DmPolicy.DISABLED:
        return Ignore(Why.DISABLED)
    if sender in senders.blocked:
        return Ignore(Why.BLOCKED)
    if rules.everyone or sender in rules.listed:
        return Admit()
    if rules.policy is DmPolicy.ALLOWLIST:
        return Ignore(Why.NOT_LISTED)
    if sender in senders.allowed:
        return Admit()
    if rules.policy is DmPolicy.OPEN:
        return Ignore(Why.NOT_LISTED)
    return AskApproval()
