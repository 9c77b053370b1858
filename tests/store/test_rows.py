"""A file of many records changes one record at a time, and nothing else in it by a single byte (threats.md S4, S8)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawdbot.store import rows
from clawdbot.store.strict_json import NotJson, loads

STATE = Path(__file__).parents[1] / "vectors" / "state"
FILES = [STATE / folder / f"{name}.json" for folder in ("devices", "nodes") for name in ("paired", "pending")]


def as_it_is(key: str, raw: Any) -> tuple[Any, tuple[str, ...]]:
    if raw == "bad":
        raise ValueError("bad")
    return raw, ("odd",) if raw == "odd" else ()


def parse(data: bytes, known: rows.Rows[Any] | None = None) -> rows.Rows[Any]:
    return rows.parse(data, as_it_is, (known or {}).values())


def values(data: bytes) -> dict[str, Any]:
    return {key: row.value for key, row in parse(data).items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_reference_s_files_are_read_and_written_to_the_letter(path: Path) -> None:
    """And a row of ours is spelled as it spells one."""
    data = path.read_bytes()
    assert values(data) == json.loads(data)
    assert rows.text(parse(data)) == data
    anew = {key: rows.row(key, record, as_it_is) for key, record in json.loads(data).items()}
    assert rows.text(anew) == data
    assert rows.size(anew) >= len(data)


def test_no_file_and_an_empty_one_hold_nothing() -> None:
    """And nothing is written as the reference writes it."""
    assert rows.parse(None, as_it_is) == parse(b"{}") == parse(b"{\n}") == {}
    assert rows.text({}) == b"{}"


LAYOUTS: list[dict[str, Any]] = [
    {},
    {"indent": 1},
    {"indent": 2},
    {"indent": 3},
    {"indent": "\t"},
    {"separators": (",\n  ", ":")},
    {"separators": (",\n  ", ": ")},
]
RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(['",\n  "', "}", "\n}", "", "é", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", 'b": {', "\n  "]), inner),
)


@given(
    st.dictionaries(st.sampled_from(["", "a", "b", '",\n  "', "{\n  ", "\n}", "__proto__"]), RECORDS),
    st.sampled_from(LAYOUTS),
    st.booleans(),
)
@example({"a": {"x": 1, "y": 2}}, {"separators": (",\n  ", ": ")}, False)
def test_every_layout_says_the_same(document: dict[str, Any], layout: dict[str, Any], ascii: bool) -> None:
    """However it is laid out, the rows are the members, and writing them loses none."""
    text = json.dumps(document, ensure_ascii=ascii, **layout).encode("utf-8", "backslashreplace")
    for data in (text, text + b"\n", text.replace(b"{", b"{\n  ", 1)):
        found = parse(data)
        assert {key: row.value for key, row in found.items()} == document
        assert loads(rows.text(found)) == document
        assert {key: row.record for key, row in found.items() if isinstance(document[key], dict)} == {
            key: value for key, value in document.items() if isinstance(value, dict)
        }


def test_every_other_text_is_refused_as_a_whole() -> None:
    """Cut off anywhere, or with one byte that does not belong there."""
    data = FILES[0].read_bytes()
    for end in range(1, len(data), 97):
        with pytest.raises(NotJson):
            parse(data[:end])
    for at in range(0, len(data), 97):
        broken = data[:at] + b"\x00" + data[at:]
        with pytest.raises(NotJson):
            parse(broken)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"[]",
        b"null",
        b'"x"',
        b"\xef\xbb\xbf{}",
        b'{\n  "a": {},\n  "a": {}\n}',
        b'{"a": {}, "a": {}}',
        b'{\n  "a": {\n    "x": 1,\n    "x": 1\n  }\n}',
        b'{\n  "a": NaN\n}',
        b'{\n  "a": 1,\n  "b": 2,\n}',
        b'{\n  "a": 1,\n  "b": 2\n}}',
        b'{\n  "a": ' + b"[" * 10_000 + b"]" * 10_000 + b"\n}",
        b'{\n  "a": ' + b"9" * 5_000 + b"\n}",
        b'{\n  "a": "\xff"\n}',
    ],
    ids=lambda data: repr(data[:24]),
)
def test_S8_what_two_readers_could_understand_differently_is_refused(data: bytes) -> None:
    with pytest.raises(NotJson):
        parse(data)


def test_a_record_that_cannot_be_used_is_kept_and_reported() -> None:
    """The others are used; the reason stands beside its key, which is made fit to be shown."""
    data = b'{\n  "a\\u001b": "bad",\n  "b": "odd",\n  "c": 1\n}'
    found = parse(data)
    assert [(row.value, row.odd) for row in found.values()] == [
        (None, ('"a\\x1b" is not used: bad',)),
        ("odd", ('"b": odd',)),
        (1, ()),
    ]
    assert rows.text(found) == data


def test_what_is_known_to_the_letter_is_not_read_again() -> None:
    """Of a thousand records one changed: one is new, the others are the same objects."""
    document = {str(number): {"n": number} for number in range(1_000)}
    old = parse(json.dumps(document, indent=2).encode())
    new = parse(json.dumps({**document, "7": {"n": "changed"}}, indent=2).encode(), old)
    assert [key for key in new if new[key] is not old[key]] == ["7"]


def test_rows_change_their_places_as_members_do() -> None:
    """A new text stands where the old one stood, a new key behind all; and the growth is counted to the byte."""
    old = parse(json.dumps({"a": 1, "b": 2, "c": 3}, indent=2).encode())
    changes: dict[str, rows.Row[Any] | None] = {
        "c": None,
        "d": rows.row("d", {"x": []}, as_it_is),
        "a": rows.row("a", "longer", as_it_is),
        "never there": None,
    }
    new = dict(old)
    rows.put(new, changes)
    assert values(rows.text(new)) == {"a": "longer", "b": 2, "d": {"x": []}}
    assert list(new) == ["a", "b", "d"]
    assert len(rows.text(new)) == len(rows.text(old)) + rows.growth(old, changes)
