"""The single entries of the three files: what one says, and how a new one is spelled."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from clawdbot.domain import codes
from clawdbot.domain.instants import iso, parse_iso
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.sender_records import Request
from clawdbot.store.strict_json import Json, whole

ReadId = Callable[[str], SenderId]
"""Reads the id of a sender on the channel. Raises ValueError (:func:`clawdbot.domain.sender_ids.normalise`)."""

MAX_CODE = 64


class Unusable(ValueError):
    """An entry says nothing that we could act on. The message repeats nothing of it: there are codes in the files."""


def instant(raw: Json) -> Instant | None:
    return parse_iso(raw) if isinstance(raw, str) else None


# --- requests --------------------------------------------------------------------------------------------------------


def request(raw: Json, read_id: ReadId) -> Request:
    """Read a waiting request. One whose time makes no sense is as old as the epoch: expired (threats.md D11).

    Raises:
        ValueError: there is no sender or no code in it.
    """
    if not isinstance(raw, dict):
        raise Unusable("no object")
    sender, code = raw.get("id"), raw.get("code")
    if not isinstance(sender, str):
        raise Unusable('its "id" is no text; ids are written in quotes')
    known = codes.read(code) if isinstance(code, str) and len(code) <= MAX_CODE else None
    if known is None:
        raise Unusable('its "code" is no code')
    created_at = instant(raw.get("createdAt")) or 0
    last_seen = instant(raw.get("lastSeenAt"))
    return Request(
        sender=read_id(sender),
        code=known,
        created_at=created_at,
        last_seen=created_at if last_seen is None else last_seen,
        meta=_meta(raw),
        aliases=_aliases(raw, read_id),
    )


def is_same(old: Request, new: Request) -> bool:
    """Whether two states of a sender are about one request: nothing of an old one is passed on to its successor."""
    return old is new or (old.code == new.code and old.created_at == new.created_at)


def renewed(raw: Json, old: Request, new: Request) -> Json:
    """The entry of a request that goes on waiting, with all that we do not know left in it."""
    if new is old:
        return raw
    entry = dict(raw) if isinstance(raw, dict) else {}
    if new.last_seen != old.last_seen:
        entry["lastSeenAt"] = iso(new.last_seen)
    if new.meta != old.meta:
        entry["meta"] = dict(new.meta)
    return entry


def new(request: Request) -> Json:
    """The entry of a new request, with the reference's keys in the reference's order."""
    entry: dict[str, Json] = {
        "id": request.sender,
        "code": request.code.reveal(),
        "createdAt": iso(request.created_at),
        "lastSeenAt": iso(request.last_seen),
    }
    if request.meta:
        entry["meta"] = dict(request.meta)
    return {**entry, **_spelled(request.aliases)}


def _meta(raw: dict[str, Json]) -> dict[str, str]:
    meta = raw.get("meta")
    pairs = meta.items() if isinstance(meta, dict) else ()
    return {whole(key): whole(value) for key, value in pairs if isinstance(value, str)}


def _aliases(raw: Mapping[str, Json], read_id: ReadId) -> frozenset[SenderId]:
    """A person's other ids. One that cannot be read ties nothing, and the person is asked again (threats.md D7)."""
    listed = raw.get("aliases")
    found = set()
    for each in listed if isinstance(listed, list) else []:
        with suppress(ValueError):
            found.add(allowed(each, read_id))
    return frozenset(found)


def _spelled(aliases: frozenset[SenderId]) -> dict[str, Json]:
    return {"aliases": [*sorted(aliases)]} if aliases else {}


# --- the allowlist ---------------------------------------------------------------------------------------------------


def allowed(raw: Json, read_id: ReadId) -> SenderId:
    """Read an entry of the allowlist. Raises ValueError if it names nobody."""
    if not isinstance(raw, str):
        raise Unusable("no text; ids are written in quotes")
    return read_id(raw)


def is_everybody(raw: Json) -> bool:
    """``*``, with a channel's prefix or without: from a file it never counts, and we never write it (threats.md D4)."""
    return isinstance(raw, str) and raw.rpartition(":")[2].strip() == "*"


# --- what we know beside ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """When something was decided about a sender, by whom, his other ids, until when it holds, what he is called."""

    at: Instant | None
    by: str | None
    aliases: frozenset[SenderId] = frozenset()
    until: Instant | None = None
    label: str = ""


UNKNOWN = Record(None, None)
OVER: Instant = 0


def record(raw: Json, time_key: str, missing: Instant | None, read_id: ReadId) -> tuple[Record, str]:
    """Read a record, and what is wrong with it: empty if nothing is. A time that makes no sense is ``missing``."""
    if not isinstance(raw, dict):
        return Record(missing, None), "no object"
    at, by = instant(raw.get(time_key)), raw.get("by")
    complaint = ""
    if time_key in raw and at is None:
        complaint = f'its "{time_key}" is no time'
    elif by is not None and not isinstance(by, str):
        complaint = 'its "by" is no text'
    who = whole(by) if isinstance(by, str) else None
    return Record(missing if at is None else at, who, _aliases(raw, read_id)), complaint


def approval(raw: Json, read_id: ReadId, time_key: str = "approvedAt") -> tuple[Record, str]:
    """Read the record of an approval. One whose end makes no sense is over: it was not to last."""
    found, complaint = record(raw, time_key, None, read_id)
    until = raw.get("until") if isinstance(raw, dict) else None
    if until is None:
        return found, complaint
    ends = instant(until)
    if ends is None:
        return replace(found, until=OVER), complaint or 'its "until" is no time'
    return replace(found, until=ends), complaint


def quiet(raw: Json, read_id: ReadId) -> tuple[Record, str]:
    """Read until when somebody is to be quiet. Where that makes no sense, it is over."""
    until = instant(raw.get("until")) if isinstance(raw, dict) else None
    aliases = _aliases(raw, read_id) if isinstance(raw, dict) else frozenset()
    return Record(None, None, aliases, OVER if until is None else until), "" if until else 'its "until" is no time'


def label(raw: Json) -> tuple[Record, str]:
    """Read what the owner calls somebody."""
    text = raw.get("label") if isinstance(raw, dict) else None
    return (Record(None, None, label=whole(text)), "") if isinstance(text, str) else (UNKNOWN, 'its "label" is no text')


def written(record: Record, time_key: str) -> Json:
    entry: dict[str, Json] = {} if record.at is None else {time_key: iso(record.at)}
    if record.by is not None:
        entry["by"] = record.by
    if record.until is not None:
        entry["until"] = iso(record.until)
    if record.label:
        entry["label"] = record.label
    return {**entry, **_spelled(record.aliases)}
