"""Text to plain JSON: strict, bounded, and never an exception (threats.md S8, G12)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.wire.plain import (
    MAX_DEPTH,
    REPEATED,
    TOO_DEEP,
    Ambiguous,
    NotJson,
    Plain,
    TooLarge,
    decode,
)

LIMIT = 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "{",
        '{"a":1,}',
        "[1,]",
        "{a:1}",
        "{1:2}",
        "'a'",
        "1 2",
        "// 1",
        "01",
        "+1",
        "1.",
        ".5",
        "1_000",
        "\u0661",
        "NaN",
        "-Infinity",
        '{"a":NaN}',
        "1e400",
        "9" * 5000,
        '{"a":' + "9" * 5000 + "}",
        '"\x00"',
        '"\\x41"',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '{"\\ud800 and more":1}',
        '"\ud800"',
        "\ufeff1",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b"\xfe\xff\x001",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_S8_what_is_no_strict_json_in_utf_8_is_none_at_all(text: str | bytes) -> None:
    assert decode(text, LIMIT) == NotJson()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (" true\n", True),
        ('"\\u0000\\ud83d\\ude00"', "\0😀"),
        ("-0", 0),
        ("3.0", 3.0),
        ("1" + "0" * 30, 10**30),
        ('{"__proto__":{"constructor":1},"":2}', {"__proto__": {"constructor": 1}, "": 2}),
        (b'{"a":[1,{"b":"x:y"}]}', {"a": [1, {"b": "x:y"}]}),
    ],
)
def test_json_is_decoded_as_it_stands(text: str | bytes, value: object) -> None:
    assert decode(text, LIMIT) == Plain(value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"a":1,"a":1}', {"a": 1}),
        ('{"a":1,"\\u0061":2}', {"a": 2}),
        ('{"x":[{"b":{},"b":{}}]}', {"x": [{"b": {}}]}),
        ('{":":":","a:":1,"a:":2}', {":": ":", "a:": 2}),
        ('{"\\"":1,"\\"":2}', {'"': 2}),
        ('{"a":{"b":1,"c":2},"a":"::"}', {"a": "::"}),
    ],
)
def test_S8_an_object_with_a_property_twice_is_ambiguous(text: str, kept: object) -> None:
    assert decode(text, LIMIT) == Ambiguous(kept, REPEATED)


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_S8_nesting_has_a_bound(brackets: tuple[str, str]) -> None:
    def nested(depth: int) -> str:
        return brackets[0] * depth + "1" + brackets[1] * depth

    assert isinstance(decode(nested(MAX_DEPTH), LIMIT), Plain)
    beyond = decode(nested(MAX_DEPTH + 1), LIMIT)
    assert isinstance(beyond, Ambiguous)
    assert beyond.problem == TOO_DEEP
    assert decode(nested(100_000), LIMIT) == Ambiguous(None, TOO_DEEP)


def test_S8_nesting_without_an_end_is_no_json() -> None:
    assert isinstance(decode("[" * 100_000, LIMIT), Ambiguous | NotJson)


def test_G12_the_limit_is_one_of_bytes() -> None:
    assert decode('"abc"', 5) == Plain("abc")
    assert decode('"abcd"', 5) == TooLarge()
    assert decode('"é"', 4) == Plain("é")
    assert decode('"éé"', 5) == TooLarge(), "4 characters, 6 bytes"
    assert decode(b"[" * 6, 5) == TooLarge(), "size comes before sense"


def pairs_of(text: str) -> bool:
    """Does an object in the text have a property twice? As Python's own decoder sees it."""
    repeated = False

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated |= len({name for name, _ in pairs}) < len(pairs)
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    return repeated


def texts_of_objects() -> st.SearchStrategy[str]:
    names = st.sampled_from(["a", "b", ":", '"', "\\", "a:", "é", '":"'])
    leaves = st.one_of(st.none(), st.integers(), names).map(json.dumps)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner).map(lambda items: f"[{', '.join(items)}]"),
            st.lists(st.tuples(names.map(json.dumps), inner)).map(
                lambda pairs: "{" + ",".join(f"{name} : {value}" for name, value in pairs) + "}"
            ),
        ),
    )


@given(texts_of_objects())
def test_S8_repeated_properties_are_found_wherever_they_are_and_nowhere_else(text: str) -> None:
    expected = Ambiguous(json.loads(text), REPEATED) if pairs_of(text) else Plain(json.loads(text))
    assert decode(text, LIMIT) == expected


@given(st.one_of(st.text(), st.binary(), st.text(alphabet='{}[]":,\\u0d8e1.-ntf ')))
def test_S8_no_text_makes_the_decoder_raise(text: str | bytes) -> None:
    decode(text, LIMIT)
