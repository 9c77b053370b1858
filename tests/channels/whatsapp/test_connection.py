"""How a connection goes wrong, over a bridge in a process of its own."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.whatsapp.adapter import WhatsappAdapter
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import Banned, ChannelFailed, ChannelRefused, DeliveryFailed, LoggedOut, NeedsLogin
from tests.channels.whatsapp.conftest import ACCOUNT, FAST, Receive
from tests.fakes.whatsapp import FakeWhatsapp
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("event", "kind", "message", "hint"),
    [
        ({"ev": "logged_out"}, LoggedOut, "logged this machine out", 'run "clawdbot channels login whatsapp"'),
        ({"ev": "replaced"}, ChannelRefused, "another program", "stop it"),
        ({"ev": "outdated"}, ChannelRefused, "this version", "update clawdbot"),
        ({"ev": "banned"}, Banned, "shut this account out", "on the phone"),
        (
            {"ev": "banned", "until": 1_790_000_000_000, "why": "too many\x1b[2J"},
            Banned,
            "shut this account out until 2026-09-21 14:13 UTC: too many\\x1b[2J",
            "on the phone",
        ),
        ({"ev": "fatal", "why": "no library", "hint": "get one"}, ChannelRefused, "no library", "get one"),
        ({"ev": "unreachable", "why": "connection refused"}, ChannelFailed, "connection refused", "check the network"),
    ],
)
async def test_the_last_word_of_a_bridge_is_an_error_with_a_way_out(
    whatsapp: FakeWhatsapp,
    receive: Receive,
    event: dict[str, object],
    kind: type[ChannelFailed],
    message: str,
    hint: str,
) -> None:
    async with receive() as bot:
        whatsapp.end(**event)
        failure = await bot.failure()

    assert type(failure) is kind
    assert message in failure.message
    assert hint in failure.hint


async def test_without_a_login_the_way_out_names_the_account(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    whatsapp.linked = False
    command = whatsapp.settings()["bridgeCommand"]
    assert isinstance(command, list)
    work = ChannelAccount(Channel.WHATSAPP, AccountId("work"))
    adapter = WhatsappAdapter(work, WhatsappSettings(bridge_command=tuple(command)), state_dir=tmp_path, timing=FAST)
    with pytest.raises(NeedsLogin) as caught:
        await adapter.run(Desk(), Reports())

    assert caught.value.hint == 'run "clawdbot channels login whatsapp --account work"'
    assert Path(whatsapp.opened[0]["session"]) == tmp_path / "credentials" / "whatsapp" / "work"


async def test_a_second_program_in_the_session_ends_the_first_for_good(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    async with receive() as first, receive() as second:
        failure = await first.failure()
        assert not second.run.done()

    assert isinstance(failure, ChannelRefused)


async def test_a_lost_connection_is_told_and_so_is_its_return(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """What is to be sent meanwhile waits for a while."""
    alice = whatsapp.person(1, "Alice")
    async with receive(timing=replace(FAST, flood=20)) as bot:
        whatsapp.away()
        await eventually(lambda: bot.reports.troubles)
        sending = asyncio.create_task(bot.adapter.send(alice.chat, "hi"))
        await asyncio.sleep(0.01)
        assert alice.received == []
        whatsapp.back()
        await sending
        alice.write("hello")
        await bot.desk.wait_ended("hello")

    assert len(bot.reports.ready_as) == 2
    assert alice.received == ["hi"]


async def test_a_message_does_not_wait_for_ever(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    async with receive() as bot:
        whatsapp.away()
        await eventually(lambda: bot.reports.troubles)
        with pytest.raises(DeliveryFailed, match="not connected"):
            await bot.adapter.send(whatsapp.person(1, "Alice").chat, "hi")


async def test_a_bridge_that_stays_away_is_given_up(whatsapp: FakeWhatsapp, receive: Receive) -> None:
    """The library is known to hang; a new process may help."""
    async with receive(timing=replace(FAST, away=0.1)) as bot:
        whatsapp.away()
        failure = await bot.failure()

    assert type(failure) is ChannelFailed
    assert failure.message == "whatsapp does not answer"


async def test_a_bridge_that_falls_is_a_failure_that_another_try_may_mend(
    whatsapp: FakeWhatsapp, receive: Receive
) -> None:
    alice = whatsapp.person(1, "Alice")
    async with receive() as bot:
        whatsapp.crash()
        failure = await bot.failure()
    assert type(failure) is ChannelFailed
    assert "the whatsapp bridge is gone" in failure.message
    assert "bridge.log" in failure.hint
    async with receive() as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")


async def run(tmp_path: Path, *command: str, connect: float = 20) -> ChannelFailed:
    """What running another bridge ends with."""
    other = WhatsappSettings(bridge_command=command)
    adapter = WhatsappAdapter(ACCOUNT, other, state_dir=tmp_path / "state", timing=replace(FAST, connect=connect))
    with pytest.raises(ChannelFailed) as caught:
        await adapter.run(Desk(), Reports())
    return caught.value


async def test_a_bridge_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    failure = await run(tmp_path, sys.executable, "-c", "import time; time.sleep(60)", connect=0.3)
    assert failure.message == "whatsapp does not answer"


async def test_a_bridge_that_is_not_there_is_named(tmp_path: Path) -> None:
    failure = await run(tmp_path, str(tmp_path / "no-such-bridge"))
    assert isinstance(failure, ChannelRefused)
    assert "no-such-bridge" in failure.message
    assert "bridgeCommand" in failure.hint


async def test_a_bridge_that_falls_before_it_is_told_anything_says_why(tmp_path: Path) -> None:
    """However soon that is."""
    for _ in range(10):
        failure = await run(
            tmp_path, "/bin/sh", "-c", """echo '{"ev":"fatal","why":"no neonize","hint":"install it"}'"""
        )
        assert (failure.message, failure.hint) == ("no neonize", "install it")


async def test_a_bridge_that_is_linked_to_nobody_is_no_bridge(tmp_path: Path) -> None:
    script = """print('{"ev":"connected","jid":"somebody"}', flush=True); input(); input()"""
    failure = await run(tmp_path, sys.executable, "-c", script)
    assert "whom it is linked to" in failure.message


async def test_S1_a_session_that_somebody_else_can_lead_elsewhere_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "credentials").symlink_to(tmp_path / "elsewhere")
    failure = await run(tmp_path, sys.executable, "-c", "")
    assert isinstance(failure, ChannelRefused)
    assert "credentials" in failure.message
    assert list((tmp_path / "elsewhere").iterdir()) == []
