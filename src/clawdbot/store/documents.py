"""One channel account's senders, read from three JSON documents.

``-pairing.json`` and ``-allowFrom.json`` are the reference's and stay readable to it. What we know beside stands in
``-senders.json``, which the reference ignores: only the allowlist file grants, only ours blocks.

What is not ours survives: keys that we do not know and single entries that we cannot use are kept as they are and
reported. A document is therefore read into rows, which remember how an entry is spelled beside what it means, and a
new state is written by changing rows (:mod:`clawdbot.store.rewriting`), not by writing the file anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from clawdbot.domain.links import Link
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_records import Approval, Block, Expected, Quiet, Request, Senders
from clawdbot.domain.texts import visible
from clawdbot.store import entries, invite_rows
from clawdbot.store.entries import ReadId, Record
from clawdbot.store.invite_rows import InviteRow
from clawdbot.store.layout import Part
from clawdbot.store.strict_json import Json, NotJson, loads

V = TypeVar("V")

Documents = Mapping[Part, dict[str, Json]]

VERSION = 1
MAX_ODD = 1_000
"""Entries of one kind that cannot be used; with more of them a file is not the file that it should be."""

EPOCH: Instant = 0


class Malformed(ValueError):
    """A file as a whole does not hold what it must."""

    def __init__(self, part: Part, why: str) -> None:
        super().__init__(why)
        self.part = part


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd in a file that does not keep the rest of it from being used."""

    part: Part
    text: str


@dataclass(frozen=True, slots=True)
class Row(Generic[V]):
    """One entry as it stands in a file, and what it means; ``None`` if that is nothing we can use."""

    raw: Json
    value: V | None
    odd: str = ""
    """Why it is not used."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """The same under a key, which is somebody's id; ``sender`` is ``None`` if it is nobody's."""

    key: str
    raw: Json
    sender: SenderId | None
    value: Record


@dataclass(frozen=True, slots=True)
class Stored:
    """What three files say, and how they say it."""

    senders: Senders
    documents: Documents
    requests: tuple[Row[Request], ...]
    allow_from: tuple[Row[SenderId], ...]
    approved: tuple[TableRow, ...]
    blocked: tuple[TableRow, ...]
    quiet: tuple[TableRow, ...]
    expected: tuple[TableRow, ...]
    labels: tuple[TableRow, ...]
    links: tuple[TableRow, ...]
    invites: tuple[InviteRow, ...]
    notes: tuple[Note, ...]


def decode(files: Mapping[Part, bytes | None], read_id: ReadId) -> Stored:
    """Read the three files of a channel account; a missing one is an empty one.

    Raises:
        Malformed: a file is not what it must be as a whole.
    """
    return understood({part: _document(part, files.get(part)) for part in Part}, read_id)


def understood(documents: Documents, read_id: ReadId, before: Stored | None = None) -> Stored:
    """What three documents say. Raises Malformed.

    Args:
        before: what was said before. What stands here, too, the same object, is not read again: thousands who are in
            do not keep a stranger waiting.
    """
    people = before
    if people is None or any(documents[part] is not people.documents[part] for part in (Part.SENDERS, Part.ALLOW_FROM)):
        people = _people(documents, read_id)
    notes: list[Note] = []
    requests = _rows(
        documents,
        Part.PAIRING,
        "requests",
        lambda raw: entries.request(raw, read_id),
        notes,
        before.requests if before else None,
    )
    senders = replace(people.senders, requests=_first_of_each(requests, notes))
    notes += [note for note in people.notes if note.part is not Part.PAIRING]
    return replace(people, senders=senders, documents=documents, requests=requests, notes=tuple(notes))


def _people(documents: Documents, read_id: ReadId) -> Stored:
    """What two of them say: everything but who waits."""
    notes: list[Note] = []
    allow_from = _rows(documents, Part.ALLOW_FROM, "allowFrom", lambda raw: entries.allowed(raw, read_id), notes)
    approved = _table(documents, "approved", lambda raw: entries.approval(raw, read_id), read_id, notes)
    blocked = _table(documents, "blocked", lambda raw: entries.record(raw, "blockedAt", EPOCH, read_id), read_id, notes)
    quiet = _table(documents, "quiet", lambda raw: entries.quiet(raw, read_id), read_id, notes)
    expected = _table(documents, "expected", lambda raw: entries.approval(raw, read_id, "expectedAt"), read_id, notes)
    labels = _table(documents, "labels", entries.label, read_id, notes)
    links = _table(documents, "links", lambda raw: entries.record(raw, "linkedAt", None, read_id), read_id, notes)
    invites = invite_rows.read(documents[Part.SENDERS].get("invites"), read_id)
    notes += _bounded(Part.SENDERS, [Note(Part.SENDERS, row.odd) for row in invites if row.odd])
    full_at = documents[Part.SENDERS].get("queueFullAt")
    if full_at is not None and entries.instant(full_at) is None:
        notes.append(Note(Part.SENDERS, '"queueFullAt" is no time'))
    senders = Senders(
        allowed=_allowed(allow_from, _known(approved), notes),
        blocked={
            sender: Block(record.at or EPOCH, record.by, record.aliases - {sender})
            for sender, record in _known(blocked).items()
        },
        full_at=entries.instant(full_at),
        quiet={
            sender: Quiet(record.until or entries.OVER, record.aliases - {sender})
            for sender, record in _known(quiet).items()
        },
        expected={
            sender: Expected(record.at, record.by, record.until, record.aliases - {sender})
            for sender, record in _known(expected).items()
        },
        labels={sender: record.label for sender, record in _known(labels).items()},
        invites=invite_rows.known(invites),
        links={
            sender: Link(record.aliases - {sender}, record.at, record.by) for sender, record in _known(links).items()
        },
    )
    notes += [
        Note(Part.ALLOW_FROM, f"{visible(sender)} is on the allowlist and blocked; the block counts")
        for sender in senders.allowed
        if sender in senders.blocked
    ]
    tables = (approved, blocked, quiet, expected, labels, links, invites)
    return Stored(senders, documents, (), allow_from, *tables, tuple(notes))


_EMPTY: dict[Part, dict[str, Json]] = {
    Part.SENDERS: {"version": VERSION, "approved": {}, "blocked": {}},
    Part.ALLOW_FROM: {"version": VERSION, "allowFrom": []},
    Part.PAIRING: {"version": VERSION, "requests": []},
}


OPTIONAL = ("expected", "quiet", "labels", "links", "invites")
"""Tables of ours that are there when somebody is in them."""


def _document(part: Part, data: bytes | None) -> dict[str, Json]:
    if data is None:
        return _EMPTY[part]
    try:
        document = loads(data)
    except NotJson as error:
        raise Malformed(part, str(error)) from None
    if not isinstance(document, dict):
        raise Malformed(part, "it holds no JSON object")
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        raise Malformed(part, f'its "version" is not {VERSION}')
    for key, like in _EMPTY[part].items():
        if type(document.get(key)) is not type(like):
            raise Malformed(part, f'its "{key}" is missing or no {"object" if isinstance(like, dict) else "list"}')
    if part is Part.SENDERS:
        for key in OPTIONAL:
            if not isinstance(document.get(key, {}), dict):
                raise Malformed(part, f'its "{key}" is no object')
    return document


def _rows(
    documents: Documents,
    part: Part,
    name: str,
    read: Callable[[Json], V],
    notes: list[Note],
    before: Sequence[Row[V]] | None = None,
) -> tuple[Row[V], ...]:
    known = {id(row.raw): row for row in before or ()}
    listed = documents[part][name]
    rows = [known.get(id(raw)) or _row(raw, read) for raw in (listed if isinstance(listed, list) else [])]
    odd = [(number, row.odd) for number, row in enumerate(rows, start=1) if row.odd]
    notes += _bounded(part, [Note(part, f'entry {number} of "{name}" is not used: {why}') for number, why in odd])
    return tuple(rows)


def _row(raw: Json, read: Callable[[Json], V]) -> Row[V]:
    try:
        return Row(raw, read(raw))
    except ValueError as error:
        return Row(raw, None, str(error))


def _table(
    documents: Documents,
    name: str,
    read: Callable[[Json], tuple[Record, str]],
    read_id: ReadId,
    notes: list[Note],
) -> tuple[TableRow, ...]:
    """A record that makes no sense still counts for its sender: a block blocks whatever stands in it."""
    rows: list[TableRow] = []
    odd: list[Note] = []
    table = documents[Part.SENDERS].get(name)
    for key, raw in (table if isinstance(table, dict) else {}).items():
        value, complaint = read(raw)
        sender: SenderId | None = None
        try:
            sender = read_id(key)
        except ValueError as error:
            complaint = str(error)
        if complaint:
            odd.append(Note(Part.SENDERS, f'"{visible(key)}" under "{name}": {complaint}'))
        rows.append(TableRow(key, raw, sender, value))
    notes += _bounded(Part.SENDERS, odd)
    return tuple(rows)


def _bounded(part: Part, odd: list[Note]) -> list[Note]:
    if len(odd) > MAX_ODD:
        raise Malformed(part, f"more than {MAX_ODD} of its entries cannot be used")
    return odd


def _first_of_each(rows: tuple[Row[Request], ...], notes: list[Note]) -> dict[SenderId, Request]:
    """One request a sender, and one sender a code: the first in the file."""
    found: dict[SenderId, Request] = {}
    codes = set()
    for number, row in enumerate(rows, start=1):
        if row.value is None:
            continue
        if row.value.sender in found or row.value.code in codes:
            notes.append(Note(Part.PAIRING, f'entry {number} of "requests" is not used: its id or code came before'))
            continue
        found[row.value.sender] = row.value
        codes.add(row.value.code)
    return found


def _allowed(
    rows: tuple[Row[SenderId], ...], known: Mapping[SenderId, Record], notes: list[Note]
) -> dict[SenderId, Approval]:
    found: dict[SenderId, Approval] = {}
    for number, row in enumerate(rows, start=1):
        if row.value is None:
            continue
        if row.value in found:
            notes.append(Note(Part.ALLOW_FROM, f'entry {number} of "allowFrom" names somebody who came before'))
            continue
        record = known.get(row.value, entries.UNKNOWN)
        found[row.value] = Approval(str(row.raw), record.at, record.by, record.aliases - {row.value}, record.until)
    return found


def _known(rows: tuple[TableRow, ...]) -> dict[SenderId, Record]:
    """What is said about each sender; of two spellings of one, what the first says."""
    return {row.sender: row.value for row in reversed(rows) if row.sender is not None}
