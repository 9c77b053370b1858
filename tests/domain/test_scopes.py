"""What covers what, who may manage a device, and what a caller may grant."""

import pytest

from clawdbot.domain.names import Role, Scope
from clawdbot.domain.scopes import ADMIN, OWNER, Caller, alike, covers, may_grant, may_manage, merged, normal
from tests.support.devices import identity, scopes, session

ME, OTHER = identity(1), identity(2)


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ((), (), True),
        ((), ("read",), False),
        (("read",), ("read",), True),
        (("read",), (), True),
        (("read",), ("write",), False),
        (("write",), ("read",), True),
        (("write",), ("write", "read"), True),
        (("write",), ("pairing",), False),
        (("admin",), ("admin", "approvals", "pairing", "read", "write"), True),
        (("admin",), ("made.up",), True),
        (("pairing", "approvals"), ("admin",), False),
    ],
)
def test_G6_admin_covers_every_operator_scope_and_write_covers_read(
    held: tuple[str, ...], wanted: tuple[str, ...], covered: bool
) -> None:
    assert covers(scopes(*held), scopes(*wanted)) is covered


@pytest.mark.parametrize("scope", ["made.up", "operator", "operators.read", "OPERATOR.read", "node.x", "*", ""])
def test_G6_admin_covers_nothing_else(scope: str) -> None:
    assert not covers([ADMIN], [Scope(scope)])


def test_scopes_are_alike_if_they_allow_the_same() -> None:
    assert alike(scopes("admin"), scopes("pairing", "admin", "approvals"))
    assert alike(scopes("write"), scopes("read", "write"))
    assert not alike(scopes("write"), scopes("read"))
    assert not alike((), scopes("read"))


def test_the_normal_form_is_sorted_and_without_doubles() -> None:
    assert normal(scopes("write", "read", "write")) == scopes("read", "write")


def test_merging_keeps_the_order_in_which_scopes_were_given() -> None:
    assert merged(scopes("write", "admin"), scopes("read", "admin")) == scopes("write", "admin", "read")


@pytest.mark.parametrize(
    ("caller", "self", "others"),
    [
        (OWNER, True, True),
        (session(ME, "admin"), True, True),
        (session(ME, "pairing"), True, False),
        (session(ME, "read", "write", "approvals"), False, False),
        (session(ME), False, False),
        (session(ME, "admin", role=Role.NODE), False, False),
    ],
    ids=["owner", "admin", "pairing", "no-pairing", "no-scopes", "node"],
)
def test_G6_without_admin_a_session_manages_only_its_own_device(caller: Caller, self: bool, others: bool) -> None:
    assert may_manage(caller, ME.device_id) is self
    assert may_manage(caller, OTHER.device_id) is others


@pytest.mark.parametrize(
    ("caller", "role", "wanted", "may"),
    [
        (OWNER, Role.OPERATOR, (Scope("made.up"),), True),
        (OWNER, Role.NODE, (), True),
        (session(ME, "admin"), Role.OPERATOR, scopes("pairing", "read"), True),
        (session(ME, "admin"), Role.OPERATOR, (Scope("made.up"),), False),
        (session(ME, "admin"), Role.NODE, (), True),
        (session(ME, "pairing", "write"), Role.OPERATOR, scopes("read"), True),
        (session(ME, "pairing", "write"), Role.OPERATOR, scopes("admin"), False),
        (session(ME, "pairing", "write"), Role.OPERATOR, scopes("read", "approvals"), False),
        (session(ME, "pairing", "write"), Role.NODE, (), False),
        (session(ME, "admin", role=Role.NODE), Role.OPERATOR, (), False),
    ],
)
def test_G6_a_caller_grants_only_what_it_holds(
    caller: Caller, role: Role, wanted: tuple[Scope, ...], may: bool
) -> None:
    assert may_grant(caller, role, wanted) is may
