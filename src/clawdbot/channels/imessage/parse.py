"""What of the rows of a Mac's Messages database is a direct message from a person. Pure; never raises.

The fields are those of ``imsg rpc`` (its ``docs/rpc.md``); what the adapter has no use for is not even looked at.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from clawdbot.channels.base import BACKLOG_MS, DirectMessage
from clawdbot.channels.text import for_show, well_formed
from clawdbot.domain.instants import parse_iso
from clawdbot.domain.names import Channel, ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_ids import normalise

HISTORY_MS = 24 * 60 * 60 * 1000
"""What is older than this is no news: a Mac that takes over its messages from iCloud gives old ones new numbers."""

_ATTACHMENT = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a text for each attachment."""

_GROUP_IDENTIFIER = re.compile(r"chat[0-9]+", re.ASCII)

Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]
"""A row's number; a bool, float or string is none."""


class Aside(StrEnum):
    """Why a row is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    OWN = "from ourselves"
    REACTION = "a reaction"
    NO_CHAT = "in no chat that is known to be direct"
    GROUP = "in a group"
    NOBODY = "from a name, which anybody can send under"
    NO_TEXT = "without text"
    HISTORY = "from long ago"


class Row(Struct, frozen=True):
    """One message. ``chat_id`` is 0 while Messages has not said yet to which chat it belongs."""

    id: Id
    chat_id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    sender: str
    is_from_me: bool
    is_group: bool
    created_at: str
    text: str | None = None
    guid: str | None = None
    chat_guid: str | None = None
    chat_identifier: str | None = None
    participants: object = None
    sender_name: object = None
    is_reaction: object = None
    destination_caller_id: str | None = None

    @property
    def conversation(self) -> str:
        """How :meth:`send` is told where to."""
        return f"chat_id:{self.chat_id}"

    @property
    def message_id(self) -> str:
        """The same in whatever row the message is shown again."""
        return well_formed(self.guid or f"{self.id} {self.created_at}")  # in another database, numbers begin anew

    @property
    def words(self) -> str:
        """The text without its attachments."""
        return well_formed((self.text or "").replace(_ATTACHMENT, ""))

    @property
    def sent_at(self) -> Instant | None:
        return parse_iso(self.created_at)


class _Numbered(Struct, frozen=True):
    id: Id


@dataclass(frozen=True, slots=True)
class Moment:
    """When a row is looked at: since when we are connected, and now."""

    connected: Instant
    now: Instant


def row(message: object) -> Row | None:
    """Read a message as ``json.loads`` gives it; ``None`` if it is none."""
    try:
        return msgspec.convert(message, Row)
    except (ValueError, RecursionError):
        return None


def row_id(message: object) -> int | None:
    """The number of a row, however odd the rest of it is; ``None`` if there is none."""
    try:
        return msgspec.convert(message, _Numbered).id
    except (ValueError, RecursionError):
        return None


def direct_message(row: Row, account: ChannelAccount, moment: Moment) -> DirectMessage | Aside:
    """Read one row. A text with attachments is its words; the attachments stay where they are (threats.md D9)."""
    sent_at, sender = row.sent_at, sender_id(row.sender)
    if (why := _aside(row)) is not None:
        return why
    if sender is None:
        return Aside.NOBODY
    if not row.words.strip():
        return Aside.NO_TEXT
    if sent_at is None:
        return Aside.MALFORMED
    if sent_at < moment.now - HISTORY_MS:
        return Aside.HISTORY
    return DirectMessage(
        account=account,
        sender=sender,
        message_id=row.message_id,
        conversation=row.conversation,
        text=row.words,
        sent_at=sent_at,
        id_line=f"Your iMessage sender id: {sender}",
        name=for_show(row.sender_name),
        meta={"sender": sender, "chatId": str(row.chat_id)},
        late=sent_at < moment.connected - BACKLOG_MS,
    )


def sender_id(handle: str) -> SenderId | None:
    """A person's number, short code or e-mail address; ``None`` for names, which are nobody's own."""
    try:
        return normalise(Channel.IMESSAGE, handle)
    except ValueError:
        return None


def _aside(row: Row) -> Aside | None:
    if row.is_from_me:
        return Aside.OWN
    if row.is_reaction:
        return Aside.REACTION
    if row.chat_id == 0:
        return Aside.NO_CHAT
    if _is_group(row):
        return Aside.GROUP
    # Where a row has no sender, imsg shows the address that it was sent to or from: ours.
    return Aside.OWN if row.sender and row.sender == row.destination_caller_id else None


def _is_group(row: Row) -> bool:
    """Any sign of a group is enough: versions of imsg differ in which they know (threats.md D2)."""
    names = (row.chat_guid or "", row.chat_identifier or "")
    return (
        row.is_group
        or any(";+;" in name for name in names)
        or _GROUP_IDENTIFIER.fullmatch(names[1]) is not None
        or (isinstance(row.participants, list) and len(row.participants) > 1)
    )
