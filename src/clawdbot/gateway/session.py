"""Somebody who is in: a device with a role and scopes, on a connection of its own."""

from dataclasses import dataclass, field
from typing import Protocol

from clawdbot.domain.connect import ClientInfo, ConnectRequest
from clawdbot.domain.credentials import KnowsSecret
from clawdbot.domain.device_records import PairedDevice
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import DeviceId, Instant, Role, Scope
from clawdbot.domain.scopes import Caller


class Line(Protocol):
    """The way to a client: takes frames without waiting, and knows how far behind the client is."""

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""

    def send(self, frame: bytes) -> None:
        """Send a frame, sometime, in order."""

    def close(self, code: int, reason: str) -> None:
        """Close once everything before is sent, or soon in any case."""


@dataclass(eq=False, slots=True)
class Session:
    """One admitted connection.

    Attributes:
        id: names the connection, and is the client's to see.
        line: the way to the client.
        request: what the client said when it connected.
        greeted: has it got its hello-ok? Before, no event reaches it.
        expelled: why it may do nothing any more, if so; its socket is being closed (threats.md G8).
    """

    id: str
    line: Line
    verified: VerifiedDevice
    request: ConnectRequest
    since: Instant
    greeted: bool = False
    expelled: str | None = field(default=None)

    @property
    def device(self) -> DeviceId:
        return self.verified.id

    @property
    def public_key(self) -> PublicKey:
        return self.verified.public_key

    @property
    def role(self) -> Role:
        return self.verified.role

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return self.verified.scopes

    @property
    def client(self) -> ClientInfo:
        return self.request.client

    @property
    def by_secret(self) -> bool:
        """Did it get in by the shared secret, and not by a token of its own?"""
        return isinstance(self.verified.proof, KnowsSecret)

    @property
    def caller(self) -> Caller:
        return Caller(self.device, self.role, self.scopes)

    def is_covered_by(self, paired: PairedDevice | None) -> bool:
        """Does what is on record now still allow this session (threats.md G8)?"""
        return paired is not None and paired.public_key == self.public_key and paired.may(self.role, self.scopes)
