"""Our own command line and our own gateway, as processes, on a state directory, in whatever network."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
SHARED = "sekrit-of-this-test"


def until(is_so: Callable[[], object], what: str, patience: float = PATIENCE_S) -> None:
    """Block until another process has done something."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


def ended(process: "subprocess.Popen[Any]") -> int:
    """Wait until a process has ended; its exit code."""
    return process.wait(timeout=PATIENCE_S)


def stop(process: "subprocess.Popen[Any]") -> None:
    """End a process that may have ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class OwnGateway:
    """A gateway that runs."""

    port: int
    log_path: Path

    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    def says(self, text: str) -> None:
        """Block until it has logged something."""
        until(lambda: text in self.log(), f"the gateway says {text!r}")


@dataclass(frozen=True)
class OwnMachine:
    """A machine with our programs on it.

    Attributes:
        state: its state directory.
        prefix: what stands before every command, to run it in another network.
    """

    state: Path
    prefix: Sequence[str] = ()

    def configure(self, **gateway: object) -> None:
        """Write a configuration with this ``gateway`` section."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        aside = self.state / "clawdbot.json.new"
        aside.write_text(json.dumps({"gateway": gateway}), "utf-8")
        aside.chmod(0o600)
        aside.replace(self.state / "clawdbot.json")

    def start(self, *words: str, log: Path, port: int = 0) -> "subprocess.Popen[Any]":
        """Start a command that writes to a file."""
        with log.open("w") as output:
            return subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "clawdbot", *words],
                env=self._environ(port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, gateway: OwnGateway, *words: str, code: int = 0) -> str:
        """Run a command of the owner beside the gateway; what it printed. It must end with the code."""
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "clawdbot", *words],
            env=self._environ(gateway.port),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def json(self, gateway: OwnGateway, *words: str) -> Any:
        return json.loads(self.run(gateway, *words, "--json"))

    def requests(self, gateway: OwnGateway) -> list[dict[str, Any]]:
        """The devices that wait."""
        found: list[dict[str, Any]] = self.json(gateway, "devices", "list")["pending"]
        return found

    def paired(self, gateway: OwnGateway) -> dict[str, dict[str, Any]]:
        """The devices that are paired, by id."""
        return {device["deviceId"]: device for device in self.json(gateway, "devices", "list")["paired"]}

    @contextmanager
    def gateway(self, *options: str) -> Iterator[OwnGateway]:
        """Run the gateway; it has stopped at the end."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        log = self.state.parent / f"gateway-{len(list(self.state.parent.glob('gateway-*')))}.log"
        process = self.start("gateway", "--verbose", "--port", "0", "--token", SHARED, *options, log=log)
        running = OwnGateway(0, log)
        try:
            until(lambda: "listening" in running.log() or process.poll() is not None, "the gateway listens")
            found = re.search(r"listening +wss?://\S+:(\d+)", running.log())
            assert found is not None, running.log()
            running.port = int(found[1])
            yield running
        finally:
            stop(process)

    def _environ(self, port: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAWDBOT_")}
        at = {"CLAWDBOT_GATEWAY_PORT": str(port), "CLAWDBOT_GATEWAY_TOKEN": SHARED} if port else {}
        root = str(Path(__file__).parents[2])
        own = {"CLAWDBOT_STATE_DIR": str(self.state), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
        return {**{name: value for name, value in kept.items() if not name.endswith("_TOKEN")}, **own, **at}
