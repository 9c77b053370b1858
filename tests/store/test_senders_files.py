"""The files of one channel account as one aggregate: hot reads, broken files, leftovers, the reference's files."""

import asyncio
import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain import sender_ids, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import Change
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.senders import Approval, Approved, NoSuchRequest, Request, Senders
from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.store import disk, senders_files, sight
from clawdbot.store.base import SendersKey
from clawdbot.store.disk import Folder, Signature, signature
from clawdbot.store.files import FileStore
from clawdbot.store.locks import Held, Patience
from clawdbot.store.rewriting import encode
from clawdbot.store.senders_files import SendersFiles
from tests.support.store_moves import ACCOUNT, KEY, NOW, Move, after, places

VECTORS = Path(__file__).parents[1] / "vectors" / "state" / "credentials"


def files(state_dir: Path) -> SendersFiles:
    return SendersFiles(state_dir, ACCOUNT, partial(sender_ids.normalise, Channel.TELEGRAM), Patience())


def make(state_dir: Path, *moves: Move) -> None:
    outcomes = files(state_dir).transact(moves)
    assert all(isinstance(outcome, Change) for outcome in outcomes)


def document(state_dir: Path, part: str) -> Any:
    return json.loads((state_dir / "credentials" / f"telegram-{part}.json").read_bytes())


def put(state_dir: Path, part: str, content: bytes | Any) -> None:
    """Replace a file as another program would."""
    folder = state_dir / "credentials"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    data = content if isinstance(content, bytes) else json.dumps({"version": 1, **content}).encode()
    temporary = folder / "new"
    temporary.write_bytes(data)
    temporary.chmod(0o600)
    temporary.rename(folder / f"telegram-{part}.json")


def state_of(one: SendersFiles) -> Senders:
    stored = one.look()
    assert stored is not None
    return stored.senders


# --- hot reads -------------------------------------------------------------------------------------------------------


async def test_a_hot_read_costs_a_stat_a_file(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one of the folder for all that are not there. No file is opened while nothing changes, and the object is the
    same."""
    make(state_dir, Move("request", "7"))
    one = files(state_dir)
    await asyncio.sleep(0.06)
    first = one.look()
    looked: list[str] = []
    lstat = os.lstat

    def counted(path: str) -> os.stat_result:
        looked.append(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", counted)
    monkeypatch.setattr(os, "open", lambda *_, **__: pytest.fail("opened"))
    assert one.look() is first
    assert [Path(path).name for path in looked] == ["telegram-pairing.json", "credentials"]


@pytest.mark.parametrize("trusting", [False, True])
def test_a_copy_of_files_that_have_just_changed_is_not_trusted(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, trusting: bool
) -> None:
    """Two writes within one tick of the clock look alike. A reader who trusted such a copy would miss the second."""
    hour = 3_600_000_000_000

    def coarse(found: os.stat_result) -> Signature:
        return found.st_dev, found.st_ino, found.st_size, 0, found.st_ctime_ns // hour * hour

    for module in (disk, sight):
        monkeypatch.setattr(module, "signature", coarse)
    monkeypatch.setattr(sight, "SETTLED_NS", 0 if trusting else 2 * hour)
    make(state_dir, Move("request", "7"))
    one = files(state_dir)
    assert one.look() is one.look()
    path = state_dir / "credentials" / "telegram-pairing.json"
    path.write_bytes(path.read_bytes().replace(b'"7"', b'"8"'))
    assert list(state_of(one).requests) == ["7" if trusting else "8"]


async def test_D17_every_other_writer_is_noticed_with_the_next_read(state_dir: Path) -> None:
    """A hundred changes, each of one character in place of another, each seen at once."""
    store = FileStore(state_dir)
    for number in range(100):
        put(state_dir, "allowFrom", {"allowFrom": [str(number + 100)]})
        assert list((await store.read(KEY)).allowed) == [str(number + 100)]
    (state_dir / "credentials" / "telegram-allowFrom.json").unlink()
    assert (await store.read(KEY)).allowed == {}


def test_files_of_different_moments_are_not_one_state(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit between two of the three reads is noticed, and the reader looks again."""
    make(state_dir, Move("request", "7"), Move("request", "8"))
    one = files(state_dir)
    read = Folder.read
    interruptions = iter([Move("approve", "7"), Move("approve", "8")])

    def interrupted(self: Folder, name: str) -> Any:
        blob = read(self, name)
        if name.endswith("allowFrom.json") and (move := next(interruptions, None)):
            monkeypatch.setattr(Folder, "read", read)
            make(state_dir, move)
            monkeypatch.setattr(Folder, "read", interrupted)
        return blob

    monkeypatch.setattr(Folder, "read", interrupted)
    assert [one.look(), one.look()] == [None, None]
    assert places(state_of(one)) == {"7": "allowed", "8": "allowed"}


async def test_a_reader_does_not_wait_forever_for_a_quiet_moment(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails closed, and says why."""
    monkeypatch.setattr(SendersFiles, "look", lambda self: None)
    with pytest.raises(StoreUnavailable, match="change faster"):
        await FileStore(state_dir).read(KEY)


# --- broken files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["pairing", "allowFrom", "senders"])
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 2}', b"\xff", b"[" * 10_000], ids=repr)
async def test_S4_a_broken_file_is_never_written_over(state_dir: Path, part: str, data: bytes) -> None:
    """Reading and changing are errors that name the file and the way out; it stays as it is, and so do the others."""
    store = FileStore(state_dir)
    for move in (Move("request", "7"), Move("approve", "7"), Move("request", "8")):
        await store.update(KEY, move)
    put(state_dir, part, data)
    before = {path.name: path.read_bytes() for path in (state_dir / "credentials").iterdir()}
    for fresh in (store, FileStore(state_dir)):
        for attempt in (fresh.read(KEY), fresh.update(KEY, Move("block", "7"))):
            with pytest.raises(StoreCorrupt, match=rf"telegram-{part}\.json is not what it must be") as error:
                await attempt
            assert "doctor" in error.value.hint
    assert {path.name: path.read_bytes() for path in (state_dir / "credentials").iterdir()} == before


async def test_S4_one_account_s_broken_file_is_not_another_s(state_dir: Path) -> None:
    """The others go on."""
    put(state_dir, "pairing", b"")
    other = SendersKey(ChannelAccount(Channel.DISCORD))
    await FileStore(state_dir).update(other, Move("block", "7"))
    assert set(await FileStore(state_dir).keys(SendersKey)) == {KEY, other}


def test_a_decision_that_cannot_be_written_spoils_nobody_else_s(state_dir: Path) -> None:
    """Of a group, only the caller whose state is impossible fails."""
    outcomes = files(state_dir).transact([Move("request", "7"), Move("request", "*"), Move("request", "8")])
    assert [type(outcome).__name__ for outcome in outcomes] == ["Change", "ValueError", "Change"]
    assert set(state_of(files(state_dir)).requests) == {"7", "8"}


def test_S4_a_file_never_grows_beyond_what_is_read(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change that would do it fails, alone."""
    monkeypatch.setattr(senders_files, "MAX_BYTES", 400)
    outcomes = files(state_dir).transact([Move("request", "7"), Move("request", "8"), Move("block", "9")])
    assert [type(outcome).__name__ for outcome in outcomes] == ["Change", "StoreUnavailable", "Change"]
    assert places(state_of(files(state_dir))).keys() == {"7", "9"}


def test_a_group_is_spelled_once(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each of those who decide."""
    spelled: list[Senders] = []
    monkeypatch.setattr(senders_files, "encode", lambda state, *rest: spelled.append(state) or encode(state, *rest))  # type: ignore[func-returns-value]
    make(state_dir, *[Move("block", str(number)) for number in range(1, 21)])
    assert [len(state.blocked) for state in spelled] == [20]


def test_S3_who_was_let_in_while_we_waited_for_a_lock_stays_in(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is decided without the lock of a file counts only if nobody changed the file before we had it."""
    one = files(state_dir)
    one.transact([Move("request", "7")])
    take = Held.take

    def late(held: Held, name: str) -> bool:
        put(state_dir, "allowFrom", {"allowFrom": ["42"]})
        return take(held, name)

    monkeypatch.setattr(Held, "take", late)
    one.transact([Move("approve", "7")])
    assert places(state_of(one)) == {"7": "allowed", "42": "allowed"}


# --- what crashes leave ----------------------------------------------------------------------------------------------

GRANTED = {"allowFrom": ["7"]}


def asks(sender: str) -> dict[str, Any]:
    made = Move("request", sender)(Senders()).answer.request
    iso = "2026-11-18T11:06:40.000Z"
    return {"id": sender, "code": made.code.reveal(), "createdAt": iso, "lastSeenAt": iso}


def test_S2_an_approval_cut_short_is_an_approval(state_dir: Path) -> None:
    """The grant is written first: the sender is in, his request takes no slot, and approving again completes it."""
    put(state_dir, "pairing", {"requests": [asks("7")]})
    put(state_dir, "allowFrom", GRANTED)
    one = files(state_dir)
    assert places(state_of(one)) == {"7": "allowed"}
    assert state_of(one).waiting(NOW) == []
    (outcome,) = one.transact([Move("approve", "7")])
    assert isinstance(outcome, Change)
    assert isinstance(outcome.answer, Approved)
    assert document(state_dir, "pairing")["requests"] == []


@pytest.mark.parametrize("verb", ["revoke", "block", "unblock"])
def test_S2_what_was_left_twice_is_put_right_before_the_change(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """At no moment of any change does a leftover come back to life: not a used code, not a grant under a block."""
    put(state_dir, "pairing", {"requests": [asks("7")]})
    put(state_dir, "allowFrom", GRANTED)
    if verb == "unblock":
        put(state_dir, "senders", {"approved": {}, "blocked": {"7": {}}})
    ways: dict[str, set[str | None]] = {
        "revoke": {"allowed", None},
        "block": {"allowed", "blocked"},
        "unblock": {"blocked", None},
    }
    seen: list[str | None] = []
    rename = Folder.rename

    def watched(self: Folder, old: str, new: str) -> None:
        rename(self, old, new)
        seen.append(places(state_of(files(state_dir))).get("7"))

    monkeypatch.setattr(Folder, "rename", watched)
    make(state_dir, Move(verb, "7"))
    assert set(seen) <= ways[verb]
    assert seen[-1] == {"revoke": None, "block": "blocked", "unblock": None}[verb]


def test_half_written_files_of_killed_processes_are_swept(state_dir: Path) -> None:
    """Ours, of this account; what others are writing stays."""
    make(state_dir, Move("request", "7"))
    folder = state_dir / "credentials"
    ours = "telegram-pairing.json.0123456789abcdef.tmp"
    others = [
        "telegram-pairing.json.1f0e7a1c-9f0b-4b0e-8a51-0a4d8a3e6f55.tmp",
        "telegram-work-pairing.json.0123456789abcdef.tmp",
        "oauth.json.0123456789abcdef.tmp",
    ]
    for name in (ours, *others):
        (folder / name).touch(0o600)
    make(state_dir, Move("request", "8"))
    assert {path.name for path in folder.glob("*.tmp")} == set(others)


# --- between us and the reference ------------------------------------------------------------------------------------


def test_the_reference_s_state_carries_over_and_back(state_dir: Path) -> None:
    """Its recorded files are read, changed where something changed, and left to the letter where nothing did."""
    shutil.copytree(VECTORS, state_dir / "credentials")
    one = files(state_dir)
    state = state_of(one)
    assert state.allowed["555"] == Approval("tg:555")  # type: ignore[index]
    now = 1795367600000

    def approve(state: Senders) -> Change[Senders, Any]:
        return senders.approve(state, PairingCode("JHVGNPZU"), now=now, by="terminal")

    one.transact([approve])
    folder = state_dir / "credentials"
    assert (folder / "telegram-allowFrom.json").read_text() == (
        '{\n  "version": 1,\n  "allowFrom": [\n    "222",\n    "tg:555",\n    "111",\n    "333"\n  ]\n}\n'
    )
    assert (folder / "telegram-pairing.json").read_text() == '{\n  "version": 1,\n  "requests": []\n}\n'
    untouched = [path for path in VECTORS.iterdir() if not path.name.startswith("telegram")]
    assert len(untouched) > 2
    assert all((folder / path.name).read_bytes() == path.read_bytes() for path in untouched)


def test_a_request_writes_one_file(state_dir: Path) -> None:
    """A stranger changes neither the allowlist nor what we know beside; asking again at once writes nothing."""
    make(state_dir, Move("request", "7"))
    assert [path.name for path in (state_dir / "credentials").glob("*.json")] == ["telegram-pairing.json"]
    path = state_dir / "credentials" / "telegram-pairing.json"
    before = signature(path.stat())
    make(state_dir, Move("request", "7"), Move("approve", "8"))
    assert signature(path.stat()) == before


def test_a_block_counts_against_a_foreign_grant(state_dir: Path) -> None:
    """Whoever is approved elsewhere while he is blocked here stays blocked, and is a stranger when it ends."""
    make(state_dir, Move("block", "7"))
    put(state_dir, "allowFrom", GRANTED)
    assert places(state_of(files(state_dir))) == {"7": "blocked"}
    make(state_dir, Move("unblock", "7"))
    assert places(state_of(files(state_dir))) == {}
    assert document(state_dir, "allowFrom")["allowFrom"] == []


@pytest.mark.parametrize("jump", [-86_400_000, 86_400_000])
def test_S6_clock_jumps_lose_no_decision(state_dir: Path, jump: int) -> None:
    """Approvals and blocks do not age; a request from the future is no open door."""
    make(state_dir, Move("request", "7"), Move("approve", "7"), Move("block", "8"), Move("request", "9"))
    moves = [Move("request", "7", NOW + jump), Move("approve", "9", NOW + jump), Move("request", "10", NOW + jump)]
    (in_already, too_late, stranger) = files(state_dir).transact(moves)
    assert isinstance(too_late, Change)
    assert isinstance(too_late.answer, NoSuchRequest)
    assert isinstance(in_already, Change)
    assert isinstance(stranger, Change)
    found = places(state_of(files(state_dir)))
    assert (found["7"], found["8"]) == ("allowed", "blocked")
    assert found["10"].startswith("waiting")
    assert state_of(files(state_dir)) == after(
        moves, after([Move("request", "7"), Move("approve", "7"), Move("block", "8"), Move("request", "9")])
    )


def test_S7_no_error_of_the_store_holds_a_code(state_dir: Path) -> None:
    """Neither that of a broken file, nor that of an entry that cannot be used."""
    put(state_dir, "pairing", b'{"version": 1, "requests": [{"id": "7", "code": "SECRET22"')
    with pytest.raises(StoreCorrupt) as error:
        files(state_dir).look()
    assert "SECRET" not in f"{error.value!r} {error.value.hint} {error.value.__cause__!r}"
    request = Request(sender_ids.normalise(Channel.TELEGRAM, "7"), PairingCode("SECRET22"), NOW, NOW)
    assert "SECRET" not in repr(request)
