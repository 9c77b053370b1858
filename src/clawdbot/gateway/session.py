"""Somebody who is in: a device with a role and scopes, on a connection of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

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


@dataclass(frozen=True, slots=True)
class Offer:
    """What a node says that it can do."""

    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    permissions: Mapping[str, bool] = field(default_factory=dict)
    path_env: str | None = None


NOTHING: Final = Offer()


def offer(request: ConnectRequest) -> Offer:
    """What of a request outlasts the handshake; nothing that proved something is kept."""
    offered = request.caps or request.commands or request.permissions or request.path_env
    return Offer(request.caps, request.commands, request.permissions, request.path_env) if offered else NOTHING


@dataclass(eq=False, slots=True)
class Session:
    """One admitted connection.

    Attributes:
        id: names the connection, and is the client's to see.
        line: the way to the client.
        client: the program at the other end, by its own account.
        offer: what it can do, likewise.
        greeted: has it got its hello-ok? Before, no event reaches it.
        expelled: why it may do nothing any more, if so; its socket is being closed (threats.md G8).
        caller: who it is for those who decide what it may.
    """

    id: str
    line: Line
    verified: VerifiedDevice
    client: ClientInfo
    offer: Offer
    since: Instant
    greeted: bool = False
    expelled: str | None = field(default=None)
    caller: Caller = field(init=False)
    _covering: PairedDevice | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.caller = Caller(self.device, self.role, self.scopes)

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
    def by_secret(self) -> bool:
        """Did it get in by the shared secret, and not by a token of its own?"""
        return isinstance(self.verified.proof, KnowsSecret)

    def is_covered_by(self, paired: PairedDevice | None) -> bool:
        """Does what is on record now still allow this session (threats.md G8)?

        A record never changes, it is replaced: the one that allowed this session allows it for as long as it is there.
        """
        if paired is None:
            return False
        if paired is not self._covering:
            if paired.public_key != self.public_key or not paired.may(self.role, self.scopes):
                return False
            self._covering = paired
        return True
