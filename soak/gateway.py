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
SETTLE_S = 0.5
"""After the last answer, until the gateway has noted that its message is done with."""

MEMORY_SLACK_MIB = 24
"""What a long life may add to the memory of the first third: caches that are bounded, and pages of the allocator."""
MOST_TASKS = 400
"""Tasks at once, while some hundred messages are under way."""


@dataclass
class SoakGateway:
    """A gateway that runs; ``memory`` is what it took, in MiB, sample by sample; ``stops`` how it ended before."""

    process: asyncio.subprocess.Process
    home: Path
    environ: dict[str, str]
    memory: list[float] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)

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
        gateway = cls(await _started(home, environ), home, environ)
        try:
            yield gateway
        finally:
            if gateway.process.returncode is None:
                gateway.process.kill()
                await gateway.process.wait()

    async def restart(self, channels: int, *, kill: bool) -> None:
        """Stop it as a service manager does, or with kill -9, and start it anew; all channels receive by then."""
        before = self.log().count("ready as")
        await asyncio.sleep(SETTLE_S)
        if kill:
            self.process.kill()
            await self.process.wait()
        else:
            self.process.terminate()
            async with asyncio.timeout(START_S):
                self.stops.append(await self.process.wait())
        self.process = await _started(self.home, self.environ)
        await self.ready(before + channels)

    @property
    def record(self) -> Path:
        return self.home / "record.jsonl"

    def log(self) -> str:
        return (self.home / "gateway.log").read_text("utf-8")

    async def ready(self, channels: int) -> None:
        """So many channels were ready by now."""
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
        found = [f"the gateway stopped with {code}" for code in self.stops if code]
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


async def _started(home: Path, environ: dict[str, str]) -> asyncio.subprocess.Process:
    with (home / "gateway.log").open("a") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "clawdbot", "gateway", "--port", "0"), env=environ, stdout=log, stderr=log
        )
