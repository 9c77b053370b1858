"""Starting and ending programs; what each kind does with it: assistant/test_process.py, channels/test_program.py."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from clawdbot import processes


class Program(asyncio.SubprocessProtocol):
    """A program that is only started and ended."""

    def __init__(self) -> None:
        self.exited = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self.group = transport.get_pid()
        self.transport = transport

    def process_exited(self) -> None:
        self.exited.set()

    async def end(self) -> None:
        processes.signal_group(self.group, signal.SIGKILL)
        await self.exited.wait()
        self.transport.close()


async def start(*argv: str, env: dict[str, str] | None = None) -> Program:
    return await processes.start(Program, argv, env=env or {}, cwd=None, stderr=asyncio.subprocess.DEVNULL)


async def test_a_program_leads_a_group_of_its_own_which_is_ended_as_a_whole(tmp_path: Path) -> None:
    """With what it has started; afterwards there is nobody to signal."""
    said = tmp_path / "child"
    script = f"sleep 60 & echo $! > {said}.new; mv {said}.new {said}; wait"
    program = await start("/bin/sh", "-c", script, env={"PATH": os.environ["PATH"]})
    while not said.exists():
        await asyncio.sleep(0.01)
    child = int(said.read_text())
    assert os.getpgid(child) == program.group != os.getpgid(0)
    await program.end()
    while processes.signal_group(program.group, 0):
        await asyncio.sleep(0.01)
    assert not processes.signal_group(program.group, signal.SIGTERM)


async def test_a_program_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        await start("/no/such/program")


async def test_who_is_cancelled_while_it_starts_leaves_nothing_behind() -> None:
    """The program starts all the same, and is ended before the cancellation goes on."""
    made: list[Program] = []

    def protocol() -> Program:
        made.append(Program())
        return made[-1]

    starting = asyncio.create_task(processes.start(protocol, [sys.executable, "-c", "input()"], env={}, cwd=None))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert all(program.exited.is_set() for program in made)


async def test_waiting_has_an_end() -> None:
    """Of all the events, or of the time."""
    happened, never = asyncio.Event(), asyncio.Event()
    happened.set()
    await processes.at_most(60, happened, happened)
    began = time.monotonic()
    await processes.at_most(0.01, happened, never)
    assert time.monotonic() - began >= 0.01
