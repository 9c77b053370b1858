"""``clawdbot status`` beside a running gateway: how the channels do now, told without anything being left behind."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import load_identity
from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import Gateway, Home
from tests.support.node_hosts import process_of


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        yield home


def without_silent_pairing(home: Home[FakeTelegram]) -> None:
    """Every device waits for the owner, those of this machine too."""
    path = home.state / "clawdbot.json"
    home.write_config(json.dumps({**json.loads(path.read_text()), "gateway": {"pairing": {"silentLocal": False}}}))


async def live(home: Home[FakeTelegram]) -> Any:
    """What ``status --json`` knows about the account now."""
    code, said = await home.owner("status", "--json")
    assert code == 0, said
    (account,) = json.loads(said)["accounts"]
    return account["live"]


async def test_a_channel_that_works_is_shown_at_work(home: Home[FakeTelegram]) -> None:
    """With the bot's name, for people and for scripts; without a gateway nothing is known, and nothing said."""
    assert await live(home) is None
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        told = await live(home)
        assert (told["state"], told["bot"], told["lastError"]) == ("ready", "@clawd_test_bot", None)
        code, said = await home.owner("status")
        assert (code, "ready as @clawd_test_bot; policy pairing; 0 waiting" in said) == (0, True)
        code, said = await home.owner("gateway", "health")
        assert (code, "  telegram: ready as @clawd_test_bot\n" in said) == (0, True)
        assert await gateway.stop() == 0


async def test_what_keeps_a_channel_from_working_is_said_with_the_way_out(home: Home[FakeTelegram]) -> None:
    """The platform refuses the token: the state, the error, and what to do next."""
    home.configure(botToken="123456789:another-one")
    async with home.gateway() as gateway:
        await gateway.says("does not accept")
        told = await live(home)
        assert (told["state"], told["running"]) == ("token refused", False)
        assert "does not accept" in told["lastError"]
        _, said = await home.owner("status")
        assert "token refused: telegram does not accept this bot token" in said
        assert f"next:      {told['hint']}" in said
        code, said = await home.owner("doctor")
        assert code == 1
        assert f"error: telegram: token refused: {told['lastError']}\n  {told['hint']}\n" in said
        assert "Everything is in order" not in said


async def test_trouble_that_may_pass_is_a_warning_of_doctor_s(home: Home[FakeTelegram]) -> None:
    """And gone from it when the channel works."""
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        assert (await home.owner("doctor"))[0] == 0
        await home.platform.stop()
        await gateway.says("trying again")
        code, said = await home.owner("doctor")
        assert (code, "warning: telegram: retrying: " in said) == (1, True), said


async def quiet(home: Home[FakeTelegram], gateway: Gateway) -> None:
    """``status`` says what it knows without the gateway, and nothing on standard error."""
    code, said = await home.owner("status")
    assert (code, "ready as" in said, "clawdbot: " in said) == (0, False, False)
    assert f"running (process {gateway.process.pid}) at ws://127.0.0.1:" in said


async def test_looking_asks_nobody_for_approval(home: Home[FakeTelegram]) -> None:
    """Where every device waits for the owner, ``status`` makes no request and no identity."""
    without_silent_pairing(home)
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        await quiet(home, gateway)
        assert load_identity(home.state) is None
        assert not (home.state / "devices" / "pending.json").exists()


async def test_G5_looking_does_not_void_what_this_machine_s_node_host_asked(home: Home[FakeTelegram]) -> None:
    """The node host waits under the machine's own identity; its request is the same afterwards."""
    without_silent_pairing(home)
    async with home.gateway() as gateway:
        await gateway.says("listening")
        port = json.loads((home.state / "gateway.lock").read_text())["url"].rpartition(":")[2]
        async with process_of(home.state, "--host", "127.0.0.1", "--port", port) as node:
            await node.says("devices approve")
            before = json.loads((home.state / "devices" / "pending.json").read_text()).keys()
            await quiet(home, gateway)
            assert json.loads((home.state / "devices" / "pending.json").read_text()).keys() == before
