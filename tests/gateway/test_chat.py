"""The whole road of an owner in chat, on each channel with buttons: a gateway as a process, a platform of our own, the
owner's commands."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel
from tests.support.bots import Bot, code_in
from tests.support.channels import Presser
from tests.support.fakes import open_fake
from tests.support.gateway import PATIENCE_S, Home, until

NOT_YOURS = "Only the owner can decide."


@pytest.fixture(params=[Channel.TELEGRAM, Channel.DISCORD, Channel.SLACK], ids=str)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home[Any]]:
    async with open_fake(request.param) as platform:
        home = Home(tmp_path / "state", platform)
        home.configure()
        yield home


async def press(person: Presser, message: Any, data: str) -> str:
    return await person.press(message, data, timeout=PATIENCE_S)


async def asked(home: Home[Any], *people: Presser) -> list[str]:
    """The codes of people who wrote before the gateway starts: had they just come, owners might be told of them, and of
    others only after a pause."""
    bot = Bot(home.platform.channel, home.state)
    bot.configure(DEFAULT_ACCOUNT, **home.platform.settings())
    async with bot.running():
        codes = [await bot.asks(person) for person in people]
    home.configure()
    return codes


async def test_D14_D15_from_the_first_owner_to_a_tap(home: Home[Any]) -> None:
    """Somebody approved becomes the owner because that was asked for; without a restart he is told of the next
    stranger, who cannot press the owner's button himself, and neither can a friend; the owner's tap lets him in, and
    works once."""
    channel = home.platform.channel
    ada, bob, eve = (home.platform.person(number, name) for number, name in ((1, "Ada"), (2, "Bob"), (7, "Eve")))
    codes = await asked(home, bob, ada)
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        for code, option in zip(codes, ("--notify", "--owner"), strict=True):
            assert (await home.owner("pairing", "approve", channel, code, option))[0] == 0
        eve.write("hello")
        code = code_in(await eve.next_message(PATIENCE_S))
        await until(lambda: ada.buttons() and eve.sender in ada.received[-1])
        notice = ada.received[-1]
        assert code not in notice
        ((message, ((approve, reject, *_),)),) = ada.buttons().items()
        for person in (eve, bob):
            assert await press(person, person.latest(), approve) == NOT_YOURS
        await until(lambda: "Somebody else tried" in ada.received[-1])
        assert "no such reference" in await press(ada, message, "approve 22222")
        assert await press(ada, message, approve) == f"Approved: {channel} sender {eve.sender}."
        await until(lambda: ada.buttons() == {})
        assert ada.shows(message).split() == f"{notice} Approved: {channel} sender {eve.sender}.".split()
        assert (
            await press(ada, message, reject)
            == f"Nothing changed: the request of {channel} sender {eve.sender} is approved already."
        )
        eve.write("and now?")
        assert await eve.next_message(PATIENCE_S) == "You said: and now?"
        assert await gateway.stop() == 0
        log = gateway.log()
    assert approve.split()[1] not in log
    assert len(eve.received) == 2
    assert sum("Somebody else tried" in text for text in ada.received) == 1
    history = (await home.owner("history"))[1]
    assert f"owner {channel}:{ada.sender}" in history


async def test_D14_a_button_from_before_a_restart_decides_nothing(home: Home[Any]) -> None:
    """References end with the gateway; the request waits on, for whoever decides about it with a fresh one."""
    channel, ada, eve = home.platform.channel, home.platform.person(1, "Ada"), home.platform.person(7, "Eve")
    home.configure(allowFrom=[ada.sender])
    config = json.loads((home.state / "clawdbot.json").read_text("utf-8"))
    home.write_config(json.dumps({**config, "owner": [f"{channel}:{ada.sender}"]}))
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        ada.write("hello")  # a bot on telegram cannot begin a conversation
        assert await ada.next_message(PATIENCE_S) == "You said: hello"
        eve.write("hello")
        await until(lambda: bool(ada.buttons()))
        ((message, ((approve, *_),)),) = ada.buttons().items()
        await gateway.kill()
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        assert "I gave you no such reference" in await press(ada, message, approve)
        assert await gateway.stop() == 0
    assert eve.sender in (await home.owner("pairing", "list", channel))[1]
