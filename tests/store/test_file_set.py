"""Several files that are replaced as one, whatever they hold. What devices and senders make of it: their own tests.

How they are read: ``test_sight.py``.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.effects import Change
from clawdbot.errors import Refused
from clawdbot.store import disk, sight
from clawdbot.store.disk import Folder, Signature
from clawdbot.store.file_set import FileSet, decided
from clawdbot.store.locks import Patience
from clawdbot.store.sight import Copy, Layout, Texts

Words = dict[str, str]


class TwoFiles(FileSet[Words]):
    """Two files of one word each."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, Layout("words", ("one.json", "two.json"), "words.flock"), Patience())
        self.decoded = 0

    def decode(self, texts: Texts, old: Copy[Words] | None) -> Words:
        self.decoded += 1
        return {name: text.decode() for name, text in texts.items() if text}

    def notes(self, stored: Words) -> Iterator[tuple[str, str]]:
        return iter(())


@pytest.fixture
def two(state_dir: Path) -> TwoFiles:
    return TwoFiles(state_dir)


def put(two: TwoFiles, name: str, word: bytes) -> None:
    with two.locked() as (folder, _):
        folder.rename(folder.stage(name, word), name)


def write(files: TwoFiles, **words: str) -> Words:
    """As whoever has the lock replaces some files; what is known of all of them then."""
    with files.locked() as (folder, _):
        old = files.read_locked(folder)
        texts = {**old.texts, **{f"{stem}.json": word.encode() for stem, word in words.items()}}
        for name in (f"{stem}.json" for stem in words):
            folder.rename(folder.stage(name, texts[name] or b""), name)
        known = {name: text.decode() for name, text in texts.items() if text}
        files.written(folder, old, texts, known)
    return known


def test_what_we_wrote_is_known_without_being_read(two: TwoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the same moment on; what stands beside it and did not change is not read either."""
    write(two, one="a", two="b")
    known = write(two, one="c")
    decoded = two.decoded
    monkeypatch.setattr(Folder, "read", lambda *_: pytest.fail("read"))
    assert two.glance() is two.look() is known
    with two.locked() as (folder, _):
        assert two.read_locked(folder).stored is known
    assert two.decoded == decoded


def test_what_we_wrote_is_known_beside_what_is_not_there(two: TwoFiles) -> None:
    """Though our lock came and went in the folder this moment; what comes into it is noticed."""
    known = write(two, one="a")
    assert two.glance() is known
    (two.folder / "two.json").write_bytes(b"b")
    assert two.look() == {"one.json": "a", "two.json": "b"}


def test_who_writes_right_after_us_is_noticed(two: TwoFiles) -> None:
    """Into the same file, as many bytes, within the same tick of the clock: a hundred times."""
    for _ in range(100):
        write(two, one="a", two="b")
        (two.folder / "one.json").write_bytes(b"z")
        assert two.look() == {"one.json": "z", "two.json": "b"}


def test_D17_who_writes_right_after_us_is_noticed_where_times_are_whole_seconds(
    two: TwoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time is ours alone there: what we wrote is read again, and so is what somebody wrote over it."""
    whole, second = os.utime, 1_000_000_000

    def coarse(path: Any, *, ns: tuple[int, int]) -> None:
        whole(path, ns=(ns[0] // second * second, ns[1] // second * second))

    def looks(found: os.stat_result) -> Signature:
        mtime, ctime = (time // second * second for time in (found.st_mtime_ns, found.st_ctime_ns))
        return found.st_dev, found.st_ino, found.st_size, mtime, ctime

    monkeypatch.setattr(os, "utime", coarse)
    monkeypatch.setattr(sight, "signature", looks)
    monkeypatch.setattr(disk, "signature", looks)
    for _ in range(20):
        write(two, one="a", two="b")
        assert two.look() == {"one.json": "a", "two.json": "b"}
        (two.folder / "one.json").write_bytes(b"z")
        assert two.look() == {"one.json": "z", "two.json": "b"}


def test_only_what_changed_is_read(two: TwoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else changes the small file: the large one beside it stays what it was."""
    write(two, one="a", two="b")
    put(two, "two.json", b"c")
    names: list[str] = []
    read = Folder.read
    monkeypatch.setattr(Folder, "read", lambda self, name: names.append(name) or read(self, name))  # type: ignore[func-returns-value]
    assert two.look() == {"one.json": "a", "two.json": "c"}
    assert names == ["two.json"]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("one.json", True),
        ("two.json.lock", True),
        ("one.json.0123456789abcdef.tmp", True),
        ("one.json.corrupt-1", True),
        ("words.flock", True),
        ("one", False),
        ("three.json", False),
        ("one.jsonx", True),
        ("x-one.json", False),
        ("", False),
    ],
)
def test_what_belongs_to_the_files(two: TwoFiles, name: str, ours: bool) -> None:
    """They themselves, and what stands beside them under their names."""
    assert two.owns(name) is ours


def test_decisions_are_made_one_after_another() -> None:
    """One that raises, or leads where nobody may go, changes nothing for the next."""

    def add(number: int) -> Any:
        return lambda total: Change(total + number, number)

    def refuse(total: int) -> Change[int, Any]:
        raise Refused("no")

    def check(total: int) -> None:
        if total > 10:
            raise Refused("too much")

    outcomes, total = decided(0, [add(1), refuse, add(100), add(2), add(0)], check)
    assert total == 3
    assert [outcome.answer if isinstance(outcome, Change) else str(outcome) for outcome in outcomes] == [
        1,
        "no",
        "too much",
        2,
        0,
    ]
