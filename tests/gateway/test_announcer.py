"""From effects to what operators hear (threats.md G5, G6, S7)."""

import logging

import pytest

from clawdbot.domain import admission
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Disconnect, SendCode, SenderDecision
from clawdbot.domain.names import Channel, ChannelAccount, Role, SenderId
from clawdbot.domain.senders import Senders
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.hub import Hub
from clawdbot.store.base import Key
from clawdbot.store.memory import empty
from tests.support.devices import NOW, Counting, arrival
from tests.support.devices import identity as key
from tests.support.register_moves import DeviceMove, NodeMove
from tests.support.sessions import outbox, session
from tests.support.store_moves import KEY, Move


def test_G6_a_session_without_admin_hears_of_its_own_device_only() -> None:
    """A device waits: admin hears of it with what it says about itself; pairing alone hears of nobody else."""
    admin, pairing, node = session(1, "admin"), session(2, "pairing"), session(3, role=Role.NODE)
    hub = Hub()
    for one in (admin, pairing, node):
        hub.join(one)
    announcer = Announcer(hub)
    device = key(7).device_id
    change = admission.connect(Device(device), arrival(key(7)), now=NOW, mint=Counting().mint, room=True)
    for effect in change.effects:
        announcer.perform(effect)
    (told,) = outbox(admin).frames
    assert told["event"] == "device.pair.requested"
    assert told["payload"]["deviceId"] == device
    assert "token" not in str(told)
    assert outbox(pairing).frames == outbox(node).frames == []


def test_a_disconnect_takes_the_rights_of_the_device() -> None:
    node = session(1, role=Role.NODE)
    hub = Hub()
    hub.join(node)
    Announcer(hub).perform(Disconnect(node.device))
    assert node.expelled


def test_S7_codes_never_go_into_events() -> None:
    """Those with the scope hear who waits and how it ended; an effect with a code is not announced at all."""
    pairing, reader = session(1, "pairing"), session(2, "read")
    hub = Hub()
    hub.join(pairing)
    hub.join(reader)
    announcer, account = Announcer(hub), ChannelAccount(Channel.TELEGRAM)
    announcer.sender_waits(account, SenderId("42"), 5)
    announcer.sender_resolved(account, SenderId("42"), SenderDecision.APPROVED, 6)
    assert [frame["payload"] for frame in outbox(pairing).frames] == [
        {"channel": "telegram", "account": "default", "id": "42", "ts": 5},
        {"channel": "telegram", "account": "default", "id": "42", "decision": "approved", "ts": 6},
    ]
    assert outbox(reader).frames == []
    with pytest.raises(TypeError):
        announcer.perform(SendCode(SenderId("42"), PairingCode("ABCDEFGH")))


def test_what_was_decided_elsewhere_is_told_like_what_is_decided_here() -> None:
    """Of a device, a node and a sender, to the same people; a key of another kind is a defect."""
    admin, reader = session(900, "admin"), session(901, "read")
    hub = Hub()
    for one in (admin, reader):
        hub.join(one)
    announcer = Announcer(hub)
    for move in (DeviceMove("ask"), NodeMove("ask")):
        nobody = empty(move.key)
        waits = move(nobody).state  # type: ignore[arg-type]
        announcer.decided_elsewhere(move.key, nobody, waits, NOW + 1)
        announcer.decided_elsewhere(move.key, waits, nobody, NOW + 2)
    blocked = Move("block", "7")
    announcer.decided_elsewhere(KEY, Senders(), blocked(Senders()).state, NOW + 3)
    announcer.decided_elsewhere(KEY, Senders(), Move("request", "7", NOW + 3)(Senders()).state, NOW + 4)
    assert outbox(admin).events == [
        "device.pair.requested",
        "device.pair.resolved",
        "node.pair.requested",
        "node.pair.resolved",
        "dm.pair.resolved",
        "dm.pair.requested",
    ]
    assert outbox(reader).frames == []
    with pytest.raises(TypeError):
        announcer.decided_elsewhere(Key(), None, None, NOW)


def test_the_log_says_who_waits_and_shows_no_strange_characters(caplog: pytest.LogCaptureFixture) -> None:
    waiting = arrival(key(7), name="evil\x1b[2J\u202e")
    change = admission.connect(Device(waiting.id), waiting, now=NOW, mint=Counting().mint, room=True)
    with caplog.at_level(logging.WARNING):
        for effect in change.effects:
            Announcer(Hub()).perform(effect)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "clawdbot devices list" in line
    assert "\x1b" not in line
    assert "\u202e" not in line
