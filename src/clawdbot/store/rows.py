"""A JSON object of many records as rows of text, so that one record changes without the others being touched.

A row is the text of one member, to the letter: what is not changed is written back as it was found. The reference
indents by two spaces, and a text in a JSON file has no line break. If each piece between ``,\\n  "`` and the next is a
whole member, these are the members and there is no other reading; otherwise the file is read as a whole, and its rows
are spelled anew.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from clawdbot.domain.texts import visible
from clawdbot.store.strict_json import Json, NotJson, dumps, loads

V = TypeVar("V")

_HEAD, _BETWEEN, _TAIL = b"{\n  ", b",\n  ", b"\n}"


@dataclass(frozen=True, slots=True)
class Row(Generic[V]):
    """One record as it stands in a file, and what it means; ``None`` if that is nothing we can use."""

    key: str
    text: bytes
    value: V | None
    odd: tuple[str, ...] = ()
    """What about it makes no sense."""

    @property
    def record(self) -> dict[str, Json]:
        """The record, read once more: rows of thousands are kept, and a few of them ever change."""
        record = _members(self.text)[self.key]
        return record if isinstance(record, dict) else {}


Rows = Mapping[str, Row[V]]
"""By key, in the order of the file."""

ReadRecord = Callable[[str, Json], tuple[V, tuple[str, ...]]]
"""Reads the record under a key; beside it what about it makes no sense. Raises ValueError if it cannot be used."""


def parse(data: bytes | None, read: ReadRecord[V], known: Iterable[Row[V]] = ()) -> Rows[V]:
    """Read a file; a missing one is an empty one. A row that is known already, to the letter, is the same object.

    Raises:
        NotJson: it is no JSON object.
    """
    if data is None:
        return {}
    by_text = {row.text: row for row in known}
    rows: dict[str, Row[V]] = {}
    for text in _pieces(data):
        found = by_text.get(text) or _piece(text, read)
        if found is None or found.key in rows:
            return _anew(data, read)
        rows[found.key] = found
    return rows


def text(rows: Rows[V]) -> bytes:
    """Write a file."""
    if not rows:
        return b"{}"
    texts = [row.text for row in rows.values()]
    texts[0] = _HEAD + texts[0]
    texts[-1] += _TAIL
    return _BETWEEN.join(texts)  # of thousands of rows, joined once and not copied again


def row(key: str, record: Json, read: ReadRecord[V]) -> Row[V]:
    """Spell a record as the reference does, and read it as everybody else will."""
    return _read(key, record, dumps({key: record})[len(_HEAD) : -len(_TAIL) - 1], read)


def put(into: dict[str, Row[V]], changes: Mapping[str, Row[V] | None]) -> None:
    """Put new rows in the places of old ones, or behind all; ``None``: the row goes."""
    for key, new in changes.items():
        if new is None:
            into.pop(key, None)
        else:
            into[key] = new


def size(rows: Rows[V]) -> int:
    """How large a file is with these rows, at most."""
    return len(_HEAD) + len(_TAIL) + len(_BETWEEN) * len(rows) + sum([len(one.text) for one in rows.values()])


def growth(old: Rows[V], changes: Mapping[str, Row[V] | None]) -> int:
    """By how many bytes a file grows."""
    came = sum(len(new.text) + len(_BETWEEN) for new in changes.values() if new)
    return came - sum(len(old[key].text) + len(_BETWEEN) for key in changes if key in old)


def _pieces(data: bytes) -> list[bytes]:
    if data.startswith(_HEAD + b'"') and data.endswith(_TAIL):
        inner = data[len(_HEAD) + 1 : -len(_TAIL)]
        return [b'"' + piece for piece in inner.split(_BETWEEN + b'"')]
    return [] if data == b"{}" else [data]


def _piece(text: bytes, read: ReadRecord[V]) -> Row[V] | None:
    """``None`` if it is no whole member, and only one."""
    try:
        members = _members(text)
    except NotJson:
        return None
    if len(members) != 1:
        return None
    ((key, record),) = members.items()
    return _read(key, record, text, read)


def _anew(data: bytes, read: ReadRecord[V]) -> Rows[V]:
    document = loads(data)
    if not isinstance(document, dict):
        raise NotJson("it holds no JSON object")
    return {key: row(key, record, read) for key, record in document.items()}


def _members(text: bytes) -> dict[str, Json]:
    document = loads(b"{" + text + b"}")
    if not isinstance(document, dict):
        raise NotJson("it holds no JSON object")
    return document


def _read(key: str, record: Json, text: bytes, read: ReadRecord[V]) -> Row[V]:
    try:
        value, odd = read(key, record)
    except ValueError as error:
        return Row(key, text, None, (f'"{visible(key)}" is not used: {error}',))
    return Row(key, text, value, tuple([f'"{visible(key)}": {complaint}' for complaint in odd]))
