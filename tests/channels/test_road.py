"""The road of a stranger on every channel, with the gateway and the owner's commands as processes of their own."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.names import Channel
from clawdbot.domain.texts import APPROVED
from tests.support.bots import code_in
from tests.support.fakes import open_fake
from tests.support.gateway import Home, until

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)


@pytest.fixture
async def home(channel: Channel, tmp_path: Path) -> AsyncIterator[Home[Any]]:
    async with open_fake(channel) as platform:
        home = Home(tmp_path / "state", platform)
        home.configure()
        yield home


async def test_from_a_stranger_to_a_friend(home: Home[Any], channel: Channel) -> None:
    """A code, the owner's list and approval, the notice, an answer; and no secret, code or text in the log."""
    anne = home.platform.person(1, "Anne")
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        anne.write("hello from a stranger")
        code = code_in(await anne.next_message(30))
        listed = (await home.owner("pairing", "list", channel))[1]
        assert code in listed
        assert anne.sender in listed
        approved = await home.owner("pairing", "approve", channel, code.lower(), "--notify")
        assert approved[0] == 0, approved[1]
        assert "could not be told" not in approved[1]
        assert await anne.next_message(30) == APPROVED
        anne.write("hello as a friend")
        assert await anne.next_message(30) == "You said: hello as a friend"
        assert len(anne.received) == 3
        assert await gateway.stop() == 0
        log = gateway.log()
    kept = home.platform.settings()
    secrets = [str(kept[key]) for key in ("botToken", "token", "appToken") if key in kept]
    for secret in (code, "hello from", "hello as", *secrets):
        assert secret not in log


async def test_S2_kill_9_loses_no_message_that_was_taken(home: Home[Any]) -> None:
    """Killed while the assistant works: the message is answered after the next start."""
    anne = home.platform.person(1, "Anne")
    home.configure(allowFrom=[anne.sender])
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        anne.write("first")
        assert await anne.next_message(30) == "You said: first"
        anne.write("wait")
        await until(lambda: (home.state.parent / "waiting").exists())
        await gateway.kill()
    (home.state.parent / "go").touch()
    async with home.gateway() as gateway:
        assert await anne.next_message(30) == "You said: wait"
        assert await gateway.stop() == 0


async def test_an_owner_decides_while_the_assistant_answers_him(home: Home[Any], channel: Channel) -> None:
    """What he decides does not wait for the answer, and is taken once: also by who was killed and hears it again."""
    anne, olive = home.platform.person(1, "Anne"), home.platform.person(2, "Olive")
    settings = {**home.platform.settings(), "allowFrom": [olive.sender]}
    assistant = {"python": "tests.support.gateway:assistant"}
    home.write_config(
        json.dumps({"assistant": assistant, "owner": [f"{channel}:{olive.sender}"], "channels": {channel: settings}})
    )
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        olive.write("wait")
        await until(lambda: (home.state.parent / "waiting").exists())
        anne.write("hello")
        code_in(await anne.next_message(30))
        asked = re.search(r"approve ([A-Z0-9]{5})", await olive.next_message(30))
        assert asked is not None
        olive.write("not yet")
        olive.write(f"approve {asked[1]}")
        assert re.search("(?i)approved", await olive.next_message(30))
        anne.write("hello as a friend")
        assert await anne.next_message(30) == "You said: hello as a friend"
        await gateway.kill()
    (home.state.parent / "go").touch()
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        home.platform.redeliver(olive)
        assert [await olive.next_message(30) for _ in range(2)] == ["You said: wait", "You said: not yet"]
        olive.write("thanks")
        assert await olive.next_message(30) == "You said: thanks"
        assert await gateway.stop() == 0
