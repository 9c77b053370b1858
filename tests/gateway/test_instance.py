"""One gateway a state directory."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clawdbot.errors import Refused, StoreUnavailable
from clawdbot.gateway import instance

HOLD = """
import sys, time
from pathlib import Path
from clawdbot.gateway import instance
with instance.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_gateway_is_refused_and_told_which_runs(tmp_path: Path) -> None:
    """While one process holds the state, another is refused with its pid; after a kill -9 the place is free."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        assert instance.running(tmp_path) == first.pid
        with pytest.raises(Refused, match=str(first.pid)), instance.hold(tmp_path):
            pass
        first.send_signal(signal.SIGKILL)
    assert instance.running(tmp_path) is None
    with instance.hold(tmp_path):
        assert instance.running(tmp_path) == os.getpid()
    assert instance.running(tmp_path) is None


def test_S1_the_lock_file_is_private_and_no_link_is_followed(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask; a symbolic link in its place is an error, and its target stays as it was."""
    before = os.umask(0)
    try:
        with instance.hold(tmp_path / "state"):
            assert (tmp_path / "state" / instance.LOCK_NAME).stat().st_mode & 0o777 == 0o600
            assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / instance.LOCK_NAME).symlink_to(target)
    with pytest.raises(StoreUnavailable), instance.hold(tmp_path):
        pass
    assert target.read_text() == "mine"


def test_whoever_only_looks_keeps_no_gateway_from_starting(tmp_path: Path) -> None:
    """A ``status`` in the moment of the start has the lock for that moment: the gateway waits it out."""
    (tmp_path / instance.LOCK_NAME).touch()
    looking = os.open(tmp_path / instance.LOCK_NAME, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    looked = threading.Timer(0.05, os.close, [looking])
    looked.start()
    with instance.hold(tmp_path):
        assert instance.running(tmp_path) == os.getpid()
    looked.join()


def test_S2_a_full_disk_keeps_no_gateway_from_starting(tmp_path: Path) -> None:
    """Where its process id cannot be written it runs all the same, and others see that one runs."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with instance.hold(tmp_path):
            assert instance.running(tmp_path) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_pipe_in_the_lock_s_place_holds_up_nobody(tmp_path: Path) -> None:
    """Asking whether a gateway runs does not wait for the pipe's other end."""
    os.mkfifo(tmp_path / instance.LOCK_NAME)
    assert instance.running(tmp_path) is None


def test_nothing_runs_where_there_is_no_state(tmp_path: Path) -> None:
    """No lock file, no gateway; a lock file with nonsense names no process."""
    assert instance.running(tmp_path / "nowhere") is None
    (tmp_path / instance.LOCK_NAME).write_text("nonsense")
    assert instance.running(tmp_path) is None
