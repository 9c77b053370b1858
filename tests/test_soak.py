"""The soak's judgement: each promise that is broken is found, and none that is kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from soak.ledger import Heard, Ledger

ANNE = ("slack", "U1")
BERT = ("slack", "U2")


def life() -> tuple[Ledger, Heard]:
    """Anne is in and was heard; Bert is not and was not."""
    ledger, heard = Ledger(), Heard()
    ledger.owed[ANNE] = ["one", "two", "three"]
    ledger.forbidden[BERT] = ["let me in"]
    heard.texts[ANNE] = ["one", "two", "three"]
    return ledger, heard


def test_a_life_without_trouble_breaks_nothing() -> None:
    ledger, heard = life()
    assert list(ledger.broken(heard)) == []
    assert ledger.written == 4


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (lambda heard: heard.texts[BERT].append("let me in"), "its sender was not approved"),
        (lambda heard: heard.texts[ANNE].remove("two"), "1 of 3 texts were lost"),
        (lambda heard: heard.texts[ANNE].append("two"), "1 texts came twice"),
        (lambda heard: heard.texts[ANNE].reverse(), "out of order"),
        (lambda heard: heard.texts[ANNE].append("hello from a group"), "no direct messages"),
    ],
)
def test_D8_D16_each_broken_promise_is_found(wrong: Callable[[Heard], object], found: str) -> None:
    ledger, heard = life()
    wrong(heard)
    (told,) = ledger.broken(heard)
    assert found in told


def test_the_record_is_read_as_the_assistant_writes_it(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    record.write_text(json.dumps(["slack", "U1", "one", 7]) + "\n")
    heard = Heard.read(record)
    assert dict(heard.texts) == {ANNE: ["one"]}
    assert heard.tasks == [7]
