"""What the adapter sends, and asks of a Mac outside of receiving."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.imessage.adapter import MESSAGE_LIMIT, ImessageAdapter
from clawdbot.channels.settings import ImessageService, ImessageSettings
from clawdbot.domain.names import SenderId
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    ClawdbotError,
    DeliveryFailed,
    DeliveryUnknown,
    RecipientRefused,
)
from tests.channels.imessage.conftest import ACCOUNT, FAST, Receive
from tests.fakes.imessage import OLD_NO_ACCESS, OLD_VERSION, FakeImessage
from tests.fakes.imsg_rpc import crashes, fails, hangs, says, silent
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually


def sends(mac: FakeImessage) -> list[object]:
    return [params for method, params in mac.calls if method == "send"]


async def test_a_conversation_is_written_to_by_its_number(mac: FakeImessage, receive: Receive) -> None:
    """By service and region as configured, through the imsg that receives."""
    alice = mac.person(1, "Alice")
    async with receive() as bot:
        await bot.adapter.send("chat_id:1", "hello")

    assert await alice.next_message() == "hello"
    assert sends(mac) == [{"text": "hello", "chat_id": 1, "service": "auto", "region": "US"}]
    assert len(mac.started) == 1


@pytest.mark.parametrize("handle", ["+15550000001", "alice@example.com", "262966"])
async def test_a_person_is_told_without_receiving(mac: FakeImessage, adapter: ImessageAdapter, handle: str) -> None:
    """The command line does that, through an imsg of its own that ends with it."""
    await adapter.tell(SenderId(handle), "you are in")

    assert await mac.somebody(handle).next_message() == "you are in"
    await eventually(lambda: not mac.sessions)


async def test_settings_reach_imsg(mac: FakeImessage, tmp_path: Path) -> None:
    settings = ImessageSettings(
        cli_path=str(mac.program), db_path="/db/chat.db", service=ImessageService.SMS, region="DE"
    )
    adapter = ImessageAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=FAST)
    await adapter.tell(SenderId("+15550000001"), "hello")

    assert mac.started == [["rpc", "--db", "/db/chat.db"]]
    assert sends(mac) == [{"text": "hello", "to": "+15550000001", "service": "sms", "region": "DE"}]


async def test_a_long_text_is_sent_in_pieces_by_one_imsg(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    alice = mac.person(1, "Alice")
    await adapter.send("chat_id:1", "word " * 2000)

    assert [len(piece) <= MESSAGE_LIMIT for piece in alice.received] == [True] * 3
    assert " ".join(alice.received) == ("word " * 2000).strip()
    assert len(mac.started) == 1


async def test_an_imsg_that_hangs_in_one_message_is_started_anew_and_the_others_go_out(
    mac: FakeImessage, receive: Receive
) -> None:
    """Of the one that it hangs in nobody knows; those that waited for it were never given to it."""
    mac.person(1, "Alice")
    bert = mac.person(2, "Bert")
    mac.faults["send"].append(hangs)
    async with receive(timing=replace(FAST, answer=2.0)) as bot:
        stuck = asyncio.create_task(bot.adapter.send("chat_id:1", "stuck"))
        await eventually(lambda: sends(mac))
        await asyncio.gather(*(bot.adapter.send("chat_id:2", f"number {number}") for number in range(5)))
        with pytest.raises(DeliveryUnknown):
            await stuck

    assert bert.received == [f"number {number}" for number in range(5)]
    assert len(mac.started) == 2


@pytest.mark.parametrize("conversation", ["", "1", "chat_id:", "chat_id:0", "chat_id:1x", "chat_id:١", "+15550000001"])
async def test_what_is_no_conversation_is_refused(adapter: ImessageAdapter, conversation: str) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.send(conversation, "hello")


@pytest.mark.parametrize("sender", ["", "AMAZON", "chat_id:1", "15550000001", "Alice@example.com"])
async def test_D6_who_is_nobody_is_not_told(mac: FakeImessage, adapter: ImessageAdapter, sender: str) -> None:
    """Ids are in their one spelling."""
    with pytest.raises(RecipientRefused):
        await adapter.tell(SenderId(sender), "hello")
    assert mac.started == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (fails(-32603, "AppleScript failed: Can’t send"), DeliveryFailed),
        (fails(-32602, "unknown chat_id 1"), RecipientRefused),
        (fails(-32603, "AppleEvent timed out. (-1712)"), DeliveryUnknown),
        (says({"ok": False}), DeliveryFailed),
        (says("done"), DeliveryFailed),
        (silent, DeliveryUnknown),
        (crashes, DeliveryUnknown),
    ],
)
async def test_what_goes_wrong_is_told_apart(
    mac: FakeImessage, tmp_path: Path, fault: object, kind: type[DeliveryFailed]
) -> None:
    """And nothing is sent twice."""
    mac.person(1, "Alice")
    settings, timing = ImessageSettings(cli_path=str(mac.program)), replace(FAST, answer=1.0)
    adapter = ImessageAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=timing)
    assert callable(fault)
    mac.faults["send"].append(fault)
    with pytest.raises(DeliveryFailed) as failed:
        await adapter.send("chat_id:1", "hello")
    assert type(failed.value) is kind
    assert len(sends(mac)) == 1


async def test_an_unknown_chat_is_refused(adapter: ImessageAdapter) -> None:
    with pytest.raises(RecipientRefused, match="chat_id:7"):
        await adapter.send("chat_id:7", "hello")


async def test_who_cannot_be_reached_is_an_error(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.person(1, "Alice").unreachable = True
    with pytest.raises(DeliveryFailed, match="did not take"):
        await adapter.send("chat_id:1", "hello")


async def test_while_there_is_no_imsg_a_message_waits_but_not_for_ever(mac: FakeImessage, receive: Receive) -> None:
    """It was not sent, so it may be sent later."""
    mac.person(1, "Alice")
    timing = replace(FAST, flood=0.05, sleep=lambda _: asyncio.sleep(600))
    async with receive(timing=timing) as bot:
        mac.drop()
        await eventually(lambda: bot.reports.troubles)
        with pytest.raises(DeliveryFailed, match="does not run"):
            await bot.adapter.send("chat_id:1", "hello")


# --- probe ------------------------------------------------------------------------------------------------------------


async def test_probe_reads_and_ends(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.person(1, "Alice").write("hi")
    assert await adapter.probe() == BotIdentity("imsg", "imsg")
    assert [method for method, _ in mac.calls] == ["chats.list", "messages.history"]
    await eventually(lambda: not mac.sessions)


async def refusal(adapter: ImessageAdapter) -> ChannelRefused:
    """Why it is refused: the same by probing, receiving and sending."""
    found: list[ClawdbotError] = []
    for attempt in (adapter.probe(), adapter.run(Desk(), Reports()), adapter.tell(SenderId("+15550000001"), "hello")):
        with pytest.raises(ClawdbotError) as failed:
            await attempt
        found.append(failed.value)
    probed, ran, told = found
    assert isinstance(probed, ChannelRefused)
    assert isinstance(ran, ChannelRefused)
    assert isinstance(told, DeliveryFailed)
    assert {(each.message, each.hint) for each in found} == {(probed.message, probed.hint)}
    return probed


async def test_without_access_it_says_where_to_click(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    """imsg runs on and answers every request with an error: it is the error that counts."""
    mac.has_access = False
    assert "Full Disk Access" in (await refusal(adapter)).hint


async def test_without_access_an_old_imsg_says_so_and_ends(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.beginnings.extend([OLD_NO_ACCESS] * 3)
    assert "Full Disk Access" in (await refusal(adapter)).hint


async def test_an_imsg_that_knows_no_rpc_is_too_old(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.beginnings.extend([OLD_VERSION] * 3)
    refused = await refusal(adapter)
    assert "too old" in refused.message
    assert "brew upgrade" in refused.hint


async def test_without_imsg_it_says_how_to_install_it(tmp_path: Path) -> None:
    settings = ImessageSettings(cli_path=str(tmp_path / "imsg"))
    refused = await refusal(ImessageAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=FAST))
    assert "there is no program" in refused.message
    assert "brew install" in refused.hint


async def test_without_imsg_on_the_other_machine_it_says_so_too(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.beginnings.extend([{"stderr": "zsh:1: command not found: imsg\n", "exit": 127}] * 3)
    assert "brew install" in (await refusal(adapter)).hint


async def test_a_machine_that_cannot_be_reached_may_be_reached_later(
    mac: FakeImessage, adapter: ImessageAdapter
) -> None:
    mac.beginnings.append({"stderr": "ssh: connect to host mac port 22: No route to host\n", "exit": 255})
    with pytest.raises(ChannelFailed, match="No route to host") as failed:
        await adapter.probe()
    assert not isinstance(failed.value, ChannelRefused)


async def test_a_busy_database_may_be_free_later(mac: FakeImessage, adapter: ImessageAdapter) -> None:
    mac.faults["chats.list"].append(fails(-32603, "database is locked (code: 5)"))
    with pytest.raises(ChannelFailed, match="busy") as failed:
        await adapter.probe()
    assert not isinstance(failed.value, ChannelRefused)
