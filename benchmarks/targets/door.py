"""The door to direct messages: decisions about people who are in, and requests of people who are not."""

import asyncio
import logging
import os
import time
from pathlib import Path

from benchmarks import population
from benchmarks.figures import BARE, OURS, Figure, at_least, ratio, sample
from benchmarks.plan import Plan
from benchmarks.servers import home_with
from clawdbot.channels.base import DirectMessage
from clawdbot.config import ConfigFile
from clawdbot.domain.gate import Admit
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.service import Door
from clawdbot.store.files import FileStore

TARGET = 7
MESSAGES = 20_000
STRANGERS = 64
"""Who ask for a code, one after the other or all at once."""

LOCKED = "bare, locked"
"""Bare, with what no gateway does without: a lock directory of the reference's, and a thread beside the event loop."""

ACCOUNT = ChannelAccount(Channel.TELEGRAM)


async def measure(plan: Plan) -> list[Figure]:
    logging.getLogger("clawdbot").setLevel(logging.ERROR)
    return [await _decisions(plan), *await _requests(plan)]


def message(sender: str, account: ChannelAccount = ACCOUNT) -> DirectMessage:
    return DirectMessage(account, SenderId(sender), "1", sender, "hello", 0, f"Your Telegram user id: {sender}")


async def _send(_account: ChannelAccount, _conversation: str, _text: str) -> None:
    """The platform took it."""


def door(state: Path, store: FileStore) -> Door:
    """As the gateway has it, on a configuration file; every account goes by the rules of one."""
    config = ConfigFile(state / "clawdbot.json", {})
    return Door(store, rules=lambda _: config.current().rules(ACCOUNT), send=_send, cap=lambda _: STRANGERS)


async def _decisions(plan: Plan) -> Figure:
    rates = []
    listed = [str(number) for number in range(1, plan.many + 1)]
    with home_with(lambda state: population.allow(state, listed)) as home:
        state = home / "state"
        _configure(state)
        store = FileStore(state)
        knock, one = door(state, store).knock, message(listed[-1])
        assert await knock(one) == Admit()
        await asyncio.sleep(0.1)
        for _ in range(plan.rounds):
            started = time.process_time()  # it waits for nothing, so that this is what it takes
            for _ in range(MESSAGES):
                await knock(one)
            rates.append(MESSAGES / (time.process_time() - started))
        population.allow(state, listed[:-1])
        assert await knock(one) != Admit(), "a change of the file was not seen with the next message"
        await store.close()
    samples = {OURS: sample(rates)}
    goal = at_least("a second:", samples[OURS].median, 100_000)
    return Figure(TARGET, f"decisions, {plan.many:,} on the allowlist", "1/s", samples, (goal,))


async def _requests(plan: Plan) -> list[Figure]:
    single: dict[str, list[float]] = {OURS: [], BARE: [], LOCKED: []}
    crowd: dict[str, list[float]] = {OURS: [], BARE: []}
    with home_with() as home:
        state = home / "state"
        _configure(state)
        store = FileStore(state)
        at_door = door(state, store)
        for number in range(2 * plan.rounds):
            account = ChannelAccount(Channel.TELEGRAM, f"account{number}")  # type: ignore[arg-type]
            some = [message(str(100_000 + one), account) for one in range(STRANGERS)]
            samples = crowd if number % 2 else single
            started = time.perf_counter()
            if number % 2:
                await asyncio.gather(*[at_door.knock(one) for one in some])
            else:
                for one in some:
                    await at_door.knock(one)
            samples[OURS].append(STRANGERS / (time.perf_counter() - started))
            written = (state / "credentials" / f"telegram-account{number}-pairing.json").read_bytes()
            samples[BARE].append(_bare_rate(state / "credentials", written))
            if not number % 2:
                single[LOCKED].append(await _locked_rate(state / "credentials", written))
        await store.close()
    alone, together = ({who: sample(some) for who, some in each.items()} for each in (single, crowd))
    return [
        Figure(
            TARGET,
            "durable requests, one after the other",
            "1/s",
            alone,
            (at_least("of bare write, fsync, rename", ratio(alone, OURS, BARE), 0.6),),
        ),
        Figure(
            TARGET,
            f"durable requests, {STRANGERS} senders at once",
            "1/s",
            together,
            (at_least("of bare write, fsync, rename", ratio(together, OURS, BARE), 1),),
        ),
    ]


def _bare_rate(folder: Path, written: bytes) -> float:
    """How often a second a file of this size can be replaced durably in the same directory, by doing just that."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    started = time.perf_counter()
    for _ in range(STRANGERS):
        _replace(directory, written)
    took = time.perf_counter() - started
    os.close(directory)
    return STRANGERS / took


async def _locked_rate(folder: Path, written: bytes) -> float:
    """The same, each time with a lock directory, and by another thread."""

    def replace() -> None:
        os.mkdir("bare.lock", dir_fd=directory)
        _replace(directory, written)
        os.rmdir("bare.lock", dir_fd=directory)

    loop = asyncio.get_running_loop()
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    started = time.perf_counter()
    for _ in range(STRANGERS):
        await loop.run_in_executor(None, replace)
    took = time.perf_counter() - started
    os.close(directory)
    return STRANGERS / took


def _replace(directory: int, written: bytes) -> None:
    descriptor = os.open("bare.json.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=directory)
    os.write(descriptor, written)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename("bare.json.new", "bare.json", src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def _configure(state: Path) -> None:
    path = state / "clawdbot.json"
    path.write_text('{"channels": {"telegram": {"enabled": true, "botToken": "1:a", "dmPolicy": "pairing"}}}', "utf-8")
    path.chmod(0o600)
