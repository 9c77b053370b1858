"""The register of devices, or of nodes: two files of many records each, read as one aggregate a device.

``paired.json`` says who is in, by the device's id; ``pending.json`` who waits, by the request's id. A device is both
its record and its request. How one is spelled: :mod:`clawdbot.store.device_rows`, :mod:`clawdbot.store.node_rows`.
"""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from clawdbot.domain.texts import visible
from clawdbot.store import rows
from clawdbot.store.base import Key
from clawdbot.store.fields import Fields, Record, renewed
from clawdbot.store.rows import ReadRecord, Row, Rows
from clawdbot.store.sight import Broken, Texts
from clawdbot.store.strict_json import Json, NotJson

S = TypeVar("S")
P = TypeVar("P")
R = TypeVar("R")
V = TypeVar("V")

PAIRED: Final = "paired.json"
PENDING: Final = "pending.json"

MAX_ODD: Final = 1_000
"""Records of one file that cannot be used; with more of them it is not the file that it should be."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[R]):
    """A request, and by which id its device goes."""

    id: str
    request: R


class Kind(ABC, Generic[S, P, R]):
    """What is kept in a register: aggregates ``S`` of a record ``P`` and a request ``R``."""

    folder: str

    @abstractmethod
    def key(self, id: str) -> Key[S]:
        """The key of an aggregate."""

    @abstractmethod
    def id(self, key: Key[S]) -> str:
        """The other way round."""

    @abstractmethod
    def state(self, id: str, paired: P | None, pending: R | None) -> S:
        """The aggregate of two records."""

    @abstractmethod
    def parts(self, state: S) -> tuple[P | None, R | None]:
        """The other way round."""

    @abstractmethod
    def read_paired(self, id: str, fields: Fields) -> P:
        """Read what stands under an id. Raises ValueError."""

    @abstractmethod
    def write_paired(self, id: str, paired: P) -> Record:
        """Spell it, with the reference's keys in the reference's order and ours behind."""

    @abstractmethod
    def read_pending(self, id: str, fields: Fields) -> Waiting[R]:
        """Read what stands under a request's id. Raises ValueError."""

    @abstractmethod
    def write_pending(self, id: str, request: R) -> Record:
        """Spell it likewise; ``id`` is the device's."""

    @abstractmethod
    def request_id(self, request: R) -> str:
        """Under which id a request stands."""

    @abstractmethod
    def continues(self, old: P, new: P) -> bool:
        """Is that the old record, changed? Nothing else that stood in an old one is passed on to its successor."""

    @abstractmethod
    def is_decided(self, paired: P | None, request: R) -> bool:
        """Was this request decided already? It counts for nothing then."""

    @abstractmethod
    def is_passing(self, old: S, new: S) -> bool:
        """Is the difference nothing but what nobody waits for, and nobody misses if it is lost?"""


@dataclass(frozen=True, slots=True)
class Register(Generic[S, P, R]):
    """What the two files say, and how they say it."""

    kind: Kind[S, P, R]
    paired: Rows[P]
    pending: Rows[Waiting[R]]
    states: Mapping[str, S]
    """By id, everybody about whom anything is on record."""
    spare: frozenset[str]
    """Requests that count for nothing: decided, or of a device of which another one came before."""

    def get(self, id: str) -> S:
        state = self.states.get(id)
        return self.kind.state(id, None, None) if state is None else state

    def notes(self) -> Iterator[tuple[str, str]]:
        """What is odd: the file's name, and what."""
        yield from ((PAIRED, odd) for row in self.paired.values() for odd in row.odd)
        yield from ((PENDING, odd) for row in self.pending.values() for odd in row.odd)
        for id in sorted(self.spare):
            yield PENDING, f'"{visible(id)}" is not used: it was decided, or its device has another'


def decode(kind: Kind[S, P, R], texts: Texts, old: Register[S, P, R] | None = None) -> Register[S, P, R]:
    """Read the two files; what stands in them to the letter as before is the same object as before.

    Raises:
        Broken: a file is not what it must be as a whole.
    """
    paired = _parse(PAIRED, texts, kind.read_paired, old.paired if old else {})
    pending = _parse(PENDING, texts, kind.read_pending, old.pending if old else {})
    return _register(kind, paired, pending, old.states if old else {})


def _parse(name: str, texts: Texts, read: Callable[[str, Fields], V], known: Rows[V]) -> Rows[V]:
    try:
        found = rows.parse(texts[name], _reader(read), known.values())
    except NotJson as error:
        raise Broken(name, str(error)) from None
    if sum(row.value is None for row in found.values()) > MAX_ODD:
        raise Broken(name, f"more than {MAX_ODD} of its records cannot be used")
    return found


def _reader(read: Callable[[str, Fields], V]) -> ReadRecord[V]:
    def read_record(key: str, raw: Json) -> tuple[V, tuple[str, ...]]:
        fields = Fields(raw)
        value = read(key, fields)
        return value, tuple(fields.odd)

    return read_record


def _register(
    kind: Kind[S, P, R], paired: Rows[P], pending: Rows[Waiting[R]], known: Mapping[str, S]
) -> Register[S, P, R]:
    records = {id: row.value for id, row in paired.items() if row.value is not None}
    requests: dict[str, R] = {}
    spare: set[str] = set()
    for request_id, row in pending.items():
        if row.value is None:
            continue
        id, request = row.value.id, row.value.request
        if id in requests or kind.is_decided(records.get(id), request):
            spare.add(request_id)
        else:
            requests[id] = request
    states: dict[str, S] = {}
    for id in dict.fromkeys((*records, *requests)):
        parts = records.get(id), requests.get(id)
        old = known.get(id)
        unchanged = old is not None and all(map(operator.is_, kind.parts(old), parts))
        states[id] = old if old is not None and unchanged else kind.state(id, *parts)
    return Register(kind, paired, pending, states, frozenset(spare))


# --- changing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit(Generic[S, P, R]):
    """A new state of one aggregate, as it will be read, and the rows that it makes: ``None`` is a row that goes."""

    state: S
    paired: Mapping[str, Row[P] | None]
    pending: Mapping[str, Row[Waiting[R]] | None]
    growth: Mapping[str, int]
    """By how many bytes each file grows."""


def edit(register: Register[S, P, R], id: str, state: S) -> Edit[S, P, R]:
    """Spell a new state. What is not ours in the old rows stays in the new ones.

    Raises:
        ValueError: it would not be read back as what it means.
    """
    kind = register.kind
    old_record, old_request = kind.parts(register.get(id))
    record, request = kind.parts(state)
    paired: dict[str, Row[P] | None] = {}
    pending: dict[str, Row[Waiting[R]] | None] = {}
    if record != old_record:
        paired[id] = None
        if record is not None:
            paired[id], record = _paired_row(register, id, record, old_record)
    if request != old_request:
        if old_request is not None:
            pending[kind.request_id(old_request)] = None
        if request is not None:
            pending[kind.request_id(request)], request = _pending_row(register, id, request, old_request)
    if request is not None and kind.is_decided(record, request):
        raise ValueError("a request that was decided already")
    growth = {PAIRED: rows.growth(register.paired, paired), PENDING: rows.growth(register.pending, pending)}
    return Edit(kind.state(id, record, request), paired, pending, growth)


def edited(register: Register[S, P, R], edits: Mapping[str, Edit[S, P, R]]) -> Register[S, P, R]:
    """The register after some changes, without the requests that count for nothing."""
    paired = dict(register.paired)
    pending = {id: row for id, row in register.pending.items() if id not in register.spare}
    states = dict(register.states)
    for id, one in edits.items():
        rows.put(paired, one.paired)
        rows.put(pending, one.pending)
        if any(part is not None for part in register.kind.parts(one.state)):
            states[id] = one.state
        else:
            states.pop(id, None)
    return Register(register.kind, paired, pending, states, frozenset())


def _paired_row(register: Register[S, P, R], id: str, new: P, old: P | None) -> tuple[Row[P], P]:
    """The row, and what everybody will read in it."""
    kind = register.kind
    record = kind.write_paired(id, new)
    if old is not None and kind.continues(old, new):
        record = renewed(register.paired[id].record, kind.write_paired(id, old), record)
    row = rows.row(id, record, _reader(kind.read_paired))
    if row.value is None or kind.write_paired(id, row.value) != kind.write_paired(id, new):
        raise ValueError("a record that would not be read back as what it means")
    return row, row.value


def _pending_row(register: Register[S, P, R], id: str, new: R, old: R | None) -> tuple[Row[Waiting[R]], R]:
    """The same for a request."""
    kind = register.kind
    request_id = kind.request_id(new)
    record = kind.write_pending(id, new)
    if old is not None and kind.request_id(old) == request_id:
        record = renewed(register.pending[request_id].record, kind.write_pending(id, old), record)
    row = rows.row(request_id, record, _reader(kind.read_pending))
    if row.value is None or kind.write_pending(row.value.id, row.value.request) != kind.write_pending(id, new):
        raise ValueError("a request that would not be read back as what it means")
    return row, row.value.request
