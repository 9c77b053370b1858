"""Who may call what: the recorded matrix, and what is ours."""

import pytest

from clawdbot.domain.names import DeviceId, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.gateway.access import NODE_METHODS, SCOPES, refusal, runs_commands, sees_devices, sees_senders
from clawdbot.gateway.methods import METHODS


def caller(*scopes: str, role: Role = Role.OPERATOR) -> Caller:
    return Caller(DeviceId("d"), role, tuple(Scope(scope) for scope in scopes))


def told(who: Caller, method: str) -> str:
    error = refusal(who, method)
    return "" if error is None else error.message


@pytest.mark.parametrize("method", [*METHODS, "connect", "no.such.method", "logs.tail"])
def test_G14_nodes_may_call_three_methods_and_nobody_else_may(method: str) -> None:
    node, admin = caller(role=Role.NODE), caller("operator.admin")
    assert told(node, method) == ("" if method in NODE_METHODS else "unauthorized role: node")
    assert told(admin, method) == ("unauthorized role: operator" if method in NODE_METHODS else "")


@pytest.mark.parametrize(
    ("scope", "may", "may_not"),
    [
        ("operator.pairing", ["device.pair.list", "node.rename", "dm.pair.approve"], ["node.list", "node.invoke"]),
        ("operator.read", ["node.list", "health"], ["node.invoke", "device.pair.list"]),
        ("operator.write", ["node.list", "node.invoke"], ["device.pair.list", "config.get"]),
        ("operator.approvals", ["exec.approval.resolve"], ["exec.approvals.get", "health"]),
        ("made.up", [], ["health", "device.pair.list"]),
    ],
)
def test_G6_a_scope_opens_its_methods_and_no_others(scope: str, may: list[str], may_not: list[str]) -> None:
    assert [told(caller(scope), method) for method in may] == [""] * len(may)
    assert all(told(caller(scope), method).startswith("missing scope: operator.") for method in may_not)


def test_G6_without_the_scope_nobody_learns_which_methods_exist() -> None:
    """Served or not, the refusal is the same; and what nobody has heard of needs admin."""
    assert told(caller(), "logs.tail") == told(caller(), "health") == "missing scope: operator.read"
    assert told(caller(), "no.such.method") == told(caller(), "connect") == "missing scope: operator.admin"


def test_every_method_that_is_served_is_in_the_table_on_purpose() -> None:
    """What needs admin because it is not listed is listed here."""
    by_admin = {"config.get", "exec.approvals.get", "dashboard.link", "device.pair.code"}
    assert set(METHODS) - set(SCOPES) - NODE_METHODS == by_admin


def test_G16_who_may_know_of_others() -> None:
    assert sees_devices(caller("operator.write"))
    assert not sees_devices(caller("operator.pairing"))
    assert not sees_devices(caller("operator.read", role=Role.NODE))
    assert runs_commands(caller("operator.write"))
    assert not runs_commands(caller("operator.read"))
    assert not runs_commands(caller("operator.write", role=Role.NODE))
    assert sees_senders(caller("operator.admin"))
    assert not sees_senders(caller("operator.read"))
    assert not sees_senders(caller("operator.pairing", role=Role.NODE))
