"""One channel account: who is in, who waits, who is blocked. Every change of it is decided here.

A sender is at one place at a time: approved, waiting with a code, or blocked. What the owner decides about a person is
decided under every id that he linked; only a request is one id's. All functions take the old :class:`Senders` and
return a :class:`~clawdbot.domain.effects.Change`; none of them writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from clawdbot.domain import codes, coming, inviting, persons
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, SendCode
from clawdbot.domain.invites import WordDigest
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_answers import AlreadyAllowed as AlreadyAllowed
from clawdbot.domain.sender_answers import Announced as Announced
from clawdbot.domain.sender_answers import Approved as Approved
from clawdbot.domain.sender_answers import Blocked as Blocked
from clawdbot.domain.sender_answers import Invited as Invited
from clawdbot.domain.sender_answers import IsBlocked as IsBlocked
from clawdbot.domain.sender_answers import IsQuiet as IsQuiet
from clawdbot.domain.sender_answers import Labelled as Labelled
from clawdbot.domain.sender_answers import NoSuchRequest as NoSuchRequest
from clawdbot.domain.sender_answers import NotAllowed as NotAllowed
from clawdbot.domain.sender_answers import NotBlocked as NotBlocked
from clawdbot.domain.sender_answers import QueueFull as QueueFull
from clawdbot.domain.sender_answers import Rejected as Rejected
from clawdbot.domain.sender_answers import RequestAnswer as RequestAnswer
from clawdbot.domain.sender_answers import Requested as Requested
from clawdbot.domain.sender_answers import Revoked as Revoked
from clawdbot.domain.sender_answers import StillWaiting as StillWaiting
from clawdbot.domain.sender_answers import Unblocked as Unblocked
from clawdbot.domain.sender_answers import Welcomed as Welcomed
from clawdbot.domain.sender_records import TTL_MS as TTL_MS
from clawdbot.domain.sender_records import Approval as Approval
from clawdbot.domain.sender_records import Block as Block
from clawdbot.domain.sender_records import Expected as Expected
from clawdbot.domain.sender_records import Quiet as Quiet
from clawdbot.domain.sender_records import Request as Request
from clawdbot.domain.sender_records import Senders as Senders
from clawdbot.domain.texts import read_label

find = persons.find
entries = persons.entries
but = persons.but

DEFAULT_CAP = 3
"""Pending requests a channel account at most; more strangers are ignored until one is decided or expires."""

REFRESH_MS = 1_000
"""A waiting sender who writes again renews ``last_seen`` at most this often: a flood is no flood of writes."""

MAX_QUIET = 1_000
"""So many may be turned away for a time; of more, those are forgotten whose time is over first."""


def request(  # noqa: PLR0913 - what a message says, and what it meets
    senders: Senders,
    sender: SenderId,
    meta: Mapping[str, str],
    *,
    now: Instant,
    randbelow: Callable[[int], int],
    cap: int = DEFAULT_CAP,
    aliases: frozenset[SenderId] = frozenset(),
    word: WordDigest | None = None,
) -> Change[Senders, RequestAnswer]:
    """A stranger wrote: open a request, keep the one he has, let him in who was invited, or turn him away.

    A waiting sender refreshes his own request even at the cap and takes no second slot; a newcomer never evicts or
    alters somebody else's request (threats.md D10).

    Args:
        word: what the message was, if it may be the word of an invite (:func:`clawdbot.domain.invites.read`). One that
            lets nobody in is a message like any other.
    """
    if senders.is_blocked(sender, aliases):
        return Change(senders, IsBlocked())
    if senders.is_allowed(sender, aliases, now=now):
        return Change(senders, AlreadyAllowed())
    if (expected := senders.expects(sender, aliases, now=now)) is not None:
        return coming.welcome(senders, expected, frozenset({sender, *aliases}), now)
    if any(find(people, sender, aliases) is not None for people in (senders.allowed, senders.expected)):
        senders = senders.current(now)
    if senders.is_quiet(sender, aliases, now=now):
        return Change(senders, IsQuiet())
    person = aliases | {sender} | senders.linked(aliases | {sender})
    if word is not None and word in senders.invites and senders.invites[word].lets_in(person, now=now):
        return coming.redeem(senders, word, sender, aliases, now)
    waiting = {live.sender: live for live in senders.waiting(now)}
    if (waits := find(waiting, sender, aliases)) is not None:
        return _refresh(senders, waiting[waits], meta, now)
    if len(waiting) >= cap:
        recent = senders.full_at is not None and 0 <= now - senders.full_at < REFRESH_MS
        return Change(senders if recent else replace(senders, full_at=now), QueueFull())
    code = codes.draw({live.code for live in waiting.values()}, randbelow)
    key = coming.free_id(senders, waiting, sender, aliases)
    opened = Request(key, code, created_at=now, last_seen=now, meta=meta, aliases=(aliases | {sender}) - {key})
    return Change(
        replace(senders, requests={**waiting, key: opened}),
        Requested(opened),
        (SendCode(key, code), AnnounceRequest(key)),
    )


def _refresh(senders: Senders, old: Request, meta: Mapping[str, str], now: Instant) -> Change[Senders, StillWaiting]:
    if 0 <= now - old.last_seen < REFRESH_MS:
        return Change(senders, StillWaiting(old))
    renewed = replace(old, last_seen=now, meta=meta or old.meta)
    return Change(replace(senders, requests={**senders.requests, old.sender: renewed}), StillWaiting(renewed))


def approve(
    senders: Senders, code: PairingCode, *, now: Instant, by: str, until: Instant | None = None
) -> Change[Senders, Approved | NoSuchRequest]:
    """The owner lets in whom a code belongs to: the sender moves from waiting to allowed in one change.

    An approval that a crash cut short after its grant was saved is completed, and answered like any other; the owner's
    last word says when it ends.
    """
    kept = senders.current(now)
    found = kept.find(code, now) or _cut_short(kept, code, now)
    if found is None:
        return Change(senders, NoSuchRequest())
    approval = kept.allowed.get(found.sender) or Approval(found.sender, now, by, found.aliases)
    granted = replace(
        kept,
        requests=_others(kept, found.sender, now),
        allowed={**kept.allowed, found.sender: replace(approval, until=until)},
        quiet=but(kept.quiet, find(kept.quiet, found.sender, found.aliases)),
        expected=but(kept.expected, find(kept.expected, found.sender, found.aliases)),
    )
    return Change(coming.follow(granted, found.sender, now=now), Approved(found))


def reject(
    senders: Senders, code: PairingCode, *, now: Instant, quiet_until: Instant | None = None
) -> Change[Senders, Rejected | NoSuchRequest]:
    """The owner dismisses a request, and it alone; the sender may ask again.

    Or, until a time, he turns the person away: every id of his that is neither in nor expected gets silence until then,
    and what waits under one is dismissed, too.
    """
    found = senders.find(code, now)
    if found is None:
        return Change(senders, NoSuchRequest())
    left = replace(senders, requests=_others(senders, found.sender, now))
    if quiet_until is None:
        return Change(left, Rejected(found))
    left, turned_away = left.current(now), {found.sender: Quiet(quiet_until, found.aliases)}
    for one in senders.others_of(found.sender):
        if not left.is_allowed(one, now=now) and left.expects(one, now=now) is None:
            turned_away[one] = Quiet(quiet_until, left.ids_of(one) - {one})
            left = left.without(one)
    last = sorted({**left.quiet, **turned_away}.items(), key=lambda one: one[1].until)[-MAX_QUIET:]
    return Change(replace(left, quiet=dict(last)), Rejected(found, frozenset(turned_away) - {found.sender}))


def expect(
    senders: Senders, sender: SenderId, *, now: Instant, by: str, until: Instant | None = None
) -> Change[Senders, Announced | AlreadyAllowed | IsBlocked]:
    """The owner announces a person: in with the first message, even if the queue is full.

    A request of his is void, and no other decision is touched: a block or an approval stays.
    """
    if senders.is_blocked(sender):
        return Change(senders, IsBlocked())
    if senders.is_allowed(sender, now=now):
        return Change(senders, AlreadyAllowed())
    others = [one for one in senders.others_of(sender) if not senders.is_allowed(one, now=now)]
    left = senders
    for one in (sender, *others):
        left = left.without(one)
    announced = dict.fromkeys((sender, *others), Expected(now, by, until))
    return Change(replace(left, expected={**left.expected, **announced}), Announced(sender, until, frozenset(others)))


def label(senders: Senders, sender: SenderId, text: str) -> Change[Senders, Labelled]:
    """The owner calls a person something, whoever he is; an empty text forgets it. It decides nothing.

    Raises:
        ValueError: it is no label (:func:`clawdbot.domain.texts.read_label`).
    """
    words, key = read_label(text), senders.stands_as(sender)
    linked = frozenset(senders.stands_as(one) for one in senders.others_of(sender)) - {key}
    others = but(senders.labels, key, *linked)
    labels = {**others, **dict.fromkeys((key, *sorted(linked)), words)} if words else others
    answer = Labelled(key, words, linked)
    return Change(senders if labels == senders.labels else replace(senders, labels=labels), answer)


def block(senders: Senders, sender: SenderId, *, now: Instant, by: str) -> Change[Senders, Blocked | IsBlocked]:
    """The owner wants silence for a sender: out of the allowlist, out of the queue, and no code any more."""
    linked = senders.others_of(sender)
    ids = senders.ids_of(sender).union(*map(senders.ids_of, linked))
    left = inviting.close_to(senders, ids)
    for one in (sender, *linked):
        left = left.without(one)
        if find(left.blocked, one) is None:
            left = replace(left, blocked={**left.blocked, one: Block(now, by, senders.ids_of(one) - {one})})
    if find(senders.blocked, sender) is not None:
        return Change(left, IsBlocked())
    return Change(left, Blocked(sender, ids - {sender}, frozenset(linked)))


def unblock(senders: Senders, sender: SenderId) -> Change[Senders, Unblocked | NotBlocked]:
    """The owner ends a block, or the time for which he turned a person away, who is a stranger again."""
    ended = find(senders.blocked, sender)
    if (key := ended or find(senders.quiet, sender)) is None:
        return Change(senders, NotBlocked())
    left, linked = senders, senders.others_of(sender)
    for one in (sender, *linked):
        left = left.without(one) if ended else replace(left, quiet=but(left.quiet, *entries(left.quiet, one)))
        left = replace(left, blocked=but(left.blocked, *entries(left.blocked, one)))
    return Change(left, Unblocked(key, frozenset(linked) - {key}))


def revoke(senders: Senders, sender: SenderId) -> Change[Senders, Revoked | NotAllowed]:
    """The owner takes an approval back, or an announcement; the sender is a stranger again.

    No word that was made before lets him in (threats.md D18); one that is made for him afterwards does.
    """
    linked = senders.others_of(sender)
    if not any(find(people, one) for people in (senders.allowed, senders.expected) for one in (sender, *linked)):
        return Change(senders, NotAllowed())
    key = senders.stands_as(sender)
    ids = senders.ids_of(sender).union(*map(senders.ids_of, linked))
    left = inviting.close_to(senders, ids)
    for one in (sender, *linked):
        left = left.without(one)
    return Change(left, Revoked(key, ids - {key}, frozenset(linked) - {key}))


def expire(senders: Senders, *, now: Instant) -> Change[Senders, frozenset[SenderId]]:
    """What is over goes, for nobody else may know that it is: to the reference, an entry is an approval."""
    left = senders.current(now)
    return Change(left, senders.ended(left, now))


def _cut_short(senders: Senders, code: PairingCode, now: Instant) -> Request | None:
    granted = (request for request in senders.requests.values() if request.sender in senders.allowed)
    live = (request for request in granted if request.is_live(now) and request.sender not in senders.blocked)
    return next((request for request in live if request.code == code), None)


def _others(senders: Senders, sender: SenderId, now: Instant) -> dict[SenderId, Request]:
    return {live.sender: live for live in senders.waiting(now) if live.sender != sender}
