"""Sessions without sockets: what is sent to them is kept, decoded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clawdbot.domain.connect import ClientInfo, Peer
from clawdbot.domain.credentials import KnowsSecret, PresentedToken, Proof
from clawdbot.domain.device_records import About
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.gateway.session import Offer, Session
from tests.support.gateways import NODE_HOST, TEST, identity


@dataclass
class Outbox:
    """A line that keeps what it is given; ``unsent`` is how far its client is behind."""

    unsent: int = 0
    frames: list[dict[str, Any]] = field(default_factory=list)
    closed: tuple[int, str] | None = None

    def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    @property
    def events(self) -> list[str]:
        return [frame["event"] for frame in self.frames]


def session(
    number: int = 1,
    *scopes: str,
    role: Role = Role.OPERATOR,
    client: ClientInfo | None = None,
    commands: Sequence[str] = (),
    id: str = "",
    token: bool = False,
    peer: Peer | None = None,
) -> Session:
    """A session of device ``number`` that has its hello-ok."""
    client = client or (NODE_HOST if role is Role.NODE else TEST)
    peer = peer or Peer("10.231.77.2")
    key = identity(number).public_key
    proof: Proof = PresentedToken(Secret("t"), "no") if token else KnowsSecret()
    about = About(client.display_name, client.platform, client.id, client.mode, peer.address)
    held = tuple(Scope(f"operator.{scope}") for scope in scopes)
    verified = VerifiedDevice(key.device_id, key, role, held, about, peer, proof)
    offer = Offer(commands=tuple(commands))
    return Session(id or f"s{number}", Outbox(), verified, client, offer, since=0, greeted=True)


def outbox(of: Session) -> Outbox:
    assert isinstance(of.line, Outbox)
    return of.line
