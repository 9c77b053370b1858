"""What is answered to whoever decides about the senders of a channel account (:mod:`clawdbot.domain.senders`)."""

from dataclasses import dataclass

from clawdbot.domain.invites import Invite, InviteWord, WordDigest
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_records import Request


@dataclass(frozen=True, slots=True)
class Requested:
    """A new request; its code goes out once."""

    request: Request


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """There is a request already; no second code."""

    request: Request


@dataclass(frozen=True, slots=True)
class QueueFull:
    """As many wait as may; this stranger is ignored."""


@dataclass(frozen=True, slots=True)
class AlreadyAllowed:
    """In already: approved, perhaps a moment ago by another process."""


@dataclass(frozen=True, slots=True)
class IsBlocked:
    """Blocked: silence."""


@dataclass(frozen=True, slots=True)
class IsQuiet:
    """Turned away, and not long enough ago: silence."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Announced beforehand, and in from now on; by whom, if that is known."""

    sender: SenderId
    by: str | None


@dataclass(frozen=True, slots=True)
class Invited:
    """He wrote the word of an invite, and is in from now on. ``by`` names the invite."""

    sender: SenderId
    by: str


RequestAnswer = Invited | Welcomed | Requested | StillWaiting | QueueFull | AlreadyAllowed | IsBlocked | IsQuiet


@dataclass(frozen=True, slots=True)
class Approved:
    request: Request


@dataclass(frozen=True, slots=True)
class Rejected:
    """``linked``: his other ids, as the owner linked them, under which he was turned away for a time, too."""

    request: Request
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class NoSuchRequest:
    """Unknown, used or expired code; nothing changed."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """``aliases``: his other ids, under which he may have asked; ``linked``: those of them that the owner linked."""

    sender: SenderId
    aliases: frozenset[SenderId] = frozenset()
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class Unblocked:
    """``linked``, here and below: his other ids, as the owner linked them, of which the same is true now."""

    sender: SenderId
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class NotBlocked:
    """Nothing to undo."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """``aliases``: his other ids, under which he may be listed elsewhere; ``linked``: those that the owner linked."""

    sender: SenderId
    aliases: frozenset[SenderId] = frozenset()
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class Announced:
    """``until``: when he must have come; ``None`` if he may take his time."""

    sender: SenderId
    until: Instant | None = None
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class Labelled:
    sender: SenderId
    label: str
    linked: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Nothing to take back."""


@dataclass(frozen=True, slots=True)
class InviteMade:
    """A new invite, and the only mention of its word."""

    word: InviteWord
    digest: WordDigest
    invite: Invite


@dataclass(frozen=True, slots=True)
class TooManyInvites:
    """As many are good as may be; no other was made."""


@dataclass(frozen=True, slots=True)
class InviteVoided:
    short: str


@dataclass(frozen=True, slots=True)
class NoSuchInvite:
    """None of that short id; nothing changed."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Ids that are one person's from now on; of those, which are blocked, and which are expected for it, since now."""

    ids: frozenset[SenderId]
    blocked: frozenset[SenderId] = frozenset()
    expected: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class SamePerson:
    """Both ids are one person's already."""


@dataclass(frozen=True, slots=True)
class Parted:
    """An id that is a person by itself again, and not expected any more."""

    sender: SenderId


@dataclass(frozen=True, slots=True)
class NotLinked:
    """Nothing to undo."""
