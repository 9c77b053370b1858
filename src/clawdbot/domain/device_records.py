"""What is on record about one device: the approval that it has, and the request that waits.

Both are one aggregate, locked and committed together; what may become of it: :mod:`clawdbot.domain.admission`
and :mod:`clawdbot.domain.devices`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from clawdbot.domain import scopes as scope_rules
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import DeviceId, Instant, RequestId, Role, Scope
from clawdbot.domain.platforms import Family, family
from clawdbot.domain.tokens import Token

TTL_MS: Final = 5 * 60 * 1000
"""A request is dead when its device has not asked again for so long."""


@dataclass(frozen=True, slots=True)
class About:
    """What a device says about itself: shown to the owner, and believed in nothing but its platform's family."""

    display_name: str | None = None
    platform: str | None = None
    client_id: str | None = None
    client_mode: str | None = None
    remote_ip: str | None = None

    @property
    def family(self) -> Family:
        return family(self.platform)


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device that waits for the owner's decision. What the owner saw under its id never changes (threats.md G5)."""

    id: RequestId
    public_key: PublicKey
    about: About
    role: Role
    scopes: tuple[Scope, ...]
    """In the order in which they were asked for."""
    asked_at: Instant
    """Its place in the queue; a retry does not move it."""
    last_seen: Instant
    repair: bool = False
    """The device is paired already and asks for something that it was not approved for."""
    silent: bool = False
    """A field of the file format, kept as it was read. Nothing here is approved because of it."""

    def is_live(self, now: Instant) -> bool:
        """Not yet expired; a request from the future counts as expired (threats.md S6)."""
        return 0 <= now - self.last_seen < TTL_MS


@dataclass(frozen=True, slots=True)
class PairedDevice:
    """A device that the owner approved."""

    public_key: PublicKey
    about: About
    role: Role
    """The role it last connected or was approved as. What it may be: ``roles``."""
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    """What it was approved for as an operator, in the order in which it was."""
    tokens: Mapping[Role, Token]
    created_at: Instant
    approved_at: Instant
    alias: str | None = None
    """The owner's name for it; a connect does not change it."""
    approved_by: str | None = None
    """Who approved it last, and how: a device, the owner's terminal, a link, or nobody because it was local."""

    @property
    def name(self) -> str | None:
        return self.alias or self.about.display_name

    def is_revoked(self, role: Role) -> bool:
        """Was this role taken away? Then only a new approval brings it back (threats.md G8)."""
        token = self.tokens.get(role)
        return token is not None and token.is_revoked

    def approved_scopes(self, role: Role) -> tuple[Scope, ...]:
        """What it may do in a role, if it has that role; nothing otherwise."""
        return self.scopes if role is Role.OPERATOR and self.has(role) else ()

    def has(self, role: Role) -> bool:
        """Is it approved for a role, and was that not taken away?"""
        return role in self.roles and not self.is_revoked(role)

    def may(self, role: Role, scopes: Iterable[Scope]) -> bool:
        """Is it approved for these scopes in this role?"""
        return self.has(role) and scope_rules.covers(self.scopes if role is Role.OPERATOR else (), scopes)


@dataclass(frozen=True, slots=True)
class Device:
    """Everything on record about one device. Mappings are never changed in place."""

    id: DeviceId
    paired: PairedDevice | None = None
    pending: DeviceRequest | None = None

    def waiting(self, now: Instant) -> DeviceRequest | None:
        """The live request; there is at most one."""
        return self.pending if self.pending is not None and self.pending.is_live(now) else None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one caller gets to see: requests newest first, devices latest approval first."""

    pending: tuple[tuple[DeviceId, DeviceRequest], ...]
    paired: tuple[tuple[DeviceId, PairedDevice], ...]


def listing(devices: Iterable[Device], caller: scope_rules.Caller, *, now: Instant) -> Listing:
    """Pick what a caller may see: everything with admin, only its own device without (threats.md G6, G16)."""
    everything = scope_rules.may_manage_all(caller)
    mine = [device for device in devices if everything or scope_rules.may_manage(caller, device.id)]
    pending = [(device.id, request) for device in mine if (request := device.waiting(now)) is not None]
    paired = [(device.id, device.paired) for device in mine if device.paired is not None]
    return Listing(
        pending=tuple(sorted(pending, key=lambda entry: (-entry[1].asked_at, entry[0]))),
        paired=tuple(sorted(paired, key=lambda entry: (-entry[1].approved_at, entry[0]))),
    )
