"""The reference's own commands on our files, and we on its, one after another and at the same time."""

import asyncio
import json
import secrets
import time
from pathlib import Path

import pytest

from clawdbot.domain import senders
from clawdbot.domain.effects import Change
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import Requested, Senders
from clawdbot.store.files import FileStore
from tests.support.peer import Peer, find
from tests.support.store_moves import KEY, Move, places

pytestmark = pytest.mark.peer


@pytest.fixture
def peer(tmp_path: Path, state_dir: Path) -> Peer:
    return find(tmp_path / "home", state_dir)


async def ask(store: FileStore, sender: str) -> str:
    """A stranger writes now; his code."""

    def request(state: Senders) -> Change[Senders, object]:
        now = time.time_ns() // 1_000_000
        return senders.request(state, SenderId(sender), {"firstName": "Ann"}, now=now, randbelow=secrets.randbelow)

    answer = (await store.update(KEY, request)).answer
    assert isinstance(answer, Requested)
    return answer.request.code.reveal()


def move(verb: str, sender: str) -> Move:
    return Move(verb, sender, time.time_ns() // 1_000_000)


async def test_files_go_back_and_forth(peer: Peer, state_dir: Path) -> None:
    """Ours are listed and approved there; theirs are read, extended and taken back here."""
    store = FileStore(state_dir)
    code = await ask(store, "101")
    listed = json.loads(peer.run("pairing", "list", "telegram", "--json"))
    (request,) = listed["requests"]
    assert (listed["channel"], request["id"], request["code"], request["meta"]) == (
        "telegram",
        "101",
        code,
        {"firstName": "Ann"},
    )
    assert "101" in peer.run("pairing", "approve", "telegram", code.lower())
    assert places(await store.read(KEY)) == {"101": "allowed"}
    second = await ask(store, "102")
    await store.update(KEY, move("approve", "102"))
    assert second not in peer.run("pairing", "list", "telegram")
    peer.run("pairing", "approve", "telegram", second, code=1)
    await store.update(KEY, move("revoke", "101"))
    third = await ask(store, "103")
    peer.run("pairing", "approve", "telegram", third)
    assert places(await store.read(KEY)) == {"102": "allowed", "103": "allowed"}
    assert store.problems() == []


async def test_both_write_at_the_same_time(peer: Peer, state_dir: Path) -> None:
    """While its commands approve, we go on deciding about others: everybody is where he was put."""
    stores = [FileStore(state_dir), FileStore(state_dir)]
    codes = [await ask(stores[0], str(number)) for number in (201, 202, 203)]
    commands = [peer.start("pairing", "approve", "telegram", code) for code in codes]
    number = 300
    while any(command.poll() is None for command in commands):
        number += 1
        await asyncio.gather(
            stores[number % 2].update(KEY, move("block", str(number))),
            stores[0].update(KEY, move("request", "204")),
        )
        await asyncio.sleep(0.05)  # the reference gives up after ten tries, however short each wait of ours is
    for command in commands:
        output, errors = command.communicate()
        assert command.returncode == 0, output + errors
    found = places(await stores[0].read(KEY))
    assert {sender: found.pop(sender) for sender in ("201", "202", "203")} == dict.fromkeys(
        ("201", "202", "203"), "allowed"
    )
    found.pop("204", None)
    assert found == {str(blocked): "blocked" for blocked in range(301, number + 1)}
    assert number > 320
    assert not list((state_dir / "credentials").glob("*.lock"))
