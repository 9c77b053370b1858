"""The spool: what a crash leaves comes back in order, once, and in nobody else's sight."""

import asyncio
import json
import logging
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.child import LINE_LIMIT
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.spool import Spool
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.errors import ChannelFailed
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.SIGNAL)
ANNE = SenderId("+15550001111")


def message(text: str, *, account: ChannelAccount = ACCOUNT, conversation: str = "c") -> DirectMessage:
    return DirectMessage(account, ANNE, text, conversation, text, 5, "Your Signal number: +15550001111")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.dictionaries(st.sampled_from("ab"), st.just("x")))
def test_a_message_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, text: str, meta: dict[str, str]
) -> None:
    state = tmp_path_factory.mktemp("state")
    whole = DirectMessage(
        ACCOUNT, ANNE, "1", "c", text, 5, "line", "Anne", meta, frozenset({SenderId("uuid:1")}), late=True, own=True
    )
    Spool(state, ACCOUNT).save(whole)
    assert [found for _, found in Spool(state, ACCOUNT).load()] == [whole]


def test_what_is_left_comes_in_order_and_what_is_forgotten_does_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ACCOUNT)
    numbers = [spool.save(message(str(each))) for each in range(12)]
    spool.forget(numbers[3])
    again = Spool(tmp_path, ACCOUNT)
    assert [found.text for _, found in again.load()] == [str(each) for each in range(12) if each != 3]
    assert again.save(message("new")) > max(numbers)


def test_D1_accounts_do_not_see_each_other_s(tmp_path: Path) -> None:
    work = ChannelAccount(Channel.SIGNAL, AccountId("work"))
    Spool(tmp_path, work).save(message("for work", account=work))
    assert Spool(tmp_path, ACCOUNT).load() == []


def test_a_long_message_comes_back_as_it_was(tmp_path: Path) -> None:
    """As long as a line that a program beside us may say."""
    whole = message("x" * LINE_LIMIT)
    Spool(tmp_path, ACCOUNT).save(whole)
    assert [found for _, found in Spool(tmp_path, ACCOUNT).load()] == [whole]


def test_S1_a_message_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ACCOUNT)
    spool.save(message("hi"))
    (path,) = spool.folder.iterdir()
    path.chmod(0o644)
    assert [found.text for _, found in spool.load()] == ["hi"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_S1_the_files_are_their_owner_s_alone(tmp_path: Path, mask: int) -> None:
    """Whatever the umask, and a looser folder is tightened."""
    state = tmp_path / "state"
    (state / "signal").mkdir(parents=True, mode=0o755)
    old = os.umask(mask)
    try:
        Spool(state, ACCOUNT).save(message("x"))
    finally:
        os.umask(old)
    folder = state / "signal" / "inbox-default"
    assert [oct(path.stat().st_mode & 0o777) for path in (folder.parent, folder, *folder.iterdir())] == [
        "0o700",
        "0o700",
        "0o600",
    ]


def test_S1_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "signal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ChannelFailed, match="not a folder"):
        Spool(tmp_path, ACCOUNT).save(message("x"))


@pytest.mark.parametrize("content", [b"", b"{", b'{"text":1}', b"[" * 10_000, b"\xff"])
def test_S4_what_is_no_message_is_kept_aside_and_the_others_come(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path, ACCOUNT)
    first = spool.save(message("one"))
    spool.save(message("two"))
    broken = spool.folder / f"{first:019}.json"
    broken.write_bytes(content)
    with caplog.at_level(logging.DEBUG):
        assert [found.text for _, found in Spool(tmp_path, ACCOUNT).load()] == ["two"]
    assert broken.with_name(f"{broken.name}.corrupt-1").read_bytes() == content
    assert "corrupt" in caplog.text


def test_a_message_of_another_account_is_not_taken(tmp_path: Path) -> None:
    """A file that was copied here lets nobody in at this account."""
    spool = Spool(tmp_path, ACCOUNT)
    path = spool.folder / f"{spool.save(message('x')):019}.json"
    written = json.loads(path.read_text())
    assert written["account"] == [ACCOUNT.channel, ACCOUNT.account]
    path.write_text(json.dumps(written | {"account": ["slack", "default"]}))
    assert Spool(tmp_path, ACCOUNT).load() == []


async def test_a_message_is_safe_when_put_returns_and_gone_when_it_is_done_with(tmp_path: Path) -> None:
    desk, spool = Desk(), Spool(tmp_path, ACCOUNT)
    go = desk.hold("one")
    inbox = Inbox(desk, spool=spool)
    await inbox.put(message("one"))
    assert len(list(spool.folder.iterdir())) == 1
    go.set()
    await desk.wait_ended("one")
    await inbox.close(0)
    assert list(spool.folder.iterdir()) == []


async def test_what_was_cut_off_is_delivered_at_the_next_start(tmp_path: Path) -> None:
    desk = Desk()
    desk.hold("one")
    inbox = Inbox(desk, spool=Spool(tmp_path, ACCOUNT))
    for text in ("one", "two", "three"):
        await inbox.put(message(text))
    await desk.wait_begun("one")
    await inbox.close(0)
    later = Desk()
    inbox = Inbox(later, spool=Spool(tmp_path, ACCOUNT))
    await inbox.restore()
    await inbox.put(message("four"))
    await later.wait_ended("one", "two", "three", "four")
    await inbox.close(0)
    assert later.ended == ["one", "two", "three", "four"]
    assert Spool(tmp_path, ACCOUNT).load() == []


@pytest.mark.parametrize("late", [False, True])
async def test_D8_what_was_left_is_late_where_it_is_said_to_be(tmp_path: Path, late: bool) -> None:
    """What waited in a person's own account while nobody was connected never brings a code."""
    Spool(tmp_path, ACCOUNT).save(message("left"))
    desk = Desk()
    inbox = Inbox(desk, spool=Spool(tmp_path, ACCOUNT))
    await inbox.restore(late=late)
    await desk.wait_ended("left")
    await inbox.close(1)
    assert [each.late for each in desk.messages] == [late]


async def test_a_message_that_cannot_be_saved_is_not_taken(tmp_path: Path) -> None:
    """The adapter hears of it, acknowledges nothing, and the next message is taken when there is room again."""
    desk, spool = Desk(), Spool(tmp_path, ACCOUNT)
    spool.folder.parent.write_text("in the way")
    inbox = Inbox(desk, spool=spool, limit=1)
    with pytest.raises(ChannelFailed, match="cannot write"):
        await inbox.put(message("one"))
    spool.folder.parent.unlink()
    await inbox.put(message("one"))
    await desk.wait_ended("one")
    await inbox.close(0)
    assert desk.begun == ["one"]


async def test_where_the_platform_is_patient_messages_are_written_down_when_we_say_so(tmp_path: Path) -> None:
    """Then they are done with for the platform, and gone from the spool when they are done with for us."""
    desk, done = Desk(), list[str]()
    go = desk.hold("one")
    inbox = Inbox(desk, spool=Spool(tmp_path, ACCOUNT), patient=True)
    await inbox.restore()
    for text in ("one", "two"):
        await inbox.put(message(text), lambda text=text: done.append(text))  # type: ignore[misc]
    assert Spool(tmp_path, ACCOUNT).load() == []
    inbox.keep()
    inbox.keep()
    assert done == ["one", "two"]
    await inbox.put(message("three"))
    assert [found.text for _, found in Spool(tmp_path, ACCOUNT).load()] == ["one", "two"]
    go.set()
    await desk.wait_ended("three")
    await inbox.close(1)
    assert done == ["one", "two"]
    assert Spool(tmp_path, ACCOUNT).load() == []


async def test_what_cannot_be_written_down_stays_the_platform_s(tmp_path: Path) -> None:
    """It is delivered all the same, and done with when it is."""
    desk, done = Desk(), list[str]()
    go = desk.hold("one")
    spool = Spool(tmp_path, ACCOUNT)
    inbox = Inbox(desk, spool=spool, patient=True)
    await inbox.put(message("one"), lambda: done.append("one"))
    spool.folder.parent.write_text("in the way")
    with pytest.raises(ChannelFailed, match="cannot write"):
        inbox.keep()
    assert done == []
    go.set()
    await desk.wait_ended("one")
    await inbox.close(1)
    assert done == ["one"]


async def test_kill_9_loses_nothing_that_was_put(tmp_path: Path) -> None:
    """A process that is killed right after ``put`` has it for its successor."""
    program = """
import asyncio, pathlib, sys
from clawdbot.channels.inbox import Inbox
from clawdbot.channels.spool import Spool
from tests.channels.test_spool import ACCOUNT, message

async def main():
    async def deliver(_):
        await asyncio.sleep(3600)
    inbox = Inbox(deliver, spool=Spool(pathlib.Path(sys.argv[1]), ACCOUNT))
    for number in range(50):
        await inbox.put(message(str(number)))
        print(number, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    said = []
    while (line := (await process.stdout.readline()).decode().strip()) != "30":
        assert line, "the program ended"
        said.append(line)
    process.kill()
    await process.wait()
    left = [found.text for _, found in Spool(tmp_path, ACCOUNT).load()]
    assert left[:31] == [*said, "30"]
