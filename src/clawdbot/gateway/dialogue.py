"""What can happen to a client's connection, and what is to be done about it (:mod:`clawdbot.gateway.connection`)."""

from dataclasses import dataclass, field

from clawdbot.domain.connect import ConnectRequest
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.wire.frames import Answer, Error, Event, Refusal, Request

# --- what happens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """A message came. ``retry_after_ms``: how long this address is locked out for too many failed tries."""

    data: str | bytes = field(repr=False)
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """The device is in; this is its hello-ok."""

    hello: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The device is not in: a check failed, its record cannot be used, or a defect."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Answered:
    """A call succeeded."""

    id: str
    payload: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """A call did not."""

    id: str
    error: Error | Exception


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time for the handshake is over."""


@dataclass(frozen=True, slots=True)
class MustClose:
    """The gateway wants this client out: stopping, revoked, too slow."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The socket is gone."""


Happening = Received | Admitted | Refused | Answered | Failed | TimedOut | MustClose | Lost


# --- what is to be done ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send a frame."""

    frame: Answer | Refusal | Event


@dataclass(frozen=True, slots=True)
class Admit:
    """Find out whether a device whose claim holds is paired, and say :class:`Admitted` or :class:`Refused`."""

    verified: VerifiedDevice
    request: ConnectRequest


@dataclass(frozen=True, slots=True)
class Invoke:
    """Do what a connected client asks for, and say :class:`Answered` or :class:`Failed`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Close:
    """Send a close frame, once all that was to be sent before is sent."""

    code: int
    reason: str


Output = Send | Admit | Invoke | Close
Outputs = tuple[Output, ...]
