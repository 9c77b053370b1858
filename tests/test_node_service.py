"""The legacy store of nodes."""

from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.devices import BadName, Denied, Renamed, Why
from clawdbot.domain.effects import AnnounceNodeRequest, AnnounceNodeResolved, Effect
from clawdbot.domain.names import DeviceId, NodeId, RequestId
from clawdbot.domain.node_records import TTL_MS, NodeAbout
from clawdbot.domain.nodes import Approved, NotVerified, QueueFull, Rejected, Requested, Verified
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.secret import Secret
from clawdbot.node_service import NodeService
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock

ONE = NodeId("one")


async def test_the_whole_road_of_a_node_on_record() -> None:
    performed: list[Effect] = []
    nodes = NodeService(MemoryStore(), perform=performed.append, now=Clock())
    asked = await nodes.request(ONE, NodeAbout(display_name="One"), silent=None)
    assert isinstance(asked, Requested)
    again = await nodes.request(ONE, NodeAbout(), silent=None)
    assert again == Requested(asked.request, created=False)
    assert await nodes.who_waits(asked.request.id) == ONE
    approved = await nodes.approve(ONE, asked.request.id, caller=OWNER)
    assert isinstance(approved, Approved)
    assert await nodes.verify(ONE, approved.paired.token) == Verified(approved.paired)
    assert await nodes.verify(ONE, Secret("wrong")) == NotVerified()
    assert await nodes.rename(ONE, " Two ", caller=OWNER) == Renamed("Two")
    assert await nodes.rename(ONE, " ", caller=OWNER) == BadName()
    assert [type(effect) for effect in performed] == [AnnounceNodeRequest, AnnounceNodeResolved]


async def test_G17_ids_are_data_and_what_is_unknown_is_unknown() -> None:
    nodes = NodeService(MemoryStore(), now=Clock())
    for id in ("__proto__", "constructor", "../x", "\0", "\u202e"):
        asked = await nodes.request(NodeId(id), NodeAbout(), silent=None)
        assert isinstance(asked, Requested)
        assert isinstance(await nodes.reject(NodeId(id), asked.request.id, caller=OWNER), Rejected)
        assert await nodes.approve(NodeId(id), asked.request.id, caller=OWNER) == Denied(Why.UNKNOWN)
    assert await nodes.who_waits(RequestId("__proto__")) is None


async def test_G13_the_queue_is_bounded_and_the_expired_make_room() -> None:
    clock = Clock()
    nodes = NodeService(MemoryStore(), limits=lambda: QueueLimits(total=2), now=clock)
    for id in ("a", "b"):
        assert isinstance(await nodes.request(NodeId(id), NodeAbout(), silent=None), Requested)
    assert await nodes.request(NodeId("c"), NodeAbout(), silent=None) == QueueFull()
    clock.now += TTL_MS
    assert isinstance(await nodes.request(NodeId("c"), NodeAbout(), silent=None), Requested)
    assert len(await nodes.all()) == 1


async def test_when_a_node_connected_is_noted_for_those_on_record() -> None:
    nodes = NodeService(MemoryStore(), now=Clock(7))
    await nodes.connected(DeviceId("stranger"))
    assert await nodes.all() == []
    asked = await nodes.request(ONE, NodeAbout(), silent=None)
    assert isinstance(asked, Requested)
    await nodes.approve(ONE, asked.request.id, caller=OWNER)
    await nodes.connected(DeviceId(ONE))
    (node,) = await nodes.all()
    assert node.paired is not None
    assert node.paired.last_connected_at == 7
