"""A folder for what nobody else may see: it goes whatever happens."""

import os
import signal
import sys
import tempfile
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from clawdbot.backup import private_folder

_PROGRAM = """
import sys, tempfile
from clawdbot.backup.private_folder import private_folder
tempfile.tempdir = sys.argv[1]
with private_folder() as made:
    (made / "key").write_text("secret")
    print(made.stat().st_mode & 0o777, flush=True)
    sys.stdin.read()
"""


def inside(where: Path) -> Popen[str]:
    """A program that has written something into such a folder, and waits there."""
    child = Popen([sys.executable, "-c", _PROGRAM, str(where)], stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == f"{0o700}\n"
    return child


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_S7_a_program_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    child = inside(tmp_path)
    child.send_signal(number)
    child.communicate()
    assert (child.returncode, list(tmp_path.iterdir())) == (128 + number, [])


def test_what_was_ignored_is_ignored_and_signals_are_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``nohup`` ignores that the terminal closes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with private_folder.private_folder():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert callable(signal.getsignal(signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_S7_what_a_killed_program_left_goes_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an hour: one that is younger may be in use. Links and others' folders stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    child = inside(tmp_path)
    child.kill()
    child.communicate()
    (left,) = tmp_path.iterdir()
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (tmp_path / f"{private_folder.PREFIX}link").symlink_to(elsewhere)
    with private_folder.private_folder():
        assert (left / "key").exists()
    for path in (left, elsewhere):
        os.utime(path, (0, 0))
    with private_folder.private_folder():
        assert not left.exists()
        assert (tmp_path / f"{private_folder.PREFIX}link").is_symlink()
        assert elsewhere.exists()
    monkeypatch.setattr(os, "geteuid", lambda: -2)
    left.mkdir()
    os.utime(left, (0, 0))
    with private_folder.private_folder():
        assert left.exists()
