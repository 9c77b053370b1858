"""Closing files to others, and nothing else."""

import stat
from pathlib import Path

from clawdbot.audit import mend
from clawdbot.audit.files import FileFact


def fact(path: Path, *, mode: int | None = None, foreign: bool = False) -> FileFact:
    return FileFact(path, "config", "the configuration", mode or path.stat().st_mode, foreign)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, permissions: int) -> Path:
    path.write_text("text")
    path.chmod(permissions)
    return path


def test_what_is_open_to_others_is_closed(tmp_path: Path) -> None:
    file, closed = put(tmp_path / "file", 0o666), put(tmp_path / "closed", 0o400)
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(put(tmp_path / "target", 0o644))
    assert mend.close([fact(file), fact(closed), fact(folder), fact(link)]) == [file, folder, link]
    assert (mode(file), mode(closed), mode(folder), mode(link)) == (0o600, 0o400, 0o700, 0o600)
    assert file.read_text() == "text"
    assert link.is_symlink()


def test_what_is_not_ours_or_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = put(tmp_path / "file", 0o644)
    gone = FileFact(tmp_path / "gone", "config", "the configuration", stat.S_IFREG | 0o644)
    other = fact(file, mode=stat.S_IFREG | 0o666)
    link = FileFact(tmp_path / "link", "identity", "the key", stat.S_IFLNK | 0o777)
    assert mend.close([fact(file, foreign=True), gone, other, link]) == []
    assert mode(file) == 0o644
