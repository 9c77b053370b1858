"""Edits: one value changes, everything else stays byte for byte."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import load
from clawdbot.config.edit import preview, set_value, update
from clawdbot.config.json5 import Json5Error, Node, Object, parse, plain
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError
from tests.support.configs import Desk

TOKEN = ("channels", "telegram", "botToken")

NEW_FILE = """\
{
  "channels": {
    "telegram": {
      "botToken": "1:x"
    }
  }
}
"""

EDITS = [
    ("a new file", "", TOKEN, "1:x", NEW_FILE),
    ("an empty object", "{}", TOKEN, "1:x", NEW_FILE.rstrip("\n")),
    (
        "a value in its place",
        "{ // ours\n  channels: { telegram: { botToken : '0:a' /* old */, }, } }",
        TOKEN,
        "1:x",
        '{ // ours\n  channels: { telegram: { botToken : "1:x" /* old */, }, } }',
    ),
    (
        "a member after the last",
        '{\n    "channels": {\n        "telegram": {\n            "enabled": true\n        }\n    }\n}\n',
        TOKEN,
        "1:x",
        '{\n    "channels": {\n        "telegram": {\n            "enabled": true,\n'
        '            "botToken": "1:x"\n        }\n    }\n}\n',
    ),
    (
        "keys without quotes, tabs, trailing commas and comments, as around it",
        "{\n\tpairing: {}, // three\n\t// more to come\n}\n",
        TOKEN,
        "1:x",
        '{\n\tpairing: {}, // three\n\tchannels: {\n\t\ttelegram: {\n\t\t\tbotToken: "1:x"\n\t\t}\n\t},\n'
        "\t// more to come\n}\n",
    ),
    (
        "a comment behind the last member stays with it",
        "{\n  a: 1 // one\n}",
        ("b",),
        2,
        "{\n  a: 1, // one\n  b: 2\n}",
    ),
    (
        "a comment of several lines",
        "{\n  a: 1 /* one\n  two */\n}",
        ("b",),
        2,
        "{\n  a: 1,\n  b: 2 /* one\n  two */\n}",
    ),
    ("a comma on the next line", "{\n  a: 1 // one\n  ,\n}", ("b",), 2, "{\n  a: 1 // one\n  ,\n  b: 2,\n}"),
    ("one line", '{ "a": 1 }', ("b",), {"c": [1, {"d": 2}]}, '{ "a": 1, "b": {"c": [1, {"d": 2}]} }'),
    ("one line with a comma", "{a: 1,}", ("b",), None, "{a: 1, b: null,}"),
    ("one line inside", "{\n  a: { b: {} }\n}", ("a", "b", "c"), True, "{\n  a: { b: {c: true} }\n}"),
    ("comments alone", "{\n  // nothing yet\n}", ("a",), 1, '{\n  // nothing yet\n  "a": 1\n}'),
    ("a comment alone on the line", "{ /* nothing */ }", ("a",), 1, '{ /* nothing */\n  "a": 1\n}'),
    (
        "lines that end as elsewhere",
        "{\r\n  a: {},\r\n}\r\n",
        ("a", "b"),
        1,
        "{\r\n  a: {\r\n    b: 1\r\n  },\r\n}\r\n",
    ),
    ("a key that needs quotes", "{\n  a: 1\n}", ("c d",), 1, '{\n  a: 1,\n  "c d": 1\n}'),
    ("other letters", "{}", ("ключ",), "значение 😀", '{\n  "ключ": "значение 😀"\n}'),
    ("a list of objects", "{\n  a: 1\n}", ("b",), [{"c": 1}], "{\n  a: 1,\n  b: [\n    {\n      c: 1\n    }\n  ]\n}"),
    ("the same value", "{a: 0x10, b: [1 , 2]}", ("b",), [1, 2], "{a: 0x10, b: [1 , 2]}"),
    ("an object for a word", "{\n  a: 'x'\n}", ("a",), {"b": 1}, '{\n  a: {\n    "b": 1\n  }\n}'.replace('"b"', "b")),
]


@pytest.mark.parametrize(("before", "path", "value", "after"), [edit[1:] for edit in EDITS], ids=[e[0] for e in EDITS])
def test_edits_look_like_what_is_around_them(before: str, path: tuple[str, ...], value: object, after: str) -> None:
    assert set_value(before, path, value) == after
    assert set_value(after, path, value) == after


def test_true_is_not_one() -> None:
    assert set_value("{a: 1}", ["a"], True) == "{a: true}"
    assert set_value("{a: 1.0}", ["a"], 1) == "{a: 1}"


def test_what_cannot_be_edited() -> None:
    with pytest.raises(Json5Error, match="must be an object, not a list") as caught:
        set_value("{channels: [1]}", TOKEN, "1:x")
    assert caught.value.path == ("channels",)
    with pytest.raises(Json5Error, match="is there twice"):
        set_value("{a: 1, a: 2}", ["a"], 3)
    for value in (float("nan"), "\ud800"):
        with pytest.raises(ValueError, match=r"not JSON compliant|surrogates not allowed"):
            set_value("{}", ["a"], value)
    with pytest.raises(ValueError, match="no key is given"):
        set_value("{}", [], 1)


# --- any text, any edit ----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "channels", "c d", "é", "$x"])
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, DATA, max_size=4)
BLANKS: st.SearchStrategy[str] = st.lists(
    st.sampled_from([" ", "\n", "\r\n", "\t", "  ", "// note {}\n", "/* , */", "/* a\nb */", "\u2028", "\xa0"]),
    max_size=3,
).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An object in some of the many ways to write it: blanks, comments, quotes, trailing commas."""

    flip = st.booleans()

    def write(value: Any) -> str:
        if isinstance(value, dict):
            parts = [
                f"{draw(BLANKS)}{key(name)}{draw(BLANKS)}:{draw(BLANKS)}{write(one)}" for name, one in value.items()
            ]
            return enclosed("{", parts, "}")
        if isinstance(value, list):
            return enclosed("[", [f"{draw(BLANKS)}{write(one)}" for one in value], "]")
        return json.dumps(value, ensure_ascii=draw(flip))

    def key(name: str) -> str:
        return name if re.fullmatch(r"[\w$]+", name) and draw(flip) else json.dumps(name)

    def enclosed(opening: str, parts: list[str], closing: str) -> str:
        comma = draw(st.sampled_from([",", ""])) if parts else ""
        inside = f"{draw(BLANKS)},".join(parts)
        return f"{opening}{inside}{draw(BLANKS)}{comma}{draw(BLANKS)}{closing}"

    return f"{draw(BLANKS)}{write(draw(OBJECTS))}{draw(BLANKS)}"


PATHS = st.lists(KEYS, min_size=1, max_size=4)
COMMENT = re.compile(r"// note \{\}|/\* , \*/|/\* a\nb \*/")


def put(data: Any, path: list[str], value: object) -> None:
    """The same edit on what a text says. Raises TypeError where something on the way is no object."""
    for step in path[:-1]:
        if not isinstance(data, dict):
            raise TypeError
        data = data.setdefault(step, {})
    if not isinstance(data, dict):
        raise TypeError
    data[path[-1]] = value


@given(documents(), PATHS, DATA)
def test_only_the_path_changes_whatever_the_text(text: str, path: list[str], value: object) -> None:
    before = plain(parse(text))
    expected = json.loads(json.dumps(before))
    try:
        put(expected, path, value)
    except TypeError:
        with pytest.raises(Json5Error, match="must be an object"):
            set_value(text, path, value)
        return
    after = set_value(text, path, value)
    assert json.dumps(plain(parse(after))) == json.dumps(expected)
    assert set_value(after, path, value) == after
    if not is_there(before, path):
        assert is_subsequence(text, after, COMMENT.findall), "a comment was lost or moved before another"
        assert added_only(text, after)


def is_there(data: Any, path: list[str]) -> bool:
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True


def is_subsequence(text: str, after: str, parts: Callable[[str], list[str]]) -> bool:
    rest = iter(parts(after))
    return all(part in rest for part in parts(text))


def added_only(text: str, after: str) -> bool:
    """Whether ``after`` is ``text`` with something put in: all characters but blanks are there, in order."""
    rest = iter(after)
    return all(character in rest for character in text if not character.isspace())


@given(documents(), PATHS, SCALARS, SCALARS)
def test_a_second_edit_touches_only_the_value(text: str, path: list[str], one: object, other: object) -> None:
    try:
        first = set_value(text, path, one)
    except Json5Error:
        return
    node: Node = parse(first)
    for step in path:
        assert isinstance(node, Object)
        member = node.get(step)
        assert member is not None
        node = member.value
    second = set_value(first, path, other)
    assert second.startswith(first[: node.start])
    assert second.endswith(first[node.end :])


@given(st.text(alphabet="{}[]:,'\"\\/*ab 1\n\r\u2028", max_size=30), PATHS, SCALARS)
def test_any_text_is_edited_or_refused(text: str, path: list[str], value: object) -> None:
    try:
        after = set_value(text, path, value)
    except Json5Error:
        return
    assert is_there(plain(parse(after)), path)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_made_and_changed(desk: Desk) -> None:
    update(desk.path, {TOKEN: "1:x"})
    assert desk.path.read_text() == NEW_FILE
    update(desk.path, {("channels", "telegram", "enabled"): True, TOKEN: "2:y"})
    account = load(desk.path, {}).accounts[ChannelAccount(Channel.TELEGRAM)]
    assert (account.token, account.enabled) == (Secret("2:y"), True)
    assert desk.path.with_name("clawdbot.json.bak").read_text() == NEW_FILE


def test_a_change_can_be_tried_before_it_is_made(desk: Desk) -> None:
    path = desk.write("{pairing: {maxPending: 5}} // mine")
    assert preview(path, {("pairing", "maxPending"): 7}, {}).pairing_cap == 7
    with pytest.raises(ConfigError, match="maxPending"):
        preview(path, {("pairing", "maxPending"): 0}, {})
    assert path.read_text() == "{pairing: {maxPending: 5}} // mine"


def test_a_broken_file_is_refused_and_left_alone(desk: Desk) -> None:
    broken = {
        "{\n channels: {telegram: 5}}": "clawdbot.json:2: channels.telegram: must be an object, not a number",
        "{\n channels: {": "clawdbot.json:2: channels: expected a key, but the text ends",
        "[]": "clawdbot.json:1: must be an object, not a list",
    }
    for text, message in broken.items():
        desk.write(text)
        with pytest.raises(ConfigError) as caught:
            update(desk.path, {TOKEN: "1:s3cret"})
        assert caught.value.message == message
        assert desk.path.read_text() == text
    assert os.listdir(desk.path.parent) == ["clawdbot.json"]


def test_S3_changes_by_many_processes_are_all_there(desk: Desk) -> None:
    code = """
import sys
from pathlib import Path
from clawdbot.config.edit import update
for number in range(10):
    update(Path(sys.argv[1]), {("channels", "telegram", "accounts", f"{sys.argv[2]}{number}"): {}})
"""
    run = [subprocess.Popen([sys.executable, "-c", code, str(desk.path), name]) for name in "abcd"]
    assert [child.wait() for child in run] == [0] * 4
    assert len(load(desk.path, {}).accounts) == 40


def test_S3_a_change_by_somebody_else_is_not_written_over(desk: Desk) -> None:
    """An editor saves just between our reading and our writing."""
    desk.write("{}")

    class Saves(dict[str, object]):
        def items(self) -> Any:
            desk.write("{pairing: {maxPending: 9}}")
            return super().items()

    with pytest.raises(ConfigError, match="was changed by somebody else just now") as caught:
        update(desk.path, {("channels", "telegram"): Saves(botToken="1:x")})
    assert caught.value.hint == "try again"
    assert desk.path.read_text() == "{pairing: {maxPending: 9}}"
