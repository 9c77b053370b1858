"""Rules and shapes: what they accept, what they make of it, and Ajv's words for what they do not."""

from typing import Annotated

import pytest
from msgspec import UNSET, UnsetType

from clawdbot.domain.secret import Secret
from clawdbot.wire import schema
from clawdbot.wire.schema import (
    MAX_NAME_SHOWN,
    MAX_PROBLEMS,
    MAX_SAFE_INTEGER,
    Anything,
    Closed,
    Constant,
    Flag,
    Hidden,
    ListOf,
    MapOf,
    OneOf,
    Problems,
    Rule,
    Text,
    Whole,
)

WORD = Text(3)


class Inner(Closed, frozen=True, kw_only=True):
    some_word: Annotated[str, WORD] | None = None
    number: Annotated[int, Whole(minimum=1)]


class Outer(Closed, frozen=True, kw_only=True):
    last_name: Annotated[str, WORD]
    inner: Inner | None = None
    anything: object | UnsetType = UNSET
    flag: bool = False
    words: Annotated[tuple[str, ...], ListOf(WORD, 2)] = ()


def check(rule: Rule, value: object) -> tuple[object, list[str]]:
    problems = Problems()
    return rule.read(value, "/x", problems), [problem.removeprefix("at /x: ") for problem in problems]


@pytest.mark.parametrize(
    ("rule", "value", "made"),
    [
        (WORD, "a", "a"),
        (WORD, "😀😀😀", "😀😀😀"),
        (WORD, " ", " "),
        (WORD, "\0", "\0"),
        (Text(3, min_length=0), "", ""),
        (Hidden(WORD), "abc", Secret("abc")),
        (Whole(1), 1, 1),
        (Whole(1), 3.0, 3),
        (Whole(1), 1e3, 1000),
        (Whole(0), -0.0, 0),
        (Whole(0), MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        (Flag(), True, True),
        (Constant("req"), "req", "req"),
        (OneOf(frozenset({"a", "b"})), "b", "b"),
        (Anything(), None, None),
        (ListOf(WORD, 2), [], ()),
        (ListOf(WORD, 2), ["a", "b"], ("a", "b")),
        (MapOf(Flag(), 2, 11), {"__proto__": True, "": False}, {"__proto__": True, "": False}),
    ],
)
def test_a_rule_takes_what_fits_and_hands_it_on(rule: Rule, value: object, made: object) -> None:
    read, problems = check(rule, value)
    assert (read, problems) == (made, [])
    assert type(read) is type(made)


@pytest.mark.parametrize(
    ("rule", "value", "problems"),
    [
        (WORD, None, ["must be string"]),
        (WORD, 5, ["must be string"]),
        (WORD, "", ["must NOT have fewer than 1 characters"]),
        (WORD, "abcd", ["must NOT have more than 3 characters"]),
        (Hidden(WORD), 5, ["must be string"]),
        (Hidden(WORD), "abcd", ["must NOT have more than 3 characters"]),
        (Whole(1), True, ["must be integer"]),
        (Whole(1), "3", ["must be integer"]),
        (Whole(1), None, ["must be integer"]),
        (Whole(1), 1.5, ["must be integer"]),
        (Whole(1), 0.5, ["must be integer", "must be >= 1"]),
        (Whole(1), 0, ["must be >= 1"]),
        (Whole(1), -1e3, ["must be >= 1"]),
        (Whole(0), -0.5, ["must be integer", "must be >= 0"]),
        (Whole(0), 2**53, ["must be <= 9007199254740991"]),
        (Whole(0), 1e300, ["must be <= 9007199254740991"]),
        (Whole(0), 10**4000, ["must be <= 9007199254740991"]),
        (Flag(), 1, ["must be boolean"]),
        (Flag(), "true", ["must be boolean"]),
        (Constant("req"), "res", ["must be equal to constant"]),
        (Constant("req"), None, ["must be string", "must be equal to constant"]),
        (OneOf(frozenset({"a"})), "", ["must be equal to constant", "must match a schema in anyOf"]),
        (
            OneOf(frozenset({"a"})),
            ["a"],
            ["must be string", "must be equal to constant", "must match a schema in anyOf"],
        ),
        (ListOf(WORD, 2), {}, ["must be array"]),
        (ListOf(WORD, 2), "ab", ["must be array"]),
        (ListOf(WORD, 2), [1, 2, 3], ["must NOT have more than 2 items"]),
        (MapOf(Flag(), 2, 3), [], ["must be object"]),
        (MapOf(Flag(), 1, 3), {"a": 1, "b": 2}, ["must NOT have more than 1 properties"]),
        (MapOf(Flag(), 1, 3), {"abcd": True}, ["must NOT have more than 3 characters", "property name must be valid"]),
    ],
)
def test_a_rule_says_what_does_not_fit(rule: Rule, value: object, problems: list[str]) -> None:
    assert check(rule, value)[1] == problems


def test_problems_of_items_stand_at_their_json_pointers() -> None:
    problems = Problems()
    ListOf(MapOf(Flag(), 9, 9), 9).read([{}, {"a/b~c": 1}], "", problems)
    assert list(problems) == ["at /1/a~1b~0c: must be boolean"]


def test_a_shape_builds_its_struct_from_names_in_camel_case() -> None:
    plain = {"lastName": "abc", "inner": {"number": 2.0, "someWord": "x"}, "anything": None, "words": ["a"]}
    assert schema.read(Outer, plain) == Outer(
        last_name="abc", inner=Inner(number=2, some_word="x"), anything=None, words=("a",)
    )


def test_what_may_be_absent_has_its_default() -> None:
    assert schema.read(Outer, {"lastName": "abc"}) == Outer(
        last_name="abc", inner=None, anything=UNSET, flag=False, words=()
    )


@pytest.mark.parametrize("value", [None, [], "x", 5, True, UNSET])
def test_only_an_object_is_an_object(value: object) -> None:
    assert str(schema.read(Outer, value)) == "must be object"


def test_null_is_not_absence() -> None:
    plain = {"lastName": "abc", "inner": None, "flag": None, "words": None}
    assert str(schema.read(Outer, plain)) == (
        "at /inner: must be object; at /flag: must be boolean; at /words: must be array"
    )


def test_problems_come_in_ajv_s_order() -> None:
    """Missing first, then unexpected in the order of sending, then each property in the order of declaration."""
    plain = {"words": ["", 1], "z": 1, "inner": {"y": 1, "someWord": ""}, "last_name": "abc", "flag": 0}
    assert list(_problems(plain)) == [
        "must have required property 'lastName'",
        "at root: unexpected property 'z'",
        "at root: unexpected property 'last_name'",
        "at /inner: must have required property 'number'",
        "at /inner: unexpected property 'y'",
        "at /inner/someWord: must NOT have fewer than 1 characters",
        "at /flag: must be boolean",
        "at /words/0: must NOT have fewer than 1 characters",
        "at /words/1: must be string",
    ]


def test_a_nameless_property_is_told_of_as_ajv_does() -> None:
    plain = {"lastName": "abc", "": 1, "inner": {"number": 1, "": 1}}
    assert str(_problems(plain)) == (
        "must NOT have additional properties; at /inner: must NOT have additional properties"
    )


def test_G13_many_problems_make_a_short_message() -> None:
    plain = {f"{number:05}" + "x" * 10_000: 1 for number in range(5_000)}
    problems = list(_problems(plain))
    assert len(problems) == MAX_PROBLEMS
    assert all(len(problem) < MAX_NAME_SHOWN + 50 for problem in problems)


def test_S7_a_secret_is_hidden_as_soon_as_it_is_read() -> None:
    class Login(Closed, frozen=True):
        password: Annotated[Secret, Hidden(Text(9))]

    read = schema.read(Login, {"password": "hunter2"})
    assert "hunter2" not in repr(read)
    assert read == Login(Secret("hunter2"))


def _problems(plain: object) -> Problems:
    read = schema.read(Outer, plain)
    assert isinstance(read, Problems)
    return read
