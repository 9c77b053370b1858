"""What is counted: messages, requests, decisions, refusals, and the time that the store takes."""

import pytest

from clawdbot import errors
from clawdbot.domain.effects import AnnounceDeviceResolved, Decision, Disconnect, SenderDecision
from clawdbot.domain.gate import Admit, DmRules, Ignore, Why
from clawdbot.domain.names import Channel, ChannelAccount, DeviceId, RequestId
from clawdbot.errors import DoorError, StoreUnavailable
from clawdbot.gateway.meters import DOORSTEP, PROTOCOL, RULES, TOO_MANY, CountedDoor, Meters, TimedStore
from clawdbot.gateway.metrics import exposition
from clawdbot.service import Door
from clawdbot.store.base import SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.people import Platform

ACCOUNT = ChannelAccount(Channel.TELEGRAM)
DOOR_ERRORS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, DoorError)]


def page(meters: Meters) -> str:
    return exposition(meters)


def test_messages_are_counted_by_what_became_of_them() -> None:
    meters = Meters()
    for decision in (Admit(), Ignore(Why.WAITING), Ignore(Why.QUEUE_FULL), Ignore(Why.WAITING)):
        meters.knocked(ACCOUNT, decision)
    where = 'channel="telegram",account="default"'
    assert f'clawdbot_messages_total{{{where},outcome="admitted"}} 1\n' in page(meters)
    assert f'clawdbot_messages_total{{{where},outcome="ignored"}} 3\n' in page(meters)
    assert f'clawdbot_messages_ignored_total{{{where},why="waiting"}} 2\n' in page(meters)
    assert f'clawdbot_messages_ignored_total{{{where},why="queue_full"}} 1\n' in page(meters)


async def test_S7_a_counted_door_decides_as_the_door_does() -> None:
    """And nothing of the message, not even who wrote it, is in the numbers."""
    platform, meters = Platform(), Meters()

    async def send(_account: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = CountedDoor(Door(MemoryStore(), rules=lambda _: DmRules(), send=send), meters)
    assert await door.knock(platform.message("4711", "s3cret words")) == Ignore(Why.WAITING)
    ((_, reply),) = platform.sent
    assert 'why="waiting"} 1' in page(meters)
    for private in ("4711", "s3cret", reply.partition("Pairing code: ")[2][:8]):
        assert private not in page(meters)


def test_decisions_are_counted_by_kind() -> None:
    meters = Meters()
    meters.sender_waits()
    meters.sender_resolved(SenderDecision.BLOCKED)
    meters.performed(AnnounceDeviceResolved(DeviceId("d"), RequestId("r"), Decision.APPROVED, 1))
    meters.performed(Disconnect(DeviceId("d")))
    assert 'clawdbot_pairing_requests_total{kind="sender"} 1\n' in page(meters)
    assert 'clawdbot_pairing_decisions_total{kind="sender",decision="blocked"} 1\n' in page(meters)
    assert 'clawdbot_pairing_decisions_total{kind="device",decision="approved"} 1\n' in page(meters)


@pytest.mark.parametrize("check", DOOR_ERRORS)
def test_every_refusal_at_the_door_has_its_rule(check: type[DoorError]) -> None:
    """… or keeps to the protocol; a new check is noticed here."""
    protocol = {errors.DoorError, errors.Unauthorized, errors.ProtocolMismatch}
    assert (check in RULES) is (check not in protocol)


def test_refusals_are_counted_by_rule_code_and_reason() -> None:
    meters = Meters()
    meters.refused(errors.NonceMismatch())
    meters.refused(errors.IdentityRequired())
    meters.refused(errors.ProtocolMismatch())
    meters.refused(StoreUnavailable("cannot read /home/ada/.clawdbot/devices/paired.json"))
    meters.turned_away(TOO_MANY, "503")
    meters.locked_out("credentials")
    name = "clawdbot_door_refusals_total"
    assert f'{name}{{rule="G2",code="INVALID_REQUEST",reason="nonce_mismatch"}} 1\n' in page(meters)
    assert f'{name}{{rule="G3",code="NOT_PAIRED",reason="identity_required"}} 1\n' in page(meters)
    assert f'{name}{{rule="{PROTOCOL}",code="INVALID_REQUEST",reason="protocol_mismatch"}} 1\n' in page(meters)
    assert f'{name}{{rule="S4",code="UNAVAILABLE",reason="store_unavailable"}} 1\n' in page(meters)
    assert f'{name}{{rule="{DOORSTEP[TOO_MANY]}",code="503",reason="{TOO_MANY}"}} 1\n' in page(meters)
    assert 'clawdbot_lockouts_total{of="credentials"} 1\n' in page(meters)
    assert "ada" not in page(meters)


async def test_the_store_s_time_is_taken_and_its_failures_are_counted() -> None:
    class Broken(MemoryStore):
        async def keys(self, kind):  # type: ignore[no-untyped-def]
            raise StoreUnavailable("no")

    meters = Meters()
    store = TimedStore(Broken(), meters)
    key = SendersKey(ACCOUNT)
    assert await store.read(key) == await MemoryStore().read(key)
    with pytest.raises(StoreUnavailable):
        await store.keys(SendersKey)
    assert 'clawdbot_store_seconds_count{operation="read"} 1\n' in page(meters)
    assert 'clawdbot_store_failures_total{operation="keys"} 1\n' in page(meters)


async def test_a_timed_store_gives_the_same_object_while_nothing_changes() -> None:
    """Which those who look every second depend on."""
    store = TimedStore(MemoryStore(), Meters())
    assert await store.read_all(SendersKey) is await store.read_all(SendersKey)
