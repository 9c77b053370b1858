"""One client's connection without its socket: what comes in, what goes out, and when it is over.

The conversation has four states, and a table says what each of them makes of each thing that can happen::

    WAITING ────────── Received, and it is a good connect ──────────► ADMITTING
       │                     (out: Admit)                                 │ Admitted  (out: Send hello-ok)
       │                                                                  ▼
       │                                                              CONNECTED ◄─┐ Received  (out: Invoke)
       │                                                                  │       │ Answered, Failed  (out: Send)
       │ anything else, TimedOut                Refused, TimedOut,        │ ──────┘
       ▼                                        MustClose, too large      ▼
    CLOSED ◄──────────────────────────────────────────────────────────────┘

The gateway speaks first: :meth:`Connection.open` gives the challenge. Then, whatever happens, :meth:`Connection.take`
is told of it and returns what is to be done, in order. What is not in the table happens too late or too early and has
no effect: an answer to a call whose caller is gone, a timer that was about to be cancelled. Nothing here waits, looks
at a clock, or raises: a refusal is an error frame and a close, made from the error in one place (:func:`_error`).

Why ``ADMITTING`` is a state of its own: until then everything was decided from the frame alone. Whether the device is
paired is decided from its record, which may take the disk a moment, and meanwhile the ten seconds may be over or the
client gone. A frame that comes in that moment is one that the client could not know to be welcome: it is refused.

The order of the checks, the texts and the close codes: ``docs/protocol.md#order-of-the-checks``.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, assert_never

from msgspec import UNSET

from clawdbot.domain import handshake
from clawdbot.domain.connect import Challenge, Peer
from clawdbot.domain.credentials import GatewayAuth
from clawdbot.domain.names import Instant
from clawdbot.errors import DoorError, InvalidParams, StoreError, TooManyTries
from clawdbot.gateway.dialogue import (
    Admit,
    Admitted,
    Answered,
    Close,
    Failed,
    Happening,
    Invoke,
    Lost,
    MustClose,
    Outputs,
    Received,
    Refused,
    Send,
    TimedOut,
)
from clawdbot.wire import connect
from clawdbot.wire.frames import Answer, Error, ErrorCode, Event, NotARequest, Refusal, Request, read_request
from clawdbot.wire.plain import MAX_FIRST_FRAME, MAX_FRAME, NotJson, TooLarge

HANDSHAKE_MS: Final = 10_000
"""From the socket's opening to hello-ok."""

MOST_CALLS: Final = 64
"""Calls of one client that are not answered yet."""

NORMAL, POLICY, TOO_LARGE, RESTART = 1000, 1008, 1009, 1012

NOT_CONNECT = "invalid handshake: first request must be connect"
INVALID_FRAME = "invalid request frame"
STATE_UNUSABLE = "Error: the gateway's state cannot be used now"
DEFECT = "Error: internal error"


class State(StrEnum):
    """How far the conversation is."""

    WAITING = "waiting"
    ADMITTING = "admitting"
    CONNECTED = "connected"
    CLOSED = "closed"


Move = Callable[["Connection", Any, Instant], Outputs]


class Connection:
    """The conversation with one client.

    Args:
        challenge: the nonce of this connection and no other.
        peer: where the client is.
        auth: how clients get in.

    Attributes:
        state: how far it is.
        refusal: why it was refused, for the log and for counting failed tries.
    """

    __slots__ = ("_auth", "_calls", "_challenge", "_connect_id", "_peer", "refusal", "state")

    def __init__(self, challenge: Challenge, *, peer: Peer, auth: GatewayAuth) -> None:
        self.state = State.WAITING
        self.refusal: Exception | None = None
        self._challenge = challenge
        self._peer = peer
        self._auth = auth
        self._connect_id = ""
        self._calls = 0

    def open(self) -> Event:
        """The first words."""
        return Event("connect.challenge", {"nonce": self._challenge.nonce, "ts": self._challenge.issued_at})

    def take(self, happening: Happening, now: Instant) -> Outputs:
        """Take notice of what happened; the answer is what is to be done about it."""
        move = MOVES[self.state].get(type(happening))
        return () if move is None else move(self, happening, now)

    # --- not connected yet

    def _first_frame(self, received: Received, now: Instant) -> Outputs:
        read = read_request(received.data, MAX_FIRST_FRAME)
        match read:
            case TooLarge():
                return self._close(TOO_LARGE)
            case NotJson():
                return self._close(NORMAL)
            case NotARequest():
                return self._close(POLICY, INVALID_FRAME)
            case Request(method=connect.METHOD):
                return self._connect(read, received.retry_after_ms, now)
            case Request():
                self._connect_id = read.id
                return self._refuse(DoorError(NOT_CONNECT))
            case _:
                assert_never(read)

    def _connect(self, request: Request, retry_after_ms: int, now: Instant) -> Outputs:
        self._connect_id = request.id
        try:
            asked = connect.read(request.params)
            if retry_after_ms and (asked.auth.token or asked.auth.password):
                raise TooManyTries(retry_after_ms)
            verified = handshake.verify(asked, challenge=self._challenge, peer=self._peer, auth=self._auth, now=now)
        except DoorError as error:
            return self._refuse(error)
        self.state = State.ADMITTING
        return (Admit(verified, asked),)

    def _early_frame(self, _received: Received, _now: Instant) -> Outputs:
        return self._close(POLICY, INVALID_FRAME)

    def _admitted(self, admitted: Admitted, _now: Instant) -> Outputs:
        self.state = State.CONNECTED
        return (Send(Answer(id=self._connect_id, payload=admitted.hello)),)

    def _refused(self, refused: Refused, _now: Instant) -> Outputs:
        return self._refuse(refused.error)

    def _timed_out(self, _timed_out: TimedOut, _now: Instant) -> Outputs:
        return self._close(NORMAL)

    # --- connected

    def _frame(self, received: Received, _now: Instant) -> Outputs:
        read = read_request(received.data, MAX_FRAME)
        match read:
            case TooLarge():
                return self._close(TOO_LARGE)
            case NotJson():
                return ()
            case NotARequest():
                return (Send(_refusal(read.id, Error(ErrorCode.INVALID_REQUEST, read.message))),)
            case Request() if self._calls >= MOST_CALLS:
                return (Send(_refusal(read.id, Error(ErrorCode.UNAVAILABLE, "too many open calls", retryable=True))),)
            case Request():
                self._calls += 1
                return (Invoke(read),)
            case _:
                assert_never(read)

    def _answered(self, answered: Answered, _now: Instant) -> Outputs:
        self._calls -= 1
        return (Send(Answer(id=answered.id, payload=answered.payload)),)

    def _failed(self, failed: Failed, _now: Instant) -> Outputs:
        self._calls -= 1
        return (Send(_refusal(failed.id, _error(failed.error))),)

    # --- the end

    def _must_close(self, wanted: MustClose, _now: Instant) -> Outputs:
        return self._close(wanted.code, wanted.reason)

    def _lost(self, _lost: Lost, _now: Instant) -> Outputs:
        self.state = State.CLOSED
        return ()

    def _refuse(self, error: Exception) -> Outputs:
        self.refusal = error
        said = _error(error)
        code, reason = (
            (error.close_code, error.close_reason) if isinstance(error, DoorError) else (POLICY, said.message)
        )
        return (Send(_refusal(self._connect_id, said)), *self._close(code, reason))

    def _close(self, code: int, reason: str = "") -> Outputs:
        self.state = State.CLOSED
        return (Close(code, reason),)


MOVES: Mapping[State, Mapping[type[Happening], Move]] = {
    State.WAITING: {
        Received: Connection._first_frame,
        TimedOut: Connection._timed_out,
        MustClose: Connection._must_close,
        Lost: Connection._lost,
    },
    State.ADMITTING: {
        Received: Connection._early_frame,
        Admitted: Connection._admitted,
        Refused: Connection._refused,
        TimedOut: Connection._timed_out,
        MustClose: Connection._must_close,
        Lost: Connection._lost,
    },
    State.CONNECTED: {
        Received: Connection._frame,
        Answered: Connection._answered,
        Failed: Connection._failed,
        MustClose: Connection._must_close,
        Lost: Connection._lost,
    },
    State.CLOSED: {},
}
"""What each state makes of what happens; nothing of the rest."""


def _refusal(request_id: str, error: Error) -> Refusal:
    return Refusal(id=request_id, error=error)


def _error(error: Error | Exception) -> Error:
    """Why something was refused, as the client is told: the only place where an exception becomes a frame."""
    match error:
        case Error():
            return error
        case DoorError():
            return Error(
                error.code,
                error.message,
                details=UNSET if error.details is None else dict(error.details),
                retryable=UNSET if error.retry_after_ms is None else True,
                retry_after_ms=UNSET if error.retry_after_ms is None else error.retry_after_ms,
            )
        case InvalidParams():
            return Error(ErrorCode.INVALID_REQUEST, error.message)
        case StoreError():
            return Error(ErrorCode.UNAVAILABLE, STATE_UNUSABLE)
        case _:
            return Error(ErrorCode.UNAVAILABLE, DEFECT)
