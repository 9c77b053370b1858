"""Senders for whoever only looks: what he sees is what the store sees, and nothing is made or written by it."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.store.files import FileStore
from clawdbot.store.onlooker import Onlooker
from tests.support.store_moves import ACCOUNT, KEY, NOW, VERBS, WORK, Move

HOUR = 3_600_000
TIME = "2026-11-22T17:13:14.030Z"


def put(state_dir: Path, name: str, content: object) -> Path:
    """A file as another program writes it."""
    folder = state_dir / "credentials"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(0o600)
    return path


def test_nothing_is_made_by_looking(state_dir: Path) -> None:
    """Where nothing is, nobody waits."""
    onlooker = Onlooker(state_dir)
    assert onlooker.accounts() == []
    assert onlooker.read(ACCOUNT).waiting(NOW) == []
    assert not state_dir.exists()


def test_he_sees_what_the_store_sees(state_dir: Path) -> None:
    """After each of the things that are decided, on several accounts."""
    store, onlooker = FileStore(state_dir), Onlooker(state_dir)
    asyncio.run(store.update(WORK, Move("request", "1")))
    for number, verb in enumerate((*VERBS, *VERBS)):
        for move in (Move("request", "7", NOW + number), Move(verb, "7", NOW + number), Move(verb, str(number + 10))):
            asyncio.run(store.update(KEY, move))
        assert onlooker.read(ACCOUNT) == asyncio.run(store.read(KEY))
    assert onlooker.read(WORK.account) == asyncio.run(store.read(WORK))
    assert onlooker.accounts() == [ACCOUNT, WORK.account]


def test_D11_what_is_over_does_not_wait(state_dir: Path) -> None:
    """An hour after he asked, and before he asked by the file's time (threats.md S6)."""
    asyncio.run(FileStore(state_dir).update(KEY, Move("request", "7")))
    known = Onlooker(state_dir).read(ACCOUNT)
    assert [request.sender for request in known.waiting(NOW + HOUR - 1)] == ["7"]
    assert known.waiting(NOW + HOUR) == known.waiting(NOW - 1) == []


def test_S4_a_broken_file_is_named_and_is_no_empty_one(state_dir: Path) -> None:
    path = put(state_dir, "telegram-pairing.json", b'{"version": 1, "requests": [')
    with pytest.raises(StoreCorrupt, match=r"telegram-pairing\.json is not what it must be"):
        Onlooker(state_dir).read(ACCOUNT)
    assert path.read_bytes() == b'{"version": 1, "requests": ['


def test_S4_a_single_bad_entry_is_skipped(state_dir: Path) -> None:
    """The good one beside it waits."""
    good = {"id": "7", "code": "ABCDEFGH", "createdAt": TIME, "lastSeenAt": TIME}
    put(state_dir, "telegram-pairing.json", {"version": 1, "requests": [{"id": 7}, "x", good]})
    assert set(Onlooker(state_dir).read(ACCOUNT).requests) == {SenderId("7")}


def test_S8_a_key_that_appears_twice_is_refused(state_dir: Path) -> None:
    put(state_dir, "telegram-pairing.json", b'{"version": 1, "requests": [], "requests": []}')
    with pytest.raises(StoreCorrupt, match="appears twice"):
        Onlooker(state_dir).read(ACCOUNT)


def test_S1_a_symbolic_link_is_not_followed(state_dir: Path) -> None:
    elsewhere = put(state_dir, "elsewhere", {"version": 1, "requests": []})
    (state_dir / "credentials" / "telegram-pairing.json").symlink_to(elsewhere)
    with pytest.raises(StoreUnavailable, match="it is a symbolic link"):
        Onlooker(state_dir).read(ACCOUNT)


def test_S1_what_is_open_to_others_is_closed(state_dir: Path) -> None:
    """Folder and file, as with every look of the store."""
    path = put(state_dir, "telegram-pairing.json", {"version": 1, "requests": []})
    path.chmod(0o644)
    path.parent.chmod(0o755)
    Onlooker(state_dir).read(ACCOUNT)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(path.parent).st_mode & 0o777 == 0o700


def test_S5_only_files_of_accounts_count(state_dir: Path) -> None:
    """Locks, what was left half-written, and other programs' files are nobody's."""
    for name in ("telegram-work-pairing.json", "telegram-pairing.flock", "x-pairing.json", "telegram-a b-pairing.json"):
        put(state_dir, name, {"version": 1, "requests": []})
    assert Onlooker(state_dir).accounts() == [ChannelAccount(Channel.TELEGRAM, AccountId("work"))]
