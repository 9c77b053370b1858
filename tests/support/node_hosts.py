"""Node hosts, in this process and as processes of their own, beside a gateway whose owner decides about them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clawdbot.channels.backoff import Backoff
from clawdbot.domain.connect import Credentials
from clawdbot.domain.secret import Secret
from clawdbot.node import app
from clawdbot.node.choice import Wanted
from clawdbot.node.host import Host
from clawdbot.node.record import GatewayAt
from clawdbot.paths import Paths
from tests.support.gateways import SETTINGS, SHARED, Client, Running, gateway
from tests.support.waiting import eventually

PATIENCE_S = 30.0
QUICK = Backoff(first=0.02, most=0.05)


@dataclass
class Owner:
    """The owner of a gateway, with a program of his that may do everything."""

    running: Running
    program: Client

    @property
    def at(self) -> GatewayAt:
        return GatewayAt("127.0.0.1", self.running.gateway.port)

    async def waiting(self) -> list[dict[str, Any]]:
        """Who waits for him."""
        pending: list[dict[str, Any]] = (await self.program.call("device.pair.list"))["pending"]
        return pending

    async def approve(self) -> str:
        """Approve the one that waits, as soon as it does; its device id."""
        request = await self.program.event("device.pair.requested")
        answer = await self.program.call("device.pair.approve", requestId=request["requestId"])
        device: str = answer["device"]["deviceId"]
        return device

    async def connected(self, node: str) -> None:
        """Wait until a node is there."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(
                one["nodeId"] == node and one["connected"] for one in (await self.program.call("node.list"))["nodes"]
            ):
                await asyncio.sleep(0.005)

    async def invoke(self, node: str, asked: str, /, **params: Any) -> Any:
        """Have a node do something; its payload. Raises Refusal."""
        return (await self._invoke(self.program.call, node, asked, params))["payload"]

    async def refused(self, node: str, asked: str, /, **params: Any) -> str:
        """Have a node do something that it does not; why."""
        message: str = (await self._invoke(self.program.refused, node, asked, params))["message"]
        return message

    async def _invoke(self, by: Callable[..., Any], node: str, command: str, params: object) -> Any:
        return await by("node.invoke", nodeId=node, command=command, params=params, idempotencyKey=os.urandom(8).hex())


@asynccontextmanager
async def owner_of(**other: Any) -> AsyncIterator[Owner]:
    """A gateway on which every device but the owner's program waits for approval."""
    async with gateway(**other) as running:
        program = await running.admin()
        running.gateway.reconfigure(replace(SETTINGS, silent_local=False))
        yield Owner(running, program)


@dataclass
class HostTask:
    """A node host in this process."""

    host: Host
    task: "asyncio.Task[None]"
    lines: list[str] = field(default_factory=list)

    async def says(self, text: str) -> str:
        """Wait until it says something; the line."""
        await eventually(lambda: any(text in line for line in self.lines) or self.task.done(), text)
        return next(line for line in self.lines if text in line)


@asynccontextmanager
async def host_of(
    state: Path, at: GatewayAt, *, token: str | None = SHARED, backoff: Backoff = QUICK
) -> AsyncIterator[HostTask]:
    """A node host that runs for as long as the context lasts."""
    lines: list[str] = []
    wanted = Wanted(at, Credentials(token=Secret(token) if token else None), "box")
    host = app.assemble(Paths(state, state / "clawdbot.json"), wanted, dict(os.environ), say=lines.append)
    host = replace(host, backoff=backoff)
    running = HostTask(host, asyncio.create_task(host.run()), lines)
    try:
        yield running
    finally:
        running.task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await running.task


@dataclass
class HostProcess:
    """A node host as a process of its own."""

    process: asyncio.subprocess.Process
    log: Path

    async def says(self, text: str) -> None:
        """Wait until it has said something, or has ended."""
        await eventually(
            lambda: text in self.log.read_text("utf-8") or self.process.returncode is not None, text, PATIENCE_S
        )
        assert text in self.log.read_text("utf-8")

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@asynccontextmanager
async def process_of(
    state: Path, *words: str, prefix: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[HostProcess]:
    """``clawdbot node run`` on a state directory, ended with the context if it has not ended before."""
    async with process_reading(asyncio.subprocess.DEVNULL, state, *words, prefix=prefix, **environ) as running:
        yield running


@asynccontextmanager
async def process_reading(
    stdin: int, state: Path, *words: str, prefix: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[HostProcess]:
    """The same with something to read, which may be a terminal; not one that controls it."""
    log = state.parent / f"{state.name}-node.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *prefix, sys.executable, "-m", "clawdbot", "node", "run", *words,
            env=environment(state) | environ, stdin=stdin, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield HostProcess(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def environment(state: Path) -> dict[str, str]:
    """The environment of a program of ours on a state directory, without anybody's tokens."""
    kept = {name: value for name, value in os.environ.items() if "CLAWDBOT" not in name}
    return {**kept, "CLAWDBOT_STATE_DIR": str(state), "HOME": str(state.parent), "PYTHONUNBUFFERED": "1"}
