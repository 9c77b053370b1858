"""The JSON5 reader: what the standard says, where everything stands, and the hazards of threats.md S8."""

import json
import math
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config.json5 import MAX_DEPTH, MAX_NUMBER, Array, Json5Error, Node, Object, Scalar, line, parse, plain

ACCEPTED = [
    ("null", None),
    (" true // yes\n", True),
    ("/* a\n */ false /**/", False),
    ("{}", {}),
    ("[]", []),
    ("[1,2,]", [1, 2]),
    ("{a: 1, $b_2: 2, 'c d': 3, \"e\": 4,}", {"a": 1, "$b_2": 2, "c d": 3, "e": 4}),
    ("{true: 1, null: 2, Infinity: 3, é: 4}", {"true": 1, "null": 2, "Infinity": 3, "é": 4}),
    (r"{\u0061b: 1}", {"ab": 1}),
    ("0x1F", 31),
    ("-0xff", -255),
    ("+5", 5),
    ("-0", 0),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    ("-Infinity", -math.inf),
    ("'it\\'s'", "it's"),
    ("'\"'", '"'),
    ("'a\\\nb\\\r\nc'", "abc"),
    (r'"\b\f\n\r\t\v\0\x41\u0042\q\/"', "\b\f\n\r\t\v\0ABq/"),
    (r'"\\u0041 C:\\xampp"', r"\u0041 C:\xampp"),
    ('"\u2028"', "\u2028"),
    (r'"\ud83d\ude00"', "😀"),
    ('"' + "\U0001f600" + '"', "😀"),
    ("\ufeff\xa0\u2003[\u20281\u2029]", [1]),
]


@pytest.mark.parametrize(("text", "value"), ACCEPTED, ids=[text for text, _ in ACCEPTED])
def test_what_the_standard_allows_is_read(text: str, value: object) -> None:
    found = plain(parse(text))
    assert found == value
    assert type(found) is type(value)


def test_nan_is_read_as_what_it_is() -> None:
    assert math.isnan(cast(float, plain(parse("NaN"))))


REFUSED = [
    ("", 0, "expected a value, but the text ends"),
    ("// only a comment", 17, "expected a value, but the text ends"),
    ("{", 1, "expected a key, but the text ends"),
    ("{a", 2, 'expected ":" after the key, but the text ends'),
    ("{a:", 3, "expected a value, but the text ends"),
    ("{a:1", 4, 'expected "," or "}", but the text ends'),
    ("[1 2]", 3, 'expected "," or "]"'),
    ("[1,,]", 3, "expected a value"),
    ("[,]", 1, "expected a value"),
    ("{,}", 1, "expected a key"),
    ("{a b}", 3, 'expected ":" after the key'),
    ("{1: 2}", 1, "expected a key"),
    ("{a-b: 2}", 2, 'expected ":" after the key'),
    ("{\\u0030: 2}", 1, "expected a key"),
    ("{} {}", 3, "there is more after the end of the value"),
    ("hello", 0, "expected a value"),
    ("undefined", 0, "expected a value"),
    ("True", 0, "expected a value"),
    ("--1", 0, "expected a value"),
    ("- 1", 0, "expected a value"),
    ("012", 0, "expected a value"),
    ("0x", 0, "expected a value"),
    ("1_000", 0, "expected a value"),
    ("1a", 0, "expected a value"),
    ("1.5.2", 0, "expected a value"),
    ("١", 0, "expected a value"),
    ("1١", 0, "expected a value"),
    ('"a', 0, "a text is not closed on its line"),
    ('"a\nb"', 0, "a text is not closed on its line"),
    ('"a\\', 2, "a text is not closed"),
    (r'"\x4"', 1, r"\x without its hexadecimal digits"),
    (r'"\u004"', 1, r"\u without its hexadecimal digits"),
    (r'"\1"', 1, "a backslash before a digit"),
    (r'"\01"', 1, "a backslash before a digit"),
    ("/* a", 0, "a comment is not closed"),
    ("[1 /* a", 3, "a comment is not closed"),
    ("{}\0", 2, "there is more after the end of the value"),
]


@pytest.mark.parametrize(("text", "at", "message"), REFUSED, ids=[text for text, _, _ in REFUSED])
def test_the_rest_is_refused_where_it_stands(text: str, at: int, message: str) -> None:
    with pytest.raises(Json5Error) as caught:
        parse(text)
    assert (caught.value.at, caught.value.message.removesuffix(", but the text ends")) == (
        at,
        message.removesuffix(", but the text ends"),
    )


def test_an_error_knows_the_key_that_was_being_read() -> None:
    with pytest.raises(Json5Error) as caught:
        parse("{a: {b: [1, {c: oops}]}}")
    assert caught.value.path == ("a", "b", 1, "c")
    assert caught.value.hint == "text needs quotes"


def test_S8_a_key_may_not_come_twice() -> None:
    with pytest.raises(Json5Error, match="is there twice, first on line 2") as caught:
        parse('{a: {\n  b: 1,\n  c: 2,\n  "b": 1,\n}}')
    assert caught.value.path == ("a", "b")
    assert line('{a: {\n  b: 1,\n  c: 2,\n  "b": 1,\n}}', caught.value.at) == 4


@pytest.mark.parametrize("opening", ["[", "{a:", "[{a:"])
def test_S8_nesting_is_bounded(opening: str) -> None:
    with pytest.raises(Json5Error, match="nested deeper than 64 levels"):
        parse(opening * 10_000)
    assert isinstance(parse("[" * MAX_DEPTH + "]" * MAX_DEPTH), Array)


def test_S8_numbers_are_bounded() -> None:
    for text in ("9" * 5000, "0x" + "f" * 5000, "0." + "1" * 5000, "[" + "1" * (MAX_NUMBER + 1) + "]"):
        with pytest.raises(Json5Error, match="a number of more than 64 characters"):
            parse(text)


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\ude00\ud83d"', r'{"\udfff": 1}', '"\ud800"'])
def test_S8_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(Json5Error, match="half a surrogate pair is no text"):
        parse(text)


def test_S8_prototype_names_are_plain_keys() -> None:
    assert plain(parse("{__proto__: 1, constructor: 2}")) == {"__proto__": 1, "constructor": 2}


def test_S7_no_error_repeats_what_a_text_holds() -> None:
    for text in ('{token: "123:secret', "{token: '123:secret\n'}", '{token: 123:secret"}', '{token: "s\\x"}'):
        with pytest.raises(Json5Error) as caught:
            parse(text)
        assert "secret" not in str(caught.value)


def test_every_value_knows_its_place() -> None:
    text = "{ // c\n  'a': [1, \"b\"],\n  c: {},\n}"
    root = parse(text)
    assert isinstance(root, Object)
    first, second = root.members
    assert isinstance(first.value, Array)
    places = [(root.start, root.end), (first.start, first.end), (first.value.start, first.value.end)]
    places += [(item.start, item.end) for item in first.value.items] + [(second.value.start, second.value.end)]
    assert [text[start:end] for start, end in places] == [text, "'a'", '[1, "b"]', "1", '"b"', "{}"]
    assert line(text, second.start) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=20,
)


@given(JSON, st.booleans(), st.sampled_from([None, 0, 2]))
def test_every_json_text_says_the_same_in_json5(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert json.dumps(plain(parse(text))) == json.dumps(json.loads(text))


@given(st.text() | st.text(alphabet="{}[]:,'\"\\/*abu0x1.eE+-\n\r \u2028", max_size=40))
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    at = 0
    try:
        _check(parse(text), text)
    except Json5Error as error:
        at = error.at
    assert 0 <= at <= len(text)


def _check(node: Node, text: str) -> None:
    """Parsing the part of the text where a value stands gives the value."""
    assert 0 <= node.start < node.end <= len(text)
    if isinstance(node, Scalar):
        again = parse(text[node.start : node.end])
        assert isinstance(again, Scalar)
        assert again.value == node.value or node.value != node.value
    for item in node.items if isinstance(node, Array) else ():
        _check(item, text)
    for member in node.members if isinstance(node, Object) else ():
        _check(member.value, text)
