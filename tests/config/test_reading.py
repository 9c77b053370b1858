"""The reader of sections: values by kind, what messages show, and variables in texts."""

from collections import Counter
from enum import StrEnum
from pathlib import Path

import pytest

from clawdbot.config import json5
from clawdbot.config.json5 import Object
from clawdbot.config.reading import NOWHERE, Notes, Section, dotted, nearest


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark blue"


def section(text: str, **environ: str) -> Section:
    root = json5.parse(text)
    assert isinstance(root, Object)
    return Section(Notes(Path("/etc/bot.json"), text, environ), root, ("top",))


def said(section: Section) -> list[str]:
    return [str(problem) for problem in section.notes.problems]


def test_what_is_missing_is_no_problem() -> None:
    empty = section("{}")
    for read in (Section.string, Section.secret, Section.flag, Section.url, Section.section, Section.items):
        assert read(empty, "a") is None
    assert empty.number("a", 0, 9) is None
    assert empty.whole("a", 0, 9) is None
    assert empty.choice("a", Colour) is None
    assert "a" not in empty
    assert said(empty) == []


def test_what_is_right_is_read() -> None:
    right = section('{a: "x", b: true, c: 2, d: 2.5, e: "dark blue", f: {g: 1}, h: [1], i: "https://x:1/y?z"}')
    secret = right.secret("a")
    assert (right.string("a"), secret and secret.reveal(), right.flag("b")) == ("x", "x", True)
    assert (right.whole("c", 2, 2), right.number("c", 2, 2), right.number("d", 0, 3)) == (2, 2.0, 2.5)
    assert (right.choice("e", Colour), right.url("i")) == (Colour.DARK_BLUE, "https://x:1/y?z")
    inner = right.section("f")
    assert inner is not None
    assert (inner.path, inner.whole("g", 0, 1), len(right.items("h") or ())) == (("top", "f"), 1, 1)
    assert said(right) == []


WRONG = [
    ("5", "must be a string, not 5", "must be true or false, not 5", "must be an object, not a number"),
    ("null", "must be a string, not null", "must be true or false, not null", "must be an object, not null"),
    ("true", "must be a string, not true", None, "must be an object, not true or false"),
    ("[1]", "must be a string, not a list", "must be true or false, not a list", "must be an object, not a list"),
    ("{b: 1}", "must be a string, not an object", "must be true or false, not an object", None),
    ("'yes'", None, 'must be true or false, not "yes"', "must be an object, not a string"),
]


@pytest.mark.parametrize(("value", "string", "flag", "inner"), WRONG, ids=[value for value, *_ in WRONG])
def test_what_is_of_the_wrong_kind_is_noted(
    value: str, string: str | None, flag: str | None, inner: str | None
) -> None:
    for read, problem in ((Section.string, string), (Section.flag, flag), (Section.section, inner)):
        wrong = section(f"{{\na: {value}}}")
        read(wrong, "a")
        assert said(wrong) == ([f"bot.json:2: top.a: {problem}"] if problem else [])


def test_S7_a_secret_of_the_wrong_kind_is_not_shown() -> None:
    wrong = section("{a: 123456}")
    assert wrong.secret("a") is None
    assert said(wrong) == ["bot.json:1: top.a: must be a string, not a number"]


def test_long_and_invisible_values_are_shown_short_and_escaped() -> None:
    wrong = section('{a: "' + "x" * 200 + '", b: "\\u001b[31m\\u202e"}')
    wrong.choice("a", Colour)
    wrong.choice("b", Colour)
    first, second = said(wrong)
    assert first == f'bot.json:1: top.a: "{"x" * 62}… is not one of red, dark blue'
    assert second == r'bot.json:1: top.b: "\u001b[31m\u202e" is not one of red, dark blue'


VARIABLES = [
    ("${A}", "1"),
    ("x${A}${B_2}y", "x12y"),
    ("$A ${a} ${A-b} ${} $ {A} ${A", "$A ${a} ${A-b} ${} $ {A} ${A"),
    ("$${A}", "${A}"),
    ("$$${A}", "$${A}"),
    ("${N}", "${A}"),
]


@pytest.mark.parametrize(("text", "filled"), VARIABLES)
def test_variables_are_filled_in_as_in_the_reference(text: str, filled: str) -> None:
    found = section(f"{{a: '{text}'}}", A="1", B_2="2", N="${A}")
    assert (found.string("a"), said(found)) == (filled, [])


@pytest.mark.parametrize("environ", [{}, {"A": ""}])
def test_a_variable_that_is_not_set_is_an_error(environ: dict[str, str]) -> None:
    found = section("{a: '${A}'}", **environ)
    found.string("a")
    assert said(found) == ["bot.json:1: top.a: the environment variable A is not set"]


def test_S7_a_filled_in_value_is_not_shown() -> None:
    found = section("{a: '${A}'}", A="s3cret")
    found.choice("a", Colour)
    assert said(found) == ['bot.json:1: top.a: "${A}" is not one of red, dark blue']


def test_keys_are_served_known_or_refused() -> None:
    found = section("{served: 1, known: 2, servd: 3, elsewhere: 4, other: 5}")
    found.only(("served",), ("known",), {"elsewhere": "it is elsewhere"})
    assert found.notes.not_served == ("top.known",)
    assert [(problem.key, problem.hint) for problem in found.notes.problems] == [
        ("top.servd", 'did you mean "served"?'),
        ("top.elsewhere", "it is elsewhere"),
        ("top.other", "keys here are served"),
    ]


def test_each_problem_is_noted_once_and_in_the_order_of_the_file() -> None:
    found = section("{a: 1,\nb: 2}")
    for key in ("b", "a", "b"):
        found.error(key, "is wrong")
    assert said(found) == ["bot.json:1: top.a: is wrong", "bot.json:2: top.b: is wrong"]


def test_S8_the_list_of_problems_is_bounded_and_warnings_never_crowd_out_an_error() -> None:
    found = section("{" + ", ".join(f"a{number}: 1" for number in range(1000)) + "}")
    for number in range(1000):
        found.warn(f"a{number}", "is odd")
    found.only((), ())
    assert Counter(problem.severity for problem in found.notes.problems) == {"warning": 100, "error": 100}


def test_what_the_file_does_not_hold_has_no_line() -> None:
    nowhere = Section(Notes(Path("bot.json"), "", {}), NOWHERE, ("a",))
    nowhere.warn("b", "is missing")
    assert said(nowhere) == ["bot.json: a.b: is missing"]


def test_paths_as_people_write_them() -> None:
    assert dotted(("channels", "telegram", "accounts", "Work Bot", "allowFrom", 2)) == (
        'channels.telegram.accounts."Work Bot".allowFrom[2]'
    )
    assert dotted(("", "a.b", 'c"d', "nextcloud-talk", "\x1b")) == r'""."a.b"."c\"d".nextcloud-talk."\u001b"'
    assert dotted(()) == ""


@pytest.mark.parametrize(
    ("text", "hint"), [("pairng", 'did you mean "pairing"?'), ("DMPOLICY", 'did you mean "dmPolicy"?'), ("xyz", "")]
)
def test_the_nearest_is_found_in_any_case(text: str, hint: str) -> None:
    assert nearest(text, ["pairing", "dmPolicy"]) == hint
