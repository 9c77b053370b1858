"""What Slack sends over Socket Mode, and what of it is a direct message from a person.

Pure: no clock, no input or output, never raises. The frames are those of
https://docs.slack.dev/apis/events-api/using-socket-mode, the event is ``message.im``
(https://docs.slack.dev/reference/events/message.im); what the adapter has no use for is not even looked at.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from clawdbot.channels import lenient_json
from clawdbot.channels.base import DirectMessage, Press
from clawdbot.channels.slack.markup import plain
from clawdbot.channels.text import well_formed
from clawdbot.domain.names import ChannelAccount, SenderId

PERSON = re.compile(r"[UW][A-Z0-9]{1,63}", re.ASCII)
"""A person's id; on Enterprise Grid it may begin with W."""

DIRECT = re.compile(r"D[A-Z0-9]{1,63}", re.ASCII)
"""The id of a direct conversation."""

_TIMESTAMP = re.compile(r"([1-9][0-9]{0,10})\.([0-9]{3})[0-9]{3}", re.ASCII)
_SLACKBOT = "USLACKBOT"
_TEXTS = (None, "file_share")
"""The subtypes of what a person writes: none, or a text beside a file; the file is left where it is (threats.md D9)."""


class Aside(StrEnum):
    """Why something that Slack sent is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    NO_EVENT = "a command, a button or the like"
    NO_NEW_MESSAGE = "not a new message"
    ELSEWHERE = "of another app or workspace"
    ON_BEHALF = "seen on behalf of a person, not by the bot"
    NOT_DIRECT = "not in a direct conversation"
    NO_PERSON = "not from a person"
    BOT = "from a bot"
    OWN = "from ourselves"
    EDIT = "an edit"
    NO_TEXT = "without text"


@dataclass(frozen=True, slots=True)
class Bot:
    """Whom Slack takes us for: our bot user and where it lives; ``app_id`` may be empty if Slack did not say."""

    team_id: str
    user_id: str
    app_id: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of a connection: from now on events arrive."""

    app_id: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last frame of a connection; ``reason`` in Slack's words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Something to be acknowledged by its id, or Slack sends it again."""

    id: str
    type: str
    payload: object


class _ConnectionInfo(Struct, frozen=True):
    app_id: str = ""


class _Frame(Struct, frozen=True):
    type: str
    envelope_id: str = ""
    reason: str = ""
    connection_info: _ConnectionInfo = _ConnectionInfo()
    payload: object = None


class _Authorization(Struct, frozen=True):
    user_id: str | None = None


class _Event(Struct, frozen=True):
    type: str
    subtype: str | None = None
    channel: str | None = None
    channel_type: str | None = None
    user: str | None = None
    text: str | None = None
    ts: str | None = None
    bot_id: object = None
    bot_profile: object = None
    edited: object = None
    hidden: object = None


class _Payload(Struct, frozen=True):
    type: str
    team_id: str | None = None
    api_app_id: str | None = None
    authorizations: list[_Authorization] | None = None
    event: object = None


class _Presser(Struct, frozen=True):
    id: str
    team_id: str | None = None


class _Identified(Struct, frozen=True):
    id: str


class _Container(Struct, frozen=True):
    type: Literal["message"]
    channel_id: str


class _Action(Struct, frozen=True):
    type: Literal["button"]
    action_ts: Annotated[str, Meta(min_length=1, max_length=64)]
    value: Annotated[str, Meta(max_length=2000)]


class _Actions(Struct, frozen=True):
    type: Literal["block_actions"]
    api_app_id: str
    team: _Identified
    user: _Presser
    channel: _Identified
    container: _Container
    actions: Annotated[list[_Action], Meta(min_length=1, max_length=1)]


def frame(text: str) -> Hello | Farewell | Envelope | Aside:
    """Read one frame of the WebSocket."""
    try:
        read = msgspec.convert(lenient_json.read(text), _Frame)
    except (ValueError, RecursionError):
        return Aside.MALFORMED
    match read:
        case _Frame(type="hello"):
            return Hello(read.connection_info.app_id)
        case _Frame(type="disconnect"):
            return Farewell(read.reason)
        case _Frame(envelope_id=""):
            return Aside.NO_EVENT
        case _:
            return Envelope(read.envelope_id, read.type, read.payload)


def direct_message(envelope: Envelope, account: ChannelAccount, bot: Bot) -> DirectMessage | Aside:
    """Read what an envelope holds.

    A thread in a direct conversation is part of it. What an app with a person's token sees in that person's own
    conversations is not addressed to us.
    """
    if envelope.type != "events_api":
        return Aside.NO_EVENT
    try:
        payload = msgspec.convert(envelope.payload, _Payload)
        if payload.type != "event_callback" or _type(payload.event) != "message":
            return Aside.NO_NEW_MESSAGE
        event = msgspec.convert(payload.event, _Event)
    except (ValueError, RecursionError):
        return Aside.MALFORMED
    return _foreign(payload, bot) or _not_from_a_person(event, bot) or _message(event, account)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press. ``at`` tells it from others of the same person, and not from itself when Slack sends it again."""

    conversation: str
    at: str
    press: Press


def pressed(envelope: Envelope, account: ChannelAccount, bot: Bot) -> Pressed | None:
    """Read the press of a button under a message of ours by a person in his own conversation with the bot.

    ``None`` for every other envelope. Who pressed is whom Slack says, ``user``; the value may be anything (threats.md
    D14).
    """
    if envelope.type != "interactive":
        return None
    try:
        said = msgspec.convert(envelope.payload, _Actions)
    except (ValueError, RecursionError):
        return None
    (action,), place, user = said.actions, said.channel.id, said.user
    is_ours = said.team.id == bot.team_id and said.api_app_id == (bot.app_id or said.api_app_id)
    is_direct = DIRECT.fullmatch(place) and said.container.channel_id == place
    is_person = PERSON.fullmatch(user.id) and user.id not in (bot.user_id, _SLACKBOT)
    if not (is_ours and is_direct and is_person and user.team_id in (None, bot.team_id)):
        return None
    return Pressed(place, action.action_ts, Press(account, SenderId(user.id), well_formed(action.value)))


def _type(event: object) -> object:
    return event.get("type") if isinstance(event, dict) else None


def _foreign(payload: _Payload, bot: Bot) -> Aside | None:
    if payload.team_id != bot.team_id or (bot.app_id and payload.api_app_id != bot.app_id):
        return Aside.ELSEWHERE
    seen_by = payload.authorizations
    if seen_by and bot.user_id not in [each.user_id for each in seen_by]:
        return Aside.ON_BEHALF
    return None


def _not_from_a_person(event: _Event, bot: Bot) -> Aside | None:
    if event.channel_type != "im" or not DIRECT.fullmatch(event.channel or ""):
        return Aside.NOT_DIRECT
    if event.user == bot.user_id:
        return Aside.OWN
    if event.bot_id or event.bot_profile or event.subtype == "bot_message" or event.user == _SLACKBOT:
        return Aside.BOT
    if event.subtype not in _TEXTS or event.hidden:
        return Aside.NO_NEW_MESSAGE
    if event.edited:
        return Aside.EDIT
    return None if PERSON.fullmatch(event.user or "") else Aside.NO_PERSON


def _message(event: _Event, account: ChannelAccount) -> DirectMessage | Aside:
    ts, sender = event.ts or "", SenderId(event.user or "")
    if (time := _TIMESTAMP.fullmatch(ts)) is None:
        return Aside.MALFORMED
    text = plain(event.text or "")
    if not text.strip():
        return Aside.NO_TEXT
    return DirectMessage(
        account=account,
        sender=sender,
        message_id=ts,
        conversation=event.channel or "",
        text=text,
        sent_at=int(time[1] + time[2]),
        id_line=f"Your Slack user id: {sender}",
    )
