"""Frames of the protocol (``docs/protocol.md#frames``), from and to the text of WebSocket messages.

What the gateway reads is a value, whatever came: a :class:`Request`, or what it is instead. Which of these closes the
connection, which is answered and which is ignored depends on how far the handshake is: the connection's business.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, assert_never

import msgspec
from msgspec import UNSET, Struct, UnsetType

from clawdbot.errors import InvalidFrame
from clawdbot.wire import schema
from clawdbot.wire.fields import Id, Word
from clawdbot.wire.plain import Ambiguous, NotJson, Plain, TooLarge, decode
from clawdbot.wire.schema import Closed, Constant, Problems

UNKNOWN_ID = "invalid"
"""The id under which a frame without a usable one is answered."""


class Request(Struct, frozen=True, tag_field="type", tag="req"):
    """A call. ``params`` may be absent, which is not ``null``."""

    id: str
    method: str
    params: object | UnsetType = UNSET


class Answer(Struct, frozen=True, kw_only=True, tag_field="type", tag="res"):
    """A call succeeded."""

    id: str
    ok: Literal[True] = True
    payload: object


class ErrorCode(StrEnum):
    """Why a call was refused, for programs."""

    INVALID_REQUEST = "INVALID_REQUEST"
    NOT_PAIRED = "NOT_PAIRED"
    UNAVAILABLE = "UNAVAILABLE"
    NOT_LINKED = "NOT_LINKED"
    AGENT_TIMEOUT = "AGENT_TIMEOUT"


class Error(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why a call was refused, for programs and people.

    Attributes:
        code: an :class:`ErrorCode`; from another gateway, perhaps one that is not in there.
    """

    code: str
    message: str
    details: object | UnsetType = UNSET
    retryable: bool | UnsetType = UNSET
    retry_after_ms: int | UnsetType = UNSET


class Refusal(Struct, frozen=True, kw_only=True, tag_field="type", tag="res"):
    """A call did not succeed."""

    id: str
    ok: Literal[False] = False
    error: Error


class StateVersion(Struct, frozen=True, forbid_unknown_fields=True):
    """How often presence and health have changed so far."""

    presence: int
    health: int


class Event(Struct, frozen=True, rename="camel", tag_field="type", tag="event", forbid_unknown_fields=True):
    """Something happened. ``seq`` counts broadcasts; an event to a single socket has none."""

    event: str
    payload: object | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    state_version: StateVersion | UnsetType = UNSET


_encoder = msgspec.json.Encoder()


def encode(frame: Request | Answer | Refusal | Event) -> bytes:
    """The text of a frame, UTF-8. What is absent is left out, never ``null``."""
    return _encoder.encode(frame)


# --- read by the gateway ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotARequest:
    """JSON, but no request.

    Attributes:
        id: under which it is answered, if it is: its own, or :data:`UNKNOWN_ID`.
        problems: what is wrong with it.
    """

    id: str
    problems: str

    @property
    def message(self) -> str:
        """The message of the answer."""
        return f"invalid request frame: {self.problems}"


class _RequestFrame(Closed, frozen=True):
    type: Annotated[Literal["req"], Constant("req")]
    id: Id
    method: Word
    params: object | UnsetType = UNSET


def read_request(data: bytes | str, limit: int) -> Request | NotARequest | NotJson | TooLarge:
    """Read a frame from a client. Never raises, whatever comes.

    Args:
        data: a text or binary message.
        limit: bytes that are taken from this client now.
    """
    decoded = decode(data, limit)
    match decoded:
        case Plain(value):
            frame = schema.read(_RequestFrame, value)
            if isinstance(frame, Problems):
                return NotARequest(_id(value), str(frame))
            return Request(frame.id, frame.method, frame.params)
        case Ambiguous(value, problem):
            return NotARequest(_id(value), problem)
        case NotJson() | TooLarge():
            return decoded
        case _:
            assert_never(decoded)


class _Identified(Closed, frozen=True):
    id: Id


def _id(value: object) -> str:
    found = schema.read(_Identified, {"id": value.get("id")}) if isinstance(value, dict) else None
    return found.id if isinstance(found, _Identified) else UNKNOWN_ID


# --- read by a client ------------------------------------------------------------------------------------------------


class _Response(Struct, frozen=True, tag_field="type", tag="res", forbid_unknown_fields=True):
    id: str
    ok: bool
    payload: object = None
    error: Error = Error(ErrorCode.UNAVAILABLE, "the gateway does not say why")


def read_from_gateway(data: bytes | str, limit: int) -> Answer | Refusal | Event:
    """Read a frame from the gateway.

    Raises:
        InvalidFrame: it is none; what it holds is not repeated.
    """
    decoded = decode(data, limit)
    if not isinstance(decoded, Plain):
        raise InvalidFrame("the gateway sent a frame that cannot be read")
    try:
        frame = msgspec.convert(decoded.value, _Response | Event)
    except msgspec.ValidationError:
        raise InvalidFrame("the gateway sent a frame that is not of the protocol") from None
    if isinstance(frame, Event):
        return frame
    if frame.ok:
        return Answer(id=frame.id, payload=frame.payload)
    return Refusal(id=frame.id, error=frame.error)
