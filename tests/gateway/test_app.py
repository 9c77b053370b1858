"""The gateway as a process: what it does with messages, signals, and changes under its feet."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import Home, until


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        yield home


def code_in(reply: str) -> str:
    return reply.partition("Pairing code: ")[2].partition("\n")[0]


async def test_D17_approved_and_revoked_while_the_gateway_runs(home: Home[FakeTelegram]) -> None:
    """Commands in another process take effect with the sender's next message, both ways."""
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("hello")
        code = code_in(await alice.next_message())
        assert (await home.owner("pairing", "approve", "telegram", code))[0] == 0
        alice.write("hello again")
        assert await alice.next_message() == "You said: hello again"
        assert (await home.owner("pairing", "revoke", "telegram", "7"))[0] == 0
        alice.write("and now?")
        assert code_in(await alice.next_message()) not in ("", code)
        assert await gateway.stop() == 0
        log = gateway.log()
    for secret in (code, home.platform.token, "hello again"):
        assert secret not in log


async def test_D10_one_reply_though_telegram_s_answers_get_lost(home: Home[FakeTelegram]) -> None:
    """Telegram delivers the code and its answer never comes: the stranger's next messages bring no second one."""
    alice = home.platform.user(7, "Alice")
    home.platform.fail("sendMessage", *[home.platform.lose_answer] * 3)
    async with home.gateway() as gateway:
        for _ in range(3):
            alice.write("hello")
        await until(lambda: gateway.log().count("ignored a message of sender 7") == 3)
        assert await gateway.stop() == 0
    assert len(alice.received) == 1


async def test_a_message_that_is_being_answered_is_finished_before_the_end(home: Home[FakeTelegram]) -> None:
    """SIGTERM while the assistant works: its reply is still sent, and the gateway ends with 0."""
    home.configure(allowFrom=[7])
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("first")
        await alice.next_message()
        alice.write("wait")
        await gateway.says("ready as")
        await until(lambda: len(home.platform.unconfirmed) == 1)
        stopped = asyncio.create_task(gateway.stop())
        await gateway.says("finishing 1 message, at most 10 s; Ctrl-C again ends now")
        (home.state.parent / "go").touch()
        assert await alice.next_message() == "You said: wait"
        assert await stopped == 0


async def test_a_second_signal_ends_at_once_and_loses_no_message(home: Home[FakeTelegram]) -> None:
    """What the assistant works on is ended and comes again at the next start; the log says so, the exit code is 0."""
    home.configure(allowFrom=[7])
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("wait")
        await until((home.state.parent / "waiting").exists)
        gateway.process.terminate()
        await gateway.says("finishing 1 message")
        gateway.process.send_signal(signal.SIGINT)
        assert await gateway.process.wait() == 0
        assert "has to wait for the next start: the gateway was told to end at once" in gateway.log()
        assert gateway.log().endswith("stopped\n")
    (home.state.parent / "go").touch()
    async with home.gateway() as gateway:
        assert await alice.next_message() == "You said: wait"
        assert await gateway.stop() == 0
    assert alice.received == ["You said: wait"]


async def test_kill_9_loses_no_message(home: Home[FakeTelegram]) -> None:
    """Killed while the assistant works: the message comes again at the next start, and is answered then."""
    home.configure(allowFrom=[7])
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("wait")
        await gateway.says("ready as")
        await until(lambda: bool(home.platform.calls("getUpdates")))
        await gateway.kill()
    (home.state.parent / "go").touch()
    async with home.gateway() as gateway:
        assert await alice.next_message() == "You said: wait"
        assert await gateway.stop() == 0
    assert alice.received == ["You said: wait"]


async def test_S4_a_broken_configuration_lets_nobody_in_and_loses_nothing(home: Home[FakeTelegram]) -> None:
    """Broken while running: nobody is answered; mended: what was written meanwhile is answered, without a restart."""
    home.configure(allowFrom=[7])
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("first")
        assert await alice.next_message() == "You said: first"
        home.write_config("{ channels: { telegram: { dmPolicy: 'paring' } } }")
        await gateway.says("nobody is let in while the configuration is broken")
        alice.write("second")
        await gateway.says("trying again in")
        assert alice.received == ["You said: first"]
        home.configure(allowFrom=[7])
        assert await alice.next_message() == "You said: second"
        assert await gateway.stop() == 0


async def test_S7_what_a_stranger_asked_with_is_answered_once_a_command_lets_him_in(home: Home[FakeTelegram]) -> None:
    """Held over a restart; finished, not begun again, when the gateway is told to stop meanwhile; in no log."""
    home.configure(holdFirstMessage=True)
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("wait")
        code = code_in(await alice.next_message())
        await gateway.says("is held")
        assert await gateway.stop() == 0
    assert (await home.owner("pairing", "approve", "telegram", code))[0] == 0
    async with home.gateway() as gateway:
        await until((home.state.parent / "waiting").exists)
        gateway.process.terminate()
        (home.state.parent / "go").touch()
        assert await alice.next_message() == "You said: wait"
        assert await gateway.process.wait() == 0
        assert "has to wait" not in gateway.log()
    assert list((home.state / "held").iterdir()) == []


@pytest.mark.parametrize(
    ("gateway_keys", "open_to_all"),
    [({}, True), ({"auth": {"token": "0f1e2d3c4b5a"}}, False), ({"pairing": {"silentLocal": False}}, False)],
)
async def test_G9_who_may_pair_without_asking_is_said_at_the_start(
    home: Home[FakeTelegram], gateway_keys: dict[str, object], open_to_all: bool
) -> None:
    """Once, with the way out; nothing where there is nothing to say."""
    home.write_config(json.dumps({"gateway": gateway_keys, "channels": {"telegram": home.platform.settings()}}))
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        assert await gateway.stop() == 0
        told = gateway.log().count("every user of this machine can pair as an administrator, without asking")
        assert told == open_to_all
        assert ("set gateway.auth.token, or gateway.pairing.silentLocal: false" in gateway.log()) is open_to_all


async def test_policies_are_hot(home: Home[FakeTelegram]) -> None:
    """The policy changes with the next message: disabled means silence."""
    alice, bob = home.platform.user(7, "Alice"), home.platform.user(8, "Bob")
    async with home.gateway() as gateway:
        alice.write("hello")
        assert code_in(await alice.next_message())
        home.configure(dmPolicy="disabled")
        bob.write("hello")
        await gateway.says("ignored a message of sender 8: direct messages are disabled")
        assert bob.received == []
        assert await gateway.stop() == 0


async def test_the_assistant_is_hot(home: Home[FakeTelegram]) -> None:
    """The first lines say that there is none and what to set; once it is set, it gets the next message."""
    account = {"botToken": home.platform.token, "apiBase": home.platform.url, "allowFrom": [7]}
    home.write_config(json.dumps({"channels": {"telegram": account}}))
    alice = home.platform.user(7, "Alice")
    async with home.gateway() as gateway:
        alice.write("hello")
        assert "No assistant is connected" in await alice.next_message()
        home.configure(allowFrom=[7])
        alice.write("hello again")
        assert await alice.next_message() == "You said: hello again"
        assert await gateway.stop() == 0


async def test_a_second_gateway_on_the_same_state_is_refused(home: Home[FakeTelegram]) -> None:
    """One gateway a state directory; the second says which process has it, and what to do."""
    async with home.gateway() as gateway:
        await gateway.says("ready as")
        code, said = await home.owner("gateway")
        assert code == 1
        assert f"process {gateway.process.pid}" in said
        assert (await home.owner("status"))[1].count(f"running (process {gateway.process.pid})") == 1
        assert await gateway.stop() == 0


async def test_a_channel_is_taken_up_without_a_restart(home: Home[FakeTelegram]) -> None:
    """A gateway without channels says what to do next, and runs the channel once it is added."""
    home.write_config("{}")
    async with home.gateway() as gateway:
        await gateway.says("next:      clawdbot channels add telegram")
        home.configure()
        await gateway.says("ready as @clawd_test_bot")
        assert await gateway.stop() == 0


async def test_a_refused_token_is_said_and_not_tried_again(home: Home[FakeTelegram]) -> None:
    """401: one error line with the way out; the gateway stays for whoever mends it."""
    home.platform.token = "123456789:another-one"
    async with home.gateway() as gateway:
        await gateway.says("clawdbot channels add telegram")
        assert home.platform.calls("getUpdates") == []
        home.configure()
        await gateway.says("ready as @clawd_test_bot")
        assert await gateway.stop() == 0
