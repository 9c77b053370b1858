"""A gateway as a process of its own, on a state directory, beside a platform of ours."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tests.support.channels import Platform

PATIENCE_S = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class Gateway:
    """A running gateway; what it says is in ``log()``."""

    process: asyncio.subprocess.Process
    log_path: Path

    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    async def says(self, text: str) -> None:
        await until(lambda: text in self.log())

    async def stop(self) -> int:
        """SIGTERM, as a service manager sends it; the exit code."""
        self.process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


P = TypeVar("P", bound=Platform)


@dataclass
class Home(Generic[P]):
    """A state directory with a configuration for a platform."""

    state: Path
    platform: P

    def configure(self, **keys: object) -> None:
        """Write the configuration anew: ``keys`` is what stands under the channel besides what leads there."""
        config = {
            "assistant": {"python": "tests.support.gateway:assistant"},
            "channels": {self.platform.channel: {**self.platform.settings(), **keys}},
        }
        self.write_config(json.dumps(config))

    def write_config(self, text: str) -> None:
        self.state.mkdir(mode=0o700, exist_ok=True)
        aside = self.state / "clawdbot.json.new"
        aside.write_text(text, "utf-8")
        aside.chmod(0o600)
        aside.replace(self.state / "clawdbot.json")

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
        here = str(Path(__file__).parents[2])
        return {**kept, "CLAWDBOT_STATE_DIR": str(self.state), "PYTHONPATH": here, "PYTHONUNBUFFERED": "1"}

    @asynccontextmanager
    async def gateway(self, port: int = 0, variables: Mapping[str, str] | None = None) -> AsyncIterator[Gateway]:
        """Start a gateway; killed at the end if it still runs. ``variables``: what it alone has in its environment."""
        log_path = self.state.parent / f"gateway-{len(list(self.state.parent.glob('gateway-*')))}.log"
        with log_path.open("w") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "clawdbot",
                "gateway",
                "--verbose",
                "--port",
                str(port),
                env={**self.environ, **(variables or {})},
                stdout=log,
                stderr=log,
            )
        gateway = Gateway(process, log_path)
        try:
            yield gateway
        finally:
            if process.returncode is None:
                await gateway.kill()

    async def owner(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """Run a command of the owner: its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "clawdbot", *words, env=self.environ,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return process.returncode, output.decode()


async def assistant(prompt: object) -> str:
    """Answers at once; ``wait`` holds the answer back until the file ``go`` appears in the state directory's parent."""
    text = getattr(prompt, "text", "")
    if text == "wait":
        outside = Path(os.environ["CLAWDBOT_STATE_DIR"]).parent
        (outside / "waiting").touch()
        go = outside / "go"
        while not go.exists():
            await asyncio.sleep(0.005)
    return f"You said: {text}"
