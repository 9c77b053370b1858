"""The owner says that two ids are one person, and takes it back.

Each id stays a person by itself to the gate, which knows only what platforms tie (threats.md D7). What is linked is
decided about together (:mod:`clawdbot.domain.senders`): that is all that a link does.
"""

from dataclasses import replace

from clawdbot.domain import coming, links, persons, senders
from clawdbot.domain.effects import Change
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_answers import Linked, NotLinked, Parted, SamePerson
from clawdbot.domain.sender_records import Quiet, Senders


def link(
    known: Senders, one: SenderId, other: SenderId, *, now: Instant, by: str
) -> Change[Senders, Linked | SamePerson]:
    """Make one person of two ids, and of whatever was linked with either before.

    If one of them is blocked, all are; otherwise, if one is in or expected, the others are expected, and if one was
    turned away for a time, all are. Who has no label is called as the other is.
    """
    here, there = lasting(known, one), lasting(known, other)
    if here == there or there in known.linked(frozenset({here})):
        return Change(known, SamePerson())
    pair = frozenset({here, there})
    ids = pair | known.linked(pair)
    linked = replace(known, links=links.joined(known.links, pair, at=now, by=by))
    state = _called_alike(_alike(linked, ids, now, by), here, ids)
    blocked, expected = (
        frozenset(after.keys() - before.keys())
        for before, after in ((known.blocked, state.blocked), (known.expected, state.expected))
    )
    return Change(state, Linked(ids, blocked, expected))


def unlink(known: Senders, one: SenderId, other: SenderId) -> Change[Senders, Parted | NotLinked]:
    """Let the other id be a person by itself again. If it is in or blocked, that stays.

    That it is expected does not: a link that was a mistake is to let nobody in afterwards, nor for good who is in for a
    time.
    """
    here, gone = lasting(known, one), lasting(known, other)
    if gone not in known.linked(frozenset({here})):
        return Change(known, NotLinked())
    awaited = persons.find(known.expected, gone)
    expected = {key: announced for key, announced in known.expected.items() if key != awaited}
    left = replace(known, links=links.without(known.links, frozenset({gone})), expected=expected)
    return Change(left, Parted(gone))


def lasting(known: Senders, sender: SenderId) -> SenderId:
    """The id of his that never passes to somebody else, if it is known; else the one that was said."""
    return min(persons.accounts(_known_as(known, sender)), default=sender)


def _known_as(known: Senders, sender: SenderId) -> frozenset[SenderId]:
    if (key := persons.find(known.allowed, sender)) is not None:
        return known.allowed[key].aliases | {key}
    if (key := persons.find(known.blocked, sender)) is not None:
        return known.blocked[key].aliases | {key}
    if (key := persons.find(known.requests, sender)) is not None:
        return known.requests[key].aliases | {key}
    return frozenset({sender})


def _alike(known: Senders, ids: frozenset[SenderId], now: Instant, by: str) -> Senders:
    """What holds for one of them holds for all."""
    every = sorted(ids)
    for one in every:
        if persons.find(known.blocked, one) is not None:
            return senders.block(known, one, now=now, by=by).state
    is_in = [one for one in every if known.is_allowed(one, now=now)]
    for one in is_in:
        if (key := persons.find(known.allowed, one)) is not None:
            known = coming.follow(known, key, now=now)
    if is_in:
        return known
    awaited = [key for one in every if (key := known.expects(one, now=now)) is not None]
    if awaited:
        left = known
        for one in every:
            left = left if left.expects(one, now=now) is not None else left.without(one)
        return replace(left, expected={**dict.fromkeys(every, known.expected[awaited[0]]), **left.expected})
    turned_away = [key for one in every if known.is_quiet(one, now=now) and (key := persons.find(known.quiet, one))]
    if not turned_away:
        return known
    until = max(known.quiet[key].until for key in turned_away)
    quiet = {one: Quiet(until, known.ids_of(one) - {one}) for one in every}
    for one in every:
        known = known.without(one)
    return replace(known, quiet={**known.quiet, **quiet})


def _called_alike(known: Senders, first: SenderId, ids: frozenset[SenderId]) -> Senders:
    """Whoever has no label gets another's, that of the first if it has one. Two different ones stay."""
    stands = [known.stands_as(one) for one in (first, *sorted(ids))]
    label = next((known.labels[one] for one in stands if one in known.labels), None)
    if label is None:
        return known
    return replace(known, labels={**dict.fromkeys(stands, label), **known.labels})
