"""Several files read as one state, by whoever may not write them, whatever they hold."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.store import disk, sight
from clawdbot.store.disk import Folder, Signature
from clawdbot.store.sight import Broken, Copy, Layout, Sight, Texts, looked

Words = dict[str, str]


class TwoFiles(Sight[Words]):
    """Two files of one word each."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, Layout("words", ("one.json", "two.json"), "words.flock"))
        self.decoded = 0

    def decode(self, texts: Texts, old: Copy[Words] | None) -> Words:
        self.decoded += 1
        for name, text in texts.items():
            if text == b"broken":
                raise Broken(name, "it is broken")
        return {name: text.decode() for name, text in texts.items() if text}

    def notes(self, stored: Words) -> Iterator[tuple[str, str]]:
        return iter(())


@pytest.fixture
def two(state_dir: Path) -> TwoFiles:
    return TwoFiles(state_dir)


def put(two: TwoFiles, name: str, word: bytes) -> None:
    """Replace a file, as whoever writes them does."""
    two.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    fresh = two.folder / "fresh"
    fresh.write_bytes(word)
    fresh.chmod(0o600)
    fresh.rename(two.folder / name)


def test_nothing_is_made_by_looking(two: TwoFiles, state_dir: Path) -> None:
    assert two.look() == two.inspect() == {}
    assert not state_dir.exists()


def test_files_are_read_as_one(two: TwoFiles) -> None:
    """Both, one, or none of them."""
    put(two, "two.json", b"b")
    assert two.look() == {"two.json": "b"}
    put(two, "one.json", b"a")
    assert two.look() == {"one.json": "a", "two.json": "b"}


def test_the_same_words_are_not_decoded_twice(two: TwoFiles) -> None:
    """A file that was written anew with what it held says the same object."""
    put(two, "one.json", b"a")
    first = two.look()
    put(two, "one.json", b"a")
    assert two.look() is first
    assert two.decoded == 1


def test_what_comes_into_the_folder_is_noticed(two: TwoFiles) -> None:
    """A file that was not there is not looked for as long as its folder shows that nothing came."""
    put(two, "one.json", b"a")
    time.sleep(0.06)
    known = two.look()
    assert two.glance() is known
    (two.folder / "two.json").write_bytes(b"b")
    assert two.look() == {"one.json": "a", "two.json": "b"}
    (two.folder / "two.json").unlink()
    (two.folder / "one.json").unlink()
    assert two.look() == {}


SECOND = 1_000_000_000
NOON = 1_795_000_000 * SECOND

Clock = Callable[[float], None]


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A file system that keeps whole seconds: whatever changes here changed at noon. Says how long ago that is."""

    def looks(found: os.stat_result) -> Signature:
        return found.st_dev, found.st_ino, found.st_size, NOON, NOON

    def passed(seconds: float) -> None:
        now = NOON + int(seconds * SECOND)
        monkeypatch.setattr(sight, "time", SimpleNamespace(time_ns=lambda: now, sleep=time.sleep))

    monkeypatch.setattr(sight, "signature", looks)
    monkeypatch.setattr(disk, "signature", looks)
    return passed


@pytest.mark.parametrize("age", [0.1, 0.9, 1.9])
def test_D17_S3_what_comes_within_one_tick_of_a_coarse_clock_is_noticed(
    two: TwoFiles, coarse: Clock, age: float
) -> None:
    """Times of whole seconds, or of every other one: the folder looks as before, and the file that came is seen."""
    put(two, "one.json", b"a")
    coarse(age)
    for _ in range(3):
        assert two.look() == {"one.json": "a"}
    put(two, "two.json", b"b")
    assert two.look() == {"one.json": "a", "two.json": "b"}


@pytest.mark.parametrize("age", [0.1, 0.9, 1.9])
def test_D17_S3_what_is_rewritten_within_one_tick_of_a_coarse_clock_is_noticed(
    two: TwoFiles, coarse: Clock, age: float
) -> None:
    """Into the same file, as many bytes."""
    put(two, "one.json", b"a")
    coarse(age)
    assert two.look() == two.look() == {"one.json": "a"}
    (two.folder / "one.json").write_bytes(b"z")
    assert two.look() == {"one.json": "z"}


def test_what_rests_on_a_file_system_with_a_coarse_clock_is_known_by_a_glance(two: TwoFiles, coarse: Clock) -> None:
    put(two, "one.json", b"a")
    coarse(2.2)
    known = two.look()
    assert two.glance() is known


def test_S4_a_broken_file_is_named(two: TwoFiles, state_dir: Path) -> None:
    put(two, "two.json", b"broken")
    with pytest.raises(StoreCorrupt, match=r"words/two\.json is not what it must be: it is broken"):
        two.look()


def test_S4_every_broken_file_is_named(two: TwoFiles) -> None:
    """Each on its own, for whoever mends them; those that can be read are not among them."""
    assert list(two.broken()) == []
    put(two, "two.json", b"broken")
    assert [name for name, _ in two.broken()] == ["two.json"]
    put(two, "one.json", b"broken")
    assert [(name, str(error.__cause__)) for name, error in two.broken()] == [
        ("one.json", "it is broken"),
        ("two.json", "it is broken"),
    ]


def test_a_glance_knows_what_has_not_changed_and_nothing_else(two: TwoFiles) -> None:
    """It reads nothing."""
    put(two, "one.json", b"a")
    assert two.glance() is None
    time.sleep(0.06)  # a change of this moment could be followed by another one that looks alike
    known = two.look()
    assert two.glance() is known
    put(two, "one.json", b"b")
    assert two.glance() is None


def test_what_comes_and_goes_beside_the_files_is_no_reason_to_read_them(
    two: TwoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks are made and removed there all the time. A file that was missing is noticed all the same, at once."""
    put(two, "one.json", b"a")
    time.sleep(0.06)
    known = two.look()
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "read", lambda *_: pytest.fail("read"))
        for _ in range(100):
            (two.folder / "lock").mkdir()
            assert two.glance() is known
            (two.folder / "lock").rmdir()
            assert two.look() is known
    (two.folder / "lock").mkdir()
    (two.folder / "two.json").write_bytes(b"b")
    assert two.look() == {"one.json": "a", "two.json": "b"}


def test_files_of_two_moments_are_not_one_state(two: TwoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed while they were read: look again."""
    put(two, "one.json", b"a")
    read = Folder.read

    def disturbed(self: Folder, name: str) -> Any:
        blob = read(self, name)
        monkeypatch.setattr(Folder, "read", read)
        put(two, "one.json", b"b")
        return blob

    monkeypatch.setattr(Folder, "read", disturbed)
    assert two.look() is None
    assert two.look() == {"one.json": "b"}


def test_a_reader_does_not_wait_forever_for_a_quiet_moment(two: TwoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails closed, and says where."""
    monkeypatch.setattr(TwoFiles, "look", lambda self: None)
    monkeypatch.setattr(sight, "LOOKS", 3)
    with pytest.raises(StoreUnavailable, match="words change faster"):
        looked(two)


def test_what_is_read_in_the_end_is_of_one_moment(two: TwoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed twice while they were read: the third look is believed."""
    put(two, "one.json", b"a")
    read, words = Folder.read, [b"b", b"c"]

    def disturbed(self: Folder, name: str) -> Any:
        blob = read(self, name)
        if words and name == "one.json":
            put(two, "one.json", words.pop(0))
        return blob

    monkeypatch.setattr(Folder, "read", disturbed)
    assert looked(two) == {"one.json": "c"}
