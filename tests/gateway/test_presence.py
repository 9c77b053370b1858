"""The presence list."""

import json

import msgspec

from clawdbot.domain.connect import Peer
from clawdbot.domain.names import Role
from clawdbot.gateway.presence import KEPT_MS, MOST_KEPT, Own, Presence
from tests.support.gateways import CLI
from tests.support.people import Clock
from tests.support.sessions import session


def presence(clock: Clock | None = None) -> Presence:
    return Presence(Own("vm", "0.1.0"), now=clock or Clock())


def hosts(of: Presence) -> list[str]:
    return [f"{entry.host} {entry.reason}" for entry in of.entries()]


def test_an_entry_is_as_recorded() -> None:
    """The shape of the reference's, for a node from afar."""
    seen = presence(Clock(5))
    node = session(1, role=Role.NODE)
    seen.connected(node)
    assert json.loads(msgspec.json.encode(seen.entries()[1])) == {
        "host": "vector-node",
        "ip": "10.231.77.2",
        "version": "2026.1.24-3",
        "platform": "linux",
        "mode": "node",
        "deviceId": node.device,
        "roles": ["node"],
        "instanceId": node.device,
        "reason": "connect",
        "ts": 5,
        "text": "Node: vector-node · mode node",
    }
    assert seen.entries()[0].text == "Gateway: vm · app 0.1.0 · mode gateway · reason self"


def test_local_addresses_are_not_shown() -> None:
    seen = presence()
    seen.connected(session(1, peer=Peer("127.0.0.1", local=True)))
    assert seen.entries()[1].ip is None


def test_commands_are_not_tracked() -> None:
    seen = presence()
    command = session(1, client=CLI)
    seen.connected(command)
    assert hosts(seen) == ["vm self"]
    assert not seen.disconnected(command)
    assert seen.version == 1


def test_a_device_is_on_the_list_once_however_often_it_connects() -> None:
    """It is gone when its last connection is, and is shown as gone for five minutes."""
    clock = Clock()
    seen = presence(clock)
    first, second = session(1, id="a"), session(1, id="b")
    seen.connected(first)
    seen.connected(second)
    assert hosts(seen) == ["vm self", "vector-test connect"]
    assert seen.disconnected(first)
    assert hosts(seen) == ["vm self", "vector-test connect"]
    assert seen.disconnected(second)
    assert hosts(seen) == ["vm self", "vector-test disconnect"]
    clock.now += KEPT_MS
    assert hosts(seen) == ["vm self"]
    assert seen.version == 5


def test_who_left_takes_bounded_room() -> None:
    seen = presence()
    for number in range(1, MOST_KEPT + 50):
        passing = session(number)
        seen.connected(passing)
        seen.disconnected(passing)
    assert len(seen.entries()) == MOST_KEPT + 1


def test_G16_others_are_left_out_for_those_who_may_not_know() -> None:
    seen = presence()
    mine, other = session(1), session(2)
    seen.connected(mine)
    seen.connected(other)
    assert {entry.device_id for entry in seen.entries_for(mine.device)} == {None, mine.device}
