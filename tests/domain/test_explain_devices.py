"""An explanation of a device says what would become of it at the door."""

from dataclasses import replace
from itertools import product

import pytest

from clawdbot.domain import admission, devices, explain_devices
from clawdbot.domain.admission import Admitted, Lacks, Waiting
from clawdbot.domain.device_records import TTL_MS, Device
from clawdbot.domain.explain_devices import RULES, Standing
from clawdbot.domain.names import Role
from clawdbot.domain.scopes import OWNER
from tests.support.devices import NOW, Counting, arrival, identity, paired, scopes

NEW = Device(identity().device_id)


def waiting(known: Device, role: Role = Role.OPERATOR, *wanted: str) -> Device:
    arrived = arrival(role=role, wanted=scopes(*wanted))
    change = admission.connect(known, arrived, now=NOW, mint=Counting().mint, room=True)
    assert isinstance(change.answer, Waiting)
    return change.state


def revoked(known: Device, *roles: Role) -> Device:
    for role in roles:
        known = devices.revoke(known, role, caller=OWNER, now=NOW, mint=Counting().mint).state
    return known


BOTH = (Role.OPERATOR, Role.NODE)
RECORDS = [
    paired(*held, roles=roles, **({} if tokens else {"tokens": {}}))
    for held, roles, tokens in product([(), ("read",), ("admin",)], [BOTH, BOTH[:1], BOTH[1:]], [True, False])
]


@pytest.mark.parametrize("known", [*RECORDS, *(revoked(one, *one.paired.roles[:1]) for one in RECORDS if one.paired)])
def test_it_is_what_the_door_does_in_each_role(known: Device) -> None:
    """For every record: the device comes with what it was approved for, and is let in or not."""
    assert known.paired is not None
    for one in explain_devices.device(known, now=NOW).roles:
        arrived = arrival(role=one.role, wanted=one.scopes)
        answer = admission.connect(known, arrived, now=NOW, mint=Counting().mint, room=True, silent_local=False).answer
        assert isinstance(answer, Admitted) == (one.lacks is None) == known.paired.has(one.role)
        assert one.scopes == known.paired.approved_scopes(one.role)


def test_each_standing_is_told_apart() -> None:
    """In, in with a request, waiting, expired, thrown out, unknown."""
    cases = {
        Standing.IN: [paired("read"), waiting(paired("read"), Role.OPERATOR, "admin")],
        Standing.WAITING: [waiting(NEW), waiting(revoked(paired("read"), Role.OPERATOR))],
        Standing.REVOKED: [revoked(paired("read"), Role.OPERATOR)],
        Standing.UNKNOWN: [NEW],
    }
    for standing, those in cases.items():
        assert {explain_devices.device(one, now=NOW).standing for one in those} == {standing}
    gone = explain_devices.device(waiting(NEW), now=NOW + TTL_MS)
    assert (gone.standing, gone.request) == (Standing.EXPIRED, None)


def test_G4_what_is_asked_beyond_the_approval_is_named() -> None:
    """Scopes that admin or write cover are not beyond it; a role that it has not is."""
    upgrade = explain_devices.device(waiting(paired("write"), Role.OPERATOR, "read", "admin"), now=NOW)
    assert upgrade.wants == ("operator.admin",)
    as_node = explain_devices.device(waiting(paired("read"), Role.NODE), now=NOW)
    assert as_node.wants == ("role node",)
    assert explain_devices.device(waiting(NEW, Role.OPERATOR, "read"), now=NOW).wants == (
        "role operator",
        "operator.read",
    )


def test_G8_a_role_that_was_taken_away_is_told_from_one_that_never_was() -> None:
    """Each by its rule; every reason has one."""
    found = explain_devices.device(revoked(paired("read"), Role.OPERATOR), now=NOW)
    assert {one.role: one.lacks for one in found.roles} == {Role.OPERATOR: Lacks.ROLE_BACK, Role.NODE: Lacks.ROLE}
    assert RULES[Lacks.ROLE_BACK] == "G8"
    assert set(RULES) == set(Lacks)


def test_another_key_on_record_changes_nothing_about_the_record() -> None:
    """Asked about is the device that was approved."""
    known = replace(paired("read"), pending=None)
    assert explain_devices.device(known, now=NOW).standing is Standing.IN
