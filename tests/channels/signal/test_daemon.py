"""signal-cli as a program of ours: started, surfaced, ended; and what its end means."""

import asyncio
import logging
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal import daemon
from clawdbot.channels.signal.adapter import SignalAdapter
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed, LoggedOut, NeedsLogin
from tests.channels.signal.conftest import ACCOUNT, FAST, Receive
from tests.fakes import faults
from tests.fakes.signal import FakeSignal
from tests.fakes.signal_people import NUMBER
from tests.support.programs import wait_until_gone
from tests.support.waiting import eventually

RUN = """
import asyncio, pathlib, sys
from tests.support.channels import Reports
from clawdbot.channels.signal.adapter import SignalAdapter
from clawdbot.channels.settings import SignalSettings
from clawdbot.domain.names import Channel, ChannelAccount

class Told(Reports):
    def ready(self, bot):
        print("ready", flush=True)

async def deliver(message): ...

number, url, cli, state = sys.argv[1:]
settings = SignalSettings(number, url, cli_path=cli)
adapter = SignalAdapter(ChannelAccount(Channel.SIGNAL), settings, state_dir=pathlib.Path(state))
asyncio.run(adapter.run(deliver, Told()))
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def running(url: str) -> list[int]:
    """The daemons that were started for an address."""
    wanted = url.removeprefix("http://").encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in words and b"/bin/sh" not in words:
                found.append(int(entry.name))
    return found


@pytest.fixture
def own(signal: FakeSignal, tmp_path: Path) -> SignalSettings:
    """A daemon that the adapter starts."""
    return SignalSettings(NUMBER, f"http://127.0.0.1:{free_port()}", cli_path=str(signal.program(tmp_path)))


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_a_daemon_is_started_used_and_ended(signal: FakeSignal, receive: Receive, own: SignalSettings) -> None:
    alice = signal.person(1, "Alice")
    async with receive(settings=own) as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")
        await bot.adapter.send(alice.uuid, "hello")
        [pid] = running(own.http_url)

    assert alice.received == ["hello"]
    assert bot.ready == [BotIdentity(NUMBER, NUMBER)]
    wait_until_gone(pid)
    assert running(own.http_url) == []


async def test_D9_it_is_told_to_download_nothing_and_to_leave_messages_at_signal(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    async with receive(settings=own):
        [argv] = signal.started

    assert argv == [
        *("--scrub-log", "-a", NUMBER, "daemon", "--http", own.http_url.removeprefix("http://")),
        *("--no-receive-stdout", "--receive-mode", "on-connection", "--ignore-attachments", "--ignore-stories"),
    ]


async def test_the_only_account_need_not_be_named(signal: FakeSignal, receive: Receive, own: SignalSettings) -> None:
    async with receive(settings=replace(own, account="")) as bot:
        assert bot.ready == [BotIdentity(NUMBER, NUMBER)]


async def test_answers_under_way_still_go_out_when_we_stop(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    alice = signal.person(1, "Alice")
    async with receive(settings=own, timing=replace(FAST, grace=30)) as bot:
        slow = bot.desk.hold("hi")
        alice.write("hi")
        await bot.desk.wait_begun("hi")
        bot.run.cancel()
        await asyncio.sleep(0.05)
        await bot.adapter.send(alice.uuid, "hello")
        slow.set()
        await asyncio.gather(bot.run, return_exceptions=True)

    assert alice.received == ["hello"]
    assert running(own.http_url) == []


async def test_a_daemon_that_dies_ends_the_run_and_the_next_one_starts_another(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    alice = signal.person(1, "Alice")
    async with receive(settings=own) as bot:
        [pid] = running(own.http_url)
        os.kill(pid, 9)
        assert type(await bot.failure()) is ChannelFailed
    async with receive(settings=own) as bot:
        alice.write("hi")
        await bot.desk.wait_ended("hi")


async def test_it_ends_with_us_even_if_we_are_killed(signal: FakeSignal, own: SignalSettings, tmp_path: Path) -> None:
    """Otherwise it would keep the account, and the next start would find it locked."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, NUMBER, own.http_url, own.cli_path, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"
    [pid] = running(own.http_url)
    process.kill()
    await process.wait()

    await asyncio.to_thread(wait_until_gone, pid)


# --- what is there already --------------------------------------------------------------------------------------------


async def test_one_that_listens_already_is_used(
    signal: FakeSignal, receive: Receive, caplog: pytest.LogCaptureFixture, own: SignalSettings
) -> None:
    caplog.set_level(logging.INFO)
    async with receive(settings=replace(own, http_url=signal.url)) as bot:
        signal.person(1, "Alice").write("hi")
        await bot.desk.wait_ended("hi")

    assert signal.started == []
    assert "listens on" in caplog.text


async def test_D1_one_that_serves_some_single_account_is_not_taken_for_ours(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    """Two accounts with the same port: the second would send and receive as the first."""
    url = f"http://127.0.0.1:{await signal.serve('+15550008888')}"
    async with receive(settings=replace(own, http_url=url)) as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "channels.signal.httpPort" in error.hint


async def test_something_else_on_the_port_is_named(signal: FakeSignal, receive: Receive, own: SignalSettings) -> None:
    signal.fail("check", faults.html(404))
    async with receive(settings=replace(own, http_url=signal.url)) as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "channels.signal.httpUrl or httpPort" in error.hint


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_an_account_that_is_not_registered_needs_a_login(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    async with receive(settings=replace(own, account="+15550007777")) as bot:
        error = await bot.failure()

    assert isinstance(error, NeedsLogin)
    assert "signal-cli -a +15550007777 register" in error.hint


async def test_a_program_that_is_not_there_is_refused_with_advice(receive: Receive, own: SignalSettings) -> None:
    async with receive(settings=replace(own, cli_path="no-such-signal-cli")) as bot:
        error = await bot.failure()

    assert type(error) is ChannelRefused
    assert "docs/channels/signal.md" in error.hint


async def test_one_that_never_listens_is_given_up_and_ended(
    receive: Receive, own: SignalSettings, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.write_text(f"#!{sys.executable} -S\nimport time\ntime.sleep(600)\n")
    slow.chmod(0o755)
    async with receive(settings=replace(own, cli_path=str(slow), startup_timeout=0.5)) as bot:
        error = await bot.failure()

    assert type(error) is ChannelFailed
    assert "does not listen" in str(error)
    assert running(own.http_url) == []


async def test_an_address_that_cannot_be_served_is_refused(receive: Receive, own: SignalSettings) -> None:
    async with receive(settings=replace(own, http_url=own.http_url.replace("http", "https"))) as bot:
        assert type(await bot.failure()) is ChannelRefused


async def test_its_complaints_are_surfaced_without_numbers(
    receive: Receive, own: SignalSettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with receive(settings=own):
        await eventually(lambda: "No profile name" in caplog.text)

    [record] = [each for each in caplog.records if "No profile name" in each.getMessage()]
    assert record.levelname == "WARNING"
    assert record.getMessage().endswith("No profile name is set for …, please set one")
    assert "Starting daemon" not in caplog.text


# --- beside the gateway -----------------------------------------------------------------------------------------------


async def test_probe_starts_one_if_none_runs_and_ends_it(
    signal: FakeSignal, own: SignalSettings, tmp_path: Path
) -> None:
    adapter = SignalAdapter(ACCOUNT, own, state_dir=tmp_path, timing=FAST)
    assert await adapter.probe() == BotIdentity(NUMBER, NUMBER)
    await adapter.close()

    assert running(own.http_url) == []


async def test_probe_uses_the_one_that_the_gateway_runs(
    signal: FakeSignal, receive: Receive, own: SignalSettings
) -> None:
    async with receive(settings=own) as bot:
        assert await bot.adapter.probe() == BotIdentity(NUMBER, NUMBER)

    assert len(signal.started) == 1


async def test_to_send_without_a_gateway_is_refused_with_advice(own: SignalSettings, tmp_path: Path) -> None:
    adapter = SignalAdapter(ACCOUNT, own, state_dir=tmp_path, timing=replace(FAST, flood=0.0))
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send("+15550001111", "hi")
    await adapter.close()

    assert "clawdbot gateway" in caught.value.hint


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "listens"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost", "localhost:80"),
        ("http://[::1]:9000", "[::1]:9000"),
    ],
)
def test_where_it_is_told_to_listen(url: str, listens: str) -> None:
    argv = daemon.command(SignalSettings(http_url=url))

    assert argv[argv.index("--http") + 1] == listens
    assert "-a" not in argv


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        (["User +15550001111 is not registered."], NeedsLogin, "no account"),
        (["WARN  x", "Error while checking account: [401] Authorization failed!"], LoggedOut, "logged"),
        (["Error: LinkageError", "\tjava.lang.UnsupportedClassVersionError: org/asamk"], ChannelRefused, "Java"),
        (["ERROR: JAVA_HOME is not set and no 'java' command could be found"], ChannelRefused, "Java"),
        (["Failed to initialize HTTP Server"], ChannelFailed, "cannot listen"),
        (["INFO  hello", "oops at +15550001111", "\tat Main.java"], ChannelFailed, "exit code 3: oops at …"),
        ([], ChannelFailed, "exit code 3"),
    ],
)
def test_what_its_end_means(lines: list[str], kind: type[ChannelFailed], says: str) -> None:
    found = daemon.meaning(lines, 3, SignalSettings("+15550002222"))

    assert type(found) is kind
    assert says in str(found)
    assert "15550001111" not in str(found)


def test_S7_its_lines_are_made_discreet() -> None:
    line = "to 8f1c0c6e-4a64-4a1a-9c3e-1f2d3c4b5a69 (+15550001111) \x1b[31m" + "x" * 300

    assert daemon.discreet(line).startswith("to … (…) \\x1b[31mxxx")
    assert len(daemon.discreet(line)) < 210
