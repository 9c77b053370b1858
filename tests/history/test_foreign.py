"""What others did to the files, told from before and after."""

from dataclasses import replace

import pytest

from clawdbot.domain import devices, nodes, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.device_records import Device
from clawdbot.domain.facts import Kind, Surface
from clawdbot.domain.names import NodeId, RequestId, Role, SenderId
from clawdbot.domain.node_records import Node, NodeAbout
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.senders import Approval, Request, Senders
from clawdbot.history import foreign
from clawdbot.store.base import DeviceKey, Key, NodeKey, SendersKey
from tests.support.devices import NOW, Counting, identity, paired, scopes
from tests.support.histories import TELEGRAM

WHO = SenderId("7")
WAITS = Senders({WHO: Request(WHO, PairingCode("ABCDEFGH"), created_at=NOW, last_seen=NOW)})
IN = Senders(allowed={WHO: Approval("7")})
OVER = Senders(allowed={WHO: Approval("7", until=NOW)})
MINT = Counting().mint


def kinds(key: Key[object], old: object, new: object) -> list[Kind]:
    found = list(foreign.facts(key, old, new, at=NOW))
    assert {one.surface for one in found} <= {Surface.FILES}
    assert {one.by for one in found} <= {""}
    return [one.kind for one in found]


BLOCKED = senders.block(Senders(), WHO, now=NOW, by="terminal").state


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (Senders(), WAITS, Kind.REQUESTED),
        (WAITS, IN, Kind.APPROVED),
        (WAITS, Senders(), Kind.REJECTED),
        (IN, Senders(), Kind.REVOKED),
        (OVER, Senders(), Kind.EXPIRED),
        (IN, BLOCKED, Kind.BLOCKED),
        (BLOCKED, Senders(), Kind.UNBLOCKED),
    ],
)
def test_what_became_of_a_sender_is_told(old: Senders, new: Senders, kind: Kind) -> None:
    """Each decision by itself, without anybody's name."""
    assert kinds(SendersKey(TELEGRAM), old, new) == [kind]  # type: ignore[arg-type]


def test_what_became_of_a_device_is_told() -> None:
    """Asked, approved, rejected, its token rotated, its role revoked, removed; nothing when it only came by."""
    new, known = Device(identity().device_id), paired("read")
    key = DeviceKey(known.id)
    assert known.paired is not None
    assert kinds(key, new, known) == [Kind.APPROVED]  # type: ignore[arg-type]
    assert kinds(key, known, new) == [Kind.REMOVED]  # type: ignore[arg-type]
    rotated = devices.rotate(known, Role.OPERATOR, scopes("read"), caller=OWNER, now=NOW, mint=MINT).state
    assert kinds(key, known, rotated) == [Kind.ROTATED]  # type: ignore[arg-type]
    revoked = devices.revoke(known, Role.OPERATOR, caller=OWNER, now=NOW, mint=MINT).state
    assert kinds(key, known, revoked) == [Kind.REVOKED]  # type: ignore[arg-type]
    seen = replace(known, paired=replace(known.paired, role=Role.NODE))
    assert kinds(key, known, seen) == []  # type: ignore[arg-type]


def test_what_became_of_a_node_of_the_legacy_store_is_told() -> None:
    """Asked, approved, rejected, removed."""
    empty = Node(NodeId("box"))
    key = NodeKey(empty.id)
    asked = nodes.request(empty, NodeAbout(), now=NOW, mint=MINT, room=True).state
    assert asked.pending is not None
    approved = nodes.approve(asked, asked.pending.id, caller=OWNER, now=NOW, mint=MINT).state
    assert kinds(key, empty, asked) == [Kind.REQUESTED]  # type: ignore[arg-type]
    assert kinds(key, asked, approved) == [Kind.APPROVED]  # type: ignore[arg-type]
    assert kinds(key, asked, empty) == [Kind.REJECTED]  # type: ignore[arg-type]
    assert kinds(key, approved, empty) == [Kind.REMOVED]  # type: ignore[arg-type]
    assert RequestId(asked.pending.id)
