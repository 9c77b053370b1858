"""One person under several ids (threats.md D7).

Signal and WhatsApp know a person by an account id (``uuid:…``, ``lid:…``), which stays, and by a phone number, which
can pass to somebody else. A message may show one or both. Two sets of ids are one person's if their account ids agree;
the number alone decides only where one side has no account id.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from clawdbot.domain.names import SenderId

_ACCOUNT_IDS = ("uuid:", "lid:")


def is_same(known: Collection[SenderId], shown: Collection[SenderId]) -> bool:
    """Whether two sets of ids, each of one person, are the same person's."""
    known_accounts, shown_accounts = accounts(known), accounts(shown)
    if known_accounts and shown_accounts:
        return not known_accounts.isdisjoint(shown_accounts)
    return not set(known).isdisjoint(shown)


def accounts(ids: Iterable[SenderId]) -> frozenset[SenderId]:
    """Those ids that never pass to somebody else."""
    return frozenset(each for each in ids if each.startswith(_ACCOUNT_IDS))


class _HasAliases(Protocol):
    @property
    def aliases(self) -> frozenset[SenderId]: ...


P = TypeVar("P", bound=_HasAliases)
V = TypeVar("V")


def find(people: Mapping[SenderId, P], sender: SenderId, aliases: frozenset[SenderId] = frozenset()) -> SenderId | None:
    """Under which id a mapping holds the person who shows these ids (threats.md D7)."""
    if not aliases and sender in people:
        return sender
    shown = {sender, *aliases}
    for each in sorted(shown):
        if (known := people.get(each)) is not None and is_same({each, *known.aliases}, shown):
            return each
    return next(_tied(people, shown), None)


def entries(people: Mapping[SenderId, P], sender: SenderId) -> frozenset[SenderId]:
    """Every entry of whom this id names: one person may stand there twice, by an id each (threats.md D7, D17).

    Where nobody stands there under the id itself, all who are known to have had it are meant.
    """
    named = [sender] if sender in people else [*_tied(people, (sender,))]
    found = set(named)
    for key in named:
        ids = {key, *people[key].aliases}
        found |= {each for each in ids if each in people and is_same({each, *people[each].aliases}, ids)}
        found |= {*_tied(people, ids)}
    return frozenset(found)


def but(people: Mapping[SenderId, V], *gone: SenderId | None) -> dict[SenderId, V]:
    """All of them but these."""
    return {key: value for key, value in people.items() if key not in gone}


def _tied(people: Mapping[SenderId, P], shown: Collection[SenderId]) -> Iterator[SenderId]:
    """Who of those that have several ids is the person who shows these."""
    for key, known in people.items():
        if not known.aliases.isdisjoint(shown) and is_same({key, *known.aliases}, shown):
            yield key
