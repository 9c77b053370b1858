"""Several files are replaced together, or none is (threats.md S2); at every system call: ``test_faults.py``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clawdbot.errors import StoreUnavailable
from clawdbot.store.commit import Replacement, commit
from clawdbot.store.disk import Folder, created

OLD = {"a": b"a0", "b": None, "c": b"c0"}
STEPS = [[Replacement("a", b"a0", b"a1"), Replacement("b", None, b"b1")], [Replacement("c", b"c0", b"c1")]]


@pytest.fixture
def folder(state_dir: Path) -> Iterator[Folder]:
    with created(state_dir) as open_folder:
        for name, data in OLD.items():
            if data is not None:
                (open_folder.path / name).write_bytes(data)
        yield open_folder


def content(folder: Folder) -> dict[str, bytes]:
    return {name: (folder.path / name).read_bytes() for name in folder.names()}


def nothing() -> None: ...


def test_all_files_are_replaced(folder: Folder) -> None:
    """And no temporary one stays."""
    commit(folder, STEPS, nothing)
    assert content(folder) == {"a": b"a1", "b": b"b1", "c": b"c1"}


def test_no_steps_touch_nothing(folder: Folder) -> None:
    """Not even the locks are confirmed."""
    commit(folder, [], lambda: pytest.fail("confirmed"))


def test_everything_is_staged_before_anything_is_replaced(folder: Folder) -> None:
    """When the locks are confirmed the old files are still there, and calling it off leaves just them."""

    def call_off() -> None:
        assert len(folder.names()) == 5
        assert {name: data for name, data in content(folder).items() if len(name) == 1} == {"a": b"a0", "c": b"c0"}
        raise StoreUnavailable("lost")

    with pytest.raises(StoreUnavailable, match="lost"):
        commit(folder, STEPS, call_off)
    assert content(folder) == {"a": b"a0", "c": b"c0"}


def failing(method: str, when: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the given call on, the folder lets us down."""
    real: Callable[..., object] = getattr(Folder, method)
    calls = 0

    def fail(self: Folder, *args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == when:
            raise StoreUnavailable(f"{method} failed")
        return real(self, *args, **options)

    monkeypatch.setattr(Folder, method, fail)


@pytest.mark.parametrize(("method", "count"), [("stage", 3), ("rename", 3), ("sync", 2)])
def test_S2_whatever_fails_everything_is_as_it_was(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, method: str, count: int
) -> None:
    """Before, between and after the replacements."""
    for when in range(1, count + 1):
        with monkeypatch.context() as patch:
            failing(method, when, patch)
            with pytest.raises(StoreUnavailable, match=f"^{method} failed$"):
                commit(folder, STEPS, nothing)
        assert content(folder) == {"a": b"a0", "c": b"c0"}


def test_S2_what_cannot_be_put_back_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error does not claim that nothing was changed."""

    def refuse(self: Folder, *args: object) -> None:
        raise StoreUnavailable("refused")

    failing("sync", 2, monkeypatch)
    monkeypatch.setattr(Folder, "remove", refuse)
    with pytest.raises(StoreUnavailable, match="sync failed; and a part of the change could not be taken back"):
        commit(folder, STEPS, nothing)
    assert content(folder) == {"a": b"a1", "b": b"b1", "c": b"c0"}
