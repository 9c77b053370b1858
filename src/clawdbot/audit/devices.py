"""The paired devices: what nobody uses, and could still do everything with."""

from collections.abc import Iterable, Iterator
from typing import Final

from clawdbot.audit.findings import Finding, Severity
from clawdbot.domain.device_records import Device, PairedDevice
from clawdbot.domain.instants import ago
from clawdbot.domain.names import Instant, Role
from clawdbot.domain.scopes import ADMIN
from clawdbot.domain.texts import visible

UNUSED_MS: Final = 90 * 24 * 3600 * 1000


def check(devices: Iterable[Device], file: str, *, now: Instant) -> Iterator[Finding]:
    """Administrators that nobody used for three months."""
    for device in devices:
        paired = device.paired
        if paired is None or not paired.may(Role.OPERATOR, [ADMIN]):
            continue
        used = _last_used(paired)
        if now - used >= UNUSED_MS:
            yield Finding(
                "devices.admin_unused",
                Severity.WARN,
                "A device may do everything, and nobody uses it",
                f"{visible(paired.name or 'a device without a name')} was last here {ago(used, now)}",
                f"clawdbot devices remove {visible(device.id, 80)}",
                file,
            )


def _last_used(paired: PairedDevice) -> Instant:
    """When it last connected as an operator, or was let in."""
    token = paired.tokens.get(Role.OPERATOR)
    moments = [paired.approved_at] if token is None else [paired.approved_at, token.issued_at, token.last_used_at or 0]
    return max(moments)
