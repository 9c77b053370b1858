"""What of Discord's messages is a direct message from a person. Pure: no clock, no input or output, never raises.

The fields are those of https://discord.com/developers/docs/resources/message; what the adapter has no use for is not
even looked at. A message has the same shape whether the gateway tells of it or the REST API is asked for it.

What Discord knows not to be from a server and does not say to be a group is a direct message: nothing else has to be
asked, and no answer that fails to come opens a way around the gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from clawdbot.channels.base import DirectMessage, Press
from clawdbot.channels.text import for_show, well_formed
from clawdbot.domain.names import ChannelAccount, Instant, SenderId

_EPOCH: Instant = 1_420_070_400_000
"""The first millisecond of 2015, from which ids count."""

_DM = 1
_COMPONENT = 3
_BUTTON = 2
_WRITTEN = {0, 19}
"""The types of message that people write: a message and a reply; all others are notices and answers of applications."""

Snowflake = Annotated[str, Meta(pattern=r"\A[1-9][0-9]{0,19}\Z")]
"""An id: digits in a string, never a number, which would not survive a float."""


class Aside(StrEnum):
    """Why a message is not a direct message to us (threats.md D8)."""

    MALFORMED = "malformed"
    SERVER = "in a server"
    GROUP = "in a conversation of several"
    OWN = "from ourselves"
    BOT = "from a bot, a webhook or discord itself"
    NOTICE = "not written by a person"
    NO_TEXT = "without text"


class _Author(Struct, frozen=True):
    id: Snowflake
    username: str = ""
    global_name: str | None = None
    discriminator: str | None = None
    bot: bool = False
    system: bool = False


class _Message(Struct, frozen=True):
    id: Snowflake
    channel_id: Snowflake
    author: _Author
    type: int
    content: str = ""
    guild_id: object = None
    member: object = None
    channel_type: int | None = None
    webhook_id: object = None
    application_id: object = None
    interaction: object = None
    interaction_metadata: object = None


class _Identified(Struct, frozen=True):
    id: Snowflake


class _Channel(Struct, frozen=True):
    id: Snowflake
    type: Annotated[int, Meta(ge=_DM, le=_DM)]


class _Under(Struct, frozen=True):
    author: _Identified


class _Component(Struct, frozen=True):
    component_type: Annotated[int, Meta(ge=_BUTTON, le=_BUTTON)]
    custom_id: Annotated[str, Meta(max_length=100)]


class _Interaction(Struct, frozen=True):
    id: Snowflake
    application_id: Snowflake
    token: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_=.~+-]{1,2000}\Z")]
    type: Annotated[int, Meta(ge=_COMPONENT, le=_COMPONENT)]
    user: _Author
    channel: _Channel
    message: _Under
    data: _Component
    guild_id: object = None
    member: object = None


def snowflake(text: str) -> int | None:
    """An id as the 64-bit number that it is, to compare it with others; ``None`` if it is none."""
    try:
        number = int(msgspec.convert(text, Snowflake))
    except ValueError:
        return None
    return number if number < 2**64 else None


def message_id(data: object) -> int | None:
    """The number of a message, however odd the rest of it is; ``None`` if there is none."""
    try:
        return snowflake(msgspec.convert(data, _Identified).id)
    except (ValueError, RecursionError):
        return None


def sent_at(number: int) -> Instant:
    """When an id was given out, which is when its message was sent."""
    return (number >> 22) + _EPOCH


def first_at(instant: Instant) -> int:
    """The lowest id that could be given out at an instant."""
    return max(instant - _EPOCH, 0) << 22


def direct_message(data: object, account: ChannelAccount, bot_id: str) -> DirectMessage | Aside:
    """Read one message as ``json.loads`` gives it.

    Attachments are left where they are (threats.md D9). One that was edited before we saw it is as new as any; edits of
    what we have seen are other events, which nobody listens to.

    Args:
        bot_id: our own id, whose messages are echoes.
    """
    try:
        message = msgspec.convert(data, _Message)
    except (ValueError, RecursionError):
        return Aside.MALFORMED
    author = message.author
    ids = [snowflake(each) for each in (message.id, message.channel_id, author.id)]
    if None in ids or ids[0] is None:
        return Aside.MALFORMED
    if (why := _aside(message, bot_id)) is not None:
        return why
    if not message.content.strip():
        return Aside.NO_TEXT
    return DirectMessage(
        account=account,
        sender=SenderId(author.id),
        message_id=message.id,
        conversation=message.channel_id,
        text=well_formed(message.content),
        sent_at=sent_at(ids[0]),
        id_line=f"Your Discord user id: {author.id}",
        name=for_show(author.global_name) or for_show(author.username),
        meta=_meta(author),
    )


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, and what Discord wants to see when it is answered; ``token`` is good for a quarter of an hour."""

    id: int
    application: int
    token: str = field(repr=False)
    press: Press


def pressed(data: object, account: ChannelAccount, bot_id: str) -> Pressed | None:
    """Read the press of a button under a message of ours by a person in his own direct messages with the bot.

    ``None`` for every other use of what applications offer. Who pressed is whom Discord says, ``user``; the data may be
    anything (threats.md D14).
    """
    try:
        said = msgspec.convert(data, _Interaction)
    except (ValueError, RecursionError):
        return None
    if said.guild_id is not None or said.member is not None or said.message.author.id != bot_id:
        return None
    id, application, user = snowflake(said.id), snowflake(said.application_id), said.user
    if id is None or application is None or snowflake(user.id) is None or user.bot or user.system:
        return None
    return Pressed(id, application, said.token, Press(account, SenderId(user.id), well_formed(said.data.custom_id)))


def _aside(message: _Message, bot_id: str) -> Aside | None:
    author = message.author
    if message.guild_id is not None or message.member is not None:
        return Aside.SERVER
    if message.channel_type not in (None, _DM):
        return Aside.GROUP
    if author.id == bot_id:
        return Aside.OWN
    if author.bot or author.system or message.webhook_id is not None:
        return Aside.BOT
    by_application = (message.application_id, message.interaction, message.interaction_metadata)
    if message.type not in _WRITTEN or any(field is not None for field in by_application):
        return Aside.NOTICE
    return None


def _meta(author: _Author) -> Mapping[str, str]:
    """``tag`` and ``name``, as the reference stores them; for show, since both can change hands."""
    name, number = for_show(author.username), for_show(author.discriminator)
    tag = f"{name}#{number}" if number not in ("", "0") else name
    return {key: value for key, value in (("tag", tag), ("name", name)) if value}
