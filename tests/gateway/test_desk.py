"""The gateway's parts, put together."""

from clawdbot.domain.names import NodeId
from clawdbot.domain.node_records import NodeAbout
from clawdbot.gateway.desk import furnish, monotonic
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import SETTINGS
from tests.support.people import Clock
from tests.support.sessions import outbox, session
from tests.support.store_moves import KEY, NOW, Move


def test_the_parts_know_each_other() -> None:
    """An expelled session leaves the nodes; the gateway knows what it is called."""
    desk = furnish(MemoryStore(), lambda: SETTINGS, host="vm", channels=dict, now=Clock())
    assert desk.house.presence.own.host == "vm"
    assert desk.house.presence.own.version
    assert desk.house.settings() is SETTINGS
    assert len(desk.hub) == 0


async def test_what_its_own_verbs_decide_is_not_noticed_as_somebody_else_s() -> None:
    """They and whoever is handed the store decide through the same watch."""
    store = MemoryStore()
    desk = furnish(store, lambda: SETTINGS, host="vm", channels=dict, now=Clock(NOW))
    admin = session(900, "admin")
    desk.hub.join(admin)
    await desk.store.sweep()
    await desk.house.node_pairing.request(NodeId("one"), NodeAbout(), silent=None)
    await desk.store.update(KEY, Move("request", "7", NOW))
    for _ in range(3):
        await desk.store.sweep()
    assert outbox(admin).events == ["node.pair.requested"]
    await store.update(KEY, Move("approve", "7", NOW))
    for _ in range(3):
        await desk.store.sweep()
    assert outbox(admin).events == ["node.pair.requested", "dm.pair.resolved"]


def test_the_monotonic_clock_does_not_go_back() -> None:
    assert monotonic() <= monotonic()
