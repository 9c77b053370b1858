"""What platforms say is read as far as it can be; what is odd in it is nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels import lenient_json

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[1, {"a": 1, "a": 2}, 3]', [1, None, 3]),
        ('{"id": 12345678901234567890, "at": 123456789012345678901}', {"id": 12345678901234567890, "at": None}),
        ("[NaN, Infinity, -Infinity, 1.5]", [None, None, None, 1.5]),
        (f"[{'9' * 5_000}]", [None]),
        (b'"\xc3\xa9"', "é"),
    ],
)
def test_S8_what_is_odd_is_nothing_and_the_rest_is_read(text: str | bytes, value: Any) -> None:
    assert lenient_json.read(text) == value


@given(values)
def test_all_else_is_what_it_is(value: Any) -> None:
    assert lenient_json.read(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", b"\xff"])
def test_what_is_no_json_is_said(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        lenient_json.read(text)
