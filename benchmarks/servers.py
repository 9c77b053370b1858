"""What is measured, each as a process of its own on a processor of its own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import machine
from tests.support import install_peer
from tests.support.peer_gateway import CONFIG, QUIET

TOKEN: Final = "token-of-the-benchmarks"
PATIENCE_S: Final = 180.0
ROOT: Final = Path(__file__).parents[1]
CLAWDBOT: Final = [str(Path(sys.executable).with_name("clawdbot"))]

Populate = Callable[[Path], None]
"""Fills a state directory."""


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    process: "subprocess.Popen[bytes]"
    port: int
    state: Path

    @property
    def memory(self) -> int:
        """Bytes that it and its children have."""
        return machine.resident(machine.family(self.process.pid))

    @property
    def seconds(self) -> float:
        """Of a processor, that they have used."""
        return machine.used(machine.family(self.process.pid))


def reference() -> list[str] | None:
    """How the reference is started, if it is installed."""
    folder = install_peer.home()
    return [str(part) for part in install_peer.command(folder)] if install_peer.is_installed(folder) else None


def environ(home: Path, **more: str) -> dict[str, str]:
    """The variables of a program on a state directory of its own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CLAWDBOT_STATE_DIR": str(home / "state"),
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "NO_COLOR": "1",
        **more,
    }


@contextmanager
def ours(populate: Populate | None = None) -> Iterator[Server]:
    """Our gateway."""
    with home_with(populate) as home, running(*gateway_command(home)) as server:
        yield server


@contextmanager
def theirs(command: Sequence[str], populate: Populate | None = None) -> Iterator[Server]:
    """The reference's gateway."""
    with home_with(populate) as home, running(*reference_command(command, home)) as server:
        yield server


@contextmanager
def bare(name: str) -> Iterator[Server]:
    """One of the servers in :mod:`benchmarks.bare`."""
    with home_with() as home:
        port = free_port()
        with running([sys.executable, "-m", "benchmarks.bare", name, str(port)], environ(home), port) as server:
            yield server


Start = tuple[list[str], Mapping[str, str], int]
"""A command, its variables, and the port on which it is going to listen."""


def gateway_command(home: Path) -> Start:
    """How our gateway is started."""
    port = free_port()
    command = [*CLAWDBOT, "gateway", "--port", str(port), "--token", TOKEN]
    return command, environ(home), port


def reference_command(command: Sequence[str], home: Path) -> Start:
    """How the reference's gateway is started, with everything off that would look outside."""
    port = free_port()
    config = home / "gateway.json"
    config.write_text(json.dumps(CONFIG), "utf-8")
    variables = environ(home, CLAWDBOT_CONFIG_PATH=str(config), **QUIET)
    return [*command, "gateway", "--port", str(port), "--token", TOKEN], variables, port


@contextmanager
def running(command: Sequence[str], variables: Mapping[str, str], port: int) -> Iterator[Server]:
    """Run a server on the processors for what is measured, until the context ends."""
    home = Path(variables["HOME"])
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            pinned(command), env=variables, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait(process, port, home / "log")
        yield Server(process, port, home / "state")
    finally:
        stop(process)


def pinned(command: Sequence[str]) -> list[str]:
    """A command that keeps to the processors for what is measured."""
    measured, _ = machine.processors()
    return ["taskset", "-c", ",".join(map(str, measured)), *command]


def wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Block until somebody listens there."""
    deadline = time.monotonic() + PATIENCE_S
    while not listens(port):
        assert process.poll() is None, log.read_text("utf-8", "replace")
        assert time.monotonic() < deadline, "it does not listen"
        time.sleep(0.002)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its children."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that the system has to give."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def home_with(populate: Populate | None = None) -> Iterator[Path]:
    """A home with a state directory in it."""
    with tempfile.TemporaryDirectory(prefix="clawdbot-bench-") as name:
        state = Path(name, "state")
        state.mkdir(mode=0o700)
        if populate is not None:
            populate(state)
        yield Path(name)
