"""What of WhatsApp's messages is a direct message from a person. Pure: no clock, no input or output, never raises.

A person has a phone number, a LID (an account id that hides the number), or both; where the platform ties the two in a
message, the number is the sender and the LID an alias (threats.md D7). Nobody is dropped for having a LID alone.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from clawdbot.channels.base import BACKLOG_MS, DirectMessage
from clawdbot.channels.text import for_show, well_formed
from clawdbot.channels.whatsapp.protocol import Account, Connected, Incoming, Kind
from clawdbot.domain.names import Channel, ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_ids import normalise

_DIRECT = ("s.whatsapp.net", "hosted", "lid", "hosted.lid")
"""The servers of people's own chats."""

_CHAT = re.compile(rf"[1-9][0-9]{{0,19}}@(?:{'|'.join(map(re.escape, _DIRECT))})", re.A)

_NO_PERSONS = ("0@s.whatsapp.net", "16505361212@s.whatsapp.net", "13135550002@s.whatsapp.net")
"""WhatsApp's announcements, its business account and its assistant write from numbers, too."""


class Aside(StrEnum):
    """Why a message is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    HISTORY = "from the history"
    NOT_DIRECT = "in a group, a broadcast, a status or a newsletter"
    BOT = "from a bot or from whatsapp itself"
    NOT_THE_SENDERS_CHAT = "not in the sender's own chat"
    TO_OTHERS = "from ourselves to somebody else"
    ECHO = "what we sent ourselves"
    NO_NEW_TEXT = "an edit, a reaction or the like"
    NO_TEXT = "without text"


@dataclass(frozen=True, slots=True)
class Self:
    """The account that we are linked to: its number, and all of its ids."""

    number: SenderId
    ids: frozenset[SenderId]
    name: str = ""


def who_we_are(shown: Account | Connected) -> Self | None:
    """Read whom the bridge says that we are linked to; ``None`` if that is no person's JID."""
    number, lid = person(shown.jid), person(shown.lid)
    if number is None:
        return None
    return Self(number, frozenset({number} if lid is None else {number, lid}), for_show(shown.name))


def person(jid: str) -> SenderId | None:
    """Whom a JID names: ``+number`` or ``lid:…``; ``None`` if not one person."""
    if jid.count("@") != 1:
        return None
    try:
        return normalise(Channel.WHATSAPP, jid)
    except ValueError:
        return None


def is_chat(jid: str) -> bool:
    """Whether a JID, in its one spelling, is the chat of one person."""
    return _CHAT.fullmatch(jid) is not None


def jid_of(sender: SenderId) -> str | None:
    """The chat of a person; ``None`` if that is no person's id."""
    try:
        known = normalise(Channel.WHATSAPP, sender)
    except ValueError:
        return None
    return f"{known[4:]}@lid" if known.startswith("lid:") else f"{known[1:]}@s.whatsapp.net"


def incoming(message: object) -> Incoming | Aside:
    """Read a message as the bridge hands it over, from JSON."""
    try:
        return msgspec.convert(message, Incoming)
    except (ValueError, RecursionError):
        return Aside.MALFORMED


def direct_message(
    message: Incoming, account: ChannelAccount, own: Self, connected_at: Instant
) -> DirectMessage | Aside:
    """Read one message.

    Args:
        own: who we are: what we write to ourselves may be for the bot, what we write to others is not.
        connected_at: since when messages arrive as they are written.
    """
    ids = [each for each in map(person, (message.sender, message.sender_alt)) if each is not None]
    if (why := _aside(message, ids, own)) is not None:
        return why
    sender = next((each for each in ids if each.startswith("+")), ids[0])
    is_own = not own.ids.isdisjoint(ids)
    aliases = (own.ids if is_own else frozenset(ids)) - {sender}
    name = for_show(message.name)
    return DirectMessage(
        account=account,
        sender=sender,
        message_id=well_formed(message.id),
        conversation=message.chat,
        text=well_formed(message.text),
        sent_at=message.time,
        id_line=_id_line(sender),
        name=name,
        meta={"name": name} if name else {},
        aliases=aliases,
        late=message.time < connected_at - BACKLOG_MS,
        own=is_own,
    )


def _aside(message: Incoming, ids: list[SenderId], own: Self) -> Aside | None:
    """Why not, in the order in which it matters."""
    server = message.chat.rpartition("@")[2]
    if message.history:
        return Aside.HISTORY
    if "bot" in (server, message.sender.rpartition("@")[2]) or message.sender in _NO_PERSONS:
        return Aside.BOT
    if message.group or server not in _DIRECT:
        return Aside.NOT_DIRECT
    chat = person(message.chat) if is_chat(message.chat) else None
    if chat is None or not ids:
        return Aside.MALFORMED
    from_us = message.from_me or not own.ids.isdisjoint(ids)
    if from_us and chat not in own.ids:
        return Aside.TO_OTHERS
    if not from_us and chat not in ids:
        return Aside.NOT_THE_SENDERS_CHAT
    if message.from_me and own.ids.isdisjoint(ids):
        return Aside.MALFORMED
    if message.kind not in (Kind.TEXT, Kind.MEDIA):
        return Aside.NO_NEW_TEXT
    return None if message.text.strip() else Aside.NO_TEXT


def _id_line(sender: SenderId) -> str:
    what = "phone number" if sender.startswith("+") else "sender id"
    return f"Your WhatsApp {what}: {sender}"
