"""The owner makes an invite, takes one back, or puts somebody out who may know its word.

How one is used: :func:`clawdbot.domain.senders.request`.
"""

from collections.abc import Callable
from dataclasses import replace

from clawdbot.domain import invites
from clawdbot.domain.effects import Change
from clawdbot.domain.invites import MAX_USES, Invite
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_answers import InviteMade, InviteVoided, NoSuchInvite, TooManyInvites
from clawdbot.domain.sender_records import Senders
from clawdbot.domain.texts import read_label

MAX_INVITES = 100
"""So many are kept of an account. Those that are used up make room, others do not."""


def invite(  # noqa: PLR0913 - each is something that the owner says
    senders: Senders,
    *,
    now: Instant,
    by: str,
    until: Instant,
    randbelow: Callable[[int], int],
    uses: int = 1,
    lasts_ms: int | None = None,
    label: str = "",
) -> Change[Senders, InviteMade | TooManyInvites]:
    """Make a word that lets in who writes it. The answer alone holds it; what is kept does not.

    Raises:
        ValueError: so many uses are none, or no bound; or it is no label (:func:`clawdbot.domain.texts.read_label`).
    """
    if not 1 <= uses <= MAX_USES:
        raise ValueError(f"an invite lets in 1 to {MAX_USES} people")
    kept = dict(senders.current(now).invites)
    if len(kept) >= MAX_INVITES:
        kept = {digest: one for digest, one in kept.items() if one.uses}
    if len(kept) >= MAX_INVITES:
        return Change(senders, TooManyInvites())
    word = invites.draw({invites.short(digest) for digest in kept}, randbelow)
    made = Invite(until, uses, now, by, read_label(label), lasts_ms)
    digest = invites.digest(word)
    return Change(replace(senders, invites={**kept, digest: made}), InviteMade(word, digest, made))


def uninvite(senders: Senders, short: str) -> Change[Senders, InviteVoided | NoSuchInvite]:
    """Void the invite of a short id. Who came in by it stays."""
    wanted = short.strip().lower()
    gone = [digest for digest in senders.invites if invites.short(digest) == wanted]
    if not gone:
        return Change(senders, NoSuchInvite())
    left = {digest: one for digest, one in senders.invites.items() if digest not in gone}
    return Change(replace(senders, invites=left), InviteVoided(wanted))


def close_to(senders: Senders, ids: frozenset[SenderId]) -> Senders:
    """Close the invites that there are to a person who is put out. The same object if that changes nothing.

    It is kept in them, and so forgotten with them; nothing else is kept of who was revoked. One that the owner makes
    later is not closed: he may mean it for him.
    """
    closed = {digest: one.close_to(ids) for digest, one in senders.invites.items()}
    return senders if closed == senders.invites else replace(senders, invites=closed)
