"""One channel account: who is in, who waits, who is blocked. Every change of it is decided here.

A sender is at one place at a time: approved, waiting with a code, or blocked. All functions take the old
:class:`Senders` and return a :class:`~clawdbot.domain.effects.Change`; none of them writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from clawdbot.domain import codes, invites, links, persons
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

V = TypeVar("V")

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
        return _welcome(senders, expected, frozenset({sender, *aliases}), now)
    if any(find(people, sender, aliases) is not None for people in (senders.allowed, senders.expected)):
        senders = senders.current(now)
    if senders.is_quiet(sender, aliases, now=now):
        return Change(senders, IsQuiet())
    person = aliases | {sender} | senders.linked(aliases | {sender})
    if word is not None and word in senders.invites and senders.invites[word].lets_in(person, now=now):
        return _redeem(senders, word, sender, aliases, now)
    waiting = {live.sender: live for live in senders.waiting(now)}
    if (waits := find(waiting, sender, aliases)) is not None:
        return _refresh(senders, waiting[waits], meta, now)
    if len(waiting) >= cap:
        recent = senders.full_at is not None and 0 <= now - senders.full_at < REFRESH_MS
        return Change(senders if recent else replace(senders, full_at=now), QueueFull())
    code = codes.draw({live.code for live in waiting.values()}, randbelow)
    key = _free_id(senders, waiting, sender, aliases)
    opened = Request(key, code, created_at=now, last_seen=now, meta=meta, aliases=(aliases | {sender}) - {key})
    return Change(
        replace(senders, requests={**waiting, key: opened}),
        Requested(opened),
        (SendCode(key, code), AnnounceRequest(key)),
    )


def _welcome(senders: Senders, key: SenderId, ids: frozenset[SenderId], now: Instant) -> Change[Senders, RequestAnswer]:
    """Who was announced comes in by himself: he takes no place in the queue, and needs none."""
    by = senders.expected[key].by
    approval = Approval(key, now, by, ids - {key}, _end_of_linked(senders, ids, now))
    forgotten = _forget(senders, key)
    welcomed = replace(forgotten, allowed={**forgotten.allowed, key: approval})
    return Change(follow(welcomed, key, now=now), Welcomed(key, by))


def _end_of_linked(senders: Senders, ids: frozenset[SenderId], now: Instant) -> Instant | None:
    """Until when the person is in under his other ids, that long he is under this one."""
    keys = {key for one in senders.linked(ids) if (key := find(senders.allowed, one)) is not None}
    untils = [senders.allowed[key].until for key in keys if senders.allowed[key].holds(now)]
    ends = [until for until in untils if until is not None]
    return max(ends) if ends and len(ends) == len(untils) else None


def follow(senders: Senders, key: SenderId, *, now: Instant) -> Senders:
    """Whoever comes in is expected under the other ids that the owner linked: the first message ties what it shows.

    A number that passed on so lets nobody in (threats.md D7) but who is first to write from it.
    """
    approval = senders.allowed[key]
    ids = approval.aliases | {key}
    senders = senders if (tied := links.tied(senders.links, ids)) is senders.links else replace(senders, links=tied)
    for one in sorted(senders.linked(ids)):
        known = (senders.allowed, senders.blocked, senders.expected)
        if all(find(people, one) is None for people in known):
            left = _forget(senders, one)
            senders = replace(left, expected={**left.expected, one: Expected(now, approval.by, approval.until)})
    return senders


def _redeem(
    senders: Senders, word: WordDigest, sender: SenderId, aliases: frozenset[SenderId], now: Instant
) -> Change[Senders, RequestAnswer]:
    """Who wrote the word of an invite comes in, one use less is left; a request of his is void, its code with it."""
    invite, by = senders.invites[word], invites.named(invites.short(word))
    waits = find(senders.requests, sender, aliases)
    key = waits or _free_id(senders, senders.requests, sender, aliases)
    ids = aliases | {sender} | (senders.requests[waits].aliases if waits else frozenset())
    until = None if invite.lasts_ms is None else now + invite.lasts_ms
    left = _forget(senders, key)
    called = {key: invite.label} if invite.label and key not in left.labels else {}
    came = replace(
        left,
        allowed={**left.allowed, key: Approval(key, now, by, ids - {key}, until)},
        labels={**left.labels, **called},
        invites={**left.invites, word: replace(invite, uses=invite.uses - 1, guests=invite.guests | ids)},
    )
    return Change(follow(came, key, now=now), Invited(key, by))


def _free_id(
    senders: Senders, waiting: Mapping[SenderId, Request], sender: SenderId, aliases: frozenset[SenderId]
) -> SenderId:
    """The id to keep a newcomer under: his account id, if somebody else is known by the number that he has now."""
    if sender not in senders.allowed and sender not in waiting:
        return sender
    return min(persons.accounts(aliases), default=sender)


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
        quiet=_without(kept.quiet, find(kept.quiet, found.sender, found.aliases)),
        expected=_without(kept.expected, find(kept.expected, found.sender, found.aliases)),
    )
    return Change(follow(granted, found.sender, now=now), Approved(found))


def reject(
    senders: Senders, code: PairingCode, *, now: Instant, quiet_until: Instant | None = None
) -> Change[Senders, Rejected | NoSuchRequest]:
    """The owner dismisses a request; the sender may ask again, at once or after a while."""
    found = senders.find(code, now)
    if found is None:
        return Change(senders, NoSuchRequest())
    left = replace(senders, requests=_others(senders, found.sender, now))
    if quiet_until is not None:
        quiet = {**left.current(now).quiet, found.sender: Quiet(quiet_until, found.aliases)}
        last = sorted(quiet.items(), key=lambda one: one[1].until)[-MAX_QUIET:]
        left = replace(left, quiet=dict(last))
    return Change(left, Rejected(found))


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
    left = _forget(senders, sender)
    return Change(replace(left, expected={**left.expected, sender: Expected(now, by, until)}), Announced(sender, until))


def label(senders: Senders, sender: SenderId, text: str) -> Change[Senders, Labelled]:
    """The owner calls a sender something, whoever he is; an empty text forgets it. It decides nothing.

    Raises:
        ValueError: it is no label (:func:`clawdbot.domain.texts.read_label`).
    """
    words = read_label(text)
    places = (senders.allowed, senders.requests, senders.blocked)
    key = next((found for place in places if (found := find(place, sender)) is not None), sender)
    others = _without(senders.labels, key)
    labels = {**others, key: words} if words else others
    return Change(senders if labels == senders.labels else replace(senders, labels=labels), Labelled(key, words))


def block(senders: Senders, sender: SenderId, *, now: Instant, by: str) -> Change[Senders, Blocked | IsBlocked]:
    """The owner wants silence for a sender: out of the allowlist, out of the queue, and no code any more."""
    left = senders
    for one in (sender, *_linked(senders, sender)):
        left = _forget(left, one)
        if find(left.blocked, one) is None:
            left = replace(left, blocked={**left.blocked, one: Block(now, by, _ids(senders, one) - {one})})
    if find(senders.blocked, sender) is not None:
        return Change(left, IsBlocked())
    linked = frozenset(_linked(senders, sender))
    return Change(left, Blocked(sender, (_ids(senders, sender) | linked) - {sender}, linked))


def unblock(senders: Senders, sender: SenderId) -> Change[Senders, Unblocked | NotBlocked]:
    """The owner ends a block, or the time for which he turned a sender away; the sender is a stranger again."""
    key = find(senders.blocked, sender)
    if key is None and (turned_away := find(senders.quiet, sender)) is not None:
        quiet = _without(senders.quiet, *entries(senders.quiet, sender))
        return Change(replace(senders, quiet=quiet), Unblocked(turned_away))
    if key is None:
        return Change(senders, NotBlocked())
    left = senders
    for one in (sender, *_linked(senders, sender)):
        left = replace(_forget(left, one), blocked=_without(left.blocked, *entries(left.blocked, one)))
    return Change(left, Unblocked(key))


def revoke(senders: Senders, sender: SenderId) -> Change[Senders, Revoked | NotAllowed]:
    """The owner takes an approval back, or an announcement; the sender is a stranger again."""
    linked = _linked(senders, sender)
    places = [(one, people) for people in (senders.allowed, senders.expected) for one in (sender, *linked)]
    key = next((found for one, people in places if (found := find(people, one)) is not None), None)
    if key is None:
        return Change(senders, NotAllowed())
    left = senders
    for one in (sender, *linked):
        left = _forget(left, one)
    others = (_ids(senders, sender) | frozenset(linked)) - {key}
    return Change(left, Revoked(key, others, frozenset(linked) - {key}))


def expire(senders: Senders, *, now: Instant) -> Change[Senders, frozenset[SenderId]]:
    """What is over goes, for nobody else may know that it is: to the reference, an entry is an approval."""
    left = senders.current(now)
    return Change(left, senders.ended(left, now))


def _forget(senders: Senders, sender: SenderId) -> Senders:
    """Take approval and request from a sender, so that no code of his that was used or passed over works again."""
    allowed, waiting = entries(senders.allowed, sender), entries(senders.requests, sender)
    quiet, expected = entries(senders.quiet, sender), entries(senders.expected, sender)
    if not (allowed or waiting or quiet or expected):
        return senders
    return replace(
        senders,
        requests=_without(senders.requests, *waiting),
        allowed=_without(senders.allowed, *allowed),
        quiet=_without(senders.quiet, *quiet),
        expected=_without(senders.expected, *expected),
    )


def _ids(senders: Senders, sender: SenderId) -> frozenset[SenderId]:
    """All ids that are known of a sender."""
    approvals = [{key, *senders.allowed[key].aliases} for key in entries(senders.allowed, sender)]
    requests = [{key, *senders.requests[key].aliases} for key in entries(senders.requests, sender)]
    turned_away = [{key, *senders.quiet[key].aliases} for key in entries(senders.quiet, sender)]
    return frozenset({sender}.union(*approvals, *requests, *turned_away))


def _linked(senders: Senders, sender: SenderId) -> list[SenderId]:
    """His other ids by the owner's word, whoever they are now; in an order."""
    blocked = [{key, *senders.blocked[key].aliases} for key in entries(senders.blocked, sender)]
    return sorted(senders.linked(_ids(senders, sender).union(*blocked)))


def _cut_short(senders: Senders, code: PairingCode, now: Instant) -> Request | None:
    granted = (request for request in senders.requests.values() if request.sender in senders.allowed)
    live = (request for request in granted if request.is_live(now) and request.sender not in senders.blocked)
    return next((request for request in live if request.code == code), None)


def _others(senders: Senders, sender: SenderId, now: Instant) -> dict[SenderId, Request]:
    return {live.sender: live for live in senders.waiting(now) if live.sender != sender}


def _without(mapping: Mapping[SenderId, V], *gone: SenderId | None) -> dict[SenderId, V]:
    return {key: value for key, value in mapping.items() if key not in gone}
