"""References: bound to a request, its actions, an owner, a place and a time; good once (threats.md D14)."""

import random
import secrets

import pytest

from clawdbot.domain import references
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, DeviceId, RequestId, SenderId
from clawdbot.domain.owners import read_owner
from clawdbot.domain.references import (
    KEEP_MS,
    MOST,
    Action,
    Book,
    Command,
    DeviceAsks,
    Given,
    Refused,
    SenderAsks,
    Why,
    end,
    give,
    look_up,
    misused,
    read,
    reopen,
)

HERE = ChannelAccount(Channel.TELEGRAM)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))
ADA, BOB = read_owner("telegram:1"), read_owner("telegram:2")
EVE = SenderAsks(HERE, SenderId("7"), PairingCode("ABCDEFGH"))
BOX = DeviceAsks(DeviceId("d" * 64), RequestId("r"))
ALL = frozenset(Action)


def given_to_ada(book: Book | None = None, **how: int) -> tuple[Book, Given]:
    return give(
        book or Book(),
        EVE,
        frozenset({Action.APPROVE, Action.REJECT}),
        (ADA, HERE),
        expires_at=how.get("until", 100),
        now=how.get("now", 0),
        randbelow=secrets.randbelow,
    )


def test_the_reference_that_was_given_is_found() -> None:
    book, given = given_to_ada()
    assert look_up(book, Command(Action.APPROVE, given.reference), [ADA], HERE, now=99) == given


def test_D14_it_is_bound_to_owner_place_action_and_time() -> None:
    """Another owner, another bot account: unknown. Another action, too late, decided: refused with the reason."""
    book, given = given_to_ada()
    approve = Command(Action.APPROVE, given.reference)
    assert look_up(book, approve, [BOB], HERE, now=0) == Refused(Why.UNKNOWN)
    assert look_up(book, approve, [ADA], WORK, now=0) == Refused(Why.UNKNOWN)
    assert look_up(Book(), approve, [ADA], HERE, now=0) == Refused(Why.UNKNOWN)
    assert look_up(book, Command(Action.BLOCK, given.reference), [ADA], HERE, now=0) == Refused(Why.NOT_OFFERED, given)
    assert look_up(book, approve, [ADA], HERE, now=100) == Refused(Why.LATE, given)
    ended = end(book, EVE, "rejected")
    found = look_up(ended, approve, [ADA], HERE, now=0)
    assert isinstance(found, Refused)
    assert found.why is Why.ENDED
    assert look_up(reopen(ended, EVE), approve, [ADA], HERE, now=0) == given


def test_a_decision_ends_all_references_of_its_request_and_no_other() -> None:
    book, mine = given_to_ada()
    book, other = give(book, BOX, ALL, (BOB, HERE), expires_at=100, now=0, randbelow=secrets.randbelow)
    assert [each.reference for each in book.open_about(EVE, 0)] == [mine.reference]
    book = end(book, EVE, "approved")
    assert book.open_about(EVE, 0) == []
    assert book.open_about(BOX, 0) == [other]


def test_misuse_is_told_of_once_and_only_of_open_references() -> None:
    book, given = given_to_ada()
    approve = Command(Action.APPROVE, given.reference)
    assert misused(book, approve, now=100)[1] is None
    assert misused(book, Command(Action.APPROVE, "ZZZZ9"), now=0)[1] is None
    book, found = misused(book, approve, now=0)
    assert found == given
    assert misused(book, approve, now=0)[1] is None


def test_the_book_is_bounded_and_forgets() -> None:
    """The oldest go first; what ended long ago goes when another is given."""
    book = Book()
    for _ in range(MOST + 20):
        book, _ = given_to_ada(book)
    assert len(book.given) == MOST
    book, last = given_to_ada(book, now=100 + KEEP_MS, until=200 + KEEP_MS)
    assert list(book.given) == [last.reference]


def test_references_differ_and_hold_a_digit() -> None:
    book = Book()
    for _ in range(300):
        book, given = give(book, EVE, ALL, (ADA, HERE), expires_at=1, now=0, randbelow=random.Random(3).randrange)
        assert read(f"approve {given.reference}") == Command(Action.APPROVE, given.reference)
    assert len(book.given) == 300


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("approve K7QXM", Command(Action.APPROVE, "K7QXM")),
        (" Reject  k7qxm. ", Command(Action.REJECT, "K7QXM")),
        ("/block K7QXM", Command(Action.BLOCK, "K7QXM")),
        ("approve plans", None),
        ("approve K7QX", None),
        ("approve K7QXMM", None),
        ("please approve K7QXM", None),
        ("approve K7QXM and all others", None),
        ("approve ٧٧٧٧٧", None),
        ("approveK7QXM", None),
        ("", None),
        ("approve " * 10_000, None),
    ],
)
def test_what_is_an_answer(text: str, command: Command | None) -> None:
    """Just the action and the reference; all else is for the assistant."""
    assert read(text) == command


def test_S7_the_code_is_not_shown() -> None:
    assert "ABCDEFGH" not in repr(EVE)
    assert references.LENGTH == 5
