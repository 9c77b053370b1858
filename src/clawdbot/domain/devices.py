"""One device: what its owner may do about it. Every decision about devices but their own connecting is made here.

All functions take the old :class:`~clawdbot.domain.device_records.Device` and return a
:class:`~clawdbot.domain.effects.Change`; none of them writes. A device connects in :mod:`clawdbot.domain.admission`.
Where this is stricter than the protocol's reference, and what a client then sees: ``docs/adr/0005-device-pairing.md``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from clawdbot.domain import scopes, tokens
from clawdbot.domain.bounds import NAME_LENGTH
from clawdbot.domain.device_records import Device, DeviceRequest, PairedDevice
from clawdbot.domain.effects import AnnounceDeviceResolved, Change, Decision, DeviceEffect, Disconnect
from clawdbot.domain.names import Instant, RequestId, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint, Token


class Why(StrEnum):
    """Why a caller is refused. For the log: from outside all refusals look alike (threats.md G6)."""

    UNKNOWN = "there is no such request, device or role"
    NOT_YOURS = "the caller may only manage its own device"
    NO_LONGER = "the caller's own device does not hold any more what the caller decides with"
    BEYOND_CALLER = "the caller does not hold what it would grant"
    BEYOND_APPROVAL = "the device is not approved for that"


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Denied:
    """Nothing changed."""

    why: Why


@dataclass(frozen=True, slots=True)
class Approved:
    request: DeviceRequest
    paired: PairedDevice


@dataclass(frozen=True, slots=True)
class Rejected:
    request: DeviceRequest


@dataclass(frozen=True, slots=True)
class Removed:
    paired: PairedDevice


@dataclass(frozen=True, slots=True)
class Renamed:
    name: str


@dataclass(frozen=True, slots=True)
class BadName:
    """Blank, or longer than a name may be."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """A role has a new token; ``secret`` is in the answer only if the device itself asked (threats.md G7)."""

    role: Role
    scopes: tuple[Scope, ...]
    rotated_at: Instant
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Revoked:
    role: Role
    revoked_at: Instant


# --- requests --------------------------------------------------------------------------------------------------------


def approve(
    device: Device, request_id: RequestId, *, caller: Caller, now: Instant, mint: Mint
) -> Change[Device, Approved | Denied]:
    """Give a device what its request asks for: what the caller saw under that id, or nothing."""
    request = _request(device, request_id, caller, now)
    if isinstance(request, Why):
        return Change(device, Denied(request))
    if not scopes.may_grant(caller, request.role, request.scopes):
        return Change(device, Denied(Why.BEYOND_CALLER))
    paired = grant(device.paired, request, by=_who(caller), now=now, mint=mint)
    effects: tuple[DeviceEffect, ...] = (AnnounceDeviceResolved(device.id, request.id, Decision.APPROVED, now),)
    if device.paired is not None and device.paired.public_key != request.public_key:
        effects = (*effects, Disconnect(device.id))
    return Change(Device(device.id, paired), Approved(request, paired), effects)


def reject(device: Device, request_id: RequestId, *, caller: Caller, now: Instant) -> Change[Device, Rejected | Denied]:
    """Dismiss a request; the device may ask again, and keeps what it has."""
    request = _request(device, request_id, caller, now)
    if isinstance(request, Why):
        return Change(device, Denied(request))
    resolved = AnnounceDeviceResolved(device.id, request.id, Decision.REJECTED, now)
    return Change(replace(device, pending=None), Rejected(request), (resolved,))


def expire(device: Device, *, now: Instant) -> Change[Device, DeviceRequest | None]:
    """Drop a dead request, and answer with it."""
    if device.pending is None or device.pending.is_live(now):
        return Change(device, None)
    return Change(replace(device, pending=None), device.pending)


# --- paired devices --------------------------------------------------------------------------------------------------


def remove(device: Device, *, caller: Caller, now: Instant) -> Change[Device, Removed | Denied]:
    """Forget a device: its approvals, its tokens, its request. Its sessions end; it may ask again as a stranger."""
    paired = _paired(device, caller)
    if isinstance(paired, Why):
        return Change(device, Denied(paired))
    effects: tuple[DeviceEffect, ...] = (Disconnect(device.id),)
    request = device.waiting(now)
    if request is not None:
        effects = (AnnounceDeviceResolved(device.id, request.id, Decision.REJECTED, now), *effects)
    return Change(Device(device.id), Removed(paired), effects)


def rename(device: Device, name: str, *, caller: Caller) -> Change[Device, Renamed | BadName | Denied]:
    """Give a device the owner's own name for it, which outlasts what the device calls itself."""
    paired = _paired(device, caller)
    if isinstance(paired, Why):
        return Change(device, Denied(paired))
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        return Change(device, BadName())
    return Change(replace(device, paired=replace(paired, alias=name)), Renamed(name))


def rotate(
    device: Device, role: Role, wanted: Iterable[Scope] | None, *, caller: Caller, now: Instant, mint: Mint
) -> Change[Device, Rotated | Denied]:
    """Give a role a new token and end the sessions of the old one.

    ``wanted`` names the scopes of the new token, within what the device is approved for; an operator is from then on
    approved for just those, so that a narrower token cannot be widened again with the shared secret. ``None`` keeps the
    old token's. A role that was revoked has no token to rotate: only a new approval brings it back (threats.md G8).
    """
    paired = _paired(device, caller)
    if isinstance(paired, Why):
        return Change(device, Denied(paired))
    if not paired.has(role):
        return Change(device, Denied(Why.UNKNOWN))
    approved = paired.approved_scopes(role)
    asked = None if wanted is None or role is Role.NODE else scopes.merged(wanted)
    chosen = _kept_scopes(paired, role) if asked is None else asked
    if not scopes.covers(approved, chosen):
        return Change(device, Denied(Why.BEYOND_APPROVAL))
    if not scopes.may_grant(caller, role, chosen):
        return Change(device, Denied(Why.BEYOND_CALLER))
    token = replace(tokens.issue(paired.tokens.get(role), chosen, now=now, mint=mint.token), rotated_at=now)
    rotated = replace(_with_token(paired, role, token), scopes=paired.scopes if asked is None else asked)
    shown = token.secret if caller.device == device.id else None
    answer = Rotated(role, token.scopes, now, shown)
    return Change(replace(device, paired=rotated), answer, (Disconnect(device.id, role),))


def revoke(device: Device, role: Role, *, caller: Caller, now: Instant, mint: Mint) -> Change[Device, Revoked | Denied]:
    """Take a role away: its token is dead, its sessions end, and the shared secret does not bring it back.

    The record of the revocation is the dead token; a role that never had one gets one that nobody ever sees.
    """
    paired = _paired(device, caller)
    if isinstance(paired, Why):
        return Change(device, Denied(paired))
    token = paired.tokens.get(role)
    if token is None:
        if role not in paired.roles:
            return Change(device, Denied(Why.UNKNOWN))
        token = tokens.issue(None, (), now=now, mint=mint.token)
    dead = tokens.revoke(token, now=now)
    state = device if dead is token else replace(device, paired=_with_token(paired, role, dead))
    revoked_at = now if dead.revoked_at is None else dead.revoked_at
    return Change(state, Revoked(role, revoked_at), (Disconnect(device.id, role),))


def grant(old: PairedDevice | None, request: DeviceRequest, *, by: str, now: Instant, mint: Mint) -> PairedDevice:
    """The record after an approval: what the request asks for is added to what the device has.

    Nothing is carried over from another key, nor scopes from a role that was revoked: of those the owner saw nothing
    now. The role's token is new and good for just what was asked (``docs/protocol.md#approval``).
    """
    if old is None or old.public_key != request.public_key:
        old = PairedDevice(request.public_key, request.about, request.role, (), (), {}, created_at=now, approved_at=now)
    asked = request.scopes if request.role is Role.OPERATOR else ()
    token = tokens.issue(old.tokens.get(request.role), asked, now=now, mint=mint.token)
    held = scopes.merged(old.approved_scopes(Role.OPERATOR), asked)
    return replace(
        _with_token(old, request.role, token),
        about=request.about,
        role=request.role,
        roles=tuple(dict.fromkeys((*old.roles, request.role))),
        scopes=held if request.role is Role.OPERATOR else old.scopes,
        approved_at=now,
        approved_by=by,
    )


def _who(caller: Caller) -> str:
    """Who decides, for the record."""
    return caller.name or "terminal" if caller.device is None else f"device {caller.device[:12]}"


# --- who may ---------------------------------------------------------------------------------------------------------


def _refusal(device: Device, caller: Caller) -> Why | None:
    """Why a caller may not decide about this device; ``None`` if it may.

    A session of this very device has no more than the device still holds: what was just taken from it, it cannot give
    itself back while its socket is being closed (threats.md G8).
    """
    if not scopes.may_manage(caller, device.id):
        return Why.NOT_YOURS
    if caller.device == device.id and not (device.paired and device.paired.may(caller.role, caller.scopes)):
        return Why.NO_LONGER
    return None


def _request(device: Device, request_id: RequestId, caller: Caller, now: Instant) -> DeviceRequest | Why:
    request = device.waiting(now)
    if request is None or request.id != request_id:
        return Why.UNKNOWN
    return _refusal(device, caller) or request


def _paired(device: Device, caller: Caller) -> PairedDevice | Why:
    if device.paired is None:
        return Why.UNKNOWN
    return _refusal(device, caller) or device.paired


def _kept_scopes(paired: PairedDevice, role: Role) -> tuple[Scope, ...]:
    """The old token's scopes as far as they are approved, or all that is if there is no token."""
    token, approved = paired.tokens.get(role), paired.approved_scopes(role)
    if token is None:
        return approved
    return tuple(scope for scope in token.scopes if scopes.covers(approved, [scope]))


def _with_token(paired: PairedDevice, role: Role, token: Token) -> PairedDevice:
    return replace(paired, tokens={**paired.tokens, role: token})
