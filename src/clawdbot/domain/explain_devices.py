"""Why a device is in, waiting or turned away, and what would change it.

Nothing is decided here a second time: :func:`clawdbot.domain.admission.connect` is asked what would become of the
device if it came again, in each role, for all that it is approved for in it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clawdbot.domain import admission
from clawdbot.domain.admission import Admitted, Lacks
from clawdbot.domain.connect import Peer
from clawdbot.domain.credentials import KnowsSecret
from clawdbot.domain.device_records import Device, DeviceRequest, PairedDevice
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Instant, RequestId, Role, Scope
from clawdbot.domain.scopes import covers
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint

RULES: Final = {
    Lacks.PAIRING: "G4",
    Lacks.KEY: "G4",
    Lacks.ROLE_BACK: "G8",
    Lacks.PLATFORM: "G4",
    Lacks.ROLE: "G4",
    Lacks.SCOPES: "G4",
}
"""The rule of threats.md behind each."""


class Standing(StrEnum):
    """How a device stands."""

    IN = "in"
    WAITING = "waiting"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InRole:
    """What would become of it in one role; ``lacks`` is ``None`` if it comes in."""

    role: Role
    scopes: tuple[Scope, ...]
    lacks: Lacks | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a device stands, in all and in each role.

    Attributes:
        request: the one that waits, beside what the device may do already.
        wants: the scopes and the role that it asks for and was not approved for.
    """

    standing: Standing
    roles: tuple[InRole, ...]
    request: DeviceRequest | None
    wants: tuple[str, ...] = ()


def device(known: Device, *, now: Instant) -> Explanation:
    """Why this device is in, waiting or turned away."""
    request = known.waiting(now)
    roles = tuple(_in_role(known, known.paired, role, now) for role in Role) if known.paired else ()
    return Explanation(_standing(known, roles, request), roles, request, _wants(known.paired, request))


def _standing(known: Device, roles: tuple[InRole, ...], request: DeviceRequest | None) -> Standing:
    if any(one.lacks is None for one in roles):
        return Standing.IN
    if request is not None:
        return Standing.WAITING
    if roles:
        return Standing.REVOKED
    return Standing.UNKNOWN if known.pending is None else Standing.EXPIRED


def _in_role(known: Device, paired: PairedDevice, role: Role, now: Instant) -> InRole:
    arrival = VerifiedDevice(
        id=known.id,
        public_key=paired.public_key,
        role=role,
        scopes=paired.approved_scopes(role),
        about=paired.about,
        peer=Peer(address=None),
        proof=KnowsSecret(),
    )
    answer = admission.connect(
        Device(known.id, paired), arrival, now=now, mint=_NOTHING, room=False, silent_local=False
    ).answer
    return InRole(role, arrival.scopes, None if isinstance(answer, Admitted) else answer.lacks)


def _wants(paired: PairedDevice | None, request: DeviceRequest | None) -> tuple[str, ...]:
    if request is None:
        return ()
    held = paired.approved_scopes(request.role) if paired else ()
    role = () if paired is not None and paired.has(request.role) else (f"role {request.role}",)
    return (*role, *(scope for scope in request.scopes if not covers(held, [scope])))


_NOTHING: Final = Mint(request_id=lambda: RequestId(""), token=lambda: Secret(""))
"""Nothing of what is made to explain something goes anywhere."""
