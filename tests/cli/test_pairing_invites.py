"""``clawdbot pairing invite``: the link that an owner hands on, and where the word of it is not."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clawdbot.domain.texts import APPROVED
from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import Home

START = re.compile(r"[A-Za-z0-9_-]{1,64}", re.A)
"""What Telegram takes behind ``?start=`` (https://core.telegram.org/bots/features#deep-linking)."""


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        yield home


async def invite(home: Home[FakeTelegram], *options: str) -> dict[str, Any]:
    code, said = await home.owner("pairing", "invite", "telegram", "--json", *options)
    assert code == 0, said
    found: dict[str, Any] = json.JSONDecoder().raw_decode(said)[0]  # what is warned of stands behind it
    return found


async def test_S7_who_follows_the_link_is_in_and_its_word_is_written_nowhere(home: Home[FakeTelegram]) -> None:
    """Not in any file of the state directory, its history included, nor in what the gateway logs."""
    alice, bob = home.platform.user(7, "Alice"), home.platform.user(8, "Bob")
    async with home.gateway() as gateway:
        made = await invite(home, "--label", "a guest")
        link = urlsplit(made["link"])
        (word,) = parse_qs(link.query)["start"]
        assert (link.scheme, link.netloc, link.path) == ("https", "t.me", "/clawd_test_bot")
        assert START.fullmatch(word)
        assert word == made["word"].replace("-", "")
        alice.write(f"/start {word}")
        assert await alice.next_message() == APPROVED
        bob.write(f"/start {word}")
        assert "Pairing code" in await bob.next_message()
        log = gateway.log()
    kept = b"".join(file.read_bytes() for file in home.state.rglob("*") if file.is_file())
    for secret in (word, made["word"]):
        assert secret.encode() not in kept
        assert secret not in log
    code, said = await home.owner("history")
    assert code == 0
    assert f"invite {made['id']}" in said


@pytest.mark.parametrize("trouble", ["nobody there", "broken configuration", "no configuration"])
async def test_without_telegram_there_is_the_word_and_the_way_to_write_it(
    home: Home[FakeTelegram], trouble: str
) -> None:
    """The invite is good all the same."""
    if trouble == "nobody there":
        home.configure(apiBase="http://127.0.0.1:1")
    elif trouble == "broken configuration":
        home.write_config("{")
    else:
        (home.state / "clawdbot.json").unlink()
    made = await invite(home)
    assert made["link"] is None
    assert re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", made["word"])
    code, said = await home.owner("pairing", "invites", "telegram", "--json")
    (listed,) = json.loads(said)["invites"]
    assert (code, listed["id"]) == (0, made["id"])
    assert "word" not in listed


async def test_a_bot_whose_name_is_no_username_makes_no_link(tmp_path: Path) -> None:
    """What Telegram says goes into no link but as it must look."""
    async with FakeTelegram(username="clawd/../x?start=1") as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        assert (await invite(home))["link"] is None
