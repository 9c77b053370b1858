"""Somebody comes in whom the owner invited or announced: operators hear of it as of any approval."""

from clawdbot.domain.gate import DmRules
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.gateway.server import Gateway
from clawdbot.persons_service import PersonsService
from clawdbot.service import Door, Service
from tests.support.gateways import TEST, gateway, identity
from tests.support.people import Platform

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


def door_of(gateway: Gateway, platform: Platform) -> Door:
    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    rules = DmRules()
    return Door(
        gateway.store, rules=lambda _: rules, send=send, announce=gateway.sender_waits, came=gateway.sender_came
    )


async def test_who_was_announced_is_told_of_when_he_comes_in() -> None:
    platform = Platform(TELEGRAM)
    async with gateway() as running:
        await Service(running.gateway.store).expect_sender(TELEGRAM, SenderId("42"), by="terminal")
        operator = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
        await door_of(running.gateway, platform).knock(platform.message("42"))
        told = await operator.event("dm.pair.resolved")
        assert (told["id"], told["decision"]) == ("42", "approved")
        assert platform.sent == []


async def test_D18_who_comes_in_by_an_invite_is_told_of_and_waits_no_more() -> None:
    platform = Platform(TELEGRAM)
    async with gateway() as running:
        door = door_of(running.gateway, platform)
        made = await PersonsService(running.gateway.store).invite(TELEGRAM, within_ms=60_000)
        assert isinstance(made, InviteMade)
        operator = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
        await door.knock(platform.message("42"))
        assert (await operator.event("dm.pair.requested"))["id"] == "42"
        await door.knock(platform.message("42", made.word.grouped()))
        told = await operator.event("dm.pair.resolved")
        assert (told["id"], told["decision"]) == ("42", "approved")
        listed = await operator.call("dm.pair.list")
        assert listed["pending"] == []
        assert [one["id"] for one in listed["allowed"]] == ["42"]
        assert made.word.reveal() not in str([operator.frames, listed])
