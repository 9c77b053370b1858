"""What is known of people, and what of it is over."""

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_records import Approval, Quiet, Request, Senders

NOW: Instant = 1_795_367_603_000
ANN, BOB = SenderId("ann"), SenderId("bob")
NUMBER, ACCOUNT = SenderId("+15550001"), SenderId("uuid:1")


def test_an_approval_holds_until_its_end_and_not_at_it() -> None:
    """One without an end holds for good, whatever the clock does."""
    lent = Approval(ANN, NOW, "test", until=NOW + 1)
    assert [lent.holds(NOW + ms) for ms in (-1, 0, 1)] == [True, True, False]
    assert Approval(ANN).holds(NOW * 2)


def test_D7_of_two_approvals_of_one_person_one_that_holds_is_enough() -> None:
    """A number that was let in for an hour, and the account behind it for good."""
    known = Senders(allowed={NUMBER: Approval(NUMBER, until=NOW), ACCOUNT: Approval(ACCOUNT)})
    assert known.is_allowed(NUMBER, frozenset({ACCOUNT}), now=NOW)
    assert not known.is_allowed(NUMBER, now=NOW)


def test_D11_what_is_over_takes_its_used_code_along() -> None:
    """And nothing else; where nothing is over, it is the same object."""
    left = Request(ANN, PairingCode("JHVGNPZU"), NOW, NOW)
    other = Request(BOB, PairingCode("ABCDEFGH"), NOW, NOW)
    known = Senders({ANN: left, BOB: other}, {ANN: Approval(ANN, until=NOW)}, quiet={BOB: Quiet(NOW + 1)})
    assert known.current(NOW) == Senders({BOB: other}, quiet={BOB: Quiet(NOW + 1)})
    assert known.current(NOW - 1) is known
    assert known.current(NOW + 1).quiet == {}


def test_D7_who_is_to_be_quiet_is_so_under_each_of_his_ids() -> None:
    """Until then, and no longer."""
    known = Senders(quiet={NUMBER: Quiet(NOW + 1, frozenset({ACCOUNT}))})
    assert known.is_quiet(ACCOUNT, now=NOW)
    assert not known.is_quiet(ACCOUNT, now=NOW + 1)
    assert not known.is_quiet(ANN, now=NOW)
