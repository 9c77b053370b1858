"""Held messages on the disk: sealed, bound to their request, private, and never torn."""

import asyncio
import json
import os
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import DirectMessage
from clawdbot.domain.held import Slip
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.errors import StoreUnavailable
from clawdbot.gateway.held_files import FOLDER, KEY, KEY_FOLDER, HeldFiles

ACCOUNT = ChannelAccount(Channel.SIGNAL)
TEXT = "the words of a stranger"


def slip(sender: str = "+15550001111", account: ChannelAccount = ACCOUNT, at: int = 5) -> Slip:
    return Slip(account, SenderId(sender), at)


def message(of: Slip, text: str = TEXT) -> DirectMessage:
    aliases = frozenset({SenderId("uuid:1")})
    return DirectMessage(of.account, of.sender, "1", "where", text, 5, "line", "Anne", {"name": "Anne"}, aliases)


def held(state: Path) -> list[Path]:
    return sorted((state / FOLDER).iterdir())


def put(state: Path, *slips: Slip) -> list[Path]:
    """Keep a message for each; their files."""
    files = HeldFiles(state)
    for each in slips:
        files.save(each, message(each))
    return held(state)


def test_a_message_comes_back_as_it_was_until_it_is_removed(tmp_path: Path) -> None:
    """For another process, too; and what is removed twice is gone once."""
    one, other = slip(), slip("+15550002222")
    put(tmp_path, one, other)
    files = HeldFiles(tmp_path)
    assert files.load() == {one: message(one), other: message(other)}
    files.remove(one)
    files.remove(one)
    assert HeldFiles(tmp_path).load() == {other: message(other)}


def test_nothing_is_made_where_nothing_is_held(tmp_path: Path) -> None:
    state = tmp_path / "state"
    files = HeldFiles(state)
    assert files.load() == {}
    files.remove(slip())
    assert not state.exists()


def test_S7_the_text_and_where_it_came_from_are_nowhere_in_the_clear(tmp_path: Path) -> None:
    """Nor is the key beside them; what is in the clear is what the list of requests says, too."""
    put(tmp_path, slip())
    everything = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(everything) == 2
    assert not any(word in each for each in everything for word in (TEXT.encode(), b"where", b"Anne", b"uuid:1"))
    (file,) = held(tmp_path)
    assert {*json.loads(file.read_bytes())} == {"version", "channel", "account", "sender", "askedAt", "nonce", "sealed"}
    assert (tmp_path / KEY_FOLDER / KEY).read_bytes() not in file.read_bytes()


def test_no_two_files_are_sealed_alike(tmp_path: Path) -> None:
    """A nonce is used once, for the same message as well."""
    files = HeldFiles(tmp_path)
    seen = set()
    for _ in range(20):
        files.save(slip(), message(slip()))
        seen.add(json.loads(held(tmp_path)[0].read_bytes())["nonce"])
    assert len(seen) == 20


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_S1_files_and_folders_are_their_owner_s_alone(tmp_path: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        put(tmp_path / "state", slip())
    finally:
        os.umask(old)
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_S1_what_is_open_to_others_is_closed(tmp_path: Path) -> None:
    (file,) = put(tmp_path, slip())
    for path in (file, tmp_path / KEY_FOLDER / KEY):
        path.chmod(0o644)
    assert HeldFiles(tmp_path).load() == {slip(): message(slip())}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (file, tmp_path / KEY_FOLDER / KEY)} == {0o600}


@pytest.mark.parametrize("name", [FOLDER, KEY_FOLDER, f"{KEY_FOLDER}/{KEY}"])
def test_S1_links_are_not_followed(tmp_path: Path, name: str) -> None:
    put(tmp_path, slip())
    (tmp_path / name).rename(tmp_path / "elsewhere")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        HeldFiles(tmp_path).load()
    assert len(list(tmp_path.rglob("*.json"))) == 1


WORK = ChannelAccount(Channel.SIGNAL, AccountId("work"))


@pytest.mark.parametrize(
    "other",
    [slip("+15550002222"), slip(account=WORK), slip(account=ChannelAccount(Channel.IMESSAGE)), slip(at=6)],
    ids=["sender", "account", "channel", "request"],
)
@pytest.mark.parametrize("how", ["renamed", "header", "sealed"])
def test_D1_a_file_opens_for_its_own_request_alone(
    tmp_path: Path, other: Slip, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Put in the place of another one, told to be another's, or given another's content, it is removed unread."""
    own = put(tmp_path, slip())[0]
    (target,) = {*put(tmp_path, other)} - {own}
    mine, theirs = (json.loads(path.read_bytes()) for path in (own, target))
    content = {
        "renamed": mine,
        "header": {**theirs, "nonce": mine["nonce"], "sealed": mine["sealed"]},
        "sealed": {**theirs, "sealed": mine["sealed"]},
    }
    target.write_text(json.dumps(content[how]))
    assert HeldFiles(tmp_path).load() == {slip(): message(slip())}
    assert held(tmp_path) == [own]
    assert target.name in caplog.text
    assert TEXT not in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version":1}', b"[" * 10_000, b"\xff", None],
    ids=["empty", "torn", "list", "half", "deep", "bytes", "cut off"],
)
def test_S4_S8_a_broken_file_costs_its_own_message_alone(tmp_path: Path, content: bytes | None) -> None:
    broken, _ = put(tmp_path, slip(), slip("+15550002222"))
    broken.write_bytes(broken.read_bytes()[:-20] if content is None else content)
    assert len(HeldFiles(tmp_path).load()) == 1
    assert not broken.exists()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_S1_S4_what_is_no_file_costs_its_own_message_alone(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported, left as it is, and not followed."""
    strange, _ = put(tmp_path, slip(), slip("+15550002222"))
    strange.rename(tmp_path / "elsewhere")
    match kind:
        case "link":
            strange.symlink_to(tmp_path / "elsewhere")
        case "pipe":
            os.mkfifo(strange)
        case _:
            strange.mkdir()
    assert len(HeldFiles(tmp_path).load()) == 1
    assert len(held(tmp_path)) == 2
    assert strange.name in caplog.text


@pytest.mark.parametrize("key", [None, b"", b"x" * 31, b"x" * 33, b"x" * 32])
def test_S4_with_another_key_all_are_gone_and_the_next_is_kept(tmp_path: Path, key: bytes | None) -> None:
    """As after a restore, which brings no key back. What is no key is put aside."""
    put(tmp_path, slip())
    place = tmp_path / KEY_FOLDER / KEY
    place.unlink() if key is None else place.write_bytes(key)
    files = HeldFiles(tmp_path)
    assert files.load() == {}
    assert held(tmp_path) == []
    if key is not None and len(key) != 32:
        assert place.with_name(f"{KEY}.corrupt").read_bytes() == key
    files.save(slip(), message(slip()))
    assert HeldFiles(tmp_path).load() == {slip(): message(slip())}


def test_what_is_not_ours_is_left_alone_and_what_is_half_written_goes(tmp_path: Path) -> None:
    (file,) = put(tmp_path, slip())
    shutil.copy(file, file.with_name(f"{file.name}.0123456789abcdef.tmp"))
    file.with_name("notes.txt").write_text("mine")
    assert len(HeldFiles(tmp_path).load()) == 1
    assert held(tmp_path) == sorted([file, file.with_name("notes.txt")])


def test_S5_names_stay_in_the_folder(tmp_path: Path) -> None:
    """Whatever an id looks like."""
    odd = slip("../../etc/passwd\0\n")
    put(tmp_path, odd)
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / FOLDER]
    assert HeldFiles(tmp_path).load() == {odd: message(odd)}


def test_S4_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    for use in (HeldFiles(tmp_path).load, lambda: HeldFiles(tmp_path).save(slip(), message(slip()))):
        with pytest.raises(StoreUnavailable, match=FOLDER):
            use()


async def test_S2_kill_9_tears_no_file(tmp_path: Path) -> None:
    """At any moment while messages are kept and removed: what is there opens, and what was said to be kept is there."""
    program = """
import pathlib, sys
from clawdbot.gateway.held_files import HeldFiles
from tests.gateway.test_held_files import message, slip
files = HeldFiles(pathlib.Path(sys.argv[1]))
for number in range(100_000):
    files.save(slip(at=number), message(slip(at=number)))
    print(number, flush=True)
    if number > 2:
        files.remove(slip(at=number - 3))
"""
    for turn in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert process.stdout is not None
        last = -1
        while last < 20 * (turn + 1):
            last = int(await process.stdout.readline())
        process.kill()
        last = max([last, *(int(each) for each in (await process.stdout.read()).split()[:-1])])
        await process.wait()
        before = {path.name for path in held(tmp_path) if path.suffix == ".json"}
        found = HeldFiles(tmp_path).load()
        assert {slip(at=number) for number in range(last - 1, last + 1)} <= {*found}
        assert {path.name for path in held(tmp_path)} == before
        for each in found:
            HeldFiles(tmp_path).remove(each)


def test_a_file_of_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    (file,) = put(tmp_path, slip())
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"version": 2}))
    assert HeldFiles(tmp_path).load() == {}


def test_a_message_of_another_account_inside_is_not_taken(tmp_path: Path) -> None:
    files = HeldFiles(tmp_path)
    files.save(slip(), replace(message(slip()), account=WORK))
    assert HeldFiles(tmp_path).load() == {}
