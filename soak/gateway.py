"""The gateway of the soak: a process, watched from outside."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_S = 60.0
SAMPLE_S = 0.5

MEMORY_SLACK_MIB = 24
"""What a long life may add to the memory of the first third: caches that are bounded, and pages of the allocator."""
MOST_TASKS = 400
"""Tasks at once, while some hundred messages are under way."""


@dataclass
class SoakGateway:
    """A gateway that runs; ``memory`` is what it took, in MiB, sample by sample."""

    process: asyncio.subprocess.Process
    home: Path
    memory: list[float] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def on(cls, home: Path, config: str) -> AsyncIterator["SoakGateway"]:
        """Start one on a state directory in ``home``; it has ended afterwards."""
        state = home / "state"
        state.mkdir(mode=0o700)
        (state / "clawdbot.json").write_text(config, "utf-8")
        (state / "clawdbot.json").chmod(0o600)
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
        environ = {
            **kept,
            "CLAWDBOT_STATE_DIR": str(state),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "SOAK_RECORD": str(home / "record.jsonl"),
        }
        with (home / "gateway.log").open("w") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "clawdbot", "gateway", "--port", "0"), env=environ, stdout=log, stderr=log
            )
        try:
            yield cls(process, home)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @property
    def record(self) -> Path:
        return self.home / "record.jsonl"

    def log(self) -> str:
        return (self.home / "gateway.log").read_text("utf-8")

    async def ready(self, channels: int) -> None:
        """All channels receive."""
        try:
            async with asyncio.timeout(START_S):
                while self.log().count("ready as") < channels:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SystemExit(f"the channels are not ready:\n{self.log()}") from None

    async def watch(self) -> None:
        """Take samples of the memory, until cancelled."""
        while True:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            self.memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            await asyncio.sleep(SAMPLE_S)

    def memory_told(self) -> str:
        third = len(self.memory) // 3 or 1
        first, last = self.memory[:third], self.memory[-third:]
        return f"at most {max(first):.0f} in the first third, {max(last):.0f} in the last"

    async def broken(self, tasks: list[int]) -> list[str]:
        """What is wrong with it at the end, and how it stops; it has stopped by then."""
        found = []
        third = len(self.memory) // 3 or 1
        if max(self.memory[-third:]) > max(self.memory[:third]) + MEMORY_SLACK_MIB:
            found.append(f"memory grew: {self.memory_told()}")
        if max(tasks, default=0) > MOST_TASKS:
            found.append(f"{max(tasks)} tasks at once")
        if self.process.returncode is not None:
            return [*found, f"the gateway ended by itself with {self.process.returncode}"]
        self.process.terminate()
        try:
            async with asyncio.timeout(START_S):
                await self.process.wait()
        except TimeoutError:
            return [*found, "the gateway does not stop"]
        if self.process.returncode != 0:
            found.append(f"the gateway stopped with {self.process.returncode}")
        log = self.log()
        found += [
            f"the log says {word!r}"
            for word in ("Traceback", "never awaited", "was destroyed", "a defect", "a bug")
            if word in log
        ]
        return found
