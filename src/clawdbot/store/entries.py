"""The single entries of the three files: what one says, and how a new one is spelled."""

from collections.abc import Callable
from dataclasses import dataclass

from clawdbot.domain import codes
from clawdbot.domain.instants import iso, parse_iso
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.senders import Request
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
    )


def is_same(old: Request, new: Request) -> bool:
    """Whether two states of a sender are about one request: nothing of an old one is passed on to its successor."""
    return old.code == new.code and old.created_at == new.created_at


def renewed(raw: Json, old: Request, new: Request) -> Json:
    """The entry of a request that goes on waiting, with all that we do not know left in it."""
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
    return {**entry, "meta": dict(request.meta)} if request.meta else entry


def _meta(raw: dict[str, Json]) -> dict[str, str]:
    meta = raw.get("meta")
    pairs = meta.items() if isinstance(meta, dict) else ()
    return {whole(key): whole(value) for key, value in pairs if isinstance(value, str)}


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
    """When something was decided, and by whom."""

    at: Instant | None
    by: str | None


UNKNOWN = Record(None, None)


def record(raw: Json, time_key: str, missing: Instant | None) -> tuple[Record, str]:
    """Read a record, and what is wrong with it: empty if nothing is. A time that makes no sense is ``missing``."""
    if not isinstance(raw, dict):
        return Record(missing, None), "no object"
    at, by = instant(raw.get(time_key)), raw.get("by")
    complaint = ""
    if time_key in raw and at is None:
        complaint = f'its "{time_key}" is no time'
    elif by is not None and not isinstance(by, str):
        complaint = 'its "by" is no text'
    return Record(missing if at is None else at, whole(by) if isinstance(by, str) else None), complaint


def written(record: Record, time_key: str) -> Json:
    entry: dict[str, Json] = {} if record.at is None else {time_key: iso(record.at)}
    return entry if record.by is None else {**entry, "by": record.by}
