"""Who comes in by himself: by the word of an invite, or announced; and who does not."""

import random
from dataclasses import replace

import pytest

from clawdbot.domain import invites, inviting, linking, senders
from clawdbot.domain.invites import Invite, InviteWord
from clawdbot.domain.names import SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Approval,
    Block,
    Expected,
    Invited,
    IsBlocked,
    IsQuiet,
    NoSuchRequest,
    Quiet,
    RequestAnswer,
    Requested,
    Senders,
    Welcomed,
)

NOW, HOUR, DAY = 1_795_000_000_000, 3_600_000, 86_400_000
ANN, BOB = SenderId("7"), SenderId("8")
NUMBER, ACCOUNT = SenderId("+15550001111"), SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001")
OTHER = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000002")
WORD = invites.digest(InviteWord("ABCDEFGHJKLMNPQR"))
BY = f"invite {invites.short(WORD)}"


def invited(uses: int = 1, label: str = "", lasts_ms: int | None = None, until: int = NOW + DAY) -> Senders:
    return Senders(invites={WORD: Invite(until, uses, NOW, "terminal", label, lasts_ms)})


def write(
    known: Senders,
    sender: SenderId,
    *aliases: SenderId,
    now: int = NOW,
    word: invites.WordDigest | None = WORD,
) -> tuple[Senders, RequestAnswer]:
    change = senders.request(
        known, sender, {}, now=now, randbelow=random.Random(1).randrange, aliases=frozenset(aliases), word=word
    )
    assert isinstance(change.answer, Requested) is bool(change.effects), "who is let in gets no code"
    return change.state, change.answer


def test_who_writes_the_word_is_in_by_the_invite_and_the_next_one_is_a_stranger() -> None:
    after, answer = write(invited(), ANN)
    assert answer == Invited(ANN, BY)
    assert after.allowed == {ANN: Approval(ANN, NOW, BY)}
    assert after.invites[WORD].uses == 0
    late, said = write(after, BOB)
    assert isinstance(said, Requested)
    assert late.allowed == after.allowed


def test_D18_each_use_lets_in_one_person() -> None:
    after, _ = write(invited(uses=2), ANN)
    after, answer = write(after, BOB)
    assert isinstance(answer, Invited)
    assert sorted(after.allowed) == [ANN, BOB]
    assert after.invites[WORD].uses == 0


def test_D18_a_word_that_lets_nobody_in_is_a_message_like_any_other() -> None:
    """Used up, over, or of no invite: the same answer, the same state but for the code, as for any first words."""
    for known in (invited(uses=0), invited(until=NOW), Senders()):
        assert write(known, ANN)[1] == write(known, ANN, word=None)[1]


def test_an_approval_by_an_invite_may_end() -> None:
    after, _ = write(invited(lasts_ms=HOUR), ANN)
    assert after.is_allowed(ANN, now=NOW + HOUR - 1)
    assert not after.is_allowed(ANN, now=NOW + HOUR)


def test_D17_neither_who_is_blocked_nor_who_was_turned_away_comes_in_by_a_word() -> None:
    blocked = replace(invited(), blocked={ANN: Block(NOW)})
    quiet = replace(invited(), quiet={ANN: Quiet(NOW + 1)})
    assert write(blocked, ANN) == (blocked, IsBlocked())
    assert write(quiet, ANN) == (quiet, IsQuiet())


def test_who_is_in_or_announced_uses_nothing_up() -> None:
    known = replace(invited(), allowed={ANN: Approval(ANN)})
    assert write(known, ANN) == (known, AlreadyAllowed())
    after, answer = write(replace(invited(), expected={ANN: Expected()}), ANN)
    assert isinstance(answer, Welcomed)
    assert after.invites[WORD].uses == 1


def test_D11_a_request_of_his_is_void_and_its_code_lets_nobody_in() -> None:
    asked, answer = write(invited(), ANN, word=None)
    assert isinstance(answer, Requested)
    after, _ = write(asked, ANN)
    assert after.requests == {}
    revoked = senders.revoke(after, ANN).state
    assert senders.approve(revoked, answer.request.code, now=NOW, by="terminal").answer == NoSuchRequest()


def test_D10_a_full_queue_keeps_nobody_out_who_was_invited() -> None:
    known = invited()
    for number in range(3):
        known, _ = write(known, SenderId(str(100 + number)), word=None)
    after, answer = write(known, ANN)
    assert isinstance(answer, Invited)
    assert after.requests == known.requests


def test_what_the_owner_called_him_stays_and_the_invite_s_label_is_for_who_has_none() -> None:
    assert write(invited(label="a guest"), ANN)[0].labels == {ANN: "a guest"}
    assert write(replace(invited(label="a guest"), labels={ANN: "Ann"}), ANN)[0].labels == {ANN: "Ann"}


def test_D7_his_other_ids_are_tied_and_a_number_that_passed_on_lets_nobody_in() -> None:
    after, answer = write(invited(), NUMBER, ACCOUNT)
    assert isinstance(answer, Invited)
    assert after.is_allowed(ACCOUNT, now=NOW)
    assert not after.is_allowed(NUMBER, frozenset({OTHER}), now=NOW)


def test_D7_who_has_the_number_of_somebody_who_waits_comes_in_under_his_own_id() -> None:
    asked, _ = write(invited(), NUMBER, ACCOUNT, word=None)
    after, _ = write(asked, NUMBER, OTHER)
    assert list(after.allowed) == [OTHER]
    assert list(after.requests) == [NUMBER]


def test_D17_who_was_revoked_does_not_come_back_by_a_word_that_lets_others_in() -> None:
    """Nor does he whose approval by it is over; each person once."""
    after, _ = write(invited(uses=3, lasts_ms=HOUR), ANN)
    assert isinstance(write(senders.revoke(after, ANN).state, ANN)[1], Requested)
    later, answer = write(after, ANN, now=NOW + HOUR)
    assert isinstance(answer, Requested)
    assert isinstance(write(later, BOB, now=NOW + HOUR)[1], Invited)


def test_D7_D17_a_revoked_guest_is_known_by_each_of_his_ids() -> None:
    after, _ = write(invited(uses=3), NUMBER, ACCOUNT)
    out = senders.revoke(after, ACCOUNT).state
    assert isinstance(write(out, ACCOUNT)[1], Requested)
    assert isinstance(write(out, NUMBER)[1], Requested)
    assert isinstance(write(out, NUMBER, OTHER)[1], Requested)
    assert write(out, OTHER)[1] == Invited(OTHER, BY)


def test_D17_a_revoked_guest_does_not_come_back_under_an_id_that_the_owner_linked() -> None:
    """Linked before he came or after it: by the owner's word it is one person, and each person comes once."""
    first = linking.link(invited(uses=3), ANN, BOB, now=NOW, by="terminal").state
    came, _ = write(first, ANN)
    later = linking.link(write(invited(uses=3), ANN)[0], ANN, BOB, now=NOW, by="terminal").state
    for known in (came, later):
        out = senders.revoke(known, ANN).state
        assert isinstance(write(out, BOB)[1], Requested)


def put_out(known: Senders, sender: SenderId, how: str) -> Senders:
    """Let in by other ways than the word, and revoked, or blocked and unblocked."""
    known = replace(known, allowed={**known.allowed, sender: Approval(sender)})
    if how == "revoked":
        return senders.revoke(known, sender).state
    return senders.unblock(senders.block(known, sender, now=NOW, by="terminal").state, sender).state


@pytest.mark.parametrize("how", ["revoked", "blocked"])
def test_D18_who_was_put_out_comes_in_by_no_word_from_before(how: str) -> None:
    """Though he never used it; others do. A word that is made afterwards is the owner's will, and lets him in."""
    out = put_out(invited(uses=3), ANN, how)
    assert isinstance(write(out, ANN)[1], Requested)
    assert isinstance(write(out, BOB)[1], Invited)
    made = inviting.invite(out, now=NOW, by="terminal", until=NOW + DAY, randbelow=random.Random(5).randrange)
    assert isinstance(made.answer, InviteMade)
    assert isinstance(write(made.state, ANN, word=made.answer.digest)[1], Invited)


def test_D18_an_announcement_that_was_taken_back_lets_nobody_in_by_an_older_word() -> None:
    expected = senders.expect(invited(), ANN, now=NOW, by="terminal").state
    assert isinstance(write(senders.revoke(expected, ANN).state, ANN)[1], Requested)


def test_D7_D18_who_was_put_out_is_known_by_each_of_his_ids_and_those_that_the_owner_linked() -> None:
    known = replace(invited(uses=3), allowed={NUMBER: Approval(NUMBER, aliases=frozenset({ACCOUNT}))})
    linked = linking.link(known, ACCOUNT, BOB, now=NOW, by="terminal").state
    out = senders.revoke(linked, ACCOUNT).state
    for sender, aliases in ((NUMBER, ()), (ACCOUNT, ()), (NUMBER, (ACCOUNT,)), (BOB, ())):
        assert isinstance(write(out, sender, *aliases)[1], Requested), sender
    parted = linking.unlink(out, ACCOUNT, BOB).state
    assert isinstance(write(parted, BOB)[1], Requested), "he was revoked, too"
    assert isinstance(write(out, OTHER)[1], Invited)


def test_D18_nothing_is_kept_of_who_was_revoked_but_in_the_invites_and_until_their_end() -> None:
    known = replace(Senders(), allowed={ANN: Approval(ANN)})
    assert senders.revoke(known, ANN).state == Senders()
    out = put_out(invited(), ANN, "revoked")
    assert out == replace(invited(), invites={WORD: replace(invited().invites[WORD], closed_to=frozenset({ANN}))})
    assert senders.expire(out, now=NOW + DAY).state == Senders()
    used_up = invited(uses=0)
    assert put_out(used_up, ANN, "revoked") == used_up


def test_D18_an_invite_that_would_have_to_remember_too_many_lets_in_nobody() -> None:
    """Rather than to forget one of them."""
    full = frozenset(SenderId(str(number)) for number in range(100, 100 + invites.MAX_CLOSED))
    known = Senders(invites={WORD: replace(invited().invites[WORD], closed_to=full)})
    out = put_out(known, ANN, "revoked")
    assert len(out.invites[WORD].closed_to) == invites.MAX_CLOSED
    assert isinstance(write(out, ANN)[1], Requested)
    assert isinstance(write(out, BOB)[1], Requested)


def test_a_label_of_an_invite_is_for_all_ids_of_a_person() -> None:
    known = linking.link(invited(label="a guest"), ANN, BOB, now=NOW, by="terminal").state
    assert write(known, BOB)[0].labels == {ANN: "a guest", BOB: "a guest"}


def test_what_is_over_is_swept_with_what_else_is() -> None:
    known = invited()
    assert senders.expire(known, now=NOW + DAY - 1).state is known
    assert senders.expire(known, now=NOW + DAY).state.invites == {}


@pytest.mark.parametrize("named", [ANN, ACCOUNT, NUMBER])
@pytest.mark.parametrize("blocked", [False, True])
def test_D18_who_is_put_out_by_one_linked_id_comes_back_under_none_of_them(named: SenderId, blocked: bool) -> None:
    """Nor by a number that the platform tied to a linked one, whichever id the owner says."""
    ids = {ANN: Approval(ANN), ACCOUNT: Approval(ACCOUNT, aliases=frozenset({NUMBER}))}
    known = linking.link(replace(invited(uses=9), allowed=ids), ANN, ACCOUNT, now=NOW, by="terminal").state
    if blocked:
        known = senders.unblock(senders.block(known, named, now=NOW, by="terminal").state, named).state
    else:
        known = senders.revoke(known, named).state
    assert known.invites[WORD].closed_to == {ANN, ACCOUNT, NUMBER}
    for shown in ((ANN,), (ACCOUNT,), (NUMBER,), (NUMBER, ACCOUNT)):
        assert isinstance(write(known, *shown)[1], Requested)
