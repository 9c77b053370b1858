"""A new state of one channel account's senders, as changes of the documents that hold the old one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clawdbot.domain.instants import iso
from clawdbot.domain.names import SenderId
from clawdbot.domain.sender_records import Senders
from clawdbot.store import entries, invite_rows
from clawdbot.store.documents import Stored, TableRow, understood
from clawdbot.store.entries import ReadId, Record
from clawdbot.store.layout import Part
from clawdbot.store.strict_json import Json, dumps


def disjoint(senders: Senders) -> Senders:
    """Every sender at one place: blocked before allowed before expected before waiting. The same object if it is so.

    A crash between two files leaves a sender at two, and a program that knows no blocks can put him there.
    """
    allowed = {sender: approval for sender, approval in senders.allowed.items() if sender not in senders.blocked}
    requests = {
        sender: request
        for sender, request in senders.requests.items()
        if sender not in senders.blocked and sender not in senders.allowed and sender not in senders.expected
    }
    expected = {
        sender: one
        for sender, one in senders.expected.items()
        if sender not in senders.blocked and sender not in senders.allowed
    }
    places = ((allowed, senders.allowed), (requests, senders.requests), (expected, senders.expected))
    if all(len(one) == len(other) for one, other in places):
        return senders
    return replace(senders, allowed=allowed, requests=requests, expected=expected)


def without_ended(old: Senders, new: Senders) -> Senders:
    """The old state without the approvals with an end that the new one does not have. The same object if there is none.

    They go first and by themselves: of an approval whose end is forgotten nothing else may be left. Who is blocked now
    keeps his for the moment: a block counts before an approval, and is not to come after its loss.
    """
    kept = new.allowed.keys() | new.blocked.keys()
    allowed = {sender: one for sender, one in old.allowed.items() if one.until is None or sender in kept}
    return old if len(allowed) == len(old.allowed) else replace(old, allowed=allowed)


def with_closed(old: Senders, new: Senders) -> Senders:
    """The old state with the invites that it has as they are in the new one. The same object if that changes nothing.

    Before an approval goes by itself: whose revocation is cut short and repeated would be found out already, and no
    invite would be closed to him any more (threats.md D18).
    """
    kept = {word: new.invites.get(word, one) for word, one in old.invites.items()}
    return old if kept == old.invites else replace(old, invites=kept)


def with_welcomed(old: Senders, new: Senders) -> Senders:
    """The old state, and in it those who were announced and are in for good in the new one.

    The same object if there is none.
    """
    came = {sender: new.allowed[sender] for sender in old.expected if sender in new.allowed}
    came = {sender: one for sender, one in came.items() if one.until is None}
    if not came:
        return old
    expected = {sender: one for sender, one in old.expected.items() if sender not in came}
    return replace(old, allowed={**old.allowed, **came}, expected=expected)


def with_spent(old: Senders, new: Senders) -> Senders:
    """The old state with the invites of the new one, if somebody comes in. The same object if that changes nothing.

    A word is used up before it lets anybody in: what is lost in between costs an invite, and lets in nobody twice.
    """
    came = new.allowed.keys() - old.allowed.keys()
    return replace(old, invites=new.invites) if came and new.invites != old.invites else old


def lends(old: Senders, new: Senders) -> bool:
    """Whether the new state lets somebody in for a time whom the old one did not let in."""
    return not {sender for sender, one in new.allowed.items() if one.until is not None} <= old.allowed.keys()


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The files that have to change, and what all of them say then."""

    texts: Mapping[Part, bytes]
    stored: Stored


def encode(senders: Senders, stored: Stored, read_id: ReadId) -> Rewritten:
    """Have the files say ``senders``; none of them changes if they say it already.

    Raises:
        ValueError: a new entry would not be read back as what it means, ``"*"`` for one (threats.md D4).
    """
    fresh: dict[Part, dict[str, Json]] = {Part.PAIRING: {"requests": _requests(senders, stored, read_id)}}
    if replace(senders, requests=stored.senders.requests) != stored.senders:
        fresh[Part.SENDERS] = _ours(senders, stored, read_id)
        fresh[Part.ALLOW_FROM] = {"allowFrom": _allow_from(senders, stored, read_id)}
    whole = {part: {**stored.documents[part], **document} for part, document in fresh.items()}
    changed = {part: document for part, document in whole.items() if document != stored.documents[part]}
    texts = {part: dumps(document) for part, document in changed.items()}
    return Rewritten(texts, understood({**stored.documents, **changed}, read_id, stored))


def _ours(senders: Senders, stored: Stored, read_id: ReadId) -> dict[str, Json]:
    approved = {
        sender: Record(one.approved_at, one.by, one.aliases, one.until) for sender, one in senders.allowed.items()
    }
    blocked = {sender: Record(one.blocked_at, one.by, one.aliases) for sender, one in senders.blocked.items()}
    ours: dict[str, Json] = {
        "approved": _table(approved, stored.approved, "approvedAt", read_id),
        "blocked": _table(blocked, stored.blocked, "blockedAt", read_id),
    }
    optional = {
        "expected": (
            {sender: Record(one.at, one.by, one.aliases, one.until) for sender, one in senders.expected.items()},
            stored.expected,
            "expectedAt",
        ),
        "quiet": (
            {sender: Record(None, None, one.aliases, one.until) for sender, one in senders.quiet.items()},
            stored.quiet,
            "",
        ),
        "labels": (
            {sender: Record(None, None, label=label) for sender, label in senders.labels.items()},
            stored.labels,
            "",
        ),
        "links": (
            {sender: Record(one.at, one.by, one.aliases) for sender, one in senders.links.items()},
            stored.links,
            "linkedAt",
        ),
    }
    for name, (records, rows, time_key) in optional.items():
        if records or name in stored.documents[Part.SENDERS]:
            ours[name] = _table(records, rows, time_key, read_id)
    if senders.invites or "invites" in stored.documents[Part.SENDERS]:
        ours["invites"] = invite_rows.written(senders.invites, stored.invites)
    if senders.full_at is not None and senders.full_at != stored.senders.full_at:
        ours["queueFullAt"] = iso(senders.full_at)
    return ours


def _requests(senders: Senders, stored: Stored, read_id: ReadId) -> list[Json]:
    left = dict(senders.requests)
    rows: list[Json] = []
    for row in stored.requests:
        if row.value is None:
            rows.append(row.raw)
        elif (kept := left.get(row.value.sender)) and entries.is_same(row.value, kept):
            rows.append(entries.renewed(row.raw, row.value, kept))
            del left[kept.sender]
    for sender, request in left.items():
        _check(request.sender, sender, read_id)
        rows.append(entries.new(request))
    return rows


def _allow_from(senders: Senders, stored: Stored, read_id: ReadId) -> list[Json]:
    """Two spellings of one sender stay both as long as he is allowed, and go together; ``"*"`` always goes."""
    left = dict(senders.allowed)
    rows: list[Json] = []
    for row in stored.allow_from:
        if row.value is None:
            rows += [] if entries.is_everybody(row.raw) else [row.raw]
        elif row.value in left:
            rows.append(left.pop(row.value).entry)
        elif row.value in senders.allowed:
            rows.append(row.raw)
    for sender, approval in left.items():
        _check(approval.entry, sender, read_id)
        rows.append(approval.entry)
    return rows


def _table(
    current: Mapping[SenderId, Record], rows: tuple[TableRow, ...], time_key: str, read_id: ReadId
) -> dict[str, Json]:
    left = dict(current)
    table: dict[str, Json] = {}
    for row in rows:
        if row.sender is None:
            table[row.key] = row.raw
        elif row.sender in left:
            record = left.pop(row.sender)
            table[row.key] = row.raw if record == row.value else entries.written(record, time_key)
        elif row.sender in current:
            table[row.key] = row.raw
    for sender, record in left.items():
        if record != entries.UNKNOWN:
            _check(sender, sender, read_id)
            table[sender] = entries.written(record, time_key)
    return table


def _check(entry: str, sender: SenderId, read_id: ReadId) -> None:
    if read_id(entry) != sender:
        raise ValueError("a sender's id that would be read back as another one")
