import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.whatsapp.connection import Timing
from clawdbot.channels.whatsapp.login import LoggedIn, LoginEvent, PairCode, QrCode, login
from clawdbot.errors import ChannelFailed, ChannelRefused, UsageError
from tests.channels.whatsapp.conftest import ACCOUNT, FAST, Receive, settings
from tests.fakes.whatsapp import FakeWhatsapp


@pytest.fixture
def whatsapp(whatsapp: FakeWhatsapp) -> FakeWhatsapp:
    """One that nobody is linked to yet."""
    whatsapp.linked = False
    return whatsapp


def begin(
    whatsapp: FakeWhatsapp, state_dir: Path, *, phone: str = "", timing: Timing = FAST
) -> AsyncGenerator[LoginEvent, None]:
    return login(ACCOUNT, settings(whatsapp), state_dir, phone=phone, timing=timing)


async def test_a_code_is_scanned_and_the_next_one_too_if_that_was_too_late(
    whatsapp: FakeWhatsapp, tmp_path: Path, receive: Receive
) -> None:
    """Afterwards the gateway runs, and what was written meanwhile is not lost."""
    events = begin(whatsapp, tmp_path)
    assert await anext(events) == QrCode("2@first")
    whatsapp.tell(ev="qr", code="2@second")
    assert await anext(events) == QrCode("2@second")
    whatsapp.scan()
    whatsapp.person(1, "Alice").write("hi")
    assert [event async for event in events] == [LoggedIn("+15550009999")]
    async with receive() as bot:
        await bot.desk.wait_ended("hi")

    assert [opened["mode"] for opened in whatsapp.opened] == ["login", "run"]


@pytest.mark.parametrize("phone", ["+15550009999", "+1 (555) 000-9999", "15550009999"])
async def test_a_code_is_typed_on_the_phone(whatsapp: FakeWhatsapp, tmp_path: Path, phone: str) -> None:
    events = begin(whatsapp, tmp_path, phone=phone)
    assert await anext(events) == PairCode("ABCD-1234")
    whatsapp.scan()
    assert await anext(events) == LoggedIn("+15550009999")
    await events.aclose()

    assert whatsapp.opened[0]["phone"] == "+15550009999"


async def test_who_is_linked_already_stays_so(whatsapp: FakeWhatsapp, tmp_path: Path, receive: Receive) -> None:
    """And a gateway that is connected stays connected."""
    whatsapp.linked = True
    async with receive() as bot:
        assert [event async for event in begin(whatsapp, tmp_path)] == [LoggedIn("+15550009999")]
        assert not bot.run.done()


async def test_nobody_scans_for_ever(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    events = begin(whatsapp, tmp_path, timing=replace(FAST, login=2))
    assert await anext(events) == QrCode("2@first")
    with pytest.raises(ChannelFailed, match="nobody linked this machine in time") as caught:
        await anext(events)
    assert caught.value.hint == 'run "clawdbot channels login whatsapp"'


@pytest.mark.parametrize("phone", ["Alice", "0555", "lid:5", "5@g.us"])
async def test_what_is_no_phone_number_is_refused_before_anything_starts(
    whatsapp: FakeWhatsapp, tmp_path: Path, phone: str
) -> None:
    with pytest.raises(UsageError):
        await anext(begin(whatsapp, tmp_path, phone=phone))
    assert whatsapp.opened == []


async def test_without_a_network_it_says_so(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    whatsapp.online = False
    with pytest.raises(ChannelFailed, match="network is unreachable"):
        await anext(begin(whatsapp, tmp_path))


async def test_whoever_gives_up_leaves_nothing_behind(whatsapp: FakeWhatsapp, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    events = begin(whatsapp, tmp_path)
    await anext(events)
    await events.aclose()

    assert [task for task in asyncio.all_tasks() - before if "_meet" not in repr(task)] == []


async def test_a_bridge_that_cannot_link_says_why(tmp_path: Path) -> None:
    script = """print('{"ev":"fatal","why":"no neonize","hint":"install it"}')"""
    broken = WhatsappSettings(bridge_command=(sys.executable, "-c", script))
    with pytest.raises(ChannelRefused, match="no neonize"):
        await anext(login(ACCOUNT, broken, tmp_path, timing=FAST))
