"""One gateway a state directory."""

import fcntl
import json
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

URL = "ws://127.0.0.1:4711"

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


def test_while_it_runs_it_says_where(tmp_path: Path) -> None:
    """Address and certificate, from when it listens to when it stops to."""
    with instance.hold(tmp_path) as place:
        assert instance.find(tmp_path) == instance.Instance(os.getpid())
        place.listens("wss://127.0.0.1:4711", "AB:CD")
        assert instance.find(tmp_path) == instance.Instance(os.getpid(), "wss://127.0.0.1:4711", "AB:CD")
        place.listens(URL)
        assert instance.find(tmp_path) == instance.Instance(os.getpid(), URL)
        place.listens_nowhere()
        assert instance.find(tmp_path) == instance.Instance(os.getpid())
    assert instance.find(tmp_path) is None


@pytest.mark.parametrize(
    ("said", "hosts"),
    [(["10.0.0.7", "::1"], ("10.0.0.7", "::1")), (None, ()), ("10.0.0.7", ()), (["10.0.0.7", 1, None], ("10.0.0.7",))],
)
def test_it_says_on_what_it_listens(tmp_path: Path, said: object, hosts: tuple[str, ...]) -> None:
    """A gateway of before does not, and is found all the same."""
    with instance.hold(tmp_path) as place:
        place.listens(URL, hosts=["0.0.0.0"])
        assert instance.find(tmp_path) == instance.Instance(os.getpid(), URL, hosts=("0.0.0.0",))
        written = json.loads((tmp_path / instance.LOCK_NAME).read_text())
        (tmp_path / instance.LOCK_NAME).write_text(json.dumps({**written, "hosts": said}))
        assert instance.find(tmp_path) == instance.Instance(os.getpid(), URL, hosts=hosts)


def test_G15_an_address_counts_only_while_the_lock_is_held(tmp_path: Path) -> None:
    """What a killed gateway left leads nowhere: not while nobody has the lock, and not in its next holder's hands."""
    killed = subprocess.Popen(["true"])
    killed.wait()
    left = {"pid": killed.pid, "url": URL, "fingerprint": "", "network": os.stat("/proc/self/ns/net").st_ino}
    path = tmp_path / instance.LOCK_NAME
    path.write_text(json.dumps(left))
    path.chmod(0o600)
    assert instance.find(tmp_path) is None
    with path.open() as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        assert instance.find(tmp_path) == instance.Instance(killed.pid)


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_G15_what_others_can_have_written_is_not_believed(tmp_path: Path, mode: int) -> None:
    """The process id is told, for people; an address that credentials would go to is not."""
    with instance.hold(tmp_path) as place:
        place.listens(URL)
        (tmp_path / instance.LOCK_NAME).chmod(mode)
        assert instance.find(tmp_path) == instance.Instance(os.getpid())


def test_G15_another_network_s_loopback_is_another_machine(tmp_path: Path) -> None:
    """A gateway in a container says where it listens in there; programs outside do not take that for their own port."""
    with instance.hold(tmp_path) as place:
        place.listens(URL)
        said = json.loads((tmp_path / instance.LOCK_NAME).read_text())
        (tmp_path / instance.LOCK_NAME).write_text(json.dumps({**said, "network": said["network"] + 1}))
        assert instance.find(tmp_path) == instance.Instance(os.getpid())


@pytest.mark.parametrize(
    "said", ["", "nonsense", "[" * 4000, "[]", '{"pid": "1"}', '{"pid": -1, "url": "ws://a", "fingerprint": ""}']
)
def test_S8_nonsense_in_a_held_lock_names_nobody(tmp_path: Path, said: str) -> None:
    """A gateway runs; which one, and where, is not known."""
    with instance.hold(tmp_path):
        (tmp_path / instance.LOCK_NAME).write_text(said)
        found = instance.find(tmp_path)
    assert found is not None
    assert (max(found.pid, 0), found.url) == (0, "")


def test_who_restores_beside_a_gateway_is_not_told_to_start_another_one(tmp_path: Path) -> None:
    """Stopping it is the only way; another state is one for who wants two gateways."""
    with instance.hold(tmp_path):
        with pytest.raises(Refused) as restore, instance.hold(tmp_path, to_restore=True):
            pass
        with pytest.raises(Refused) as second, instance.hold(tmp_path):
            pass
    assert restore.value.hint == "stop it first"
    assert second.value.hint == 'stop it first, or use another state with "clawdbot --profile NAME gateway"'
