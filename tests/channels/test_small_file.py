"""Small documents of an adapter's own: private, whole, and never taken for empty when they cannot be read."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from clawdbot.channels import small_file
from clawdbot.errors import ChannelFailed


class Document(msgspec.Struct):
    number: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "imessage" / "progress-default.json"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read(path: Path) -> None:
    """And before that, there is nothing."""
    assert small_file.read(path, Document) is None
    small_file.write(path, b'{"number": 1}')
    small_file.write(path, b'{"number": 2}')
    assert small_file.read(path, Document) == Document(2)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_S1_folder_and_file_are_private_whatever_the_umask(path: Path, umask: int) -> None:
    """The temporary file is gone by then."""
    old = os.umask(umask)
    try:
        small_file.write(path, b"{}")
    finally:
        os.umask(old)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert os.listdir(path.parent) == [path.name]


def test_S1_looser_modes_are_tightened(path: Path) -> None:
    """When the file is read."""
    small_file.write(path, b'{"number": 1}')
    path.chmod(0o644)
    path.parent.chmod(0o755)
    small_file.read(path, Document)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_S1_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Neither to a file nor to a folder."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / path.name).write_text('{"number": 1}')
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere" / path.name)
    with pytest.raises(OSError):
        small_file.read(path, Document)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        small_file.read(path, Document)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"\xff", b'{"number": "1"}', b'{"number": NaN}', b'{"x": ' + b"[" * 100_000]
)
def test_S4_S8_what_is_no_document_is_kept_aside(path: Path, content: bytes) -> None:
    """Under a name that nothing is kept under yet."""
    for number in (1, 2):
        small_file.write(path, content)
        assert small_file.read(path, Document) is None
        assert not path.exists()
        assert path.with_name(f"{path.name}.corrupt-{number}").read_bytes() == content


def test_S2_a_failure_to_write_leaves_the_old_file_whole(path: Path) -> None:
    """Whatever stands in the way."""
    small_file.write(path, b'{"number": 1}')
    path.with_name(f"{path.name}.tmp").mkdir()
    with pytest.raises(OSError):
        small_file.write(path, b'{"number": 2}')
    assert small_file.read(path, Document) == Document(1)


def test_S4_what_cannot_be_read_stops_the_channel_and_says_what_to_do(path: Path) -> None:
    """Not so what is not there."""
    assert small_file.load(path, Document, without="all is lost") is None
    path.mkdir()
    with pytest.raises(ChannelFailed, match="cannot read") as caught:
        small_file.load(path, Document, without="all is lost")
    assert caught.value.hint.endswith("without it, all is lost")


def test_what_cannot_be_saved_is_told_in_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    small_file.save(path, b'{"number": 1}', unsaved="all comes twice")
    assert caplog.text == ""
    path.with_name(f"{path.name}.tmp").mkdir()
    small_file.save(path, b'{"number": 2}', unsaved="all comes twice")
    assert "after a crash, all comes twice" in caplog.text
    assert small_file.read(path, Document) == Document(1)
