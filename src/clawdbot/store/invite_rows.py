"""The table of invites: what a row says, and how a new one is spelled.

A row that makes no sense in any part lets nobody in: it is reported, and stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawdbot.domain import invites
from clawdbot.domain.instants import LONGEST_MS, iso
from clawdbot.domain.invites import MAX_USES, Invite, WordDigest
from clawdbot.domain.names import SenderId
from clawdbot.store.entries import ReadId, Unusable, allowed, instant
from clawdbot.store.strict_json import Json, whole


@dataclass(frozen=True, slots=True)
class InviteRow:
    """One invite as it stands in the file, and what it means; without an ``invite``, what is odd about it."""

    key: str
    raw: Json
    invite: Invite | None
    odd: str = ""


def read(table: Json, read_id: ReadId) -> tuple[InviteRow, ...]:
    """Read the table; a missing one is an empty one."""
    listed = table.items() if isinstance(table, dict) else ()
    return tuple([_row(number, key, raw, read_id) for number, (key, raw) in enumerate(listed, start=1)])


def known(rows: Sequence[InviteRow]) -> dict[WordDigest, Invite]:
    """The invites that can be used, by what they are kept under."""
    return {WordDigest(row.key): row.invite for row in rows if row.invite is not None}


def written(current: Mapping[WordDigest, Invite], rows: Sequence[InviteRow]) -> dict[str, Json]:
    """The table that says ``current``, with what we do not know left in it. Of an invite only its use changes."""
    left = dict(current)
    table: dict[str, Json] = {}
    for row in rows:
        if row.invite is None or not isinstance(row.raw, dict):
            table[row.key] = row.raw
        elif (now := left.pop(WordDigest(row.key), None)) is not None:
            table[row.key] = row.raw if now == row.invite else {**row.raw, **_use(now)}
    return {**table, **{digest: _new(invite) for digest, invite in left.items()}}


def _new(invite: Invite) -> Json:
    entry: dict[str, Json] = {} if invite.at is None else {"madeAt": iso(invite.at)}
    if invite.by is not None:
        entry["by"] = invite.by
    entry |= {"until": iso(invite.until), **_use(invite)}
    if invite.lasts_ms is not None:
        entry["lastsMs"] = invite.lasts_ms
    if invite.label:
        entry["label"] = invite.label
    return entry


def _use(invite: Invite) -> dict[str, Json]:
    lists = {"usedBy": invite.guests, "closedTo": invite.closed_to}
    return {"uses": invite.uses, **{name: [*sorted(ids)] for name, ids in lists.items() if ids}}


def _row(number: int, key: str, raw: Json, read_id: ReadId) -> InviteRow:
    """What is odd is said by its number: what stands there instead of a hash may be a word (threats.md S7)."""
    try:
        invites.read_digest(key)
        return InviteRow(key, raw, _invite(raw, read_id))
    except ValueError as error:
        return InviteRow(key, raw, None, f'entry {number} of "invites" is not used: {error}')


def _invite(raw: Json, read_id: ReadId) -> Invite:
    if not isinstance(raw, dict):
        raise Unusable("no object")
    until = instant(raw.get("until"))
    if until is None:
        raise Unusable('its "until" is no time')
    return Invite(
        until,
        _count(raw, "uses", 0, MAX_USES),
        instant(raw.get("madeAt")),
        _text(raw, "by"),
        _text(raw, "label") or "",
        None if raw.get("lastsMs") is None else _count(raw, "lastsMs", 1, LONGEST_MS),
        _ids(raw, "usedBy", read_id),
        _ids(raw, "closedTo", read_id),
    )


def _ids(raw: Mapping[str, Json], name: str, read_id: ReadId) -> frozenset[SenderId]:
    """Whoever it is not for any more: a list that cannot be read makes it an invite for nobody."""
    listed = raw.get(name, [])
    if not isinstance(listed, list):
        raise Unusable(f'its "{name}" is no list')
    return frozenset([allowed(one, read_id) for one in listed])


def _count(raw: Mapping[str, Json], name: str, least: int, most: int) -> int:
    value = raw.get(name)
    if type(value) is not int or not least <= value <= most:
        raise Unusable(f'its "{name}" is no number that it can be')
    return value


def _text(raw: Mapping[str, Json], name: str) -> str | None:
    value = raw.get(name)
    return whole(value) if isinstance(value, str) else None
