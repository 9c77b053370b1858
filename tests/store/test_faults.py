"""The process is killed or the disk fails, at every system call that changes anything (threats.md S2).

Real children under strace, which kills or lets down the n-th call of each kind, until there is no n-th.
"""

import json
import stat
from pathlib import Path

import pytest

from clawdbot.domain.senders import Requested, Senders
from clawdbot.errors import StoreUnavailable
from clawdbot.store.files import FileStore
from clawdbot.store.locks import Patience
from tests.support import store_strace as strace
from tests.support.disks import small_disk
from tests.support.store_moves import KEY, LENT_MS, NOW, Move, after, places

STORY = [
    Move("request", "7"),
    Move("approve", "7"),
    Move("request", "8"),
    Move("block", "8"),
    Move("revoke", "7"),
    Move("request", "9"),
    Move("reject", "9"),
    Move("request", "6"),
    Move("lend", "6"),
    Move("expire", "", NOW + LENT_MS),
    Move("expect", "5"),
    Move("request", "5"),
]
"""Every kind of move; a state of places after each that is unlike the one before."""

PUT_OUT = [Move("request", "7"), Move("lend", "7"), Move("invite", ""), Move("revoke", "7")]
"""Somebody who is in for a time knows a word, and is put out."""

PROMPT = Patience(lock_s=10)
"""Shorter than a lock that somebody left takes to grow stale."""


def parse_all(state_dir: Path) -> dict[str, object]:
    """Every file that is there, whole; private, and in a private folder."""
    folder = state_dir / "credentials"
    if not folder.exists():
        return {}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o77 for path in folder.iterdir()} <= {0}
    return {path.name: json.loads(path.read_bytes()) for path in folder.glob("*.json")}


async def goes_on(state_dir: Path) -> Senders:
    """What is stored; and the next change works at once, and cleans up."""
    store = FileStore(state_dir, patience=PROMPT)
    found = await store.read(KEY)
    assert isinstance((await store.update(KEY, Move("request", "99"))).answer, Requested)
    left = {path.suffix for path in (state_dir / "credentials").iterdir()}
    assert left == {".json", ".flock"}
    return found


async def test_S2_killed_at_any_system_call_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """The state is the one after the moves that were acknowledged, or with the one more that was on its way."""
    strace.need_strace()
    states = [places(after(STORY[:count])) for count in range(len(STORY) + 1)]
    for state_dir, run in strace.killed(tmp_path, STORY):
        parse_all(state_dir)
        count = len(run.said)
        found = await goes_on(state_dir)
        assert places(found) in states[count : count + 2], (state_dir.name, run.said)


async def test_S2_D18_a_revocation_that_is_killed_and_repeated_leaves_no_word_open(tmp_path: Path) -> None:
    """Wherever it is killed: the word never outlives the approval, of which an end makes more than one commit."""
    strace.need_strace()
    states = [places(after(PUT_OUT[:count])) for count in range(len(PUT_OUT) + 1)]
    for state_dir, run in strace.killed(tmp_path, PUT_OUT):
        parse_all(state_dir)
        count = len(run.said)
        found = await goes_on(state_dir)
        assert places(found) in states[count : count + 2], (state_dir.name, run.said)
        if count == len(PUT_OUT) - 1:
            store = FileStore(state_dir, patience=PROMPT)
            await store.update(KEY, PUT_OUT[-1])
            answer = (await store.update(KEY, Move("redeem", "7"))).answer
            assert isinstance(answer, Requested), state_dir.name


def test_S2_nothing_is_acknowledged_before_it_is_on_the_disk(tmp_path: Path) -> None:
    """Each file is flushed before it is renamed, the folder after; a grant is on the disk before its request goes."""
    strace.need_strace()
    calls = "fsync,?rename,renameat,?renameat2,writev"
    run = strace.run(tmp_path / "state", [Move("request", "7"), Move("approve", "7")], "-y", "-e", f"trace={calls}")
    assert run.said == ["saved", "saved"], run.errors
    folder = "fsync credentials"
    assert [strace.event(line) for line in run.calls][-13:] == [
        *["fsync telegram-pairing.json.tmp", "rename telegram-pairing.json", folder, "acknowledged"],
        *["fsync telegram-senders.json.tmp", "fsync telegram-allowFrom.json.tmp", "fsync telegram-pairing.json.tmp"],
        *["rename telegram-senders.json", "rename telegram-allowFrom.json", folder],
        *["rename telegram-pairing.json", folder, "acknowledged"],
    ]


FAULTS = [("fsync", "EIO"), ("write", "ENOSPC"), ("renameat", "EIO"), ("mkdirat", "ENOSPC"), ("unlinkat", "EIO")]


@pytest.mark.parametrize(("call", "error"), FAULTS)
async def test_S2_what_the_disk_refuses_is_answered_as_failed_and_changes_nothing(
    tmp_path: Path, call: str, error: str
) -> None:
    """Whichever call fails: the moves that were acknowledged are there, and exactly those."""
    strace.need_strace()
    made = failures = 0
    for state_dir, run in strace.refused(tmp_path, STORY, call, error):
        made, failures = made + 1, failures + run.said.count("failed")
        parse_all(state_dir)
        assert await goes_on(state_dir) == after(strace.saved(STORY, run)), (call, state_dir.name, run.said)
    assert failures == (0 if call == "unlinkat" else made)


async def test_S2_a_disk_that_never_flushes_takes_nothing(tmp_path: Path) -> None:
    """Every fsync fails, those of putting things back too: all is as it was."""
    strace.need_strace()
    store = FileStore(tmp_path / "state")
    for move in STORY[:2]:
        await store.update(KEY, move)
    before = parse_all(tmp_path / "state")
    moves = [Move("block", "7"), Move("revoke", "7"), Move("request", "8")]
    run = strace.run(tmp_path / "state", moves, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=3+")
    assert run.said == ["failed"] * 3, run.errors
    assert parse_all(tmp_path / "state") == before


async def test_S2_a_full_disk_fails_honestly_and_works_again_with_room(tmp_path: Path) -> None:
    """From empty to full, page by page: what is acknowledged is there, what fails changed nothing."""
    with small_disk(tmp_path / "disk") as disk:
        store = FileStore(disk / "state")
        model = Senders()
        failed: list[StoreUnavailable] = []
        filler = (disk / "filler").open("wb", buffering=0)
        for number in range(1, 40):
            for verb in ("request", "approve"):
                move = Move(verb, str(number), NOW, number)
                try:
                    model = (await store.update(KEY, move)).state
                except StoreUnavailable as error:
                    failed.append(error)
                assert await FileStore(disk / "state").read(KEY) == model
                parse_all(disk / "state")
            try:
                filler.write(bytes(4096))
            except OSError:
                continue
        filler.close()
        assert failed
        assert {error.hint for error in failed} == {"make room on the disk; nothing was changed"}
        (disk / "filler").unlink()
        await store.update(KEY, Move("block", "7"))
        assert places(await store.read(KEY))["7"] == "blocked"
