"""Who is in and who waits at a channel, out of OpenClaw's tables into the reference's files (threats.md D1, D4, D6)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from clawdbot.backup.snapshot import Files
from clawdbot.backup.sqlite_source import Table, Tables, Value
from clawdbot.backup.successor_rows import Notes, Row, Shape, shape
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, account_id
from clawdbot.domain.sender_ids import normalise
from clawdbot.store import entries
from clawdbot.store.entries import Unusable
from clawdbot.store.layout import FOLDER, Part, file_name
from clawdbot.store.strict_json import Json, dumps

ALLOWED: Final = "channel_pairing_allow_entries"
WAITING: Final = "channel_pairing_requests"
SHAPES: Final[Mapping[str, Shape]] = {
    ALLOWED: shape("channel_key account_id entry sort_order", "updated_at"),
    WAITING: shape("channel_key account_id request_id code created_at last_seen_at", "meta_json"),
}

_CHANNELS: Final = {channel.value: channel for channel in Channel}

Listed = dict[ChannelAccount, list[Json]]


def files(tables: Tables, notes: Notes) -> Files:
    """The files of every account about which the tables say anything that can be used."""
    allowed, waiting = _allowed(tables[ALLOWED], notes), _waiting(tables[WAITING], notes)
    parts = (Part.ALLOW_FROM, "allowFrom", allowed), (Part.PAIRING, "requests", waiting)
    return {
        f"{FOLDER}/{file_name(account, part)}": dumps({"version": 1, key: listed})
        for part, key, accounts in parts
        for account, listed in accounts.items()
    }


def _allowed(table: Table, notes: Notes) -> Listed:
    found: dict[ChannelAccount, list[tuple[int, str]]] = defaultdict(list)
    for values in _ours(table, ALLOWED, notes):
        with notes.about(_called(ALLOWED, values, "entry")):
            row = Row(values, SHAPES[ALLOWED])
            account, entry = _account(row), row.text("entry")
            entries.allowed(entry, partial(normalise, account.channel))
            found[account].append((row.number("sort_order") or 0, entry))
    return {account: [entry for _, entry in sorted(listed)] for account, listed in found.items()}


def _waiting(table: Table, notes: Notes) -> Listed:
    found: dict[ChannelAccount, list[tuple[str, str, Json]]] = defaultdict(list)
    for values in _ours(table, WAITING, notes):
        with notes.about(_called(WAITING, values, "request_id")):
            row = Row(values, SHAPES[WAITING])
            account, id, created_at = _account(row), row.text("request_id"), row.text("created_at")
            request: dict[str, Json] = {
                "id": id,
                "code": row.text("code"),
                "createdAt": created_at,
                "lastSeenAt": row.text("last_seen_at"),
                **_meta(row),
            }
            entries.request(request, partial(normalise, account.channel))
            found[account].append((created_at, id, request))
    return {account: [each for _, _, each in sorted(listed, key=_age)] for account, listed in found.items()}


def _age(request: tuple[str, str, Json]) -> tuple[str, str]:
    return request[:2]


def _meta(row: Row) -> dict[str, Json]:
    """What the platform said about the sender. Whose request it is the row says; what else says so may be of before."""
    raw = row.json("meta_json")
    if not isinstance(raw, dict):
        return {}
    meta: dict[str, Json] = {key: value for key, value in raw.items() if key != "accountId" and isinstance(value, str)}
    return {"meta": meta} if meta else {}


def _ours(table: Table, name: str, notes: Notes) -> Iterator[Mapping[str, Value]]:
    """The rows of the channels that there are here, too."""
    for values in table.rows:
        if values["channel_key"] in _CHANNELS:
            yield values
        else:
            notes.count(f"{name} {values['channel_key']!s:.64}", "there is no such channel here")


def _called(name: str, values: Mapping[str, Value], key: str) -> str:
    return f"{name} {values['channel_key']!s}/{values['account_id']!s:.64} {values[key]!s:.64}"


def _account(row: Row) -> ChannelAccount:
    """An account under the name that it has here. What would first have to be made one could be two of theirs (S5)."""
    name = row.text("account_id")
    if account_id(name) != name:
        raise Unusable("no name of an account here")
    return ChannelAccount(_CHANNELS[row.text("channel_key")], AccountId(name))
