"""Everybody who is in: who gets to hear what, and who has to leave.

Events of a broadcast carry ``seq``, one counter for all, which also advances for those who may not know of the event. A
client that does not take what it is sent misses the events that the next one of their kind makes up for, and is closed
for the others (``docs/protocol.md#transport``).
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import UNSET, UnsetType

from clawdbot.domain.names import DeviceId, Role
from clawdbot.domain.scopes import Caller
from clawdbot.gateway.connection import POLICY
from clawdbot.gateway.session import Session
from clawdbot.wire.frames import Event, StateVersion, encode

MOST_BUFFERED: Final = 3 * 512 * 1024
"""Bytes that a client may be behind; hello-ok says so."""

SLOW_CONSUMER = "slow consumer"
ACCESS_CHANGED = "device access changed"
SECRET_CHANGED = "gateway secret changed"  # noqa: S105 - a reason, not a secret

Part = Callable[[Caller], object]


class Hub:
    """The sessions of this gateway."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._leaving: list[Session] = []
        """Those who have no rights any more, and whose sockets nobody has closed yet."""
        self._expelled: Callable[[Session], None] = lambda _: None
        self._seq = 0

    def on_expelled(self, tell: Callable[[Session], None]) -> None:
        """Tell of each session that loses its rights, to fail what others have going with it."""
        self._expelled = tell

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def join(self, session: Session) -> None:
        """Somebody is in; from now on :meth:`expel` finds it."""
        self._sessions[session.id] = session

    def leave(self, session: Session) -> None:
        """A session's connection is gone."""
        self._sessions.pop(session.id, None)
        if session in self._leaving:
            self._leaving.remove(session)

    # --- telling

    def broadcast(
        self,
        event: str,
        payload: object,
        *,
        to: Callable[[Caller], bool] = lambda _: True,
        otherwise: Part | None = None,
        droppable: bool = False,
        version: StateVersion | UnsetType = UNSET,
    ) -> None:
        """Tell everybody who may know.

        Args:
            to: who may know.
            otherwise: makes what each of the others is told instead, if anything.
            droppable: a client that is behind misses nothing that the next event of this kind does not tell.
        """
        self._seq += 1
        whole = encode(Event(event, payload, self._seq, version))
        for session in self:
            if not session.greeted or session.expelled is not None:
                continue
            if to(session.caller):
                self._send(session, whole, droppable=droppable)
            elif otherwise is not None:
                part = encode(Event(event, otherwise(session.caller), self._seq, version))
                self._send(session, part, droppable=droppable)

    def tell(self, session: Session, event: str, payload: object) -> bool:
        """Tell one session; answers whether it could be: it is greeted, in, and not too far behind."""
        if not session.greeted or session.expelled is not None or session.line.unsent > MOST_BUFFERED:
            return False
        session.line.send(encode(Event(event, payload)))
        return True

    def _send(self, session: Session, frame: bytes, *, droppable: bool) -> None:
        if session.line.unsent <= MOST_BUFFERED:
            session.line.send(frame)
        elif not droppable:
            self._mark(session, SLOW_CONSUMER)
            session.line.close(POLICY, SLOW_CONSUMER)

    # --- leaving

    def expel(self, device: DeviceId, role: Role | None) -> None:
        """Take all rights from a device's sessions, or from those in one role; :meth:`close_expelled` ends them.

        Two steps, because whoever decided it gets its answer first, over what may be one of these sessions.
        """
        for session in self:
            if session.device == device and role in (None, session.role):
                self._mark(session, ACCESS_CHANGED)

    def expel_if(self, is_out: Callable[[Session], bool], reason: str) -> None:
        """Take all rights from the sessions that something is true of."""
        for session in self:
            if is_out(session):
                self._mark(session, reason)

    def close_expelled(self) -> None:
        """Close the sessions that have no rights any more."""
        leaving, self._leaving = self._leaving, []
        for session in leaving:
            session.line.close(POLICY, session.expelled or ACCESS_CHANGED)

    def close_all(self, code: int, reason: str) -> None:
        """Close every session."""
        for session in self:
            session.line.close(code, reason)

    def _mark(self, session: Session, reason: str) -> None:
        if session.expelled is None:
            session.expelled = reason
            self._leaving.append(session)
            self._expelled(session)
