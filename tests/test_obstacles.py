"""What is done about a refusal of the system: by whose file it is, and what it lacks."""

import errno
import os
from pathlib import Path

import pytest

from clawdbot.obstacles import AS_OWNER, way_out

DENIED = OSError(errno.EACCES, "denied")


def test_S4_who_is_kept_out_of_his_own_gives_himself_his_rights_back(tmp_path: Path) -> None:
    """A file or a folder, whichever of the two is closed; it is named so that a shell can take it."""
    folder = tmp_path / "my state"
    folder.mkdir(mode=0o700)
    file = folder / "file.json"
    file.touch(0o000)
    assert way_out(DENIED, file) == f"chmod u+rw '{file}'"
    file.chmod(0o600)
    folder.chmod(0o500)
    assert way_out(DENIED, file) == f"chmod u+rwx '{folder}'"
    assert way_out(DENIED, folder) == f"chmod u+rwx '{folder}'"
    assert way_out(DENIED, folder / "not there yet") == f"chmod u+rwx '{folder}'"


@pytest.mark.parametrize("mode", [0o000, 0o600])
def test_what_is_another_s_takes_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """Nobody can change the mode of what is not his."""
    file = tmp_path / "file.json"
    file.touch(mode)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert way_out(DENIED, file) == AS_OWNER


@pytest.mark.parametrize(("number", "hint"), [(errno.ENOSPC, "make room"), (errno.EROFS, "read-only"), (errno.EIO, "")])
def test_other_refusals_have_their_own_way_out_or_none(tmp_path: Path, number: int, hint: str) -> None:
    said = way_out(OSError(number, "refused"), tmp_path)
    assert said.startswith(hint) if hint == "make room" else hint in said
    assert bool(said) == bool(hint)
