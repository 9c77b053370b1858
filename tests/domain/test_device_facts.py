"""What the history is told of a device that connects, and of decisions about it."""

from dataclasses import replace

import pytest

from clawdbot.domain import admission, device_facts, devices, nodes
from clawdbot.domain.admission import Lacks
from clawdbot.domain.credentials import Invited
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import BadName, Denied, Why
from clawdbot.domain.facts import Fact, Kind, Of, Surface
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import NodeId, RequestId, Role
from clawdbot.domain.node_records import NodeAbout, NodeRequest
from clawdbot.domain.scopes import OWNER
from tests.support.devices import HERE, NOW, Counting, arrival, identity, paired, scopes, session

NEW = Device(identity().device_id)


def told(known: Device, arrived: VerifiedDevice, *, room: bool = True, local: bool = False) -> list[Fact]:
    change = admission.connect(known, arrived, now=NOW, mint=Counting().mint, room=room, silent_local=local)
    return list(device_facts.arrived(arrived, change, at=NOW))


def test_a_device_that_has_to_wait_is_told_of_once() -> None:
    """When its request is opened, with where from and what it lacks; retries are nothing new."""
    arrived = arrival(wanted=scopes("read"))
    (asked,) = told(NEW, arrived)
    assert (asked.kind, asked.surface, asked.about.id) == (Kind.REQUESTED, Surface.GATEWAY, identity().device_id)
    assert (asked.address, asked.why, asked.by) == ("10.231.77.2", Lacks.PAIRING, "")
    waiting = admission.connect(NEW, arrived, now=NOW, mint=Counting().mint, room=True).state
    assert told(waiting, arrived) == []
    assert told(waiting, arrival(role=Role.NODE)) == []


def test_G13_a_device_for_which_there_is_no_room_is_refused() -> None:
    (refused,) = told(NEW, arrival(), room=False)
    assert (refused.kind, refused.why) == (Kind.REFUSED, device_facts.FULL)


def test_a_device_that_comes_in_is_told_of() -> None:
    (came,) = told(paired("read"), arrival(wanted=scopes("read")))
    assert (came.kind, came.why) == (Kind.CONNECTED, "as operator")


def test_G9_who_is_paired_without_asking_is_told_by_what() -> None:
    """By this machine, or by the owner's link."""
    local = told(NEW, arrival(peer=HERE), local=True)
    assert [(one.kind, one.by) for one in local] == [(Kind.APPROVED, device_facts.LOCAL), (Kind.CONNECTED, "")]
    invited = told(NEW, replace(arrival(), proof=Invited("link of device 0123")))
    assert [(one.kind, one.by) for one in invited] == [(Kind.APPROVED, "link of device 0123"), (Kind.CONNECTED, "")]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(devices.Revoked(Role.NODE, NOW), Kind.REVOKED), (devices.Denied(Why.NOT_YOURS), Kind.REFUSED), (BadName(), None)],
)
def test_G6_a_decision_is_told_with_who_made_it_or_was_not_let(answer: object, kind: Kind | None) -> None:
    """The reason, which the caller does not learn, is in the history."""
    caller = session(identity(2), "pairing")
    about = device_facts.device(identity().device_id)
    found = list(device_facts.decided(Kind.REVOKED, about, answer, caller, at=NOW))
    assert [one.kind for one in found] == ([kind] if kind else [])
    if kind is Kind.REFUSED:
        assert found[0].why == f"revoked: {Why.NOT_YOURS}"
    if kind:
        assert (found[0].surface, found[0].by) == (Surface.GATEWAY, f"device {identity(2).device_id[:12]}")


def test_the_owner_decides_at_the_terminal_and_mistypes_there() -> None:
    """The first is told, the second is nobody's refusal."""
    about = device_facts.device(None)
    (found,) = device_facts.decided(Kind.REMOVED, about, object(), OWNER, at=NOW)
    assert (found.surface, found.by) == (Surface.TERMINAL, "terminal")
    assert list(device_facts.decided(Kind.REMOVED, about, Denied(Why.UNKNOWN), OWNER, at=NOW)) == []


def test_G14_a_node_of_the_legacy_store_that_asks_is_told_of_once() -> None:
    """And that there is no room for it."""
    node, about = NodeId("box"), NodeAbout(remote_ip="10.0.0.7")
    request = NodeRequest(RequestId("r"), about, asked_at=NOW)
    (asked,) = device_facts.asked(node, about, nodes.Requested(request, created=True), at=NOW)
    assert (asked.kind, asked.about.of, asked.about.id, asked.address) == (Kind.REQUESTED, Of.NODE, "box", "10.0.0.7")
    assert list(device_facts.asked(node, about, nodes.Requested(request, created=False), at=NOW)) == []
    (refused,) = device_facts.asked(node, about, nodes.QueueFull(), at=NOW)
    assert refused.kind is Kind.REFUSED
