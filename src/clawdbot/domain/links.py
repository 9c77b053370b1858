"""Ids that are one person's by the owner's word: groups, of which no two share an id."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clawdbot.domain import persons
from clawdbot.domain.names import Instant, SenderId


@dataclass(frozen=True, slots=True)
class Link:
    """All these ids, and the one that this stands under, are one person's."""

    aliases: frozenset[SenderId]
    at: Instant | None = None
    by: str | None = None


Links = Mapping[SenderId, Link]


def others(links: Links, ids: frozenset[SenderId]) -> frozenset[SenderId]:
    """What is linked with any of these ids, and is none of them."""
    if not links:
        return frozenset()
    groups = [{key, *link.aliases} for key, link in links.items()]
    return frozenset().union(*[group for group in groups if not group.isdisjoint(ids)]) - ids


def joined(links: Links, ids: frozenset[SenderId], *, at: Instant | None, by: str | None) -> Links:
    """With these ids as one group, and all that was linked with any of them in it."""
    whole = ids | others(links, ids)
    apart = {key: link for key, link in links.items() if whole.isdisjoint({key, *link.aliases})}
    return {**apart, min(whole): Link(whole - {min(whole)}, at, by)}


def without(links: Links, gone: frozenset[SenderId]) -> Links:
    """With none of these in their groups; a group of one is none."""
    left: dict[SenderId, Link] = {}
    for key, link in links.items():
        group = {key, *link.aliases}
        ids = group - gone
        if len(ids) > 1:
            first = key if key in ids else min(ids)
            left[first] = link if ids == group else replace(link, aliases=frozenset(ids - {first}))
    return left


def tied(links: Links, ids: frozenset[SenderId]) -> Links:
    """As the platform shows who somebody is: what was said of his number is said of the account that stays his.

    Whoever has the number after him is nobody's other self (threats.md D7). What was linked with his account before is
    one person with what was linked with the number. The same object if there is nothing to do.
    """
    numbers = ids - persons.accounts(ids)
    said = [link for key, link in links.items() if not numbers.isdisjoint({key, *link.aliases})]
    if numbers == ids or not said:
        return links
    return without(joined(links, ids, at=said[0].at, by=said[0].by), numbers)
