"""How much is done for a connect, a message and a list: counted, not timed, so that a busy machine changes nothing.

A bound is what is needed now and a fifth more. Whoever exceeds one with good reason raises it; what is flat stays flat.
"""

import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import clawdbot
from clawdbot.channels.base import DirectMessage
from clawdbot.config import ConfigFile
from clawdbot.domain.gate import Admit
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.gateway.server import Pace
from clawdbot.service import Door
from clawdbot.store import file_set
from clawdbot.store.disk import Folder
from clawdbot.store.files import FileStore
from tests.support.gateways import ADMIN, gateway, identity

OURS = str(Path(clawdbot.__file__).parent)
STILL = Pace(tick=3600, health=3600, sweep=3600, watch=3600)
"""Nothing goes on beside what is counted."""

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


@dataclass
class Calls:
    """Calls of our functions, and what they call of others that looks at files or computes long."""

    python: int = 0
    native: "Counter[str]" = field(default_factory=Counter)

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        if frame.f_code.co_filename.startswith(OURS):
            if event == "call":
                self.python += 1
            elif event == "c_call":
                self.native[argument.__name__] += 1

    @property
    def looks(self) -> int:
        """At files."""
        return self.native["stat"] + self.native["lstat"] + self.native["open"]


@contextmanager
def counted() -> Iterator[Calls]:
    calls = Calls()
    before = sys.getprofile()
    sys.setprofile(calls.note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.fixture(autouse=True)
def _files_settle_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written this moment is looked at twice in real life; here nobody writes twice in a moment."""
    monkeypatch.setattr(file_set, "SETTLED_NS", 0)


async def fewest(do: Callable[[], Awaitable[object]]) -> Calls:
    """Do it some times, the first of which warm caches; the cheapest counts."""
    found = []
    for _ in range(6):
        with counted() as calls:
            await do()
        found.append(calls)
    return min(found[2:], key=lambda calls: calls.python)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "state")


async def connects(store: FileStore, *, beside: int) -> Calls:
    """Connect the first of so many devices."""
    async with gateway(store, pace=STILL) as running:
        for number in range(1, beside + 1):
            await (await running.connect(identity(number), scopes=ADMIN)).close()

        async def once() -> None:
            await running.connect(identity(1), scopes=ADMIN)

        return await fewest(once)


async def test_a_connect_costs_as_much_beside_one_device_as_beside_many(store: FileStore, tmp_path: Path) -> None:
    alone = await connects(store, beside=1)
    crowd = await connects(FileStore(tmp_path / "crowd"), beside=60)
    assert crowd.python <= alone.python * 1.1
    assert crowd.looks == alone.looks


async def test_a_connect_looks_at_the_files_twice_and_at_one_signature(store: FileStore) -> None:
    """Once to decide and once to be sure, at two files each; that the key is sound is shown by its signature alone."""
    calls = await connects(store, beside=1)
    assert calls.native["lstat"] == 4
    assert calls.native["verify"] == 1
    assert calls.native["pow"] == 0
    assert calls.native["fsync"] == 0
    assert calls.python <= CONNECT


async def test_a_call_looks_at_the_files_once(store: FileStore) -> None:
    async with gateway(store, pace=STILL) as running:
        admin = await running.connect(identity(1), scopes=ADMIN)
        calls = await fewest(lambda: admin.call("last-heartbeat"))
    assert calls.native["lstat"] == 2
    assert calls.python <= CALL


async def test_a_list_costs_as_much_more_as_it_is_longer(store: FileStore) -> None:
    async with gateway(store, pace=STILL) as running:
        admin = await running.connect(identity(1), scopes=ADMIN)

        async def beside(first: int, last: int) -> Calls:
            for number in range(first, last + 1):
                await (await running.connect(identity(number), scopes=ADMIN)).close()
            return await fewest(lambda: admin.call("device.pair.list"))

        few, many = await beside(2, 10), await beside(11, 50)
    assert (many.python - few.python) / 40 <= LISTED
    assert few.looks == many.looks


async def knocks(state: Path, *, listed: int) -> Calls:
    """One who is on the allowlist writes."""
    folder = state / "credentials"
    folder.mkdir(mode=0o700, parents=True)
    state.chmod(0o700)
    senders = ", ".join(f'"{number}"' for number in range(1, listed + 1))
    (folder / "telegram-allowFrom.json").write_text(f'{{"version": 1, "allowFrom": [{senders}]}}', "utf-8")
    config = ConfigFile(state / "clawdbot.json", {}, clock_ns=lambda: time.time_ns() + 60_000_000_000)
    (state / "clawdbot.json").write_text('{"channels": {"telegram": {"botToken": "1:a"}}}', "utf-8")
    for file in (folder / "telegram-allowFrom.json", state / "clawdbot.json"):
        file.chmod(0o600)

    async def send(_account: ChannelAccount, _conversation: str, _text: str) -> None:
        raise AssertionError("nothing is sent to who is in")

    door = Door(FileStore(state), rules=lambda account: config.current().rules(account), send=send)
    message = DirectMessage(TELEGRAM, SenderId("1"), "1", "1", "hello", 0, "Your Telegram user id: 1")

    async def once() -> None:
        assert await door.knock(message) == Admit()

    return await fewest(once)


async def test_a_message_costs_three_looks_however_many_are_listed(tmp_path: Path) -> None:
    """At the configuration, at the file that is there, and at the folder for those that are not: a change is seen with
    the next message."""
    few, many = await knocks(tmp_path / "few", listed=2), await knocks(tmp_path / "many", listed=500)
    assert few.python == many.python <= KNOCK
    assert few.looks == many.looks == 3


async def test_an_approval_reads_no_file(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we wrote a moment ago is known: thousands of devices are not read again for each decision about one."""
    monkeypatch.setattr(file_set, "SETTLED_NS", 3_600_000_000_000)
    async with gateway(store, pace=STILL) as running:
        admin = await running.connect(identity(1), scopes=ADMIN)
        async with await running.open(afar=True) as stranger:
            refused = await stranger.connect(identity(2))
        read: list[str] = []
        whole = Folder.read
        monkeypatch.setattr(Folder, "read", lambda self, name: read.append(name) or whole(self, name))  # type: ignore[func-returns-value]
        await admin.call("device.pair.approve", requestId=refused["error"]["details"]["requestId"])
        await admin.call("device.pair.list")
        assert read == []


CONNECT, CALL, LISTED, KNOCK = 440, 105, 11, 24
"""Calls of our functions: for a connect, for a call, for each device of a list, for a message."""
