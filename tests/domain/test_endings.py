"""Approvals that end: told of in time, extended by what was meant, never shortened."""

from dataclasses import replace

import pytest

from clawdbot.domain import endings
from clawdbot.domain.endings import UNKNOWN_MS, Endless, Extended
from clawdbot.domain.names import SenderId
from clawdbot.domain.owners import DEFAULT_WARN_MS
from clawdbot.domain.sender_records import Approval, Block, Senders
from clawdbot.domain.senders import NotAllowed

NOW = 1_795_000_000_000
HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
ADA = SenderId("1")


def lent(lasts_ms: int | None, *, began: int | None = NOW) -> Senders:
    """Ada is in since now, for so long."""
    return Senders(allowed={ADA: Approval("1", began, "terminal", until=lasts_ms and NOW + lasts_ms)})


def is_near(senders: Senders, after_ms: int, *, warn_ms: int = DEFAULT_WARN_MS) -> bool:
    return [one[0] for one in endings.near(senders, now=NOW + after_ms, warn_ms=warn_ms)] == [ADA]


@pytest.mark.parametrize(
    ("lasts_ms", "first"),
    [(7 * DAY_MS, 6 * DAY_MS), (2 * DAY_MS, DAY_MS), (DAY_MS, 12 * HOUR_MS), (2 * HOUR_MS, HOUR_MS)],
)
def test_told_a_day_before_the_end_or_at_half_time(lasts_ms: int, first: int) -> None:
    """Whichever comes later; and not once it is over."""
    senders = lent(lasts_ms)
    assert not is_near(senders, first - 1)
    assert is_near(senders, first)
    assert is_near(senders, lasts_ms - 1)
    assert not is_near(senders, lasts_ms)


def test_what_nobody_is_told_of() -> None:
    """Approvals for good, people who are blocked, and everything where warnings are off."""
    assert not is_near(lent(None), 100 * DAY_MS)
    assert not is_near(replace(lent(DAY_MS), blocked={ADA: Block(NOW)}), 23 * HOUR_MS)
    assert not is_near(lent(DAY_MS), DAY_MS - 1, warn_ms=0)


def test_an_approval_of_unknown_length_counts_as_a_week() -> None:
    """Its beginning is not on record, or cannot be true."""
    assert is_near(lent(8 * DAY_MS, began=None), 7 * DAY_MS)
    for began in (None, NOW + 3 * DAY_MS):
        assert endings.lasts(lent(DAY_MS, began=began).allowed[ADA]) == UNKNOWN_MS


def test_extended_for_as_long_as_before_from_now_on() -> None:
    """However often: a week stays a week. Who extended it, and when, is on record."""
    senders = lent(7 * DAY_MS)
    for now in (NOW + 6 * DAY_MS, NOW + 12 * DAY_MS):
        change = endings.extend(senders, ADA, now=now, by="owner telegram:9")
        assert change.answer == Extended(ADA, now + 7 * DAY_MS)
        senders = change.state
        assert senders.allowed[ADA] == Approval("1", now, "owner telegram:9", until=now + 7 * DAY_MS)


def test_an_owners_own_span_counts_and_never_shortens() -> None:
    senders = lent(7 * DAY_MS)
    assert endings.extend(senders, ADA, now=NOW, by="t", lasts_ms=30 * DAY_MS).answer == Extended(
        ADA, NOW + 30 * DAY_MS
    )
    assert endings.extend(senders, ADA, now=NOW, by="t", lasts_ms=HOUR_MS).answer == Extended(ADA, NOW + 7 * DAY_MS)


def test_an_alias_is_the_same_person() -> None:
    """Named by the number, he is extended under the id that he was approved by (threats.md D7)."""
    account, number = SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001"), SenderId("+15550001111")
    approval = Approval(account, NOW, "t", frozenset({number}), NOW + DAY_MS)
    change = endings.extend(Senders(allowed={account: approval}), number, now=NOW + 1, by="t")
    assert change.answer == Extended(account, NOW + 1 + DAY_MS)


def test_D11_what_is_over_is_not_extended() -> None:
    """Nor strangers, blocked people, approvals for good; nothing changes."""
    for senders, now, answer in (
        (lent(DAY_MS), NOW + DAY_MS, NotAllowed()),
        (Senders(), NOW, NotAllowed()),
        (replace(lent(DAY_MS), blocked={ADA: Block(NOW)}), NOW, NotAllowed()),
        (lent(None), NOW, Endless()),
    ):
        change = endings.extend(senders, ADA, now=now, by="t")
        assert change.answer == answer
        assert change.state is senders


def test_G5_another_approval_than_the_owner_saw_is_left_alone() -> None:
    """It was extended or given again since he was told."""
    senders = lent(DAY_MS)
    assert endings.extend(senders, ADA, now=NOW, by="t", ending=NOW + 1).answer == NotAllowed()
    assert isinstance(endings.extend(senders, ADA, now=NOW, by="t", ending=NOW + DAY_MS).answer, Extended)
