"""``clawdbot status`` beside a running gateway: how the channels do now, told without anything being left behind."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import load_identity
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.support.disks import fill, small_disk
from tests.support.gateway import Gateway, Home
from tests.support.node_hosts import process_of
from tests.support.transcript import lay


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
    """Where every device waits for the owner, ``status`` makes no request, with the gateway's identity or without."""
    without_silent_pairing(home)
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        await quiet(home, gateway)
        assert load_identity(home.state) is not None
        assert not (home.state / "devices" / "pending.json").exists()
        shutil.rmtree(home.state / "identity")
        before = load_identity(home.state)
        await quiet(home, gateway)
        after = load_identity(home.state)
        assert (before and before.device_id) == (after and after.device_id)
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


# --- what the gateway alone has ---------------------------------------------------------------------------------------

SECRET = "5ecret-5ecret-5ecret-5ecret"
WAITING = """{"version": 1, "requests": [{"id": "7", "code": "ABCDEFGH", "createdAt": "@now-10s",
 "lastSeenAt": "@now-10s"}]}"""


@pytest.mark.parametrize("token", [TOKEN, "123456789:another-one"], ids=["works", "is refused"])
async def test_a_token_of_the_gateway_s_environment_is_the_gateway_s_affair(
    home: Home[FakeTelegram], token: str
) -> None:
    """In another terminal nobody is told that there is none, nor to add what is there: the gateway's word counts."""
    home.configure()
    config = json.loads((home.state / "clawdbot.json").read_text())
    del config["channels"]["telegram"]["botToken"]
    home.write_config(json.dumps(config))
    works = token == TOKEN
    async with home.gateway(variables={"TELEGRAM_BOT_TOKEN": token}) as gateway:
        await gateway.says("ready as" if works else "does not accept")
        for words in (["status"], ["channels", "status"], ["channels", "status", "--probe"], ["doctor"]):
            code, said = await home.owner(*words)
            assert "there is no bot token" not in said, words
            if works:
                assert (code, "channels add" in said) == (0, False), said
                assert words == ["doctor"] or "@clawd_test_bot" in said
            else:
                assert "token refused" in said or "does not accept" in said, words
                assert said.count("does not accept") == 1, said
        _, listed = await home.owner("channels", "status")
        assert ("the gateway has it" in listed) == works


async def test_a_gateway_that_tells_this_terminal_nothing_may_have_the_token(home: Home[FakeTelegram]) -> None:
    """Its own secret is in its environment, too: nobody is told to add what may be there, but how to be let in."""
    config = json.loads((home.state / "clawdbot.json").read_text())
    token = config["channels"]["telegram"].pop("botToken")
    home.write_config(json.dumps(config))
    async with home.gateway(variables={"TELEGRAM_BOT_TOKEN": token, "CLAWDBOT_GATEWAY_TOKEN": SECRET}) as gateway:
        await gateway.says("ready as")
        for words in (["status"], ["channels", "status"], ["doctor"]):
            _, said = await home.owner(*words)
            assert "there is no bot token; the gateway that runs may have it" in said
            assert "channels add" not in said
            assert "clawdbot gateway status" in said
        _, said = await home.owner("gateway", "status")
        assert "or $CLAWDBOT_GATEWAY_TOKEN, to what the gateway has" in said


async def test_a_channel_that_only_the_gateway_knows_is_shown(home: Home[FakeTelegram]) -> None:
    """Without a section of its own, as its token in the environment is enough; doctor does not call for one either."""
    config = {"assistant": {"command": ["cat"]}, "owner": ["telegram:7"]}
    home.write_config(json.dumps(config))
    async with home.gateway(variables={"TELEGRAM_BOT_TOKEN": "none that could be one"}) as gateway:
        await gateway.says("is not a token")
        _, said = await home.owner("status")
        assert "telegram   token refused: $TELEGRAM_BOT_TOKEN is not a token" in said
        assert "policy pairing; 0 waiting" in said
        assert "telegram  pairing" in (await home.owner("channels", "status"))[1]
        _, said = await home.owner("doctor")
        assert "is not set up" not in said
        assert "no channel is configured" not in said


@pytest.mark.parametrize("has_token", [True, False], ids=["token here", "token there"])
@pytest.mark.parametrize("is_let_in", [True, False], ids=["let in", "kept out"])
async def test_notify_goes_through_whoever_can_tell(home: Home[FakeTelegram], has_token: bool, is_let_in: bool) -> None:
    """The gateway, which has the token; an adapter, where the gateway's own secret is not known; else the way in."""
    lay({"credentials/telegram-pairing.json": WAITING}, home.state)
    config = json.loads((home.state / "clawdbot.json").read_text())
    token = config["channels"]["telegram"]["botToken"]
    if not has_token:
        del config["channels"]["telegram"]["botToken"]
    home.write_config(json.dumps(config))
    alice = home.platform.user(7, "Alice")
    alice.wrote = True
    asks = {} if is_let_in else {"CLAWDBOT_GATEWAY_TOKEN": SECRET}
    async with home.gateway(variables={"TELEGRAM_BOT_TOKEN": token, **asks}) as gateway:
        await gateway.says("ready as")
        code, said = await home.owner("pairing", "approve", "telegram", "ABCDEFGH", "--notify")
    assert (code, said.splitlines()[0]) == (0, "Approved telegram sender 7.")
    if has_token or is_let_in:
        assert said.splitlines()[1:] == ["Told 7."]
        assert alice.received == ["✅ Clawdbot access approved. Send a message to start chatting."]
    else:
        assert "could not be told: gateway connect failed: unauthorized" in said
        assert "or $CLAWDBOT_GATEWAY_TOKEN, to what the gateway has" in said


# --- a gateway that cannot serve --------------------------------------------------------------------------------------


async def test_S2_on_a_full_disk_status_and_doctor_say_so(home: Home[FakeTelegram], tmp_path: Path) -> None:
    """What ``/readyz`` sees: status passes it on and leads to doctor, who says the way out."""
    with small_disk(tmp_path / "disk", "200k") as disk:
        home.state = disk / "state"
        home.configure()
        async with home.gateway() as gateway:
            await gateway.says("ready as")
            assert json.loads((await home.owner("status", "--json"))[1])["gateway"]["notReady"] == []
            fill(disk / "filler")
            _, said = await home.owner("status")
            assert "not ready: the state cannot be used\n" in said
            assert "next:      clawdbot doctor\n" in said
            full = f"error: {home.state}: nothing can be saved in it: no space left on device\n  make room on the disk"
            code, said = await home.owner("doctor")
            assert (code, full in said, "the gateway that runs is not ready" in said) == (1, True, False), said
        code, said = await home.owner("doctor")
        assert (code, full in said) == (1, True)
        (disk / "filler").unlink()
        assert (await home.owner("doctor"))[0] == 0
        assert not list(home.state.glob("doctor*"))
