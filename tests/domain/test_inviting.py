"""The owner makes invites and voids them."""

import random
from collections.abc import Callable

import pytest

from clawdbot.domain import invites, inviting
from clawdbot.domain.invites import MAX_USES, Invite, WordDigest
from clawdbot.domain.inviting import MAX_INVITES
from clawdbot.domain.sender_answers import InviteMade, InviteVoided, NoSuchInvite, TooManyInvites
from clawdbot.domain.senders import Senders

NOW, DAY = 1_795_000_000_000, 86_400_000


def chance(seed: int = 1) -> Callable[[int], int]:
    return random.Random(seed).randrange


def made(senders: Senders, seed: int = 1, until: int = NOW + DAY) -> tuple[Senders, InviteMade]:
    change = inviting.invite(senders, now=NOW, by="terminal", until=until, randbelow=chance(seed))
    assert isinstance(change.answer, InviteMade)
    return change.state, change.answer


def full(uses: int) -> Senders:
    return Senders(invites={WordDigest(f"{number:064x}"): Invite(NOW + DAY, uses) for number in range(MAX_INVITES)})


def test_S7_what_is_kept_of_an_invite_is_not_its_word() -> None:
    after, answer = made(Senders())
    assert after.invites == {invites.digest(answer.word): Invite(NOW + DAY, 1, NOW, "terminal")}
    assert answer.word.reveal() not in repr((after, answer))


def test_as_many_are_good_as_may_be_and_no_more() -> None:
    before = full(uses=1)
    change = inviting.invite(before, now=NOW, by="terminal", until=NOW + DAY, randbelow=chance())
    assert change.answer == TooManyInvites()
    assert change.state is before


def test_what_is_used_up_or_over_makes_room() -> None:
    after, answer = made(full(uses=0))
    assert list(after.invites) == [answer.digest]
    later, _ = made(Senders(invites={WordDigest("a" * 64): Invite(NOW, 3)}))
    assert WordDigest("a" * 64) not in later.invites


@pytest.mark.parametrize("uses", [-1, 0, MAX_USES + 1])
def test_an_invite_is_for_somebody_and_not_for_everybody(uses: int) -> None:
    with pytest.raises(ValueError, match="people"):
        inviting.invite(Senders(), now=NOW, by="terminal", until=NOW + DAY, randbelow=chance(), uses=uses)


def test_S7_a_label_that_shows_not_only_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="not shown"):
        inviting.invite(
            Senders(), now=NOW, by="terminal", until=NOW + DAY, randbelow=chance(), label="Ann\u202e\u200b\x1b"
        )


def test_an_invite_is_voided_by_its_short_id_alone() -> None:
    """Neither by nothing, nor by a part of it, nor by what it is kept under."""
    before, answer = made(made(Senders())[0], seed=2)
    short = invites.short(answer.digest)
    for wrong in ("", short[:4], answer.digest, "zz"):
        assert inviting.uninvite(before, wrong).answer == NoSuchInvite()
    change = inviting.uninvite(before, f" {short.upper()} ")
    assert change.answer == InviteVoided(short)
    assert answer.digest not in change.state.invites
    assert len(change.state.invites) == 1
