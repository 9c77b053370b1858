"""The gateway's parts, put together."""

from clawdbot.gateway.desk import furnish, monotonic
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import SETTINGS
from tests.support.people import Clock


def test_the_parts_know_each_other() -> None:
    """An expelled session leaves the nodes; the gateway knows what it is called."""
    desk = furnish(MemoryStore(), lambda: SETTINGS, host="vm", channels=dict, now=Clock())
    assert desk.house.presence.own.host == "vm"
    assert desk.house.presence.own.version
    assert desk.house.settings() is SETTINGS
    assert len(desk.hub) == 0


def test_the_monotonic_clock_does_not_go_back() -> None:
    assert monotonic() <= monotonic()
