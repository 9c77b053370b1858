"""What the machine of devices knows by itself: what was asked, what was given or taken, which sessions are open."""

from dataclasses import dataclass
from typing import Any

from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change, Disconnect
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import RequestId, Role, Scope
from clawdbot.domain.scopes import OWNER, Caller
from clawdbot.domain.secret import Secret
from tests.support.devices import identity, scopes, session

KEY, THIRD = identity(1), identity(3)
ID = KEY.device_id
TTL = 300_000
ALL = scopes("admin", "approvals", "pairing", "read", "write")
ADMIN, PAIRING = ALL[0], ALL[2]


def power(held: tuple[Scope, ...]) -> frozenset[Scope]:
    """All that scopes allow, written out."""
    if ADMIN in held:
        return frozenset(ALL)
    return frozenset(held) | frozenset(scopes("read") if scopes("write")[0] in held else ())


@dataclass
class Ask:
    """A request as the owner saw it when it was announced."""

    role: Role
    scopes: tuple[Scope, ...]
    platform: str
    last: int
    open: bool = True

    def same(self, arrived: VerifiedDevice) -> bool:
        asked = (arrived.role, power(arrived.scopes), arrived.about.platform)
        return asked == (self.role, power(self.scopes), self.platform)


class DevicesModel:
    """Sums about time and scopes that are done apart from the rules that they check."""

    def __init__(self) -> None:
        self.now = 1_795_367_603_000
        self.asked: dict[RequestId, Ask] = {}
        self.given: dict[Role, tuple[Scope, ...]] = {}
        self.taken: set[Role] = set()
        self.platform: str | None = None
        self.alive: dict[Role, str] = {}
        self.dead: dict[str, Role] = {}
        self.sessions: set[Caller] = set()
        self.last_session = Caller(ID, Role.OPERATOR, ())

    def live(self) -> RequestId | None:
        """The request that waits; the machine never opens two."""
        return next((id for id, ask in self.asked.items() if self.lives(ask)), None)

    def lives(self, ask: Ask) -> bool:
        return ask.open and 0 <= self.now - ask.last < TTL

    def may(self, role: Role, wanted: tuple[Scope, ...]) -> bool:
        return role in self.given and power(wanted) <= power(self.given[role])

    def caller(self, kind: str) -> Caller:
        """The owner's terminal, sessions of another device, or the last one of this device, be it closed."""
        others = {"owner": OWNER, "admin": session(THIRD, "admin"), "other": session(THIRD, "pairing", "write")}
        return others.get(kind, self.last_session)

    def may_manage(self, caller: Caller) -> bool:
        if caller.device != ID:
            return ADMIN in caller.scopes
        pairing = caller.role is Role.OPERATOR and PAIRING in power(caller.scopes)
        return pairing and self.may(caller.role, caller.scopes)

    def may_grant(self, caller: Caller, role: Role, wanted: tuple[Scope, ...]) -> bool:
        return power(wanted) <= power(caller.scopes) and (role is Role.OPERATOR or ADMIN in caller.scopes)

    def give(self, role: Role, wanted: tuple[Scope, ...], platform: str, secret: Secret) -> None:
        """An approval: what was asked is added to what is there, and the role's token is new."""
        self.given[role] = (*self.given.get(role, ()), *wanted)
        self.taken.discard(role)
        self.platform = platform
        self.renew(role, secret)

    def renew(self, role: Role, secret: Secret) -> None:
        self.bury(role)
        assert secret.reveal() not in self.dead, "no token comes twice"
        self.alive[role] = secret.reveal()

    def bury(self, role: Role) -> None:
        if role in self.alive:
            self.dead[self.alive.pop(role)] = role

    def perform(self, change: Change[Device, Any]) -> None:
        """Close what is to be closed."""
        for effect in change.effects:
            if isinstance(effect, Disconnect):
                self.sessions = {one for one in self.sessions if effect.role not in (None, one.role)}
