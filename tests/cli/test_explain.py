"""``explain`` on records that transcripts cannot lay: people with several ids, a full queue, devices."""

import json

import pytest

from clawdbot.device_service import DeviceService
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, Role, SenderId
from clawdbot.domain.scopes import OWNER
from clawdbot.service import Door, wall_clock
from clawdbot.store.files import FileStore
from tests.support.command_line import CommandLine
from tests.support.devices import arrival, identity, scopes
from tests.support.people import Platform

KEY = identity()


def door(cli: CommandLine, platform: Platform) -> Door:
    from clawdbot.domain.gate import DmRules

    async def send(_account: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    return Door(FileStore(cli.state), rules=lambda _: DmRules(), send=send)


def configure(cli: CommandLine, **channels: object) -> None:
    cli.state.mkdir(mode=0o700, exist_ok=True)
    (cli.state / "clawdbot.json").write_text(json.dumps({"channels": channels}))


async def test_D7_he_is_known_by_each_of_his_ids(cli: CommandLine) -> None:
    """Asked about by his number, he waits under his uuid."""
    configure(cli, signal={"account": "+4915100000000"})
    platform = Platform(ChannelAccount(Channel.SIGNAL))
    uuid, number = "uuid:123e4567-e89b-12d3-a456-426614174000", SenderId("+4915112345678")
    from dataclasses import replace

    message = replace(platform.message(uuid), aliases=frozenset({number}))
    await door(cli, platform).knock(message)
    said = await cli.done("explain", "signal", number)
    assert "is waiting" in said.out
    assert f"alias   {uuid}, the same person (threats.md D7)" in said.out
    assert (await cli.done("explain", "signal", number, "--json")).json["aliases"] == [uuid]


async def test_D10_a_full_queue_is_the_reason_and_has_a_way_out(cli: CommandLine) -> None:
    """How many wait and may; what would make room."""
    configure(cli, telegram={"botToken": "1:a", "maxPending": 1})
    platform = Platform()
    await door(cli, platform).knock(platform.message("7"))
    said = await cli.done("explain", "telegram", "8")
    assert "is refused: the queue is full, and he is not in it" in said.out
    assert "note    1 of 1 wait" in said.out
    assert "clawdbot pairing list telegram, and decide about one of them" in said.out
    assert "then his next message brings a code" in said.out


async def test_an_account_that_is_switched_off_says_so(cli: CommandLine) -> None:
    """Its only account is meant where none is named."""
    configure(cli, telegram={"accounts": {"work": {"botToken": "1:a", "enabled": False}}})
    said = await cli.done("explain", "telegram", "7")
    assert said.out.startswith("telegram:work sender 7")
    assert "the account is switched off" in said.out
    step = (await cli.done("explain", "telegram", "7", "--json")).json["steps"][1]
    assert step["command"] == f"clawdbot pairing block telegram 7 --account {AccountId('work')}"


async def test_a_broken_configuration_explains_nothing(cli: CommandLine) -> None:
    """What it says cannot be known; the error names the line."""
    cli.state.mkdir(mode=0o700)
    (cli.state / "clawdbot.json").write_text('{channels: {telegram: {dmPolicy: "maybe"}}}')
    said = await cli("explain", "telegram", "7")
    assert said.code == 2
    assert "clawdbot.json:1" in said.err


# --- devices ---------------------------------------------------------------------------------------------------------


async def test_G4_a_device_that_waits_and_then_asks_for_more(cli: CommandLine) -> None:
    """The commands in an explanation do what it says."""
    service = DeviceService(FileStore(cli.state))
    await service.connect(arrival(wanted=scopes("read")), silent_local=False)
    said = await cli.done("explain", "device", KEY.device_id[:10])
    assert f"device {KEY.device_id[:12]} is waiting for your decision" in said.out
    request = (await service.read(KEY.device_id)).waiting(wall_clock())
    assert request is not None
    assert f"clawdbot devices approve {request.id}" in said.out
    await service.approve(request.id, caller=OWNER)
    await service.connect(arrival(wanted=scopes("read", "admin")), silent_local=False)
    said = await cli.done("explain", "device", KEY.device_id[:10])
    assert "is in." in said.out
    assert "role    operator: yes, with operator.read" in said.out
    assert "role    node: no, it is not approved for that role (threats.md G4)" in said.out
    assert "as operator, for operator.admin" in said.out


async def test_G8_a_device_whose_role_was_taken_away(cli: CommandLine) -> None:
    """By its rule, and with the way back."""
    service = DeviceService(FileStore(cli.state))
    await service.connect(arrival(wanted=scopes("read"), peer=arrival().peer), silent_local=False)
    (known,) = await service.all()
    assert known.pending is not None
    await service.approve(known.pending.id, caller=OWNER)
    await service.revoke(KEY.device_id, Role.OPERATOR, caller=OWNER)
    said = await cli.done("explain", "device", KEY.device_id, "--json")
    assert said.json["standing"] == "revoked"
    assert said.json["roles"][0] == {
        **{"role": "operator", "in": False, "scopes": [], "lacks": "role_back", "rule": "G8"}
    }
    assert "let it connect" in said.json["steps"][-1]["command"]


@pytest.mark.parametrize("text", ["abc", "g" * 12, "a" * 65, "../x"])
async def test_G17_what_is_no_device_id_is_refused(cli: CommandLine, text: str) -> None:
    """With what one looks like."""
    said = await cli("explain", "device", text)
    assert said.code == 2
    assert "is no device id" in said.err
