"""What is on record about a device, and who gets to see it."""

from dataclasses import replace

import pytest

from clawdbot.domain import tokens
from clawdbot.domain.device_records import TTL_MS, About, Device, DeviceRequest, listing
from clawdbot.domain.names import DeviceId, RequestId, Role, Scope
from clawdbot.domain.platforms import Family
from clawdbot.domain.scopes import OWNER, Caller
from tests.support.devices import NOW, TOKEN, identity, paired, scopes, session

ME = identity(1)
REQUEST = DeviceRequest(
    RequestId("r"), ME.public_key, About(), Role.OPERATOR, (), asked_at=NOW - 2 * TTL_MS, last_seen=NOW
)


def test_S6_a_request_lives_for_five_minutes_from_the_last_retry_and_not_before() -> None:
    assert [REQUEST.is_live(NOW + age) for age in (-1, 0, TTL_MS - 1, TTL_MS)] == [False, True, True, False]


def test_only_a_live_request_waits() -> None:
    device = Device(ME.device_id, pending=REQUEST)
    assert device.waiting(NOW) == REQUEST
    assert device.waiting(NOW + TTL_MS) is None


def test_the_family_is_read_off_what_the_device_says() -> None:
    assert About(platform="MacIntel").family is Family.MACOS
    assert About().family is Family.UNKNOWN


def test_the_owners_name_goes_before_the_devices() -> None:
    record = paired(about=About(display_name="iPad")).paired
    assert record is not None
    assert record.name == "iPad"
    assert replace(record, alias="Kitchen").name == "Kitchen"
    assert replace(record, about=About()).name is None


@pytest.mark.parametrize(
    ("roles", "role", "wanted", "may"),
    [
        ((Role.OPERATOR,), Role.OPERATOR, scopes("read"), True),
        ((Role.OPERATOR,), Role.OPERATOR, scopes("admin"), False),
        ((Role.OPERATOR,), Role.NODE, (), False),
        ((Role.NODE,), Role.NODE, (), True),
        ((Role.NODE,), Role.OPERATOR, scopes("read"), False),
        ((Role.OPERATOR, Role.NODE), Role.NODE, scopes("read"), False),
    ],
)
def test_scopes_count_only_in_the_role_of_operator(
    roles: tuple[Role, ...], role: Role, wanted: tuple[Scope, ...], may: bool
) -> None:
    """A node whose record carries scopes, as files of other programs may, holds none of them."""
    record = paired("read", roles=roles).paired
    assert record is not None
    assert record.may(role, wanted) is may


def test_G8_a_revoked_role_holds_nothing() -> None:
    record = paired("admin").paired
    assert record is not None
    dead = tokens.revoke(record.tokens[Role.OPERATOR], now=NOW)
    revoked = replace(record, tokens={Role.OPERATOR: dead})
    assert not revoked.may(Role.OPERATOR, ())
    assert revoked.approved_scopes(Role.OPERATOR) == ()


def test_S7_a_device_on_record_does_not_print_its_tokens() -> None:
    assert TOKEN.reveal() not in repr(paired("read"))


# --- who sees what ---------------------------------------------------------------------------------------------------


def asking(number: int, asked_at: int) -> Device:
    device = identity(number)
    request = replace(REQUEST, id=RequestId(f"r{number}"), asked_at=asked_at)
    return Device(device.device_id, pending=request)


OLD, NEW, GONE = asking(2, NOW - 9), asking(3, NOW - 1), asking(4, NOW)
EXPIRED = replace(GONE, pending=replace(REQUEST, last_seen=NOW - TTL_MS))
MINE = replace(paired("read"), pending=REQUEST)
LATEST = replace(paired("admin", approved_at=NOW), id=DeviceId("f" * 64))
ALL = (OLD, MINE, EXPIRED, LATEST, NEW)


@pytest.mark.parametrize("caller", [OWNER, session(identity(9), "admin")], ids=["owner", "admin"])
def test_an_admin_sees_all_newest_first_and_nothing_expired(caller: Caller) -> None:
    shown = listing(ALL, caller, now=NOW)
    assert [device for device, _ in shown.pending] == [NEW.id, OLD.id, MINE.id]
    assert [device for device, _ in shown.paired] == [LATEST.id, MINE.id]


def test_G6_G16_a_session_without_admin_sees_only_its_own_device() -> None:
    shown = listing(ALL, session(ME, "pairing"), now=NOW)
    assert shown.pending == ((MINE.id, REQUEST),)
    assert [device for device, _ in shown.paired] == [MINE.id]
    nothing = listing(ALL, session(ME, "read"), now=NOW)
    assert (nothing.pending, nothing.paired) == ((), ())


def test_G13_a_list_of_many_devices_is_picked_in_one_go() -> None:
    """Ten thousand on record: the latest approval comes first."""
    record = paired("read").paired
    assert record is not None
    many = [Device(DeviceId(f"{n:064x}"), replace(record, approved_at=NOW + n)) for n in range(10_000)]
    assert [device for device, _ in listing(many, OWNER, now=NOW).paired] == [device.id for device in reversed(many)]
