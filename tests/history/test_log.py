"""The history on the disk: it survives whatever happens to a process, and tells what was done to it."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clawdbot.domain.facts import Kind, Surface
from clawdbot.errors import StoreUnavailable
from clawdbot.history.log import SAME_MS, Log, Mark
from tests.support import store_strace as strace
from tests.support.histories import NOW, fact, lines, log
from tests.support.history_child import SMALL

ROOT = Path(__file__).parents[2]


def child(state_dir: Path, first: int, count: int, *before: str) -> subprocess.CompletedProcess[str]:
    """Let a process append so many facts."""
    return subprocess.run(
        [*before, sys.executable, "-B", "-m", "tests.support.history_child", str(state_dir), str(first), str(count)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def small(state_dir: Path) -> Log:
    return Log(state_dir, now=lambda: NOW, size=SMALL)


def kinds(history: Log) -> list[Kind]:
    return [entry.fact.kind for entry in history.entries()]


# --- as it should be -------------------------------------------------------------------------------------------------


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    """Across several logs on one directory, as processes have them."""
    for number in range(5):
        log(tmp_path).append([fact(str(number)), fact(f"{number}b")])
    found = list(log(tmp_path).entries())
    assert [entry.fact.about.id for entry in found] == [each for n in range(5) for each in (str(n), f"{n}b")]
    assert [entry.seq for entry in found] == list(range(1, 11))
    report = log(tmp_path).verify()
    assert (report.broken, report.entries, report.head) == (None, 10, found[-1].head)


def test_nothing_is_there_before_something_happens(tmp_path: Path) -> None:
    """Looking makes no folder."""
    history = log(tmp_path)
    assert list(history.entries()) == []
    assert history.verify().broken is None
    assert history.entries_since(Mark()) == ([], Mark())
    history.append([])
    assert [path.name for path in (tmp_path / "history").iterdir()] == ["lock"]


@pytest.mark.parametrize("umask", [0, 0o22, 0o777])
def test_S1_all_of_it_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """The folder 0700, everything in it 0600."""
    before = os.umask(umask)
    try:
        history = log(tmp_path / "state", segment=300)
        for number in range(4):
            history.append([fact(str(number))])
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "history"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()} == {
        path.name: "0o600" for path in folder.iterdir()
    }
    assert len(lines(tmp_path / "state")) == 4


def test_S1_looser_files_are_tightened(tmp_path: Path) -> None:
    """With the next append."""
    log(tmp_path).append([fact()])
    folder = tmp_path / "history"
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    log(tmp_path).append([fact()])
    assert {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]} == {0o700, 0o600}


@pytest.mark.parametrize("name", ["1.jsonl", "anchor.json", "lock", "missed"])
def test_S1_links_are_not_followed(tmp_path: Path, name: str) -> None:
    """A link in the place of a file: the append is refused, and what it leads to is as it was."""
    log(tmp_path / "state").append([fact()])
    path, elsewhere = tmp_path / "state" / "history" / name, tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    was = elsewhere.read_bytes()
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        log(tmp_path / "state").append([fact("8")])
    assert elsewhere.read_bytes() == was


def test_S1_the_folder_itself_may_be_no_link(tmp_path: Path) -> None:
    """Nothing is written where it leads to."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "history").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        log(tmp_path).append([fact()])
    assert list((tmp_path / "elsewhere").iterdir()) == []


# --- size ------------------------------------------------------------------------------------------------------------


def test_it_is_bounded_and_the_chain_is_carried_over(tmp_path: Path) -> None:
    """A full segment is followed by another, the oldest goes; the anchor keeps its last hash, and all verifies."""
    history = log(tmp_path, segment=1_000, segments=3)
    for number in range(60):
        history.append([fact(str(number))])
        report = history.verify()
        assert report.broken is None
        assert report.head.seq == report.entries + report.pruned
    pruned_to = history.verify().pruned
    kept = lines(tmp_path)
    assert len(kept) == 3
    assert all(path.stat().st_size <= 1_400 for path, _ in kept)
    pruned = [entry.fact for entry in history.entries() if entry.fact.kind is Kind.PRUNED]
    assert f"entries up to {pruned_to}, which had the hash" in pruned[-1].why


def test_the_oldest_segment_cannot_be_taken_away_unseen(tmp_path: Path) -> None:
    """What pruning removed is known; more than that is a break."""
    history = log(tmp_path, segment=1_000, segments=3)
    for number in range(30):
        history.append([fact(str(number))])
    first, second = lines(tmp_path)[:2]
    first[0].unlink()
    broken = history.verify().broken
    assert broken is not None
    assert (broken.file, broken.line) == (second[0].name, 1)


def test_a_batch_is_not_torn_apart(tmp_path: Path) -> None:
    """One that is larger than a segment has a segment of its own."""
    history = log(tmp_path, segment=1_000, segments=3)
    history.append([fact()])
    history.append([fact(str(number)) for number in range(20)])
    assert [len(found) for _, found in lines(tmp_path)] == [1, 20]


# --- tampering -------------------------------------------------------------------------------------------------------


def test_tampering_with_any_line_is_found_across_rotation_and_pruning(tmp_path: Path) -> None:
    """Each line of each segment changed, taken out, doubled, cut: the first break is in that segment or the next."""
    history = log(tmp_path, segment=1_000, segments=3)
    for number in range(30):
        history.append([fact(str(number))])
    assert history.verify().broken is None
    for path, content in lines(tmp_path):
        for number, line in enumerate(content):
            others = content[:number], content[number + 1 :]
            for forged in ([line.replace(b'"at"', b'"At"')], [], [line, line], [line[:-20]]):
                path.write_bytes(b"".join([*others[0], *forged, *others[1]]))
                assert history.verify().broken is not None, (path.name, number, forged)
        path.write_bytes(b"".join(content))
    assert history.verify().broken is None


@pytest.mark.parametrize("anchor", [None, b"", b"{}", b'{"seq": 2, "hash": 7}', b"[" * 100_000, b"\xff"])
def test_a_lost_tail_cannot_be_hidden_by_taking_the_anchor_too(tmp_path: Path, anchor: bytes | None) -> None:
    """Before the next append the anchor is missed; after it, the log says for ever that it was gone."""
    history = log(tmp_path)
    for number in range(4):
        history.append([fact(str(number))])
    path, content = lines(tmp_path)[0]
    path.write_bytes(b"".join(content[:2]))
    where = tmp_path / "history" / "anchor.json"
    where.unlink() if anchor is None else where.write_bytes(anchor)
    broken = history.verify().broken
    assert broken is not None
    assert broken.file == "anchor.json"
    history.append([fact("later")])
    broken = history.verify().broken
    assert broken is not None
    assert (broken.file, broken.line, broken.why) == ("1.jsonl", 3, "here the anchor was gone")


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_a_log_that_was_cut_goes_on_and_stays_broken(tmp_path: Path, keep: int) -> None:
    """New entries follow behind what is missing: nothing is lost by it, and nothing is mended."""
    history = log(tmp_path)
    for number in range(4):
        history.append([fact(str(number))])
    path, content = lines(tmp_path)[0]
    path.write_bytes(b"".join(content[:keep]))
    for number in range(5, 8):
        history.append([fact(str(number))])
        broken = history.verify().broken
        assert broken is not None
        assert (broken.file, broken.line) == ("1.jsonl", keep + 1)
    assert kinds(history) == [*[Kind.APPROVED] * keep, Kind.BROKEN, *[Kind.APPROVED] * 3]
    assert [entry.seq for entry in history.entries()][keep:] == [5, 6, 7, 8]


def test_segments_that_are_all_gone_are_missed(tmp_path: Path) -> None:
    """The anchor knows how many entries there were."""
    history = log(tmp_path, segment=300)
    for number in range(3):
        history.append([fact(str(number))])
    for path, _ in lines(tmp_path):
        path.unlink()
    broken = history.verify().broken
    assert broken is not None
    assert broken.why == "the log ends with entry 0, and entry 3 was written"
    history.append([fact("later")])
    assert kinds(history) == [Kind.BROKEN, Kind.APPROVED]
    assert history.verify().broken is not None


# --- accidents -------------------------------------------------------------------------------------------------------


def test_S2_a_torn_last_line_is_reported_and_continued_after(tmp_path: Path) -> None:
    """Cut anywhere: reported as torn, no tampering; the next entry cuts it off and says so."""
    history = log(tmp_path)
    history.append([fact("1"), fact("2")])
    path, content = lines(tmp_path)[0]
    log(tmp_path / "other").append([fact("1"), fact("2"), fact("3")])
    third = lines(tmp_path / "other")[0][1][2]
    for size in range(1, len(third), 9):
        path.write_bytes(b"".join(content) + third[:size])
        (tmp_path / "history" / "anchor.json").write_bytes(_anchor(tmp_path, content))
        report = history.verify()
        assert (report.broken, report.torn, report.entries) == (None, True, 2)
        history.append([fact("4")])
        report = history.verify()
        assert (report.broken, report.torn, report.entries) == (None, False, 4)
        assert kinds(history)[2:] == [Kind.TORN, Kind.APPROVED]


def _anchor(state_dir: Path, content: list[bytes]) -> bytes:
    said = json.loads((state_dir / "history" / "anchor.json").read_bytes())
    return json.dumps({**said, "seq": 2, "hash": json.loads(content[1])["hash"]}).encode()


CHANGING = [*strace.CHANGING, "pwrite64", "ftruncate"]


def test_S2_killed_at_any_system_call_it_verifies_and_goes_on(tmp_path: Path) -> None:
    """What was acknowledged is there, the chain is whole, and the next process appends; across rotation and pruning."""
    strace.need_strace()
    traced = tmp_path / "whole.strace"
    trace = "trace=" + ",".join(f"?{name}" for name in CHANGING)
    whole = child(tmp_path / "whole", 1, 6, "strace", "-qq", "-o", str(traced), "-e", trace)
    assert whole.stdout.split() == ["saved"] * 6, whole.stderr
    made = [line.partition("(")[0] for line in traced.read_text("utf-8", "replace").splitlines() if "(" in line]
    calls = [(name, number) for name in sorted({*made}) for number in range(1, made.count(name) + 1)]
    assert {"write", "fsync", "unlinkat"} <= {name for name, _ in calls}

    def kill(call: tuple[str, int]) -> tuple[Path, subprocess.CompletedProcess[str]]:
        name, number = call
        state_dir = tmp_path / f"{name}-{number}"
        inject = ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}"]
        return state_dir, child(state_dir, 1, 6, "strace", "-qq", "-o", "/dev/null", *inject)

    with ThreadPoolExecutor(2) as threads:
        for state_dir, run in threads.map(kill, calls):
            saved = len(run.stdout.split())
            assert run.returncode == -9, (state_dir.name, run.stderr)
            _goes_on(state_dir, saved)


def _goes_on(state_dir: Path, saved: int) -> None:
    """Everything that was acknowledged and not pruned is there; and a next one follows."""
    history = small(state_dir)
    report = history.verify()
    assert report.broken is None, (state_dir.name, report.broken)
    facts = [entry.fact for entry in history.entries() if entry.fact.kind is Kind.APPROVED]
    newest = max((int(one.about.id) for one in facts), default=0)
    assert saved <= newest <= saved + 1, state_dir.name
    history.append([fact("99")])
    report = history.verify()
    assert (report.broken, report.torn) == (None, False), state_dir.name
    assert [entry.fact.about.id for entry in history.entries()][-1] == "99"


FAULTS = [("write", "ENOSPC"), ("fsync", "EIO"), ("renameat", "ENOSPC")]


@pytest.mark.parametrize(("call", "error"), FAULTS)
def test_S2_what_the_disk_refuses_is_missing_and_nothing_else_is(tmp_path: Path, call: str, error: str) -> None:
    """Whichever call fails: the log verifies, has what was acknowledged, and takes the next entry."""
    strace.need_strace()
    failed = set()
    for number in range(1, 9):
        state_dir = tmp_path / str(number)
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"]
        run = child(state_dir, 1, 4, "strace", "-qq", "-o", "/dev/null", *inject)
        said = run.stdout.split()
        assert len(said) == 4, run.stderr
        failed |= {answer for answer in said if answer == "failed"}
        history = small(state_dir)
        assert history.verify().broken is None
        found = {entry.fact.about.id for entry in history.entries() if entry.fact.kind is Kind.APPROVED}
        pruned = history.verify().pruned
        acknowledged = [str(one) for one, answer in enumerate(said, 1) if answer == "saved"]
        assert {*acknowledged[pruned:]} <= found
        history.append([fact("99")])
        assert history.verify().broken is None
    assert failed


def test_what_was_missed_is_told_with_the_next_entry(tmp_path: Path) -> None:
    """Counted on the disk by whoever could not write, and by whoever could not even count."""
    history = log(tmp_path)
    history.append([fact("1")])
    history.count_missed(2)
    log(tmp_path).count_missed(3)
    history.append([fact("2")], lost=4)
    gap = [entry.fact for entry in history.entries()][1]
    assert (gap.kind, gap.times) == (Kind.GAP, 9)
    history.append([fact("3")])
    assert kinds(history) == [Kind.APPROVED, Kind.GAP, Kind.APPROVED, Kind.APPROVED]
    assert history.verify().broken is None


def test_S3_twenty_processes_append_at_once(tmp_path: Path) -> None:
    """One chain, every fact in it once."""
    with ThreadPoolExecutor(20) as threads:
        runs = list(threads.map(lambda number: _crowd(tmp_path, number), range(20)))
    assert [run.returncode for run in runs] == [0] * 20, runs[0].stderr
    history = log(tmp_path)
    assert history.verify().broken is None
    assert sorted(int(entry.fact.about.id) for entry in history.entries()) == list(range(100))


CROWD = """
import sys
from pathlib import Path
from tests.support.histories import fact, log
for number in range(5):
    log(Path(sys.argv[1])).append([fact(str(int(sys.argv[2]) * 5 + number))])
"""


def _crowd(state_dir: Path, number: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", CROWD, str(state_dir), str(number)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


# --- what is told twice, and who reads along -------------------------------------------------------------------------


def test_what_a_command_told_is_not_told_again_by_who_saw_it_in_the_files(tmp_path: Path) -> None:
    """The gateway sees what the owner's own command did; only what nobody told is new."""
    history = log(tmp_path)
    history.append([fact("7", Kind.APPROVED)])
    history.append([fact("7", Kind.APPROVED, surface=Surface.FILES, by="", at=NOW + 1_000)])
    assert kinds(history) == [Kind.APPROVED]
    history.append([fact("7", Kind.USED, surface=Surface.CHAT, by="")])
    history.append([fact("7", Kind.APPROVED, surface=Surface.FILES, by="", at=NOW + 1_000)])
    assert kinds(history) == [Kind.APPROVED, Kind.USED]
    history.append([fact("8", Kind.APPROVED, surface=Surface.FILES, by="")])
    history.append([fact("7", Kind.REVOKED, surface=Surface.FILES, by="")])
    history.append([fact("7", Kind.APPROVED, surface=Surface.FILES, by="", at=NOW + 2_000)])
    assert kinds(history)[2:] == [Kind.APPROVED, Kind.REVOKED, Kind.APPROVED]
    history.append([fact("7", Kind.APPROVED, surface=Surface.FILES, by="", at=NOW + 3_000 + SAME_MS)])
    assert len(kinds(history)) == 6


def test_ids_that_were_linked_meanwhile_stand_between_nothing(tmp_path: Path) -> None:
    """The command expects the other id, and unlinks it; the gateway sees then that it is expected."""
    history = log(tmp_path)
    history.append([fact("8", Kind.EXPECTED), fact("8", Kind.UNLINKED)])
    history.append([fact("8", Kind.EXPECTED, surface=Surface.FILES, by="", at=NOW + 1_000)])
    assert kinds(history) == [Kind.EXPECTED, Kind.UNLINKED]


def test_who_follows_reads_each_entry_once(tmp_path: Path) -> None:
    """Across segments, and never half a line."""
    history = log(tmp_path, segment=600)
    seen, mark = [], Mark()
    for number in range(10):
        history.append([fact(str(number))])
        path = lines(tmp_path)[-1][0]
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        found, mark = history.entries_since(mark)
        seen += found
        path.write_bytes(whole)
        found, mark = history.entries_since(mark)
        seen += found
    assert [entry.fact.about.id for entry in seen] == [str(number) for number in range(10)]


def test_a_copy_that_may_only_be_read_can_be_verified(tmp_path: Path) -> None:
    """A backup on another medium: no lock can be made there."""
    history = log(tmp_path)
    history.append([fact()])
    folder = tmp_path / "history"
    (folder / "lock").unlink()
    (folder / "lock").mkdir()
    assert history.verify().broken is None
    assert history.verify().entries == 1
