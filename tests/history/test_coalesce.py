"""Floods are counted, decisions never are."""

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.history.coalesce import CROWD, HOUR_MS, MINUTE_MS, Coalescer
from tests.support.histories import NOW, fact


def refused(sender: str = "7", why: str = "the sender is blocked", at: int = NOW) -> Fact:
    return fact(sender, Kind.REFUSED, surface=Surface.CHAT, by="", why=why, at=at)


def test_D10_a_thousand_messages_of_a_blocked_sender_are_two_entries() -> None:
    """One at once, one when the minute is over, with how often and the last time; then it begins anew."""
    coalescer = Coalescer()
    told = [one for number in range(1_000) for one in coalescer.take(refused(at=NOW + number), 5)]
    assert told == [refused()]
    assert coalescer.next_due() == 5 + MINUTE_MS
    assert coalescer.due(4 + MINUTE_MS) == []
    (rest,) = coalescer.due(5 + MINUTE_MS)
    assert (rest.times, rest.at, rest.about) == (999, NOW + 999, refused().about)
    assert coalescer.take(refused(), 6 + MINUTE_MS) == [refused()]


def test_what_happened_once_is_told_once() -> None:
    """Nothing is told when its time is over."""
    coalescer = Coalescer()
    assert coalescer.take(refused(), 0) == [refused()]
    assert coalescer.next_due() == MINUTE_MS
    assert coalescer.due(MINUTE_MS) == []
    assert coalescer.next_due() == HOUR_MS  # when a new crowd begins
    assert coalescer.rest() == []


def test_what_is_only_counted_brings_nothing_nearer() -> None:
    """Who sleeps until the next thing is due need not be woken for it."""
    coalescer = Coalescer()
    coalescer.take(refused(), 0)
    due = coalescer.next_due()
    for number in range(2 * CROWD):
        told = coalescer.take(refused(), 1 + number)
        assert (told, coalescer.next_due()) == ([], due)


def test_D10_a_crowd_of_strangers_is_bounded_and_counted() -> None:
    """Ten thousand different ones in an hour: so many entries, and one for all the others when it is over."""
    coalescer = Coalescer()
    told = [one for number in range(10_000) for one in coalescer.take(refused(str(number)), number)]
    assert len(told) == CROWD
    (others,) = coalescer.due(HOUR_MS)
    assert (others.times, others.about.id, others.why) == (10_000 - CROWD, "", "and others")
    assert others.about.account == refused().about.account
    assert coalescer.next_due() is None


def test_a_crowd_of_one_kind_hides_nothing_of_another() -> None:
    """Devices, other kinds and decisions have places of their own."""
    coalescer = Coalescer()
    for number in range(10_000):
        coalescer.take(refused(str(number)), 0)
    asked = fact("9", Kind.REQUESTED)
    device = Fact(NOW, Kind.REFUSED, Surface.GATEWAY, Subject(Of.DEVICE, "ab"))
    assert coalescer.take(asked, 0) == [asked]
    assert coalescer.take(device, 0) == [device]


def test_decisions_are_never_counted_together() -> None:
    """The same one a hundred times is a hundred entries."""
    coalescer = Coalescer()
    for kind in (Kind.APPROVED, Kind.REJECTED, Kind.BLOCKED, Kind.UNBLOCKED, Kind.REVOKED, Kind.REMOVED, Kind.ROTATED):
        assert [coalescer.take(fact(kind=kind), 0) for _ in range(100)] == [[fact(kind=kind)]] * 100


def test_connections_are_told_once_an_hour() -> None:
    """A command that connects every second does not fill the history."""
    came = Fact(NOW, Kind.CONNECTED, Surface.GATEWAY, Subject(Of.DEVICE, "ab"), why="as operator")
    coalescer = Coalescer()
    told = [one for second in range(3_600) for one in coalescer.take(came, second * 1_000)]
    assert told == [came]
    assert [one.times for one in coalescer.rest()] == [3_599]
    assert coalescer.rest() == []
