"""One line of the history: a fact, its number, and the hash that binds it to the line before.

    {"seq":2,"at":"2026-…Z","kind":"approved","surface":"terminal","of":"sender","channel":"telegram",…,"prev":…,"hash":…}

The hash is the SHA-256 of the line as it would stand there without the hash, so that every byte counts, and any program
that can compute one can check it. Lines are ASCII: whatever a name holds, it is escaped.
"""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.instants import iso, parse_iso
from clawdbot.domain.names import AccountId, Channel, ChannelAccount

LONGEST: Final = 256
"""Characters of an id or a reason."""

NOTHING: Final = "0" * 64
"""The hash of the entry before the first."""

_HASH = re.compile(rb',"hash":"([0-9a-f]{64})"\}')
_NUMBER = re.compile(rb'\{"seq":([1-9][0-9]{0,14}),')
_HASH_LENGTH = len(b',"hash":""}') + 64


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number of its last entry, and that one's hash."""

    seq: int = 0
    hash: str = NOTHING

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that is whole in itself; whether it stands where it belongs is the chain's to say."""

    seq: int
    fact: Fact
    prev: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)

    def as_json(self) -> dict[str, object]:
        return {**_plain(self.seq, self.fact, self.prev), "hash": self.hash}


class NoEntry(ValueError):
    """The line is no entry, or not what it was; the message says which and repeats nothing of it."""


def write(fact: Fact, after: Head) -> tuple[bytes, Head]:
    """The line of a fact that follows an entry, and the head that it makes."""
    seq = after.seq + 1
    body = json.dumps(_plain(seq, fact, after.hash), separators=(",", ":")).encode("ascii")
    digest = sha256(body).hexdigest()
    return body[:-1] + b',"hash":"' + digest.encode() + b'"}\n', Head(seq, digest)


def read(line: bytes) -> Entry:
    """Read a line without its newline, and see that it is as it was written. Raises NoEntry."""
    found = _HASH.fullmatch(line, max(0, len(line) - _HASH_LENGTH))
    if found is None:
        raise NoEntry("is no entry")
    digest = found[1].decode()
    body = line[:-_HASH_LENGTH] + b"}"
    if sha256(body).hexdigest() != digest:
        raise NoEntry("is not as it was written")
    try:
        said = json.loads(body)
        return Entry(said["seq"], _fact(said), said["prev"], digest)
    except (ValueError, TypeError, LookupError, RecursionError):
        raise NoEntry("is no entry") from None


def number_of(line: bytes) -> int:
    """The number that a line says it has, without a look at the rest. Raises NoEntry."""
    found = _NUMBER.match(line)
    if found is None:
        raise NoEntry("is no entry")
    return int(found[1])


def _plain(seq: int, fact: Fact, prev: str) -> dict[str, object]:
    """What a line says, in order; what there is nothing to say about is left out."""
    account = fact.about.account
    said = {
        "seq": seq,
        "at": iso(fact.at),
        "kind": fact.kind.value,
        "surface": fact.surface.value,
        "of": fact.about.of.value,
        "channel": account.channel.value if account else "",
        "account": account.account if account else "",
        "id": fact.about.id[:LONGEST],
        "by": fact.by[:LONGEST],
        "why": fact.why[:LONGEST],
        "address": fact.address[:LONGEST],
        "times": fact.times if fact.times > 1 else "",
        "prev": prev,
    }
    return {key: value for key, value in said.items() if value != ""}


def _fact(said: dict[str, Any]) -> Fact:
    at = parse_iso(said["at"])
    if at is None or type(said["seq"]) is not int or not isinstance(said["prev"], str):
        raise ValueError("seq, at or prev")
    words = {key: said.get(key, "") for key in ("id", "by", "why", "address", "account")}
    times = said.get("times", 1)
    if not all(isinstance(word, str) for word in words.values()) or not isinstance(times, int):
        raise ValueError("a word")
    where = ChannelAccount(Channel(said["channel"]), AccountId(words["account"])) if "channel" in said else None
    about = Subject(Of(said["of"]), words["id"], where)
    kind, surface = Kind(said["kind"]), Surface(said["surface"])
    return Fact(at, kind, surface, about, by=words["by"], why=words["why"], address=words["address"], times=times)
