"""Which approvals end: named once, told of once, across restarts; and what is remembered stays small and private."""

import json
import stat
from pathlib import Path

import pytest

from clawdbot.domain.effects import Change
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.owners import DEFAULT_WARN_MS
from clawdbot.domain.references import Ends
from clawdbot.domain.sender_records import Approval, Senders
from clawdbot.errors import StoreCorrupt
from clawdbot.gateway.endings import AGAIN_MS, FILE, Endings
from clawdbot.service import Service
from clawdbot.store.base import Key, S, SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock

TELEGRAM, WORK = ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.SIGNAL)
DAY_MS = 24 * 60 * 60 * 1000


class Half(MemoryStore):
    """A store in which one account may be broken."""

    broken: ChannelAccount | None = None

    async def read(self, key: Key[S]) -> S:
        if self.broken is not None and key == SendersKey(self.broken):
            raise StoreCorrupt("broken")
        return await super().read(key)


class House:
    """Some who are in for a time, and what of it is to be told."""

    def __init__(self, folder: Path | None = None) -> None:
        self.clock = Clock()
        self.store = Half()
        self.warn_ms = DEFAULT_WARN_MS
        self.path = folder and folder / FILE
        self.start()

    def start(self) -> None:
        """As a gateway that is started anew."""
        service = Service(self.store, now=self.clock)
        self.endings = Endings(service, self.path, warn_ms=lambda: self.warn_ms, now=self.clock)

    async def lend(self, sender: str, lasts_ms: int, at: ChannelAccount = TELEGRAM) -> Ends:
        until = self.clock.now + lasts_ms
        approval = Approval(sender, self.clock.now, "terminal", until=until)

        def decide(known: Senders) -> Change[Senders, None]:
            return Change(Senders(allowed={**known.allowed, SenderId(sender): approval}), None)

        await self.store.update(SendersKey(at), decide)
        return Ends(at, SenderId(sender), until)


async def test_named_when_the_time_has_come_the_first_to_end_first() -> None:
    house = House()
    late, soon = await house.lend("1", 3 * DAY_MS), await house.lend("2", 2 * DAY_MS, WORK)
    await house.lend("3", 90 * DAY_MS)
    assert await house.endings.due() == []
    house.clock.now += DAY_MS
    assert await house.endings.due() == [soon]
    house.start()
    house.clock.now += DAY_MS - 1
    assert await house.endings.due() == [soon]
    house.start()
    house.clock.now += 1
    assert await house.endings.due() == [late]


async def test_named_again_only_if_nobody_was_told() -> None:
    """Ten minutes later, and so on until somebody was."""
    house = House()
    ends = await house.lend("1", 2 * DAY_MS)
    house.clock.now += DAY_MS
    for _ in range(3):
        assert await house.endings.due() == [ends]
        house.clock.now += AGAIN_MS - 1
        assert await house.endings.due() == []
        house.clock.now += 1
    await house.endings.told([ends])
    house.clock.now += AGAIN_MS
    assert await house.endings.due() == []


async def test_a_restart_repeats_nothing(tmp_path: Path) -> None:
    """What was told of is on the disk, for the owner alone (threats.md S1); an extension is another end."""
    house = House(tmp_path)
    ends = await house.lend("1", 2 * DAY_MS)
    house.clock.now += DAY_MS
    await house.endings.told(await house.endings.due())
    house.start()
    house.clock.now += AGAIN_MS
    assert await house.endings.due() == []
    assert house.path is not None
    assert stat.S_IMODE(house.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.path.parent.stat().st_mode) == 0o700
    extended = await house.lend("1", 2 * DAY_MS)
    assert extended != ends
    house.clock.now += DAY_MS
    assert await house.endings.due() == [extended]


async def test_a_crash_before_it_is_written_tells_twice_and_never_not_at_all(tmp_path: Path) -> None:
    house = House(tmp_path)
    ends = await house.lend("1", 2 * DAY_MS)
    house.clock.now += DAY_MS
    assert await house.endings.due() == [ends]
    house.start()
    assert await house.endings.due() == [ends]


async def test_what_has_ended_is_forgotten(tmp_path: Path) -> None:
    """The file holds what may still be told of, and no more."""
    house = House(tmp_path)
    for day in range(5):
        ends = await house.lend(str(day), 2 * DAY_MS)
        house.clock.now += DAY_MS
        await house.endings.told([ends])
    assert house.path is not None
    kept = json.loads(house.path.read_text())
    assert {one["sender"] for one in kept} == {"4"}


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "{}", '[{"channel": 1}]', '[{"channel": "x", "account": "a", "sender": "1", "until": 1}]'],
)
async def test_S4_a_file_that_is_none_costs_a_repetition(tmp_path: Path, content: str) -> None:
    house = House(tmp_path)
    ends = await house.lend("1", DAY_MS)
    house.clock.now += DAY_MS // 2
    assert house.path is not None
    house.path.parent.mkdir()
    house.path.write_text(content)
    assert await house.endings.due() == [ends]
    await house.endings.told([ends])
    house.start()
    assert await house.endings.due() == []


async def test_S1_a_link_is_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What it leads to stays as it is, and owners are told all the same."""
    house = House(tmp_path)
    ends = await house.lend("1", DAY_MS)
    house.clock.now += DAY_MS // 2
    assert house.path is not None
    house.path.parent.mkdir()
    (tmp_path / "precious").write_text("[]")
    house.path.symlink_to(tmp_path / "precious")
    assert await house.endings.due() == [ends]
    assert "cannot read" in caplog.text
    await house.endings.told([ends])
    assert (tmp_path / "precious").read_text() == "[]"


async def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path)
    ends = await house.lend("1", DAY_MS)
    (tmp_path / "gateway").write_text("")
    await house.endings.told([ends])
    assert "after a restart owners are told again" in caplog.text


async def test_one_broken_account_hides_no_other() -> None:
    """Nor does it make them forget what was told."""
    house = House()
    ends = await house.lend("1", DAY_MS)
    await house.lend("2", DAY_MS, WORK)
    house.store.broken = WORK
    house.clock.now += DAY_MS // 2
    assert await house.endings.due() == [ends]


async def test_nobody_is_named_where_warnings_are_off() -> None:
    house = House()
    await house.lend("1", DAY_MS)
    house.clock.now += DAY_MS - 1
    house.warn_ms = 0
    assert await house.endings.due() == []


async def test_what_is_told_is_what_stands(tmp_path: Path) -> None:
    """Revoked, extended or over since: nothing to tell."""
    house = House()
    ends = await house.lend("1", DAY_MS)
    waiting = await house.endings.look(ends)
    assert waiting is not None
    assert waiting.expires_at == ends.until
    await house.lend("1", 2 * DAY_MS)
    assert await house.endings.look(ends) is None
    assert await house.endings.look(Ends(TELEGRAM, SenderId("9"), ends.until)) is None
    again = Ends(TELEGRAM, SenderId("1"), house.clock.now + 2 * DAY_MS)
    assert await house.endings.look(again) is not None
    house.clock.now = again.until
    assert await house.endings.look(again) is None
