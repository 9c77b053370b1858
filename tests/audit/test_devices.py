"""Devices that could do everything, and that nobody uses."""

from dataclasses import replace

from clawdbot.audit.devices import UNUSED_MS, check
from clawdbot.domain.device_records import About, Device
from clawdbot.domain.names import Role
from tests.support.devices import NOW, identity, paired


def found(device: Device, now: int) -> list[str]:
    return [finding.detail for finding in check([device], "paired.json", now=now)]


LATER = NOW + UNUSED_MS


def used(device: Device, at: int) -> Device:
    """The same, last connected then."""
    assert device.paired is not None
    tokens = {role: replace(token, last_used_at=at) for role, token in device.paired.tokens.items()}
    return replace(device, paired=replace(device.paired, tokens=tokens))


def test_an_administrator_that_nobody_used_for_three_months() -> None:
    device = paired("admin", alias="Old laptop")
    (finding,) = check([device], "paired.json", now=LATER)
    assert (finding.id, finding.severity, finding.file) == ("devices.admin_unused", "warn", "paired.json")
    assert finding.detail == "Old laptop was last here 90 d ago"
    assert finding.mend == f"clawdbot devices remove {identity().device_id}"


def test_the_last_connection_counts() -> None:
    assert found(paired("admin"), LATER - 10) == []
    assert found(used(paired("admin"), NOW), LATER - 1) == []
    assert len(found(used(paired("admin"), NOW), LATER)) == 1


def test_others_are_not_meant() -> None:
    """Who may do less, who is a node, whose role was revoked, who only waits."""
    assert found(paired("read", "write", "pairing"), LATER) == []
    assert found(paired(roles=(Role.NODE,)), LATER) == []
    assert found(Device(identity().device_id), LATER) == []
    admin = paired("admin")
    assert admin.paired is not None
    revoked = {role: replace(token, revoked_at=NOW) for role, token in admin.paired.tokens.items()}
    assert found(replace(admin, paired=replace(admin.paired, tokens=revoked)), LATER) == []


def test_S7_a_name_from_outside_is_made_inert() -> None:
    (detail,) = found(paired("admin", about=About(display_name="\x1b[31mMac")), LATER)
    assert detail == "\\x1b[31mMac was last here 90 d ago"
