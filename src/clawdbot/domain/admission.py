"""A device connects: is it let in, or does it wait for the owner?

Approved once, a device comes in for what it was approved for. Whatever goes beyond that waits as one request, which
the device keeps alive by trying again, and its old approval stays as it is meanwhile (threats.md G4, G5).
What the owner may do about devices: :mod:`clawdbot.domain.devices`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from clawdbot.domain import scopes, tokens
from clawdbot.domain.connect import CONTROL_UI_IDS
from clawdbot.domain.credentials import Invited, PresentedToken
from clawdbot.domain.device_records import Device, DeviceRequest, PairedDevice
from clawdbot.domain.devices import grant
from clawdbot.domain.effects import AnnounceDeviceRequest, AnnounceDeviceResolved, Change, Decision
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.names import Instant, Role
from clawdbot.domain.scopes import ADMIN
from clawdbot.domain.tokens import Mint, Token
from clawdbot.errors import CredentialsWrong

REFRESH_MS: Final = 1_000
"""A waiting device that asks again renews ``last_seen`` at most this often: a flood is no flood of writes."""

TURN_MS: Final = 60_000
"""So long after its last try a request comes before one of the same device in another role.

Phones connect as operator and as node at once, and try both again more often than that. If each made the other's
request void, its id would change every few seconds, and the owner could approve neither.
"""


class Lacks(StrEnum):
    """Why a device is not simply let in. For the log: the device itself only learns that pairing is required."""

    PAIRING = "it is not paired"
    KEY = "it is paired with another key"
    ROLE_BACK = "that role was revoked"
    PLATFORM = "it was approved on another platform"
    ROLE = "it is not approved for that role"
    SCOPES = "it is not approved for those scopes"


@dataclass(frozen=True, slots=True)
class Admitted:
    """The device is in, with what it asked for; the token is its own to see."""

    paired: PairedDevice
    token: Token


@dataclass(frozen=True, slots=True)
class Waiting:
    """The device has to wait for the owner's decision on this request."""

    request: DeviceRequest
    lacks: Lacks


@dataclass(frozen=True, slots=True)
class QueueFull:
    """The device has to wait, and as many requests wait already as may; nothing was stored."""

    lacks: Lacks


@dataclass(frozen=True, slots=True)
class NotItsTurn:
    """The device has to wait: its request in another role, which it keeps alive, comes first; nothing was stored."""

    lacks: Lacks


Answer = Admitted | Waiting | QueueFull | NotItsTurn


def connect(
    device: Device, arrival: VerifiedDevice, *, now: Instant, mint: Mint, room: bool, silent_local: bool = True
) -> Change[Device, Answer]:
    """A verified device asks for a role and scopes: let it in, or have it wait for the owner.

    Args:
        device: what is on record.
        arrival: what came up the ladder of the handshake.
        now: the time.
        mint: where new ids and tokens come from.
        room: may one more request be opened (:func:`clawdbot.domain.bounds.has_room`)? One that waits keeps its place.
        silent_local: may programs on the gateway's own machine pair without asking?

    Raises:
        CredentialsWrong: it knows no shared secret, and what it presented is not its token or not good for this.
    """
    if isinstance(arrival.proof, PresentedToken) and not _owns_token(device.paired, arrival, arrival.proof):
        raise CredentialsWrong(arrival.proof.refusal)
    standing = _standing(device.paired, arrival)
    if isinstance(standing, PairedDevice):
        return _admit(device, standing, arrival, now=now, mint=mint)
    if isinstance(arrival.proof, Invited) or (silent_local and _may_be_silent(device, arrival, standing, now)):
        return _pair(device, arrival, now=now, mint=mint)
    return _wait(device, arrival, standing, now=now, mint=mint, room=room)


def pairs_again(forgotten: PairedDevice, *, silent_local: bool) -> tuple[Role, ...]:
    """In which of its roles a device that is forgotten comes back without asking (threats.md G9): in all, or in none.

    It does if it was last seen on the gateway's own machine, and is no dashboard. To be kept out a role has to be
    revoked, and that has to stay on record.
    """
    about = forgotten.about
    is_here = about.remote_ip is not None and is_loopback(about.remote_ip)
    return forgotten.roles if silent_local and is_here and about.client_id not in CONTROL_UI_IDS else ()


def _owns_token(paired: PairedDevice | None, arrival: VerifiedDevice, proof: PresentedToken) -> bool:
    if paired is None or paired.public_key != arrival.public_key or not paired.has(arrival.role):
        return False
    token = paired.tokens.get(arrival.role)
    approved = paired.approved_scopes(arrival.role)
    return token is not None and tokens.check(token, proof.token, arrival.scopes, approved=approved)


def _standing(paired: PairedDevice | None, arrival: VerifiedDevice) -> PairedDevice | Lacks:
    """The record, if it approves all that the device asks for; otherwise what is missing (threats.md G4)."""
    if paired is None:
        return Lacks.PAIRING
    if paired.public_key != arrival.public_key:
        return Lacks.KEY
    if paired.is_revoked(arrival.role):
        return Lacks.ROLE_BACK
    if paired.about.platform not in (None, arrival.about.platform) and paired.about.family is not arrival.about.family:
        return Lacks.PLATFORM
    if arrival.role not in paired.roles:
        return Lacks.ROLE
    return paired if paired.may(arrival.role, arrival.scopes) else Lacks.SCOPES


def _may_be_silent(device: Device, arrival: VerifiedDevice, lacks: Lacks, now: Instant) -> bool:
    """May a program on the gateway's own machine be paired without asking (threats.md G9)?

    Not a page of another origin, not while a request of this device waits for the owner, not after a revocation, and
    never to make an administrator of a device that is none.
    """
    if not arrival.peer.local or arrival.peer.foreign_page or device.waiting(now) is not None:
        return False
    if lacks is Lacks.PAIRING:
        return True
    return lacks in (Lacks.ROLE, Lacks.SCOPES) and not scopes.covers(arrival.scopes, [ADMIN])


def _admit(
    device: Device, paired: PairedDevice, arrival: VerifiedDevice, *, now: Instant, mint: Mint
) -> Change[Device, Admitted]:
    """Renew what the device says about itself, and see that it has a token that is good for this connection."""
    token = paired.tokens.get(arrival.role)
    approved = paired.approved_scopes(arrival.role)
    if token is None or not tokens.covers(token, arrival.scopes, approved=approved):
        token = tokens.issue(token, arrival.scopes, now=now, mint=mint.token)
    elif isinstance(arrival.proof, PresentedToken):
        token = replace(token, last_used_at=now)
    pending = device.waiting(now)
    is_new = token is not paired.tokens.get(arrival.role) or pending is not device.pending
    if not is_new and paired.role is arrival.role and paired.about == arrival.about:
        return Change(device, Admitted(paired, token))
    renewed = replace(paired, about=arrival.about, role=arrival.role, tokens={**paired.tokens, arrival.role: token})
    state = Device(device.id, renewed, pending)
    return Change(device if state == device else state, Admitted(renewed, token))


def _pair(device: Device, arrival: VerifiedDevice, *, now: Instant, mint: Mint) -> Change[Device, Admitted]:
    """Pair without asking, for just what the device asks. What it waits for is decided with it, or void from now on."""
    waiting = device.waiting(now)
    kept = waiting if waiting is not None and _asks_the_same(waiting, arrival) else None
    request = kept or _request(device, arrival, now=now, mint=mint)
    by = arrival.proof.by if isinstance(arrival.proof, Invited) else "this machine, without asking"
    paired = grant(device.paired, request, by=by, now=now, mint=mint)
    effects = [AnnounceDeviceResolved(device.id, request.id, Decision.APPROVED, now)]
    if waiting is not None and kept is None:
        effects.insert(0, AnnounceDeviceResolved(device.id, waiting.id, Decision.REJECTED, now))
    return Change(Device(device.id, paired), Admitted(paired, paired.tokens[request.role]), tuple(effects))


def _wait(
    device: Device, arrival: VerifiedDevice, lacks: Lacks, *, now: Instant, mint: Mint, room: bool
) -> Change[Device, Waiting | QueueFull | NotItsTurn]:
    """Keep the request that asks for the same alive; otherwise open a new one, which makes the old one void.

    In another role it waits until the old one is decided, or not kept alive any more.
    """
    old = device.waiting(now)
    if old is not None and _asks_the_same(old, arrival):
        if now - old.last_seen < REFRESH_MS:
            return Change(device, Waiting(old, lacks))
        kept = replace(old, last_seen=now)
        return Change(replace(device, pending=kept), Waiting(kept, lacks))
    if old is not None and old.role is not arrival.role and now - old.last_seen < TURN_MS:
        return Change(device, NotItsTurn(lacks))
    if old is None and not room:
        return Change(device, QueueFull(lacks))
    request = _request(device, arrival, now=now, mint=mint)
    announced = AnnounceDeviceRequest(device.id, request, supersedes=None if old is None else old.id)
    return Change(replace(device, pending=request), Waiting(request, lacks), (announced,))


def _asks_the_same(request: DeviceRequest, arrival: VerifiedDevice) -> bool:
    """Is this a retry? Whatever is granted by an approval makes it another request (threats.md G5)."""
    return (
        request.public_key == arrival.public_key
        and request.role is arrival.role
        and scopes.alike(request.scopes, arrival.scopes)
        and request.about.family is arrival.about.family
    )


def _request(device: Device, arrival: VerifiedDevice, *, now: Instant, mint: Mint) -> DeviceRequest:
    return DeviceRequest(
        id=mint.request_id(),
        public_key=arrival.public_key,
        about=arrival.about,
        role=arrival.role,
        scopes=arrival.scopes,
        asked_at=now,
        last_seen=now,
        repair=device.paired is not None,
    )
