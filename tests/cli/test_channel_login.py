"""``channels login whatsapp``: what the owner sees, by QR code and by phone code, and what he is told otherwise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.whatsapp import FakeWhatsapp
from tests.support.gateway import Home, until

PHONE = "+15550009999"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeWhatsapp]]:
    async with FakeWhatsapp(linked=False) as whatsapp:
        home = Home(tmp_path / "state", whatsapp)
        home.configure()
        yield home
        assert whatsapp.wrongs == []


async def logs_in(home: Home[FakeWhatsapp], *words: str) -> str:
    """The owner starts a login and confirms it on his phone; what the command printed."""
    typing = asyncio.create_task(home.owner("channels", "login", "whatsapp", *words))
    await until(lambda: any(opened["mode"] == "login" for opened in home.platform.opened))
    home.platform.scan()
    code, said = await typing
    assert code == 0, said
    return said


async def test_a_code_is_shown_to_scan(home: Home[FakeWhatsapp]) -> None:
    """And who is linked then; the session's folder is its owner's alone (threats.md S1)."""
    said = await logs_in(home)
    assert "Link a device. Scan this:" in said
    assert "▀" in said
    assert f"Linked whatsapp to {PHONE}." in said
    assert "Next: clawdbot gateway" in said
    folder = home.state / "credentials" / "whatsapp" / "default"
    assert folder.stat().st_mode & 0o077 == 0


async def test_a_code_is_shown_to_type(home: Home[FakeWhatsapp]) -> None:
    said = await logs_in(home, "--phone", PHONE)
    assert "Link with phone number instead. Type this:\n  ABCD-1234\n" in said
    assert "▀" not in said


async def test_a_gateway_that_was_refused_takes_the_login_up_by_itself(home: Home[FakeWhatsapp]) -> None:
    """Until then every command says what to type."""
    async with home.gateway() as gateway:
        await gateway.says('run "clawdbot channels login whatsapp"')
        code, said = await home.owner("channels", "status", "--probe")
        assert code == 1
        assert "this machine is not linked to a whatsapp account" in said
        assert 'clawdbot: hint: run "clawdbot channels login whatsapp"' in said
        await logs_in(home)
        await gateway.says("whatsapp: ready as Clawd")
        assert await gateway.stop() == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["whatsapp", "--phone", "Alice"], 2, "clawdbot: error: --phone: "),
        (["whatsapp", "--account", "work"], 1, "clawdbot: error: whatsapp:work is not configured"),
        (["telegram"], 2, 'clawdbot: hint: run "clawdbot channels add telegram"'),
    ],
)
async def test_what_cannot_be_says_what_to_type(
    home: Home[FakeWhatsapp], words: list[str], code: int, said: str
) -> None:
    ended, told = await home.owner("channels", "login", *words)
    assert ended == code, told
    assert said in told
    assert home.platform.opened == []


async def test_add_says_that_a_login_comes_next(home: Home[FakeWhatsapp]) -> None:
    code, said = await home.owner("channels", "add", "whatsapp")
    assert code == 0, said
    assert "Next: clawdbot channels login whatsapp" in said
