"""Nodes of the legacy store as the reference's files have them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.names import DeviceId, NodeId, RequestId
from clawdbot.domain.node_records import Node, NodeAbout, NodeRequest, PairedNode
from clawdbot.domain.secret import Secret
from clawdbot.store.base import DeviceKey, NodeKey
from clawdbot.store.fields import Fields
from clawdbot.store.node_rows import NODES
from tests.support.register_files import VECTORS

PAIRED = json.loads((VECTORS / "nodes" / "paired.json").read_bytes())
PENDING = json.loads((VECTORS / "nodes" / "pending.json").read_bytes())

ABOUT = NodeAbout("Box", "ios", "1", "2", "3", "iPad", "iPad16,6", ("canvas",), (), "10.0.0.1")
PAIRED_NODE = PairedNode(ABOUT, Secret("f" * 32), 1, 2, 3, ("git",))
REQUEST = NodeRequest(RequestId("r1"), ABOUT, 4, repair=True, silent=False)


def test_the_recorded_files_are_written_as_they_were() -> None:
    """Every key, in its place."""
    for id, record in PAIRED.items():
        assert json.dumps(NODES.write_paired(id, NODES.read_paired(id, Fields(record)))) == json.dumps(record)
    for id, record in PENDING.items():
        waiting = NODES.read_pending(id, Fields(record))
        assert json.dumps(NODES.write_pending(waiting.id, waiting.request)) == json.dumps(record)


def test_a_node_is_read_with_all_that_is_known_of_it() -> None:
    """An empty list is one, and no list is none."""
    for paired in (PAIRED_NODE, replace(PAIRED_NODE, about=NodeAbout(), bins=None, last_connected_at=None)):
        assert NODES.read_paired("n", Fields(NODES.write_paired("n", paired))) == paired
    for request in (REQUEST, replace(REQUEST, about=NodeAbout(), silent=None)):
        waiting = NODES.read_pending("r1", Fields(NODES.write_pending("n", request)))
        assert (waiting.id, waiting.request) == ("n", request)


def test_parts_and_keys() -> None:
    """The aggregate, and the way back."""
    node = Node(NodeId("n"), PAIRED_NODE, REQUEST)
    assert NODES.state("n", *NODES.parts(node)) == node
    assert NODES.id(NODES.key("n")) == "n"
    with pytest.raises(TypeError):
        NODES.id(DeviceKey(DeviceId("n")))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"nodeId": "m"}, {"nodeId": 5}, {"token": ""}, {"token": 5}, {"token": "\ud800"}])
def test_S4_a_node_that_makes_no_sense_is_not_used(change: Any) -> None:
    """Without a token that could be presented it is nobody."""
    with pytest.raises(ValueError):
        NODES.read_paired("n", Fields({**NODES.write_paired("n", PAIRED_NODE), **change}))


@pytest.mark.parametrize("change", [{"requestId": "r2"}, {"nodeId": " "}, {"nodeId": None}, {"nodeId": "\ud800"}])
def test_S4_a_request_that_makes_no_sense_is_not_used(change: Any) -> None:
    with pytest.raises(ValueError):
        NODES.read_pending("r1", Fields({**NODES.write_pending("n", REQUEST), **change}))


def test_what_makes_no_sense_in_a_node_is_reported() -> None:
    """And left out."""
    fields = Fields({**NODES.write_paired("n", PAIRED_NODE), "caps": "canvas", "bins": [1], "approvedAtMs": None})
    node = NODES.read_paired("n", fields)
    assert (node.about.caps, node.bins, node.approved_at) == (None, (), 0)
    assert len(fields.odd) == 2


def test_an_approval_is_a_new_record_and_the_end_of_its_request() -> None:
    """A node on record may ask once more, and then it says so."""
    assert NODES.continues(PAIRED_NODE, replace(PAIRED_NODE, about=NodeAbout("Renamed")))
    assert not NODES.continues(PAIRED_NODE, replace(PAIRED_NODE, token=Secret("new")))
    first = replace(REQUEST, repair=False)
    assert [NODES.is_decided(paired, first) for paired in (None, PAIRED_NODE)] == [False, True]
    assert [NODES.is_decided(paired, REQUEST) for paired in (None, PAIRED_NODE)] == [True, False]


def test_what_nobody_waits_for() -> None:
    """When it last connected, and what it could run then."""
    old = Node(NodeId("n"), PAIRED_NODE, REQUEST)
    assert NODES.is_passing(old, replace(old, paired=replace(PAIRED_NODE, last_connected_at=99, bins=())))
    for other in (
        replace(old, paired=None),
        replace(old, pending=None),
        replace(old, paired=replace(PAIRED_NODE, token=Secret("new"), last_connected_at=99)),
        replace(old, paired=replace(PAIRED_NODE, about=NodeAbout("Renamed"))),
    ):
        assert not NODES.is_passing(old, other)
    assert not NODES.is_passing(Node(NodeId("n")), old)
    assert NODES.key("n") == NodeKey(NodeId("n"))
