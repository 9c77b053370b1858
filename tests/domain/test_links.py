"""Groups of ids that are one person's by the owner's word."""

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import links
from clawdbot.domain.links import Link, Links
from clawdbot.domain.names import SenderId

NOW = 1_795_000_000_000
A, B, C, D = (SenderId(name) for name in "1234")
NUMBER = SenderId("+15550001111")
ACCOUNT = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001")

ids = st.sampled_from([SenderId(str(number)) for number in range(8)])
accounts = st.sampled_from([SenderId(f"uuid:{number}") for number in range(3)])
numbers = st.frozensets(st.sampled_from([SenderId(f"+{number}") for number in range(3)]), min_size=1, max_size=2)


def joined(known: Links, *pair: SenderId) -> Links:
    return links.joined(known, frozenset(pair), at=NOW, by="terminal")


def of(known: Links, *some: SenderId) -> set[SenderId]:
    return set(links.others(known, frozenset(some)))


def test_links_with_one_are_links_with_all_of_his() -> None:
    known = joined(joined(joined({}, A, B), C, D), B, C)
    assert known == {A: Link(frozenset({B, C, D}), NOW, "terminal")}
    assert of(known, C) == {A, B, D}
    assert of(known, SenderId("9")) == of({}, A) == set()


def test_who_leaves_is_by_himself_and_a_group_of_one_is_none() -> None:
    known = links.without(joined(joined({}, A, B), B, C), frozenset({A}))
    assert of(known, B) == {C}
    assert of(known, A) == set()
    assert links.without(known, frozenset({B})) == {}


def test_D7_a_link_of_a_number_becomes_one_of_the_account_that_has_it() -> None:
    """Whoever has the number next is linked with nobody."""
    known = links.tied(joined({}, NUMBER, A), frozenset({NUMBER, ACCOUNT}))
    assert of(known, ACCOUNT) == {A}
    assert of(known, NUMBER) == set()
    for shown in ({NUMBER}, {ACCOUNT}, {C}):
        assert links.tied(known, frozenset(shown)) is known


def test_D17_a_number_in_one_group_and_an_account_in_another_make_one_of_both() -> None:
    """What is decided about one of them is decided about all, whichever ids the groups stand under."""
    for one, other in ((C, D), (SenderId("uuid:z"), SenderId("uuid:y"))):
        known = links.tied(joined(joined({}, NUMBER, one), ACCOUNT, other), frozenset({NUMBER, ACCOUNT}))
        assert len(known) == 1
        assert of(known, ACCOUNT) == {one, other}
        assert of(known, one) == {ACCOUNT, other}
        assert of(known, NUMBER) == set()
        assert {(link.at, link.by) for link in known.values()} == {(NOW, "terminal")}


groups_of = st.lists(st.tuples(ids | accounts, numbers.map(min) | ids), max_size=8)


@given(groups_of, accounts, numbers)
def test_D17_whatever_the_platform_ties_groups_stay_apart_and_nobody_is_lost(
    pairs: list[tuple[SenderId, SenderId]], account: SenderId, his: frozenset[SenderId]
) -> None:
    """Who was linked with somebody still is, but for the numbers: what was said of them is said of the account."""
    before: Links = {}
    for one, other in pairs:
        before = joined(before, one, other) if one != other else before
    after = links.tied(before, his | {account})
    groups = [{key, *link.aliases} for key, link in after.items()]
    assert sum(map(len, groups)) == len(set().union(*groups))
    for key, link in before.items():
        left = {key, *link.aliases} - his | ({account} if not his.isdisjoint({key, *link.aliases}) else set())
        assert len(left) == 1 or any(left <= group for group in groups)
    assert his.isdisjoint(set().union(*groups))


@given(st.lists(st.tuples(st.booleans(), ids, ids), max_size=20))
def test_no_two_groups_share_an_id_and_being_linked_is_mutual(steps: list[tuple[bool, SenderId, SenderId]]) -> None:
    known: Links = {}
    for join, one, other in steps:
        if join and one != other:
            known = joined(known, one, other)
            assert other in of(known, one)
        else:
            known = links.without(known, frozenset({other}))
            assert of(known, other) == set()
    groups = [{key, *link.aliases} for key, link in known.items()]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert all(len(group) > 1 for group in groups)
    assert all(of(known, one) == group - {one} for group in groups for one in group)
