"""Secrets on disk: private at every instant, whole, and never through a link."""

import multiprocessing
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.client.private_files import MAX_BYTES, PrivateFiles
from clawdbot.errors import StoreCorrupt, StoreUnavailable

NAME = "device.json"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Whatever the umask lets through, the modes must not."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def files(tmp_path: Path) -> PrivateFiles:
    return PrivateFiles(tmp_path / "state")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read(files: PrivateFiles) -> None:
    """Nothing is there at first; then the latest content."""
    assert files.read(NAME) is None
    files.replace(NAME, b"one")
    files.replace(NAME, b"two")
    assert files.read(NAME) == b"two"
    assert os.listdir(files.folder) == [NAME]


def test_S1_folders_and_files_are_private(files: PrivateFiles) -> None:
    """0700 and 0600 under any umask, for what is created and what is replaced."""
    assert files.create(NAME, b"x")
    files.replace("other", b"x")
    assert (mode(files.folder.parent), mode(files.folder)) == (0o700, 0o700)
    assert (mode(files.folder / NAME), mode(files.folder / "other")) == (0o600, 0o600)


def test_S1_looser_ones_are_tightened(files: PrivateFiles, caplog: pytest.LogCaptureFixture) -> None:
    """What others could read so far is closed to them with the first look, and that is said."""
    files.create(NAME, b"x")
    files.folder.chmod(0o755)
    (files.folder / NAME).chmod(0o644)
    assert files.read(NAME) == b"x"
    assert (mode(files.folder), mode(files.folder / NAME)) == (0o700, 0o600)
    assert caplog.text.count("was open to others") == 2


def test_S1_links_are_not_followed(files: PrivateFiles, tmp_path: Path) -> None:
    """Neither that of a file nor that of the folder, for reading and for writing; what they lead to stays as it is."""
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o755)
    (target / NAME).write_bytes(b"theirs")
    files.folder.parent.mkdir()
    files.folder.symlink_to(target)
    for act in (lambda: files.read(NAME), lambda: files.replace(NAME, b"x"), lambda: files.create("new", b"x")):
        with pytest.raises(StoreUnavailable, match="identity") as caught:
            act()
        assert caught.value.hint == "links are not followed here; put the real thing there"
    files.folder.unlink()
    files.folder.mkdir()
    (files.folder / NAME).symlink_to(target / NAME)
    with pytest.raises(StoreUnavailable, match=NAME):
        files.read(NAME)
    files.replace(NAME, b"ours")
    assert (target / NAME).read_bytes() == b"theirs"
    assert files.read(NAME) == b"ours"
    assert (mode(target), os.listdir(target)) == (0o755, [NAME])


def test_a_pipe_does_not_make_us_wait(files: PrivateFiles) -> None:
    """Something else under a file's name is refused at once."""
    files.create("other", b"x")
    os.mkfifo(files.folder / NAME, 0o600)
    with pytest.raises(StoreUnavailable, match="not a regular file"):
        files.read(NAME)


def test_a_file_beyond_the_bound_is_not_read(files: PrivateFiles) -> None:
    """A few keys and tokens are small."""
    files.create(NAME, b"x" * MAX_BYTES)
    assert len(files.read(NAME) or b"") == MAX_BYTES
    files.replace(NAME, b"x" * (MAX_BYTES + 1))
    with pytest.raises(StoreCorrupt, match="larger than"):
        files.read(NAME)


def test_a_file_is_created_once(files: PrivateFiles) -> None:
    """The second is told that it came too late; the first one's content stays, and no leftovers."""
    assert files.create(NAME, b"first")
    assert not files.create(NAME, b"second")
    assert files.read(NAME) == b"first"
    assert os.listdir(files.folder) == [NAME]


def test_S2_a_write_that_fails_changes_nothing(files: PrivateFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk refuses: the old content is there, the error names the file, nothing is left lying about."""
    files.create(NAME, b"old")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreUnavailable, match=r"cannot write .*device\.json: no space left on device"):
        files.replace(NAME, b"new")
    assert files.read(NAME) == b"old"
    assert os.listdir(files.folder) == [NAME]


def test_a_folder_that_cannot_be_made(files: PrivateFiles) -> None:
    """A file stands in its way: the error says so, and what stands there stays."""
    files.folder.parent.write_text("x")
    with pytest.raises(StoreUnavailable, match="cannot write"):
        files.create(NAME, b"x")
    with pytest.raises(StoreUnavailable, match="cannot read"):
        files.read(NAME)


def _add_one(state: Path, times: int) -> None:
    files = PrivateFiles(state)
    for _ in range(times):
        with files.locked():
            files.replace("count", str(int(files.read("count") or 0) + 1).encode())


def test_S3_processes_take_turns(tmp_path: Path) -> None:
    """Four processes read, add and write under the lock: no update is lost."""
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=_add_one, args=(tmp_path, 25)) for _ in range(4)]
    for process in others:
        process.start()
    for process in others:
        process.join(60)
    assert PrivateFiles(tmp_path).read("count") == b"100"
