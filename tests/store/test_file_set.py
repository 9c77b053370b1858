"""Several files as one state, whatever they hold. What devices and senders make of it: their own tests."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.effects import Change
from clawdbot.errors import Refused, StoreCorrupt
from clawdbot.store.disk import Folder
from clawdbot.store.file_set import Broken, Copy, FileSet, Layout, Texts, decided
from clawdbot.store.locks import Patience

Words = dict[str, str]


class TwoFiles(FileSet[Words]):
    """Two files of one word each."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, Layout("words", ("one.json", "two.json"), "words.flock"), Patience())
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
    with two.locked() as (folder, _):
        folder.rename(folder.stage(name, word), name)


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


def test_who_writes_right_after_us_is_noticed(two: TwoFiles) -> None:
    """Into the same file, as many bytes, within the same tick of the clock: a hundred times."""
    for _ in range(100):
        write(two, one="a", two="b")
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


def test_what_comes_into_the_folder_is_noticed(two: TwoFiles) -> None:
    """A file that was not there is not looked for as long as its folder shows that nothing came."""
    write(two, one="a")
    time.sleep(0.06)
    known = two.look()
    assert two.glance() is known
    (two.folder / "two.json").write_bytes(b"b")
    assert two.look() == {"one.json": "a", "two.json": "b"}
    (two.folder / "two.json").unlink()
    (two.folder / "one.json").unlink()
    assert two.look() == {}


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
