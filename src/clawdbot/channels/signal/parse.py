"""What of signal-cli's events is a direct message from a person. Pure: no clock, no input or output, never raises.

The fields are those of signal-cli's ``JsonMessageEnvelope`` and ``JsonDataMessage``; what the adapter has no use for is
not even looked at, so that a new kind of attachment cannot make a message unreadable.
"""

import json
from enum import StrEnum
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta, Struct

from clawdbot.channels.base import BACKLOG_MS, DirectMessage
from clawdbot.channels.text import for_show, well_formed
from clawdbot.domain.names import Channel, ChannelAccount, Instant, SenderId
from clawdbot.domain.persons import accounts
from clawdbot.domain.sender_ids import normalise

_LONGEST_INTEGER = 20

_Millis = Annotated[int, Meta(gt=0, le=253_402_300_799_999)]
"""Milliseconds up to the year 9999."""


class Aside(StrEnum):
    """Why an event is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    UNREADABLE = "signal-cli could not read it"
    OTHER_ACCOUNT = "for another account"
    SYNC = "from another device of our own"
    EDIT = "an edit"
    NO_NEW_MESSAGE = "not a message: a receipt, typing, a call or a story"
    NO_SENDER = "from nobody"
    OWN = "from ourselves"
    GROUP = "in a group"
    REACTION = "a reaction"
    DELETION = "a deletion"
    TIMER = "about how long messages are kept"
    STORY = "an answer to a story"
    SERVICE = "about another message: a poll or a pin"
    NO_TEXT = "without text"


class _Data(Struct, frozen=True, rename="camel"):
    timestamp: _Millis
    message: str | None = None
    group_info: object = None
    group_v2: object = None
    reaction: object = None
    remote_delete: object = None
    admin_delete: object = None
    is_expiration_update: object = None
    story_context: object = None
    poll_create: object = None
    poll_vote: object = None
    poll_terminate: object = None
    pin_message: object = None
    unpin_message: object = None


class _Envelope(Struct, frozen=True, rename="camel"):
    source_number: str | None = None
    source_uuid: str | None = None
    source_name: str | None = None
    server_received_timestamp: Annotated[int, Meta(ge=0)] | None = None
    data_message: _Data | None = None
    sync_message: object = None
    edit_message: object = None


class _Event(Struct, frozen=True):
    envelope: _Envelope
    account: str | None = None
    exception: object = None


def decode(data: str) -> object:
    """The JSON value of an event; ``None`` for what is none, or what could be read in two ways (threats.md S8)."""
    try:
        return json.loads(data, object_pairs_hook=_object, parse_int=_integer, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def direct_message(
    event: object, account: ChannelAccount, *, number: str, own: frozenset[SenderId], connected_at: Instant
) -> DirectMessage | Aside:
    """Read one event, as :func:`decode` gives it.

    Args:
        number: the number of our account, if it is known: what is for another one is not ours (threats.md D1).
        own: our own ids, whose messages are echoes.
        connected_at: when the connection that brought it was begun.
    """
    read = _read(event)
    if read is None:
        return Aside.MALFORMED
    envelope, data = read.envelope, read.envelope.data_message
    why = _not_for_us(read, number)
    if why is not None or data is None:
        return why or Aside.NO_NEW_MESSAGE
    phone, uuid = _ids(envelope)
    sender = phone or uuid
    if sender is None:
        return Aside.NO_SENDER
    ids = frozenset(filter(None, (phone, uuid)))
    if (why := Aside.OWN if ids & own else _no_text(data)) is not None:
        return why
    name = for_show(envelope.source_name)
    return DirectMessage(
        account=account,
        sender=sender,
        message_id=str(data.timestamp),
        conversation=recipient(uuid or sender),
        text=well_formed(data.message or ""),
        sent_at=data.timestamp,
        id_line=f"Your Signal number: {phone}" if phone else f"Your Signal sender id: {uuid}",
        name=name,
        meta={"name": name} if name else {},
        aliases=ids - {sender},
        # By the clock of Signal's server: what a sender's own clock says is no evidence of when he wrote.
        late=(envelope.server_received_timestamp or data.timestamp) < connected_at - BACKLOG_MS,
    )


def own_ids(event: object, number: str) -> frozenset[SenderId]:
    """Our own ids, if an event shows them: what our other devices do comes under them."""
    read = _read(event)
    if read is None or read.envelope.sync_message is None:
        return frozenset()
    phone, uuid = _ids(read.envelope)
    return frozenset({uuid}) if uuid and phone and phone == number else frozenset()


def recipient(sender: SenderId) -> str:
    """How signal-cli takes a sender's id: a bare uuid, or a number."""
    return sender.removeprefix("uuid:")


def _read(event: object) -> _Event | None:
    try:
        return msgspec.convert(event, _Event)
    except (ValueError, RecursionError):
        return None


def _not_for_us(event: _Event, number: str) -> Aside | None:
    envelope = event.envelope
    if number and event.account is not None and event.account != number:
        return Aside.OTHER_ACCOUNT
    if envelope.sync_message is not None:
        return Aside.SYNC
    if envelope.edit_message is not None:
        return Aside.EDIT
    return Aside.UNREADABLE if envelope.data_message is None and event.exception is not None else None


def _no_text(data: _Data) -> Aside | None:
    """Why a data message is no text to us alone."""
    kinds = {
        Aside.GROUP: (data.group_info, data.group_v2),
        Aside.REACTION: (data.reaction,),
        Aside.DELETION: (data.remote_delete, data.admin_delete),
        Aside.TIMER: (data.is_expiration_update or None,),
        Aside.STORY: (data.story_context,),
        Aside.SERVICE: (data.poll_create, data.poll_vote, data.poll_terminate, data.pin_message, data.unpin_message),
    }
    for why, fields in kinds.items():
        if any(field is not None for field in fields):
            return why
    return None if (data.message or "").strip() else Aside.NO_TEXT


def _ids(envelope: _Envelope) -> "tuple[SenderId | None, SenderId | None]":
    """The sender's number and account id."""
    phone, uuid = _normalised(envelope.source_number), _normalised(envelope.source_uuid)
    return (
        phone if phone and not accounts((phone,)) else None,
        uuid if uuid and accounts((uuid,)) else None,
    )


def _normalised(text: str | None) -> SenderId | None:
    try:
        return normalise(Channel.SIGNAL, text or "")
    except ValueError:
        return None


def _object(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise ValueError("no id or time is that long")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
