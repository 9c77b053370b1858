"""One person with two ids by the owner's word: what is decided about one is decided about the other."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import endings, linking, senders
from clawdbot.domain.endings import Endless, Extended
from clawdbot.domain.names import SenderId
from clawdbot.domain.sender_answers import Linked, NotLinked, Parted, SamePerson
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Announced,
    Approval,
    Approved,
    Block,
    Blocked,
    IsBlocked,
    IsQuiet,
    Labelled,
    NoSuchRequest,
    NotAllowed,
    Rejected,
    RequestAnswer,
    Requested,
    Revoked,
    Senders,
    Unblocked,
    Welcomed,
)

NOW, HOUR = 1_795_000_000_000, 3_600_000
ANN, WORK, BOB, CID = SenderId("7"), SenderId("70"), SenderId("8"), SenderId("9")
NUMBER = SenderId("+15550001111")
ACCOUNT = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001")
OTHER = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000002")


def linked(known: Senders, one: SenderId = ANN, other: SenderId = WORK) -> Senders:
    change = linking.link(known, one, other, now=NOW, by="terminal")
    assert isinstance(change.answer, Linked)
    return change.state


def write(known: Senders, sender: SenderId, *aliases: SenderId, now: int = NOW) -> tuple[Senders, RequestAnswer]:
    change = senders.request(
        known, sender, {}, now=now, randbelow=random.Random(1).randrange, aliases=frozenset(aliases)
    )
    return change.state, change.answer


def approved(known: Senders, sender: SenderId, until: int | None = None) -> Senders:
    known, answer = write(known, sender)
    assert isinstance(answer, Requested)
    change = senders.approve(known, answer.request.code, now=NOW, by="terminal", until=until)
    assert isinstance(change.answer, Approved)
    return change.state


IN = Senders(allowed={ANN: Approval(ANN)})


def test_who_is_in_comes_in_under_his_other_id_with_his_first_message() -> None:
    change = linking.link(IN, WORK, ANN, now=NOW, by="terminal")
    assert change.answer == Linked(frozenset({ANN, WORK}), expected=frozenset({WORK}))
    after, answer = write(change.state, WORK)
    assert isinstance(answer, Welcomed)
    assert sorted(after.allowed) == [ANN, WORK]


def test_an_approval_of_one_is_one_of_the_other_and_voids_his_request() -> None:
    known, answer = write(linked(Senders()), WORK)
    assert isinstance(answer, Requested)
    after = approved(known, ANN)
    assert after.requests == {}
    assert senders.approve(after, answer.request.code, now=NOW, by="terminal").answer == NoSuchRequest()
    assert isinstance(write(after, WORK)[1], Welcomed)


def test_both_are_in_for_as_long() -> None:
    known = approved(linked(Senders()), ANN, until=NOW + HOUR)
    after, _ = write(known, WORK, now=NOW + HOUR - 1)
    assert after.allowed[WORK].until == NOW + HOUR
    assert isinstance(write(known, WORK, now=NOW + HOUR)[1], Requested)


def test_D17_a_revocation_of_either_is_one_of_both() -> None:
    both, _ = write(linked(IN), WORK)
    for known, named in ((both, ANN), (both, WORK), (linked(IN), WORK)):
        change = senders.revoke(known, named)
        assert isinstance(change.answer, Revoked)
        assert change.answer == Revoked(named, frozenset({ANN, WORK}) - {named}, frozenset({ANN, WORK}) - {named})
        assert not change.state.allowed
        assert not change.state.expected
        assert senders.revoke(change.state, ANN).answer == NotAllowed()


def test_D17_a_block_of_either_is_one_of_both_and_so_is_its_end() -> None:
    both, _ = write(linked(IN), WORK)
    for named, other in ((ANN, WORK), (WORK, ANN)):
        change = senders.block(both, named, now=NOW, by="terminal")
        assert change.answer == Blocked(named, frozenset({other}), frozenset({other}))
        assert write(change.state, other)[1] == IsBlocked()
        assert senders.block(change.state, other, now=NOW, by="terminal").state is change.state
        free = senders.unblock(change.state, other).state
        assert not free.blocked
        assert isinstance(write(free, named)[1], Requested)


def test_D17_one_who_is_blocked_stays_blocked_and_blocks_the_other() -> None:
    known = replace(IN, blocked={WORK: Block(NOW)})
    change = linking.link(known, ANN, WORK, now=NOW, by="terminal")
    assert change.answer == Linked(frozenset({ANN, WORK}), blocked=frozenset({ANN}))
    assert sorted(change.state.blocked) == [ANN, WORK]
    assert not change.state.allowed


def test_nobody_else_is_touched() -> None:
    known = senders.expect(replace(IN, allowed={ANN: Approval(ANN), CID: Approval(CID)}), BOB, now=NOW, by="t").state
    after = senders.block(linked(known), WORK, now=NOW, by="terminal").state
    assert (list(after.allowed), list(after.expected)) == ([CID], [BOB])


def test_what_was_parted_is_decided_about_by_itself_and_stays_as_it_is() -> None:
    both, _ = write(linked(IN), WORK)
    change = linking.unlink(both, ANN, WORK)
    assert change.answer == Parted(WORK)
    assert change.state.links == {}
    assert list(senders.revoke(change.state, ANN).state.allowed) == [WORK]
    assert linking.unlink(change.state, ANN, WORK).answer == NotLinked()
    assert linking.unlink(both, ANN, BOB).answer == NotLinked()


def test_D17_a_link_that_is_taken_back_lets_nobody_in_any_more() -> None:
    """The other id was expected by the link; without it, nobody may come in for good who was in for a time."""
    known = linked(Senders(allowed={ANN: Approval(ANN, until=NOW + HOUR)}))
    assert list(known.expected) == [WORK]
    assert isinstance(write(linking.unlink(known, ANN, WORK).state, WORK)[1], Requested)


def test_ids_that_are_one_person_s_already_change_nothing() -> None:
    known = linked(linked(IN), WORK, BOB)
    for one, other in ((ANN, WORK), (ANN, BOB), (ANN, ANN)):
        change = linking.link(known, one, other, now=NOW, by="terminal")
        assert change.answer == SamePerson()
        assert change.state is known
    tied = Senders(allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ACCOUNT}))})
    assert linking.link(tied, NUMBER, ACCOUNT, now=NOW, by="terminal").answer == SamePerson()


def test_an_approval_that_ends_ends_under_every_id_though_it_stands_under_a_number() -> None:
    """The link is of his account, the approval under the number that he asked with."""
    known = Senders(allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ACCOUNT}), until=NOW + HOUR)})
    after, answer = write(linked(known, NUMBER, OTHER), OTHER)
    assert isinstance(answer, Welcomed)
    assert after.allowed[OTHER].until == NOW + HOUR


def test_an_approval_that_is_over_and_still_on_record_makes_no_other_last() -> None:
    over, holds = Approval(ANN, until=NOW), Approval(WORK, until=NOW + HOUR)
    known = linked(linked(Senders(allowed={ANN: over, WORK: holds})), WORK, BOB)
    after, answer = write(known, BOB)
    assert isinstance(answer, Welcomed)
    assert after.allowed[BOB].until == NOW + HOUR


def test_D7_a_link_is_of_the_account_that_stays_not_of_a_number_that_may_pass_on() -> None:
    """The one who has the number now, and is approved, brings nobody in."""
    tied = Senders(allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ACCOUNT}))})
    known = linked(tied, NUMBER, OTHER)
    assert set(known.linked(frozenset({ACCOUNT}))) == {OTHER}
    out = senders.revoke(known, OTHER).state
    assert not out.allowed
    stranger = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000003")
    asked, answer = write(out, NUMBER, stranger)
    assert isinstance(answer, Requested)
    after = senders.approve(asked, answer.request.code, now=NOW, by="terminal").state
    assert not after.expected


def test_D7_a_linked_number_is_whose_it_is_at_the_first_message() -> None:
    """Whoever has it after him is a stranger, and no decision about him is one about the person."""
    after, answer = write(linked(Senders(allowed={OTHER: Approval(OTHER)}), OTHER, NUMBER), NUMBER, ACCOUNT)
    assert isinstance(answer, Welcomed)
    assert set(after.linked(frozenset({OTHER}))) == {ACCOUNT}
    next_one = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000003")
    assert isinstance(write(after, NUMBER, next_one)[1], Requested)
    assert write(after, ACCOUNT)[1] == AlreadyAllowed()


def test_a_label_is_the_person_s() -> None:
    """Whoever has none when ids are linked is called as the other; two that differ stay until he is called anew."""
    known = linked(senders.label(Senders(), WORK, "Ann").state)
    assert known.labels == {ANN: "Ann", WORK: "Ann"}
    change = senders.label(known, WORK, "Ann B.")
    assert change.answer == Labelled(WORK, "Ann B.", frozenset({ANN}))
    assert change.state.labels == {ANN: "Ann B.", WORK: "Ann B."}
    assert senders.label(change.state, ANN, "").state.labels == {}
    two = linked(replace(Senders(), labels={ANN: "Ann", WORK: "A. at work"}))
    assert two.labels == {ANN: "Ann", WORK: "A. at work"}
    assert linking.unlink(known, ANN, WORK).state.labels == known.labels


def test_a_label_stands_where_the_person_does() -> None:
    """He is listed under the number that he asked with; the link is one of his account."""
    tied = Senders(allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ACCOUNT}))})
    known = senders.label(linked(tied, NUMBER, OTHER), OTHER, "Ann").state
    assert known.labels == {NUMBER: "Ann", OTHER: "Ann"}


def test_an_extension_is_the_person_s() -> None:
    """Under every id by which he is in or expected for a time, until one end; never shorter than either was."""
    both, _ = write(linked(Senders(allowed={ANN: Approval(ANN, NOW, "t", until=NOW + HOUR)})), WORK)
    for named, other in ((ANN, WORK), (WORK, ANN)):
        change = endings.extend(both, named, now=NOW, by="t", lasts_ms=3 * HOUR)
        assert change.answer == Extended(named, NOW + 3 * HOUR, frozenset({other}))
        assert {one.until for one in change.state.allowed.values()} == {NOW + 3 * HOUR}
    expected = linked(Senders(allowed={ANN: Approval(ANN, NOW, "t", until=NOW + HOUR)}))
    for named, others in ((ANN, frozenset[SenderId]()), (WORK, frozenset({ANN}))):
        change = endings.extend(expected, named, now=NOW, by="t", lasts_ms=3 * HOUR)
        assert change.answer == Extended(named, NOW + 3 * HOUR, others)
        assert change.state.expected[WORK].until == NOW + 3 * HOUR
    longer = replace(both, allowed={**both.allowed, WORK: replace(both.allowed[WORK], until=NOW + 9 * HOUR)})
    assert endings.extend(longer, ANN, now=NOW, by="t").answer == Extended(ANN, NOW + 9 * HOUR, frozenset({WORK}))


def test_an_extension_leaves_alone_what_is_for_good_and_who_is_not_linked() -> None:
    lent = Approval(WORK, NOW, "t", until=NOW + HOUR)
    known = linked(Senders(allowed={ANN: Approval(ANN), WORK: lent, BOB: replace(lent, entry=BOB)}))
    change = endings.extend(known, WORK, now=NOW, by="t", lasts_ms=3 * HOUR)
    assert change.answer == Extended(WORK, NOW + 3 * HOUR)
    assert (change.state.allowed[ANN].until, change.state.allowed[BOB].until) == (None, NOW + HOUR)
    assert endings.extend(known, ANN, now=NOW, by="t", lasts_ms=3 * HOUR).answer == Endless()


def waiting(known: Senders, *people: SenderId) -> Senders:
    for one in people:
        known, answer = write(known, one)
        assert isinstance(answer, Requested)
    return known


def test_a_request_that_is_dismissed_is_that_one_alone() -> None:
    """Another id of his waits with its own code, which is the owner's to decide about."""
    known = waiting(linked(Senders()), ANN, WORK)
    change = senders.reject(known, known.requests[ANN].code, now=NOW)
    assert change.answer == Rejected(known.requests[ANN])
    assert list(change.state.requests) == [WORK]
    assert isinstance(write(change.state, ANN)[1], Requested)


def test_D10_who_is_turned_away_for_a_time_is_so_under_every_id() -> None:
    """What waits under another one is dismissed, too; and the owner ends the silence for all of them."""
    known = waiting(linked(Senders()), ANN, WORK, BOB)
    change = senders.reject(known, known.requests[ANN].code, now=NOW, quiet_until=NOW + HOUR)
    assert change.answer == Rejected(known.requests[ANN], frozenset({WORK}))
    assert list(change.state.requests) == [BOB]
    for one in (ANN, WORK):
        assert write(change.state, one)[1] == IsQuiet()
        assert isinstance(write(change.state, one, now=NOW + HOUR)[1], Requested)
    free = senders.unblock(change.state, WORK)
    assert free.answer == Unblocked(WORK, frozenset({ANN}))
    assert isinstance(write(free.state, ANN)[1], Requested)


def test_silence_puts_out_nobody_who_is_in() -> None:
    """He is in under one id, and waits under another as no program of ours would have it."""
    known = replace(waiting(linked(Senders()), WORK), allowed={ANN: Approval(ANN)})
    change = senders.reject(known, known.requests[WORK].code, now=NOW, quiet_until=NOW + HOUR)
    assert isinstance(change.answer, Rejected)
    assert not change.answer.linked
    assert write(change.state, ANN)[1] == AlreadyAllowed()


def test_a_person_is_announced_under_every_id() -> None:
    change = senders.expect(waiting(linked(Senders()), WORK), ANN, now=NOW, by="t", until=NOW + HOUR)
    assert change.answer == Announced(ANN, NOW + HOUR, frozenset({WORK}))
    assert isinstance(write(change.state, WORK)[1], Welcomed)
    assert isinstance(write(change.state, WORK, now=NOW + HOUR)[1], Requested)


def test_who_came_in_for_good_is_expected_for_good_under_his_other_id() -> None:
    """Though the announcement was for an hour: he came within it."""
    known = senders.expect(linked(Senders()), ANN, now=NOW, by="t", until=NOW + HOUR).state
    after, _ = write(known, ANN)
    assert isinstance(write(after, WORK, now=NOW + 2 * HOUR)[1], Welcomed)


def test_who_is_linked_is_expected_or_turned_away_with_the_other() -> None:
    known = linked(senders.expect(Senders(), ANN, now=NOW, by="t", until=NOW + HOUR).state)
    assert known.expects(WORK, now=NOW) == WORK
    assert known.expects(WORK, now=NOW + HOUR) is None
    asked = waiting(Senders(), ANN, WORK)
    quiet = senders.reject(asked, asked.requests[ANN].code, now=NOW, quiet_until=NOW + HOUR).state
    assert write(linked(quiet), WORK)[1] == IsQuiet()
    assert linked(quiet).requests == {}


people = st.sampled_from([ANN, WORK, BOB])
verbs = st.sampled_from(
    ["link", "unlink", "write", "approve", "block", "unblock", "revoke", "expect", "turn away", "label"]
)


def decided(known: Senders, verb: str, one: SenderId, other: SenderId) -> Senders:
    if verb == "link":
        return linking.link(known, one, other, now=NOW, by="t").state
    if verb == "unlink":
        return linking.unlink(known, one, other).state
    if verb == "write":
        return write(known, one)[0]
    if verb == "approve":
        waits = known.requests.get(one)
        return senders.approve(known, waits.code, now=NOW, by="t").state if waits else known
    if verb == "turn away":
        waits = known.requests.get(one)
        return senders.reject(known, waits.code, now=NOW, quiet_until=NOW + HOUR).state if waits else known
    if verb == "label":
        return senders.label(known, one, f"the friend of {other}").state
    if verb == "revoke":
        return senders.revoke(known, one).state
    if verb == "unblock":
        return senders.unblock(known, one).state
    decide = senders.block if verb == "block" else senders.expect
    return decide(known, one, now=NOW, by="t").state


@given(st.lists(st.tuples(verbs, people, people), max_size=25))
def test_M_D17_who_is_linked_is_blocked_with_the_others_or_not_at_all(
    steps: list[tuple[str, SenderId, SenderId]],
) -> None:
    """In all orders; and after a revocation of one none of them is in."""
    known = Senders()
    for verb, one, other in steps:
        known = decided(known, verb, one, other)
        if verb == "revoke":
            group = {one, *known.linked(frozenset({one}))}
            assert group.isdisjoint({*known.allowed, *known.expected})
        if verb == "label":
            assert len({known.labels[each] for each in (one, *known.linked(frozenset({one})))}) == 1
        for key, link in known.links.items():
            assert len({each in known.blocked for each in (key, *link.aliases)}) == 1, "all or none"
            assert len({each in known.quiet for each in (key, *link.aliases)}) == 1, "all or none"
        places = [*known.allowed, *known.blocked, *known.expected, *known.quiet]
        assert len(places) == len(set(places)), "nobody is at two places"
