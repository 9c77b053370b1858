"""What the history is told: who came, what was decided about him, by whom, from where, and why.

Nothing here has a place for a code, a token or a text (threats.md S7). What is told about devices:
:mod:`clawdbot.domain.device_facts`, apart from here because it loads their cryptography.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clawdbot.domain.names import ChannelAccount, Instant, SenderId

TERMINAL: Final = "terminal"
"""Who decides at the owner's own terminal; for everybody else see :func:`by_device`."""

_DEVICE: Final = "device "


class Kind(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    REVOKED = "revoked"
    EXPECTED = "expected"
    """The owner announced somebody, who is in with his first message."""
    EXTENDED = "extended"
    """An approval that was to end ends later."""
    INVITED = "invited"
    """The owner made an invite, and it is about that; who comes in by it is approved by it."""
    UNINVITED = "uninvited"
    LINKED = "linked"
    """The owner said that several ids are one person; told of each."""
    UNLINKED = "unlinked"
    EXPIRED = "expired"
    """An approval that was not to last is over."""
    REMOVED = "removed"
    ROTATED = "rotated"
    REFUSED = "refused"
    USED = "used"
    """The first message of somebody who is in, since his approval or since the gateway was started."""
    CONNECTED = "connected"
    # what befell the history itself
    GAP = "gap"
    TORN = "torn"
    BROKEN = "broken"
    PRUNED = "pruned"


class Surface(StrEnum):
    """Where it happened."""

    TERMINAL = "terminal"
    GATEWAY = "gateway"
    CHAT = "chat"
    FILES = "files"
    """Another program, or a hand, on the state files: the gateway saw them change, and nobody told it."""


class Of(StrEnum):
    """Whom it is about."""

    SENDER = "sender"
    DEVICE = "device"
    NODE = "node"
    """A node of the legacy store."""
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about. ``id`` is empty for somebody unknown, or for several; only a sender has an account."""

    of: Of
    id: str = ""
    account: ChannelAccount | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened.

    Attributes:
        by: who did it: ``terminal``, ``device 0123456789ab``; empty for the subject itself, or where it is not known.
        address: the network address that it came from, if it came from one.
        times: how often, where that is told once.
    """

    at: Instant
    kind: Kind
    surface: Surface
    about: Subject
    by: str = ""
    why: str = ""
    address: str = ""
    times: int = 1


Record = Callable[[Fact], None]
"""Takes a fact down. Must neither fail nor keep anybody waiting who has other things to do: what was decided stands."""


def keep_nothing(_: Fact) -> None:
    """The :data:`Record` of whoever wants no history."""


def by_device(device: str) -> str:
    """How approvals and the history name a device that decides."""
    return f"{_DEVICE}{device[:12]}"


def surface_of(by: str) -> Surface:
    """Where somebody decided, by how he is named."""
    if by == TERMINAL:
        return Surface.TERMINAL
    return Surface.GATEWAY if by.startswith(_DEVICE) else Surface.CHAT


def sender_decided(kind: Kind, account: ChannelAccount, sender: SenderId, *, by: str, at: Instant) -> Fact:
    """The owner decided about a sender."""
    return Fact(at, kind, surface_of(by), Subject(Of.SENDER, sender, account), by=by)


def sender_came(kind: Kind, account: ChannelAccount, sender: SenderId, *, at: Instant, why: str = "") -> Fact:
    """A sender wrote, and something became of it."""
    return Fact(at, kind, Surface.CHAT, Subject(Of.SENDER, sender, account), why=why)
