"""Rows of OpenClaw's tables: read without guessing, and what cannot be used is noted."""

import pytest

from clawdbot.backup.successor_rows import Notes, Row, shape
from clawdbot.errors import StoreCorrupt
from clawdbot.store.entries import Unusable
from clawdbot.store.register import MAX_ODD

SHAPE = shape("id", "note number list")


def test_what_an_unknown_column_says_is_not_passed_over() -> None:
    """It could be "until"; while it says nothing, it does no harm."""
    assert Row({"id": "7", "until": None}, SHAPE).text("id") == "7"
    with pytest.raises(Unusable, match='"until"'):
        Row({"id": "7", "until": 5}, SHAPE)


def test_S8_every_column_is_what_it_must_be() -> None:
    odd = Row({"id": 7, "note": b"7\xff", "number": "1_000", "list": '{"a": 1, "a": 2}'}, SHAPE)
    for read, column in ((odd.text, "id"), (odd.text_or_none, "note"), (odd.number, "number"), (odd.json, "list")):
        with pytest.raises(Unusable, match=f'"{column}"'):
            read(column)
    fine = Row({"id": "7", "note": None, "number": 1, "list": "[1]"}, SHAPE)
    found = (fine.text("id"), fine.text_or_none("note"), fine.number("number"), fine.json("list"))
    assert found == ("7", None, 1, [1])


def test_what_must_be_there_may_not_be_empty() -> None:
    for nothing in (None, ""):
        with pytest.raises(Unusable, match='"id"'):
            Row({"id": nothing}, SHAPE).text("id")


def test_notes_say_what_and_why() -> None:
    """Many of a kind are one line."""
    notes = Notes()
    with notes.about("table 7"):
        Row({"id": 7}, SHAPE).text("id")
    for _ in range(3):
        notes.count("table msteams", "no such channel")
    assert notes.left_out() == {"table msteams (3)": "no such channel", "table 7": 'its "id" is no text'}


def test_S4_a_table_of_nothing_but_odd_rows_is_not_the_table() -> None:
    notes = Notes()
    for number in range(MAX_ODD):
        notes.add(f"table {number}", "odd")
    with pytest.raises(StoreCorrupt, match=f"more than {MAX_ODD} rows"):
        notes.add("table one more", "odd")
