"""What we and a WhatsApp bridge say to each other, one JSON object a line (``docs/whatsapp-bridge.md``).

We start the bridge, open a session, and give commands; it tells events. Both sides pass over what they do not know,
so that either can be newer.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

VERSION = 1

WINDOW = 100
"""A bridge hands over so many messages, and no more before we say that we took some."""

Milliseconds = Annotated[int, Meta(gt=0, le=253_402_300_799_999)]
"""Since 1970, up to the year 9999."""


class Mode(StrEnum):
    """What a session is opened for.

    RUN: connect, and stay connected. LOGIN: link this device, then stay connected. LOOK: say who is linked, and end;
    WhatsApp does not hear of it.
    """

    RUN = "run"
    LOGIN = "login"
    LOOK = "look"


# --- commands: from us to the bridge ---------------------------------------------------------------------------------


class Command(Struct, frozen=True, rename="camel", tag_field="cmd", omit_defaults=True):
    """Something to do."""

    def line(self) -> dict[str, object]:
        """As it goes into a line."""
        return msgspec.convert(msgspec.to_builtins(self), dict[str, object])


class Open(Command, frozen=True, tag="open"):
    """The first command, and the only one that is never repeated.

    Attributes:
        session: the folder for everything that must outlive the bridge; it is there, and private.
        phone: the number to link with a code that is typed on the phone; empty to show a QR code.
    """

    version: int
    mode: Mode
    session: str
    phone: str = ""


class Send(Command, frozen=True, rename={"number": "id"}, tag="send"):
    """Send a text to a chat; answered by :class:`Answer` under the same number."""

    number: int
    to: str
    text: str


class Took(Command, frozen=True, rename={"number": "n"}, tag="took"):
    """We have a message for good: the bridge may forget it."""

    number: int


class Close(Command, frozen=True, tag="close"):
    """End; so does the end of the bridge's input. Messages that we have not taken are kept for the next time."""


AnyCommand = Open | Send | Took | Close


# --- events: from the bridge to us -----------------------------------------------------------------------------------


class _Event(Struct, frozen=True, rename="camel", tag_field="ev", omit_defaults=True):
    """Something that happened."""


class Account(_Event, frozen=True, tag="account"):
    """Who is linked; the answer to :attr:`Mode.LOOK`, and to :attr:`Mode.LOGIN` where nothing is left to do."""

    jid: str
    lid: str = ""
    name: str = ""


class Connected(_Event, frozen=True, tag="connected"):
    """Messages arrive from now on: for the first time, or again."""

    jid: str
    lid: str = ""
    name: str = ""


class Disconnected(_Event, frozen=True, tag="disconnected"):
    """No messages arrive now; the bridge itself tries again."""


class Handed(_Event, frozen=True, rename={"number": "n"}, tag="message"):
    """A message, new or kept from before; the platform will not send it again, so it waits for :class:`Took`.

    Attributes:
        number: counted up by the bridge.
        message: an :class:`Incoming`, as JSON.
    """

    number: int
    message: object


class QrCode(_Event, frozen=True, tag="qr"):
    """What the QR code to scan holds; each replaces the one before."""

    code: str


class PairCode(_Event, frozen=True, tag="pair_code"):
    """What to type on the phone."""

    code: str


class NeedsLogin(_Event, frozen=True, tag="needs_login"):
    """Nobody is linked. The last event, as are all below."""


class LoggedOut(_Event, frozen=True, tag="logged_out"):
    """WhatsApp, or the owner on his phone, has removed this device."""


class Replaced(_Event, frozen=True, tag="replaced"):
    """Another program connected with the same session."""


class Banned(_Event, frozen=True, tag="banned"):
    """WhatsApp has shut the account out.

    Attributes:
        until: when that ends, if it is known.
        why: in a few words, for people.
    """

    until: Milliseconds | None = None
    why: str = ""


class Outdated(_Event, frozen=True, tag="outdated"):
    """WhatsApp does not accept this version of the bridge's library any more."""


class Unreachable(_Event, frozen=True, tag="unreachable"):
    """There is no connection; later there may be one."""

    why: str


class Fatal(_Event, frozen=True, tag="fatal"):
    """The bridge cannot work; the hint says what the owner does about it."""

    why: str
    hint: str = ""


Event = (
    Account
    | Connected
    | Disconnected
    | Handed
    | QrCode
    | PairCode
    | NeedsLogin
    | LoggedOut
    | Replaced
    | Banned
    | Outdated
    | Unreachable
    | Fatal
)


class Kind(StrEnum):
    """What a message is; only a text can be for us (threats.md D8)."""

    TEXT = "text"
    MEDIA = "media"
    EDIT = "edit"
    REACTION = "reaction"
    OTHER = "other"


class Incoming(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One message of WhatsApp.

    Attributes:
        chat: the JID of its chat; an answer goes there.
        sender: the JID of who wrote it.
        sender_alt: the other JID of the same person, number for LID or LID for number, if the platform says it.
        from_me: written by the account itself, here or on another device.
        group: in a group or to a list.
        time: when it was sent.
        name: what the sender calls himself.
        text: its words; those of a picture or a file are its caption.
        history: from before, handed over for completeness.
    """

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    chat: str
    sender: str
    time: Milliseconds
    sender_alt: str = ""
    from_me: bool = False
    group: bool = False
    name: str = ""
    kind: str = Kind.TEXT
    text: str = ""
    history: bool = False


class Outcome(StrEnum):
    """What became of a message to send.

    SENT: WhatsApp took it. NOT_NOW: it did not, and may take it later. REFUSED: it did not. NEVER: there is nobody
    to take it. UNKNOWN: nobody can say.
    """

    SENT = "sent"
    NOT_NOW = "not_now"
    REFUSED = "refused"
    NEVER = "never"
    UNKNOWN = "unknown"


class Answer(Struct, frozen=True, rename={"number": "id", "message_id": "messageId"}, omit_defaults=True):
    """What became of a :class:`Send`.

    Attributes:
        message_id: WhatsApp's id of the message that was sent.
        why: in a few words, for people; never the text.
    """

    number: int
    outcome: Outcome
    message_id: str = ""
    why: str = ""


def event(line: Mapping[str, object]) -> Event | None:
    """Read an event; ``None`` if it is none that we know."""
    try:
        found: Event = msgspec.convert(line, Event)
    except (ValueError, RecursionError):
        return None
    return found


def answer(line: Mapping[str, object]) -> Answer:
    """Read an answer; what cannot be read says nothing, so that nobody knows."""
    try:
        return msgspec.convert(line, Answer)
    except (ValueError, RecursionError):
        return Answer(number=0, outcome=Outcome.UNKNOWN, why="an answer that cannot be read")


def command(line: str | bytes) -> AnyCommand | None:
    """Read a command, as a bridge does; ``None`` if it is none that is known."""
    try:
        found: AnyCommand = msgspec.json.decode(line, type=AnyCommand)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found
