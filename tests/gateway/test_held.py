"""The first message of a stranger: held, handed over when he is in, and before what he wrote later."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from clawdbot.assistant.base import Prompt
from clawdbot.channels.base import DirectMessage
from clawdbot.domain.effects import Change
from clawdbot.domain.gate import Admit, DmPolicy, DmRules, Ignore, Why
from clawdbot.domain.held import Slip
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.sender_records import TTL_MS, Senders
from clawdbot.errors import ConfigError, StoreCorrupt, StoreUnavailable
from clawdbot.gateway.held import HeldMessages, Ports
from clawdbot.gateway.held_files import FOLDER, HeldFiles
from clawdbot.persons_service import PersonsService
from clawdbot.reception import Reception
from clawdbot.store.base import SendersKey
from clawdbot.words_on_file import holds_a_word
from tests.support.waiting import eventually
from tests.test_service import House

DAY = 24 * 60 * 60 * 1000
ANN = SenderId("7")


@dataclass
class Holding(House):
    """A house whose first messages are held in ``state``."""

    state: Path = field(default_factory=Path)
    wanted: bool = True
    running: bool = True
    kept: list[tuple[ChannelAccount, SenderId]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.start()

    def start(self) -> None:
        """As a gateway that is started (again)."""
        ports = Ports(
            read=self.owner.read,
            wanted=lambda _: self.wanted,
            running=lambda _: self.running,
            deliver=lambda message: self.reception.on_direct_message(message),
            secret=partial(holds_a_word, self.store),
            kept=lambda account, sender: self.kept.append((account, sender)),
            now=self.clock,
        )
        self.held = HeldMessages(self.door, HeldFiles(self.state), ports)
        self.reception = Reception(self.held, assistant=self.assistant, send=self.send)

    @property
    def heard(self) -> list[str]:
        return [prompt.text for prompt in self.assistant.heard]

    @property
    def files(self) -> list[Path]:
        return [*(self.state / FOLDER).glob("*")]

    async def looks(self, times: int = 2) -> None:
        """So many looks, and what they began has ended."""
        for _ in range(times):
            await self.held.look()
            await asyncio.gather(*self.held._tasks.values())

    def is_slow(self) -> tuple[asyncio.Event, asyncio.Event]:
        """From now on the assistant takes its time: when it has begun, and when it may answer."""
        begun, go, answer = asyncio.Event(), asyncio.Event(), self.assistant.answer

        async def slow(prompt: Prompt) -> str:
            begun.set()
            await go.wait()
            return await answer(prompt)

        self.assistant.answer = slow  # type: ignore[method-assign]
        return begun, go

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        run = asyncio.create_task(self.held.run())
        try:
            yield
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)


@pytest.fixture
def house(tmp_path: Path) -> Holding:
    return Holding(state=tmp_path)


async def test_the_whole_road(house: Holding) -> None:
    """Held while he waits, through any number of looks; handed over once he is approved; then gone."""
    await house.write(ANN, "first")
    await house.write(ANN, "second")
    await house.looks(5)
    assert len(house.files) == 1
    await house.approve(ANN)
    await house.looks()
    assert (house.heard, house.files) == (["first"], [])
    await house.write(ANN, "third")
    assert house.heard == ["first", "third"]


async def test_S7_that_there_is_one_can_be_asked_and_is_told_once(house: Holding) -> None:
    """By the request that it belongs to; a restart makes no difference, and its end does."""
    slip = Slip(house.bot.account, ANN, house.clock.now)
    assert not house.held.holds(slip)
    await house.write(ANN, "first")
    await house.write(ANN, "second")
    assert house.held.holds(slip)
    assert not house.held.holds(replace(slip, asked_at=slip.asked_at + 1))
    assert house.kept == [(house.bot.account, ANN)]
    assert [file.name for file in house.files] == [slip.file_name]
    house.start()
    await house.looks()
    assert house.held.holds(slip)
    await house.approve(ANN)
    await house.looks()
    assert not house.held.holds(slip)


async def test_it_is_noticed_by_itself(house: Holding) -> None:
    async with house.at_work():
        await house.write(ANN, "first")
        await house.approve(ANN)
        await eventually(lambda: house.heard == ["first"])


async def test_who_writes_before_the_look_is_answered_in_order(house: Holding) -> None:
    await house.write(ANN, "first")
    await house.approve(ANN)
    await house.write(ANN, "second")
    await house.looks()
    assert house.heard == ["first", "second"]


async def test_a_newer_message_waits_for_the_held_one_that_is_under_way(house: Holding) -> None:
    begun, go = house.is_slow()
    await house.write(ANN, "first")
    await house.approve(ANN)
    async with house.at_work():
        await begun.wait()
        newer = asyncio.create_task(house.write(ANN, "second"))
        await asyncio.sleep(0)
        go.set()
        await newer
    assert house.heard == ["first", "second"]


async def test_what_is_under_way_when_it_is_stopped_has_a_moment_to_end(house: Holding) -> None:
    """Then it is done with, and not begun again at the next start."""
    begun, go = house.is_slow()
    await house.write(ANN, "first")
    await house.approve(ANN)
    run = asyncio.create_task(house.held.run())
    await begun.wait()
    run.cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not run.done()
    go.set()
    await asyncio.wait([run])
    assert (house.heard, house.files) == (["first"], [])


async def test_it_waits_until_the_channel_runs(house: Holding) -> None:
    """Without a way to answer the assistant is not asked."""
    house.running = False
    await house.write(ANN, "first")
    await house.approve(ANN)
    await house.looks(5)
    assert (house.heard, len(house.files)) == ([], 1)
    house.running = True
    await house.looks()
    assert (house.heard, house.files) == (["first"], [])


@pytest.mark.parametrize("how", ["rejected", "blocked", "expired", "revoked", "announced", "asked again"])
async def test_D9_D17_refused_it_is_removed_unread(house: Holding, how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await house.write(ANN, "first")
    code, account = await house.code_of(ANN), house.bot.account
    match how:
        case "rejected":
            await house.owner.reject_sender(account, code)
        case "blocked":
            await house.owner.block_sender(account, ANN, by="terminal")
        case "announced":
            await house.owner.expect_sender(account, ANN, by="terminal")
        case "revoked":
            await house.approve(ANN)
            await house.owner.revoke_sender(account, ANN)
        case _:
            house.clock.now += TTL_MS
    if how == "asked again":
        await house.write(ANN, "again")
        assert len(house.files) == 2
    await house.looks()
    assert (house.heard, len(house.files)) == ([], how == "asked again")
    assert "first" not in caplog.text.replace("first message", "")
    if how == "asked again":
        await house.approve(ANN)
        await house.looks()
        assert house.heard == ["again"]


async def test_a_removal_is_believed_at_the_second_look(house: Holding) -> None:
    """The reference takes the request out before it lets the sender in; nothing may be lost in between."""
    await house.write(ANN, "first")
    before, key = await house.owner.read(house.bot.account), SendersKey(house.bot.account)
    await house.store.update(key, lambda known: Change(replace(known, requests={}), None))
    await house.looks(1)
    await house.store.update(key, lambda _: Change(before, None))
    await house.approve(ANN)
    await house.looks(2)
    assert house.heard == ["first"]


@pytest.mark.parametrize("rules", [DmRules(DmPolicy.DISABLED), DmRules(DmPolicy.ALLOWLIST)])
async def test_D3_the_gate_decides_again(house: Holding, rules: DmRules) -> None:
    """Approved, but shut out by the configuration meanwhile: nothing is answered, nothing is kept."""
    await house.write(ANN, "first")
    await house.approve(ANN)
    house.rules = rules
    await house.looks()
    assert (house.heard, house.files) == ([], [])


async def test_D10_a_held_message_never_brings_a_code(house: Holding) -> None:
    """Whoever was revoked between the look and the door is a stranger, and gets no code for an old message."""
    await house.write(ANN, "first")
    await house.approve(ANN)
    read = house.owner.read

    async def read_and_revoke(account: ChannelAccount) -> Senders:
        known = await read(account)
        await house.owner.revoke_sender(account, ANN)
        return known

    house.owner.read = read_and_revoke  # type: ignore[method-assign]
    house.start()
    await house.looks(1)
    assert (house.heard, len(house.bot.sent), house.files) == ([], 1, [])
    assert (await read(house.bot.account)).requests == {}


async def test_who_is_let_in_by_the_configuration_is_answered_in_order_too(house: Holding) -> None:
    """And not once more when his request is approved besides."""
    await house.write(ANN, "first")
    house.rules = DmRules(listed=frozenset({ANN}))
    await house.write(ANN, "second")
    await house.approve(ANN)
    await house.looks()
    assert house.heard == ["first", "second"]


async def test_who_is_approved_while_his_code_is_on_its_way_is_answered(house: Holding) -> None:
    async def send(conversation: str, text: str) -> None:
        house.bot.sent.append((conversation, text))
        if text != "first":
            await house.approve(conversation)

    house.bot.send = send  # type: ignore[method-assign]
    await house.write(ANN, "first")
    assert (house.heard, house.files) == (["first"], [])


async def test_who_is_rejected_while_his_code_is_on_its_way_gets_no_other(house: Holding) -> None:
    async def send(conversation: str, text: str) -> None:
        house.bot.sent.append((conversation, text))
        await house.owner.reject_sender(house.bot.account, await house.code_of(conversation))

    house.bot.send = send  # type: ignore[method-assign]
    await house.write(ANN, "first")
    assert (len(house.bot.sent), house.files) == (1, [])
    assert await house.owner.waiting(house.bot.account) == []


async def test_D16_what_the_platform_sends_again_counts_instead(house: Holding) -> None:
    message = house.bot.message(ANN, "first")
    await house.reception.on_direct_message(message)
    await house.approve(ANN)
    await house.reception.on_direct_message(replace(message))
    await house.looks()
    assert (house.heard, house.files) == (["first"], [])


async def test_D8_what_was_late_is_kept_if_its_request_waits(house: Holding) -> None:
    """A gateway that was killed between the request and the file gets the message again, and it is late then."""
    message = house.bot.message(ANN, "first")
    house.wanted = False
    assert await house.held.knock(message) == Ignore(Why.WAITING)
    house.wanted = True
    assert await house.held.knock(replace(message, late=True)) == Ignore(Why.LATE)
    assert await house.held.knock(house.bot.message("8", "late")) == Ignore(Why.WAITING)
    assert len(house.files) == 2


async def test_D18_the_word_of_an_invite_is_not_held_whichever_account_it_is_for(house: Holding) -> None:
    """Nor one that is used up; its bearer waits as anybody, and what he writes when he is in is answered."""
    persons = PersonsService(house.store, now=house.clock)
    for number, account in enumerate((ChannelAccount(Channel.SIGNAL), house.bot.account)):
        made = await persons.invite(account, within_ms=DAY)
        assert isinstance(made, InviteMade)
        if account == house.bot.account:
            await house.write("99", made.word.grouped())
        await house.write(str(number), f"here it is: {made.word.grouped()}")
        assert house.files == []
        await house.approve(str(number))
        await house.looks()
        assert house.heard == []
    await house.write("1", "hello")
    assert house.heard == ["hello"]


async def test_D18_S4_what_may_be_a_word_is_not_held_where_nobody_can_know(
    house: Holding, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_: str) -> bool:
        raise StoreCorrupt("signal-senders.json is not what it must be")

    house.held._ports = replace(house.held._ports, secret=fails)
    await house.write(ANN, "AAAA-BBBB-CCCC-DDDD")
    assert house.files == []
    assert "is not held: signal-senders.json" in caplog.text


async def test_D10_no_more_are_held_than_may_wait(house: Holding) -> None:
    for number in range(100):
        await house.write(str(number), "x" * 100_000)
    assert len(house.files) == house.cap
    assert sum(path.stat().st_size for path in house.files) < house.cap * 8192


async def test_D3_under_other_policies_nothing_is_written(house: Holding) -> None:
    for policy in (DmPolicy.ALLOWLIST, DmPolicy.OPEN, DmPolicy.DISABLED):
        house.rules = DmRules(policy)
        await house.write(ANN, "first")
    assert not (house.state / FOLDER).exists()


async def test_switched_off_it_keeps_nothing_and_what_was_held_goes(house: Holding) -> None:
    await house.write(ANN, "first")
    house.wanted = False
    await house.looks(1)
    await house.write("8", "other")
    assert house.files == []


@pytest.mark.parametrize(("away_ms", "heard"), [(DAY - 1, ["first"]), (DAY, [])])
async def test_it_outlives_a_restart_for_a_day(house: Holding, away_ms: int, heard: list[str]) -> None:
    """Approved while nobody was there."""
    await house.write(ANN, "first")
    await house.approve(ANN)
    house.clock.now += away_ms
    house.start()
    await house.looks()
    assert (house.heard, house.files) == (heard, [])


async def test_a_broken_configuration_loses_nothing(house: Holding, caplog: pytest.LogCaptureFixture) -> None:
    await house.write(ANN, "first")
    await house.approve(ANN)

    async def broken(message: DirectMessage) -> Admit | Ignore:
        raise ConfigError("the configuration is broken")

    mended = house.door.knock
    house.door.knock = broken  # type: ignore[method-assign]
    await house.looks(5)
    assert caplog.text.count("a held message has to wait") == 1
    house.door.knock = mended  # type: ignore[method-assign]
    await house.looks()
    assert (house.heard, house.files) == (["first"], [])


async def test_S4_trouble_with_one_account_s_state_is_not_the_other_s(house: Holding) -> None:
    """What cannot be read is no refusal either: the message stays until it can."""
    await house.write(ANN, "at work", at=house.work)
    await house.write(ANN, "at home")
    await house.approve(ANN)
    read, broken = house.owner.read, house.work.account

    async def one_is_broken(account: ChannelAccount) -> Senders:
        if account == broken:
            raise StoreCorrupt("telegram-work-senders.json is not what it must be")
        return await read(account)

    house.owner.read = one_is_broken  # type: ignore[method-assign]
    house.start()
    for _ in range(3):
        with pytest.raises(StoreCorrupt):
            await house.looks(1)
    await asyncio.gather(*house.held._tasks.values())
    assert (house.heard, len(house.files)) == (["at home"], 1)


async def test_S7_a_defect_drops_it_and_its_words_stay_out_of_the_log(
    house: Holding, caplog: pytest.LogCaptureFixture
) -> None:
    await house.write(ANN, "secret words")
    await house.approve(ANN)

    async def defect(prompt: Prompt) -> str:
        raise RuntimeError(prompt.text)

    house.assistant.answer = defect  # type: ignore[method-assign]
    await house.looks()
    assert house.files == []
    assert "RuntimeError" in caplog.text
    assert "secret words" not in caplog.text


async def test_S2_a_disk_that_takes_nothing_holds_up_nobody(house: Holding, caplog: pytest.LogCaptureFixture) -> None:
    """The stranger gets his code, the owner can approve him, and the log says what is missing."""
    (house.state / FOLDER).write_text("in the way")
    await house.write(ANN, "first")
    assert len(house.bot.sent) == 1
    assert "is not held" in caplog.text
    await house.approve(ANN)
    await house.write(ANN, "second")
    assert house.heard == ["second"]


async def test_S2_a_file_that_cannot_be_removed_is_handed_over_once(
    house: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes as soon as the disk lets it."""
    await house.write(ANN, "first")
    await house.approve(ANN)

    def refuse(self: HeldFiles, slip: object) -> None:
        raise StoreUnavailable("the file system is read-only")

    with monkeypatch.context() as patch:
        patch.setattr(HeldFiles, "remove", refuse)
        await house.looks(1)
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await house.held.look()
    assert (house.heard, len(house.files)) == (["first"], 1)
    await house.looks(1)
    assert (house.heard, house.files) == (["first"], [])


async def test_S2_killed_between_the_answer_and_the_removal_it_comes_again(tmp_path: Path) -> None:
    """As any other message: an assistant may see one twice after a crash, and never loses one."""
    program = """
import asyncio, os, pathlib, signal, sys
from tests.gateway.test_held import ANN, Holding

async def main():
    house = Holding(state=pathlib.Path(sys.argv[1]))
    await house.write(ANN, "first")
    await house.approve(ANN)
    async def deliver(message):
        print(message.text, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    house.reception.on_direct_message = deliver
    await house.looks()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert (await process.communicate())[0] == b"first\n"
    (found,) = HeldFiles(tmp_path).load().values()
    assert (found.text, found.late) == ("first", False)


async def test_D7_a_message_under_his_other_id_does_not_overtake_it(house: Holding) -> None:
    house.bot.account = ChannelAccount(Channel.SIGNAL)
    number, account = SenderId("+15550001111"), SenderId("uuid:1")
    first = replace(house.bot.message(number, "first"), aliases=frozenset({account}))
    await house.reception.on_direct_message(first)
    await house.approve(number)
    await house.write(account, "second")
    assert house.heard == ["first", "second"]
