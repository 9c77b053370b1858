"""Which ids are one person's."""

import pytest

from clawdbot.domain import persons
from clawdbot.domain.names import SenderId

NUMBER, OTHER = "+15550001111", "+15550002222"
ANNE, BERT = "uuid:8f1c0c6e-0000-4000-8000-000000000001", "uuid:8f1c0c6e-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("known", "shown", "same"),
    [
        ({NUMBER}, {NUMBER}, True),
        ({NUMBER}, {OTHER}, False),
        ({NUMBER, ANNE}, {ANNE}, True),
        ({NUMBER, ANNE}, {NUMBER}, True),
        ({NUMBER}, {NUMBER, ANNE}, True),
        ({ANNE}, {NUMBER, ANNE}, True),
        ({NUMBER, ANNE}, {OTHER, ANNE}, True),
        ({NUMBER, ANNE}, {NUMBER, BERT}, False),
        ({ANNE}, {BERT}, False),
        ({ANNE}, {NUMBER}, False),
        ({"lid:5", NUMBER}, {"lid:6", NUMBER}, False),
        ({"lid:5", NUMBER}, {"lid:5"}, True),
        (set(), {NUMBER}, False),
    ],
)
def test_D7_a_number_with_another_account_is_another_person(known: set[str], shown: set[str], same: bool) -> None:
    left, right = {SenderId(each) for each in known}, {SenderId(each) for each in shown}
    assert persons.is_same(left, right) is same
    assert persons.is_same(right, left) is same
