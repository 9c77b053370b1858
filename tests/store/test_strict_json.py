"""JSON that can be read in two ways is refused; what JavaScript wrote goes back as it came (threats.md S8)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.store.strict_json import MAX_DEPTH, Json, NotJson, dumps, loads, whole

texts = st.text(st.characters(codec=None))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b'{"version": 1',
        b'{"version": 1}}',
        b"[1,]",
        b"{'a': 1}",
        b"// a\n{}",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b"9" * 5_000,
        b"-" + b"9" * 500,
        b"1_000",
        "[١]".encode(),
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "\\u0061": 2}}]',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"a\nb"',
        b"{}\x00",
        json.dumps({}).encode("utf-16"),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_S8_what_is_no_plain_json_is_refused(data: bytes) -> None:
    """One kind of error, whatever is wrong."""
    with pytest.raises(NotJson):
        loads(data)


def test_S7_the_error_repeats_no_value() -> None:
    """A code in a broken file stays out of the message; a key that appears twice is shown, inert."""
    with pytest.raises(NotJson) as broken:
        loads(b'{"code": "ABCD2345"')
    assert "ABCD" not in str(broken.value)
    with pytest.raises(NotJson, match=r'"\\x1b\[2J" appears twice'):
        loads(b'{"\\u001b[2J": 1, "\\u001b[2J": 2}')


@given(documents)
def test_S8_every_document_comes_back(document: Json) -> None:
    """Lone surrogates, big numbers and odd keys included."""
    assert loads(dumps(document)) == document


@given(documents)
def test_documents_are_spelled_as_the_library_spells_them(document: Json) -> None:
    """Only faster: all that is indented."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    assert dumps(document) == (text + "\n").encode("utf-8", "backslashreplace")


def test_the_layout_is_the_reference_s() -> None:
    """Two spaces, text as it is, JavaScript's escapes for what is no text, a final newline."""
    document: Json = {"a": [], "b": {}, "c": ["é\u2028😀", "\ud83d\x1f\x7f"], "d": 1.5}
    assert dumps(document).decode() == (
        '{\n  "a": [],\n  "b": {},\n  "c": [\n    "é\u2028😀",\n    "\\ud83d\\u001f\x7f"\n  ],\n  "d": 1.5\n}\n'
    )


def test_S8_a_lone_surrogate_is_made_whole_for_use() -> None:
    """Text that goes on can be encoded; pairs and everything else stay."""
    assert whole("a\ud83db😀") == "a\ufffdb😀"
