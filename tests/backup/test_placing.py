"""All of it is put into place or nothing, privately, and what was there is kept (threats.md S1, S2)."""

import os
from pathlib import Path

import pytest

from clawdbot.backup import placing
from clawdbot.backup.placing import place
from clawdbot.errors import Refused, StoreUnavailable
from clawdbot.gateway import instance
from clawdbot.store.layout import UNFINISHED

NEW = {"node.json": b"new", "devices/paired.json": b"new", "gateway/tls/gateway-key.pem": b"key"}


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def lay(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(content)


def test_S1_where_nothing_was_everything_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert place(tmp_path / "state", NEW) is None
    finally:
        os.umask(before)
    assert tree(tmp_path / "state") == NEW
    for path in [tmp_path / "state", *(tmp_path / "state").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_what_was_there_is_kept_aside(tmp_path: Path) -> None:
    """What is replaced, what goes, and not what stays; a second time beside the first."""
    lay(tmp_path, devices__paired="stays", nodes__paired="goes")
    (tmp_path / "node.json").write_text("old")
    aside = place(tmp_path, NEW, instead=["nodes/paired"])
    assert aside == tmp_path / "before-restore-1"
    assert tree(aside) == {"node.json": b"old", "nodes/paired": b"goes"}
    assert (tmp_path / "devices" / "paired").read_text() == "stays"
    assert place(tmp_path, NEW) == tmp_path / "before-restore-2"


@pytest.mark.parametrize("fails_at", range(6))
def test_S2_an_error_on_the_way_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """Whichever move it is that the system refuses."""
    lay(tmp_path, nodes__paired="goes")
    (tmp_path / "node.json").write_text("old")
    before = tree(tmp_path)
    real, moves = placing._move, iter(range(100))

    def move(*args: object) -> None:
        if next(moves) == fails_at:
            raise StoreUnavailable("no")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(placing, "_move", move)
    if fails_at == 5:  # there are five
        place(tmp_path, NEW, instead=["nodes/paired"])
        return
    with pytest.raises(StoreUnavailable):
        place(tmp_path, NEW, instead=["nodes/paired"])
    assert tree(tmp_path) == before


def test_S2_killed_on_the_way_no_gateway_starts_until_it_is_done_again(tmp_path: Path) -> None:
    """A child that dies between two moves, without a chance to undo anything."""
    lay(tmp_path, nodes__paired="goes")
    (tmp_path / "node.json").write_text("old")
    child = os.fork()
    if child == 0:
        real, moves = placing._move, iter(range(100))
        placing._move = lambda *args: os._exit(9) if next(moves) == 3 else real(*args)
        place(tmp_path, NEW, instead=["nodes/paired"])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (tmp_path / UNFINISHED).is_dir()
    with pytest.raises(Refused, match="interrupted"), instance.hold(tmp_path):
        pass
    with instance.hold(tmp_path, to_restore=True):
        place(tmp_path, NEW)
    assert tree(tmp_path / "before-restore-1") == {"node.json": b"old", "nodes/paired": b"goes"}
    assert {name: (tmp_path / name).read_bytes() for name in NEW} == NEW
    with instance.hold(tmp_path):
        pass


def test_S2_a_second_try_that_fails_leaves_the_gateway_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill half-way: what is there now is neither the old state nor the new one."""
    (tmp_path / UNFINISHED / "1").mkdir(parents=True, mode=0o700)
    (tmp_path / UNFINISHED / "1" / "node.json").write_text("old")
    lay(tmp_path, nodes__paired="old")
    before = tree(tmp_path)
    for refused in ("_staged", "_move"):
        with monkeypatch.context() as patch:
            patch.setattr(placing, refused, refuse)
            with pytest.raises(StoreUnavailable):
                place(tmp_path, NEW, instead=["nodes/paired"])
        assert tree(tmp_path) == before
        with pytest.raises(Refused, match="interrupted"), instance.hold(tmp_path):
            pass
    assert place(tmp_path, NEW, instead=["nodes/paired"]) == tmp_path / "before-restore-2"
    assert tree(tmp_path / "before-restore-1") == {"node.json": b"old"}
    assert tree(tmp_path / "before-restore-2") == {"nodes/paired": b"old"}
    with instance.hold(tmp_path):
        pass


def refuse(*_: object) -> None:
    raise StoreUnavailable("no")


def test_S1_a_folder_that_is_a_link_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "devices").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        place(state, NEW)
    assert tree(tmp_path / "elsewhere") == {}
    assert [path.name for path in state.iterdir()] == ["devices"]
