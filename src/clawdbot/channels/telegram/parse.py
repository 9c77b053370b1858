"""What of Telegram's updates is a direct message from a person. Pure: no clock, no input or output, never raises.

The fields are those of https://core.telegram.org/bots/api#update; what the adapter has no use for is not even looked
at, so that a new kind of attachment cannot make a message unreadable.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from clawdbot.channels.base import DirectMessage, Press
from clawdbot.channels.text import for_show, well_formed
from clawdbot.domain.names import ChannelAccount, SenderId

Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]
"""A positive 64-bit integer; groups and channels have negative ids, and a bool, float or string is no id."""

_UnixTime = Annotated[int, Meta(gt=0, le=253_402_300_799)]
"""Seconds up to the year 9999."""


class Aside(StrEnum):
    """Why an update is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    NO_NEW_MESSAGE = "not a new message"
    NOT_PRIVATE = "not in a private chat"
    NOT_THE_SENDERS_CHAT = "not in the sender's own chat"
    ON_BEHALF = "sent on behalf of a chat or a business"
    BOT = "from a bot"
    OWN = "from ourselves"
    EDIT = "an edit"
    NO_TEXT = "without text"


class _User(Struct, frozen=True):
    id: Id
    is_bot: bool
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None


class _Chat(Struct, frozen=True):
    id: int
    type: str | None = None


class _Message(Struct, frozen=True):
    message_id: Id
    date: _UnixTime
    chat: _Chat
    sender: _User | None = msgspec.field(name="from", default=None)
    text: str | None = None
    caption: str | None = None
    edit_date: object = None
    sender_chat: object = None
    sender_business_bot: object = None
    business_connection_id: object = None


class _Update(Struct, frozen=True):
    update_id: Id
    message: _Message | None = None


class _Under(Struct, frozen=True):
    chat: _Chat


class _Query(Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    sender: _User = msgspec.field(name="from")
    message: _Under
    data: Annotated[str, Meta(max_length=64)]


class _QueryUpdate(Struct, frozen=True):
    callback_query: _Query


class _Numbered(Struct, frozen=True):
    update_id: Id


def update_id(update: object) -> int | None:
    """The number of an update, however odd the rest of it is; ``None`` if there is none."""
    try:
        return msgspec.convert(update, _Numbered).update_id
    except (ValueError, RecursionError):
        return None


def direct_message(update: object, account: ChannelAccount, bot_id: str) -> DirectMessage | Aside:
    """Read one update as ``json.loads`` gives it.

    A text with media is its caption; the media is left where it is (threats.md D9). A forwarded text, or one written
    with the help of an inline bot, is from the person who sent it.

    Args:
        bot_id: our own id, whose messages are echoes.
    """
    try:
        message = msgspec.convert(update, _Update).message
    except (ValueError, RecursionError):
        return Aside.MALFORMED
    if message is None:
        return Aside.NO_NEW_MESSAGE
    sender, text = message.sender, message.text or message.caption or ""
    if (why := _aside(message, bot_id)) is not None or sender is None:
        return why or Aside.MALFORMED
    if not text.strip():
        return Aside.NO_TEXT
    return DirectMessage(
        account=account,
        sender=SenderId(str(sender.id)),
        message_id=str(message.message_id),
        conversation=str(message.chat.id),
        text=well_formed(text),
        sent_at=message.date * 1000,
        id_line=f"Your Telegram user id: {sender.id}",
        name=" ".join(filter(None, (for_show(sender.first_name), for_show(sender.last_name)))),
        meta=_meta(sender),
    )


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, and the id by which Telegram wants it answered."""

    id: str
    press: Press


def pressed(update: object, account: ChannelAccount) -> Pressed | None:
    """Read the press of a button by a person in his own chat with the bot; ``None`` for every other update.

    Who pressed is whom Telegram says, ``from``; the data may be anything (threats.md D14).
    """
    try:
        query = msgspec.convert(update, _QueryUpdate).callback_query
    except (ValueError, RecursionError):
        return None
    chat, sender = query.message.chat, query.sender
    if sender.is_bot or chat.type != "private" or chat.id != sender.id:
        return None
    return Pressed(query.id, Press(account, SenderId(str(sender.id)), well_formed(query.data)))


def _aside(message: _Message, bot_id: str) -> Aside | None:
    sender = message.sender
    if message.chat.type != "private":
        return Aside.NOT_PRIVATE
    behalf = (message.sender_chat, message.sender_business_bot, message.business_connection_id)
    if any(field is not None for field in behalf):
        return Aside.ON_BEHALF
    if sender is None:
        return Aside.MALFORMED
    if str(sender.id) == bot_id:
        return Aside.OWN
    if sender.is_bot:
        return Aside.BOT
    if message.chat.id != sender.id:
        return Aside.NOT_THE_SENDERS_CHAT
    return None if message.edit_date is None else Aside.EDIT


def _meta(sender: _User) -> dict[str, str]:
    shown = {
        "username": for_show(sender.username),
        "firstName": for_show(sender.first_name),
        "lastName": for_show(sender.last_name),
    }
    return {key: value for key, value in shown.items() if value}
