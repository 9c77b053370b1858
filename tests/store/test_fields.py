"""Single fields are read strictly, and written back without losing what is not ours (threats.md S4, S8)."""

from typing import Any

import pytest

from clawdbot.store.entries import Unusable
from clawdbot.store.fields import LATEST, Fields, own_id, present, renewed


@pytest.mark.parametrize("raw", [None, [], "x", 5, True])
def test_a_record_is_an_object(raw: Any) -> None:
    """Nothing else has fields."""
    with pytest.raises(Unusable):
        Fields(raw)


@pytest.mark.parametrize(
    ("raw", "time"),
    [
        (0, 0),
        (1_795_367_592_881, 1_795_367_592_881),
        (1.795367592881e12, 1_795_367_592_881),
        (LATEST, LATEST),
        (LATEST + 1, None),
        (10**400, None),
        (1e300, None),
        (1.5, None),
        (-1, None),
        (True, None),
        ("1795367592881", None),
        ([], None),
    ],
)
def test_S8_a_time_is_a_whole_number_that_the_reference_could_write(raw: Any, time: int | None) -> None:
    """Whatever else is there counts as nothing, and is reported without being repeated."""
    fields = Fields({"ts": raw})
    assert fields.instant("ts") == time
    assert fields.odd == ([] if time is not None else ['its "ts" is no time'])


def test_what_is_not_there_is_nothing_odd() -> None:
    """Nor is ``null``, which the reference never writes and reads the same."""
    fields = Fields({"a": None})
    for name in ("a", "b"):
        found = (fields.text(name), fields.texts(name), fields.instant(name), fields.flag(name), fields.has(name))
        assert found == (None, None, None, None, False)
    assert fields.odd == []


def test_S7_what_makes_no_sense_is_reported_and_never_repeated() -> None:
    """There are tokens in these files."""
    fields = Fields({"name": ["SECRET"], "list": ["a", 1, "b"], "flag": "SECRET", "other": "SECRET"})
    assert (fields.text("name"), fields.texts("list"), fields.flag("flag")) == (None, ("a", "b"), None)
    assert fields.texts("other") is None
    assert len(fields.odd) == 4
    assert "SECRET" not in "".join(fields.odd)


def test_S8_lone_surrogates_are_replaced_where_text_goes_on() -> None:
    """Text is fit to be encoded; an id with one in it is nobody's."""
    fields = Fields({"name": "a\ud800", "list": ["\udfff"], "id": "\ud800"})
    assert (fields.text("name"), fields.texts("list")) == ("a\ufffd", ("\ufffd",))
    with pytest.raises(Unusable):
        own_id(fields, "id", "\ud800")


@pytest.mark.parametrize("raw", [{}, {"id": "b"}, {"id": 5}, {"id": "a "}])
def test_a_record_says_under_which_name_it_stands(raw: Any) -> None:
    with pytest.raises(Unusable):
        own_id(Fields(raw), "id", "a")
    own_id(Fields({"id": "a"}), "id", "a")


def test_what_is_none_is_not_written() -> None:
    assert present({"a": None, "b": 0, "c": False, "d": ""}) == {"b": 0, "c": False, "d": ""}


@pytest.mark.parametrize(
    ("raw", "old", "new", "result"),
    [
        # what nobody changed stays as it is spelled, usable or not
        ({"a": 1.0, "b": "x"}, {"a": 1}, {"a": 1}, {"a": 1.0, "b": "x"}),
        ({"name": 5}, {}, {}, {"name": 5}),
        # what was changed is new, what was taken away goes
        ({"a": 1, "x": 7}, {"a": 1}, {"a": 2}, {"a": 2, "x": 7}),
        ({"a": 1, "x": 7}, {"a": 1}, {}, {"x": 7}),
        ({"name": 5}, {}, {"name": "Ann"}, {"name": "Ann"}),
        # ours come in the reference's order, what is not ours behind
        ({"x": 7, "b": 2}, {"b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "x": 7}),
        # objects within likewise
        (
            {"t": {"one": {"s": 1, "x": 7}, "odd": 9}},
            {"t": {"one": {"s": 1}}},
            {"t": {"one": {"s": 2}, "two": {}}},
            {"t": {"one": {"s": 2, "x": 7}, "two": {}, "odd": 9}},
        ),
        ({"t": [1]}, {"t": {}}, {"t": {"one": 1}}, {"t": {"one": 1}}),
    ],
)
def test_a_change_keeps_what_it_is_not_about(raw: Any, old: Any, new: Any, result: Any) -> None:
    """Keys of another program, or of a later one, survive."""
    assert renewed(raw, old, new) == result
    assert list(renewed(raw, old, new)) == list(result)
