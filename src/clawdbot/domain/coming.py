"""Who comes in by himself: announced beforehand, or with the word of an invite; and what it means for his other ids."""

from collections.abc import Mapping
from dataclasses import replace

from clawdbot.domain import invites, links, persons
from clawdbot.domain.effects import Change
from clawdbot.domain.invites import WordDigest
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.persons import find
from clawdbot.domain.sender_answers import Invited, Welcomed
from clawdbot.domain.sender_records import Approval, Expected, Request, Senders


def welcome(senders: Senders, key: SenderId, ids: frozenset[SenderId], now: Instant) -> Change[Senders, Welcomed]:
    """Who was announced comes in: he takes no place in the queue, and needs none."""
    by = senders.expected[key].by
    approval = Approval(key, now, by, ids - {key}, _end_of(senders, senders.linked(ids), now))
    left = senders.without(key)
    welcomed = replace(left, allowed={**left.allowed, key: approval})
    return Change(follow(welcomed, key, now=now), Welcomed(key, by))


def redeem(
    senders: Senders, word: WordDigest, sender: SenderId, aliases: frozenset[SenderId], now: Instant
) -> Change[Senders, Invited]:
    """Who wrote the word of an invite comes in, one use less is left; a request of his is void, its code with it."""
    invite, by = senders.invites[word], invites.named(invites.short(word))
    waits = find(senders.requests, sender, aliases)
    key = waits or free_id(senders, senders.requests, sender, aliases)
    ids = aliases | {sender} | (senders.requests[waits].aliases if waits else frozenset())
    until = None if invite.lasts_ms is None else now + invite.lasts_ms
    left = senders.without(key)
    nameless = [] if key in left.labels or not invite.label else [key, *left.others_of(key)]
    came = replace(
        left,
        allowed={**left.allowed, key: Approval(key, now, by, ids - {key}, until)},
        labels={**dict.fromkeys(nameless, invite.label), **left.labels},
        invites={**left.invites, word: replace(invite, uses=invite.uses - 1, guests=invite.guests | ids)},
    )
    return Change(follow(came, key, now=now), Invited(key, by))


def follow(senders: Senders, key: SenderId, *, now: Instant) -> Senders:
    """Whoever comes in is expected under the other ids that the owner linked: the first message ties what it shows.

    A number that passed on so lets nobody in (threats.md D7) but who is first to write from it.
    """
    approval = senders.allowed[key]
    ids = approval.aliases | {key}
    senders = senders if (tied := links.tied(senders.links, ids)) is senders.links else replace(senders, links=tied)
    others = senders.linked(ids)
    expected = Expected(now, approval.by, _end_of(senders, ids | others, now))
    for one in sorted(others):
        if all(find(people, one) is None for people in (senders.allowed, senders.blocked)):
            left = senders.without(one)
            senders = replace(left, expected={**left.expected, one: expected})
    return senders


def free_id(
    senders: Senders, waiting: Mapping[SenderId, Request], sender: SenderId, aliases: frozenset[SenderId]
) -> SenderId:
    """The id to keep a newcomer under: his account id, if somebody else is known by the number that he has now."""
    if sender not in senders.allowed and sender not in waiting:
        return sender
    return min(persons.accounts(aliases), default=sender)


def _end_of(senders: Senders, ids: frozenset[SenderId], now: Instant) -> Instant | None:
    """Until when a person is in by the approvals under these ids of his; ``None`` if for good, or not at all."""
    keys = {key for one in ids if (key := find(senders.allowed, one)) is not None}
    untils = [senders.allowed[key].until for key in keys if senders.allowed[key].holds(now)]
    ends = [until for until in untils if until is not None]
    return max(ends) if ends and len(ends) == len(untils) else None
