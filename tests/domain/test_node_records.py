"""What is on record about a node of the legacy store."""

from clawdbot.domain.names import NodeId, RequestId
from clawdbot.domain.node_records import TTL_MS, Node, NodeAbout, NodeRequest, PairedNode
from clawdbot.domain.secret import Secret
from tests.support.devices import NOW

REQUEST = NodeRequest(RequestId("r"), NodeAbout(), asked_at=NOW)


def test_S6_a_request_lives_for_five_minutes_from_its_making_and_not_before() -> None:
    assert [REQUEST.is_live(NOW + age) for age in (-1, 0, TTL_MS - 1, TTL_MS)] == [False, True, True, False]


def test_only_a_live_request_waits() -> None:
    node = Node(NodeId("n"), pending=REQUEST)
    assert node.waiting(NOW) == REQUEST
    assert node.waiting(NOW + TTL_MS) is None
    assert Node(NodeId("n")).waiting(NOW) is None


def test_G7_S7_a_node_on_record_does_not_print_its_token() -> None:
    assert "s3cret" not in repr(PairedNode(NodeAbout(), Secret("s3cret"), created_at=NOW, approved_at=NOW))
