"""Records as clients see them: the recorded shapes, and no token anywhere (threats.md G7)."""

import json
from typing import Any

import msgspec

from clawdbot.domain import devices, nodes
from clawdbot.domain.admission import connect
from clawdbot.domain.device_records import Device, Listing
from clawdbot.domain.names import NodeId, RequestId, Role
from clawdbot.domain.node_records import Node, NodeAbout
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.secret import Secret
from clawdbot.wire import views
from tests.support.devices import NOW, Counting, arrival, identity, scopes
from tests.support.recorded import frames_from_gateway

MINT = Counting().mint
KEY = identity()


def plain(view: object) -> Any:
    return json.loads(msgspec.json.encode(view))


def waiting() -> Device:
    wanted = arrival(KEY, role=Role.OPERATOR, wanted=scopes("read"), name="vector-test")
    return connect(Device(KEY.device_id), wanted, now=NOW, mint=MINT, room=True).state


def paired() -> Device:
    device = waiting()
    assert device.pending is not None
    return devices.approve(device, device.pending.id, caller=OWNER, now=NOW, mint=MINT).state


def recorded(name: str) -> list[dict[str, Any]]:
    """Entries of that list in the answers that were recorded."""
    payloads = (frame.get("payload") for frame in frames_from_gateway())
    lists = (payload[name] for payload in payloads if isinstance(payload, dict) and "pending" in payload)
    return [entry for entries in lists for entry in entries if "deviceId" in entry]


def test_a_request_has_the_recorded_properties_in_their_order() -> None:
    device = waiting()
    assert device.pending is not None
    shown = plain(views.device_request(device.id, device.pending))
    theirs = next(entry for entry in recorded("pending") if entry["role"] == "operator")
    assert [name for name in shown if name != "approvedBy"] == list(theirs)
    assert shown["ts"] == NOW
    superseding = plain(views.device_request(device.id, device.pending, RequestId("old")))
    assert superseding["supersedes"] == "old"


def test_G7_a_paired_device_has_the_recorded_properties_and_no_token() -> None:
    device = paired()
    assert device.paired is not None
    shown = plain(views.device(device.id, device.paired))
    theirs = next(entry for entry in recorded("paired") if entry["role"] == "operator" and "displayName" in entry)
    assert [name for name in shown if name != "approvedBy"] == list(theirs)
    assert shown["tokens"] == [{"role": "operator", "scopes": ["operator.read"], "createdAtMs": NOW}]
    assert device.paired.tokens[Role.OPERATOR].secret.reveal() not in json.dumps(shown)


def test_the_owner_s_name_for_a_device_is_shown() -> None:
    named = devices.rename(paired(), "Kitchen", caller=OWNER).state
    assert named.paired is not None
    assert plain(views.device(named.id, named.paired))["displayName"] == "Kitchen"


def test_lists_of_devices() -> None:
    shown = plain(views.devices(Listing(pending=(), paired=()), {}))
    assert shown == {"pending": [], "paired": []}


def test_G19_a_request_comes_with_its_check_words() -> None:
    """As the last property; in a list of requests each by its own key, and none where there are none."""
    device = waiting()
    assert device.pending is not None
    shown = plain(views.devices(Listing(pending=((device.id, device.pending),), paired=()), {KEY.public_key: "a b c"}))
    assert list(shown["pending"][0].items())[-1] == ("checkWords", "a b c")
    other = {identity(2).public_key: "d e f"}
    shown = plain(views.devices(Listing(pending=((device.id, device.pending),), paired=()), other))
    assert "checkWords" not in shown["pending"][0]


def test_G7_a_node_of_the_legacy_store_is_shown_without_its_token_but_to_itself() -> None:
    node = nodes.request(Node(NodeId("n")), NodeAbout(display_name="N"), now=NOW, mint=MINT, room=True).state
    assert node.pending is not None
    assert plain(views.nodes([node], NOW)) == {
        "pending": [
            {"requestId": node.pending.id, "nodeId": "n", "displayName": "N", "isRepair": False, "ts": NOW},
        ],
        "paired": [],
    }
    node = nodes.approve(node, node.pending.id, caller=OWNER, now=NOW, mint=MINT).state
    assert node.paired is not None
    shown = {"nodeId": "n", "displayName": "N", "createdAtMs": NOW, "approvedAtMs": NOW}
    assert plain(views.nodes([node], NOW)) == {"pending": [], "paired": [shown]}
    assert plain(views.node(node.id, node.paired, Secret("t")))["token"] == "t"
