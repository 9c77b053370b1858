"""Dialogues of the real adapter with a Slack of our own, over real sockets: what it receives."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.slack.adapter import SlackAdapter
from clawdbot.errors import ChannelFailed, ChannelRefused, StoreUnavailable, TokenRefused
from tests.channels.slack.conftest import FAST, Receive, adapter_for
from tests.fakes import faults
from tests.fakes.slack import FakeSlack, error, too_many
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually

CLAWD = BotIdentity("U0CLAWD", "@clawd")

PROGRAM = """
import asyncio, functools, logging, pathlib, sys
from tests.support.channels import Reports
if sys.argv[5] == "log all":
    logging.basicConfig(level=logging.DEBUG)
from clawdbot.channels.slack.adapter import SlackAdapter
from clawdbot.channels.settings import SlackSettings
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret

base, token, app_token, state, slow = sys.argv[1:]
show = functools.partial(print, flush=True)

async def deliver(message):
    show("begin", message.text)
    if message.text == slow:
        await asyncio.sleep(3600)
    if slow == "log all":
        await adapter.send(message.conversation, "open " + message.text)
    asyncio.get_running_loop().call_soon(show, "end", message.text)  # when the adapter knows of it

async def main():
    try:
        await adapter.run(deliver, Reports())
    finally:
        await adapter.close()

account = ChannelAccount(Channel.SLACK)
tokens = Secret(token), Secret(app_token)
adapter = SlackAdapter(account, *tokens, SlackSettings(base), state_dir=pathlib.Path(state))
asyncio.run(main(), debug=slow == "log all")
"""


async def start(slack: FakeSlack, state_dir: Path, mode: str) -> asyncio.subprocess.Process:
    arguments = (slack.api_base, slack.token, slack.app_token, str(state_dir), mode)
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE if mode == "log all" else None}
    return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, *arguments, **pipes)  # type: ignore[arg-type]


def kept(state_dir: Path) -> list[str]:
    return [path.name for path in (state_dir / "slack" / "inbox-default").iterdir()]


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_text_arrives_as_a_direct_message_with_the_name_of_its_author(
    slack: FakeSlack, receive: Receive, tmp_path: Path
) -> None:
    async with receive() as bot:
        sent = slack.person(1, "Alice").write("1 < 2")
        await bot.desk.wait_ended("1 < 2")
        await eventually(lambda: sent.acknowledged)

    [message] = bot.desk.messages
    assert (message.sender, message.conversation) == ("U0PERSON1", "D0PERSON1")
    assert (message.name, message.meta) == ("Alice", {"name": "Alice"})
    assert message.id_line == "Your Slack user id: U0PERSON1"
    assert bot.reports.ready_as == [CLAWD]
    assert kept(tmp_path) == []


async def test_a_person_without_a_name_to_be_had_is_heard_all_the_same(slack: FakeSlack, receive: Receive) -> None:
    slack.scopes = ("chat:write", "im:history", "im:write")
    async with receive() as bot:
        slack.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert [(each.name, each.meta) for each in bot.desk.messages] == [("", {})]


async def test_D8_what_waited_while_nobody_was_connected_is_received_in_order(
    slack: FakeSlack, receive: Receive
) -> None:
    for n in range(50):
        slack.person(1, "Alice").write(f"{n}")
    async with receive() as bot:
        await bot.desk.wait_ended("49")

    assert bot.desk.begun == [f"{n}" for n in range(50)]


async def test_D8_D9_noise_is_acknowledged_and_nothing_else(slack: FakeSlack, receive: Receive) -> None:
    alice = slack.person(1, "Alice")
    async with receive() as bot:
        for make in slack.noise(alice).values():
            make()
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await eventually(lambda: not slack.unacknowledged)

    assert bot.desk.begun == ["hi"]
    assert {each.method for each in slack.traffic} == {"auth.test", "apps.connections.open", "users.info"}


async def test_an_event_for_another_app_is_something_to_tell_the_owner(
    slack: FakeSlack, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    alice = slack.person(1, "Alice")
    async with receive() as bot:
        slack.noise(alice)["on behalf of a person"]()
        alice.write("hi")
        await bot.desk.wait_ended("hi")

    assert [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING] == [
        "slack: an event is left aside: seen on behalf of a person, not by the bot"
    ]


async def test_D10_a_flood_of_strangers_makes_few_calls(slack: FakeSlack, receive: Receive) -> None:
    async with receive() as bot:
        for n in range(500):
            slack.person(n, f"person {n}").write(f"{n}")
        await eventually(lambda: len(bot.desk.ended) == 500)

    assert len(slack.calls("users.info")) == 20


# --- once, and only once ----------------------------------------------------------------------------------------------


async def test_a_message_is_acknowledged_before_it_is_done_with(slack: FakeSlack, receive: Receive) -> None:
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk):
        sent = slack.person(1, "Alice").write("hi")
        await eventually(lambda: sent.acknowledged)
        assert desk.ended == []
        slow.set()


async def test_D16_a_message_that_slack_sends_again_is_not_processed_twice(slack: FakeSlack, receive: Receive) -> None:
    alice = slack.person(1, "Alice")
    desk = Desk()
    slow = desk.hold("once")
    async with receive(desk) as bot:
        alice.write("once")
        await desk.wait_begun("once")
        slack.redeliver(alice)
        slow.set()
        await desk.wait_ended("once")
        slack.redeliver(alice)
        slack.drop()
        await eventually(lambda: len(bot.reports.ready_as) == 2)
        slack.redeliver(alice)
        alice.write("next")
        await desk.wait_ended("next")
        await eventually(lambda: not slack.unacknowledged)

    assert desk.begun == ["once", "next"]


async def test_D16_a_lost_acknowledgement_makes_no_second_message(slack: FakeSlack, receive: Receive) -> None:
    slack.ack_s = 0.05
    async with receive() as bot:
        slack.deaf = True
        sent = slack.person(1, "Alice").write("once")
        await eventually(lambda: sent.attempts > 1)
        slack.deaf = False
        await eventually(lambda: sent.acknowledged or sent.attempts == 4)
        slack.person(1, "Alice").write("next")
        await bot.desk.wait_ended("next")

    assert bot.desk.begun == ["once", "next"]


async def test_D16_messages_are_remembered_when_the_adapter_is_run_again(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    alice, desk = slack.person(1, "Alice"), Desk()
    alice.write("once")
    for _ in range(2):
        run = asyncio.create_task(adapter.run(desk, Reports()))
        await desk.wait_ended("once")
        await eventually(lambda: not slack.unacknowledged)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        slack.redeliver(alice)

    assert desk.begun == ["once"]


async def test_a_restart_repeats_only_what_was_not_done_with(
    slack: FakeSlack, receive: Receive, tmp_path: Path
) -> None:
    alice, bob = slack.person(1, "Alice"), slack.person(2, "Bob")
    first, second = Desk(), Desk()
    first.hold("alice 1")
    async with receive(first):
        alice.write("alice 1")
        bob.write("bob 1")
        alice.write("alice 2")
        await first.wait_begun("alice 1")
        await first.wait_ended("bob 1")
        await eventually(lambda: not slack.unacknowledged)
    assert len(kept(tmp_path)) == 2
    async with receive(second):
        bob.write("bob 2")
        await second.wait_ended("alice 2", "bob 2")

    assert first.ended == ["bob 1"]
    assert sorted(second.begun) == ["alice 1", "alice 2", "bob 2"]
    assert kept(tmp_path) == []


async def test_kill_9_loses_nothing_and_repeats_only_what_was_not_done_with(slack: FakeSlack, tmp_path: Path) -> None:
    async def run_until(enough: Callable[[list[str]], bool], *, slow: str) -> list[str]:
        process = await start(slack, tmp_path, slow)
        assert process.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(60):
            while not enough(lines):
                lines.append((await process.stdout.readline()).decode().strip())
                assert lines[-1], f"it ended after {lines}"
            await eventually(lambda: not slack.unacknowledged)
        process.kill()
        await process.wait()
        return lines

    alice, bob = slack.person(1, "Alice"), slack.person(2, "Bob")
    alice.write("alice 1")
    alice.write("alice 2")
    bob.write("bob 1")

    first = await run_until(lambda lines: "end bob 1" in lines, slow="alice 1")
    second = await run_until(lambda lines: "end alice 2" in lines, slow="none")

    assert sorted(line for line in first if line.startswith("begin")) == ["begin alice 1", "begin bob 1"]
    assert [line for line in second if line.startswith("begin")] == ["begin alice 1", "begin alice 2"]


async def test_a_message_that_cannot_be_kept_is_not_acknowledged_and_comes_again(
    slack: FakeSlack, receive: Receive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slack.ack_s = 0.2
    folder = tmp_path / "slack" / "inbox-default"
    async with receive() as bot:
        folder.rmdir()
        folder.write_text("in the way")
        sent = slack.person(1, "Alice").write("sesame")
        await eventually(lambda: "slack has to send a message again" in caplog.text)
        assert not sent.acknowledged
        folder.unlink()
        await bot.desk.wait_ended("sesame")
        await eventually(lambda: sent.acknowledged)

    assert bot.desk.begun == ["sesame"]
    assert "sesame" not in caplog.text


async def test_what_was_kept_and_cannot_be_read_is_a_failure_that_names_it(
    slack: FakeSlack, adapter: SlackAdapter, tmp_path: Path
) -> None:
    (tmp_path / "slack").mkdir()
    (tmp_path / "slack" / "inbox-default").write_text("in the way")
    with pytest.raises(ChannelFailed, match="inbox-default"):
        await adapter.run(Desk(), Reports())


async def test_S1_what_is_kept_is_for_its_owner_alone(slack: FakeSlack, receive: Receive, tmp_path: Path) -> None:
    desk = Desk()
    desk.hold("hi")
    async with receive(desk):
        slack.person(1, "Alice").write("hi")
        await desk.wait_begun("hi")
        modes = [os.stat(path).st_mode & 0o777 for path in sorted((tmp_path / "slack").rglob("*"))]

    assert modes == [0o700, 0o600]


async def test_a_message_that_the_store_could_not_take_comes_again(slack: FakeSlack, receive: Receive) -> None:
    desk = Desk()
    desk.refuse("hi", StoreUnavailable("the lock is held"), StoreUnavailable("the lock is held"))
    async with receive(desk):
        slack.person(1, "Alice").write("hi")
        await desk.wait_ended("hi")

    assert desk.begun == ["hi", "hi", "hi"]


async def test_a_stop_gives_what_is_under_way_time_to_end(slack: FakeSlack, receive: Receive, tmp_path: Path) -> None:
    desk = Desk()
    slow = desk.hold("hi")
    async with receive(desk, timing=replace(FAST, grace=30)) as bot:
        slack.person(1, "Alice").write("hi")
        await desk.wait_begun("hi")
        bot.run.cancel()
        await eventually(lambda: not slack.sockets)
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)

    assert desk.ended == ["hi"]
    assert kept(tmp_path) == []


# --- who we are -------------------------------------------------------------------------------------------------------


async def test_a_probe_says_who_the_bot_is_and_tries_both_tokens(slack: FakeSlack, adapter: SlackAdapter) -> None:
    assert await adapter.probe() == CLAWD
    assert [each.method for each in slack.traffic] == ["auth.test", "apps.connections.open"]


async def test_a_probe_tells_which_token_is_bad_from_a_server_that_is_away(slack: FakeSlack, tmp_path: Path) -> None:
    with pytest.raises(TokenRefused, match="bot token"):
        await adapter_for(slack, tmp_path, token="xoxb-other").probe()
    with pytest.raises(TokenRefused, match="app token"):
        await adapter_for(slack, tmp_path, app_token="xapp-other").probe()
    slack.scopes = ("chat:write",)
    with pytest.raises(ChannelRefused, match="im:history"):
        await adapter_for(slack, tmp_path).probe()
    await slack.stop()
    with pytest.raises(ChannelFailed) as caught:
        await adapter_for(slack, tmp_path).probe()
    assert not isinstance(caught.value, ChannelRefused)


# --- discretion -------------------------------------------------------------------------------------------------------


async def test_S7_neither_a_token_nor_a_text_is_ever_logged(
    slack: FakeSlack, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    alice = slack.person(1, "Alice")
    desk = Desk()
    desk.refuse("sesame", StoreUnavailable("away"))
    desk.refuse("sesame too", RuntimeError("sesame too"))
    slack.fail("auth.test", faults.html(), faults.drop, too_many(0), error("news", sesame="sesame"))
    slack.fail("apps.connections.open", faults.raw('{"ok": true, "url": "ws://127.0.0.1:1/?ticket=sesame"}'))
    slack.fail("chat.postMessage", faults.drop, error("internal_error", text="sesame"), too_many(0))
    async with receive(desk) as bot:
        alice.write("sesame")
        alice.write("sesame too", bot_id="B1")
        alice.write("sesame too")
        slack.frame("sesame")
        await desk.wait_ended("sesame")
        await desk.wait_begun("sesame too")
        for _ in range(3):
            await asyncio.gather(bot.adapter.send("D0PERSON1", "open sesame"), return_exceptions=True)
        assert alice.received == ["open sesame"]
        slack.drop()
        await eventually(lambda: len(bot.reports.ready_as) > 1)
        slack.disconnect("warning")
        await eventually(lambda: len(bot.reports.ready_as) > 2)
    async with receive(token="xoxb-another-sesame"):
        pass

    logged = "".join(f"{record.getMessage()}{record.args}{record.exc_info}" for record in caplog.records)
    assert "slack" in logged
    assert slack.token not in logged
    assert slack.app_token not in logged
    assert "ticket" not in logged
    assert "sesame" not in logged


async def test_S7_a_program_that_logs_everything_logs_no_token_and_no_text(slack: FakeSlack, tmp_path: Path) -> None:
    alice = slack.person(1, "Alice")
    process = await start(slack, tmp_path, "log all")
    alice.write("sesame")
    assert await alice.next_message(60) == "open sesame"
    slack.token = "xoxb-another"  # which ends it
    slack.drop()
    _, output = await process.communicate()

    logged = output.decode()
    assert "DEBUG:asyncio:" in logged
    assert "slack does not accept this bot token" in logged
    for secret in ("TESTtoken", "testtoken", "ticket", "sesame"):
        assert secret not in logged


async def test_the_adapter_prints_no_secret(slack: FakeSlack, adapter: SlackAdapter) -> None:
    assert slack.token not in f"{adapter!r}{vars(adapter)}"
