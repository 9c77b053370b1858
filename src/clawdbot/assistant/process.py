"""One run of a program: bytes in, bytes out, and nothing of it left behind.

The program leads a session and process group of its own. When the run is over, for whatever reason, the whole group
is ended: SIGTERM, then SIGKILL as soon as the program has exited and its output has ended, or :data:`GRACE` seconds
later. A process that went to another session is out of reach; it is not waited for, and our ends of its pipes are
closed.
"""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from clawdbot import processes
from clawdbot.processes import at_most, signal_group

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL at most."""

LAST_WORDS = 1.0
"""Seconds for the rest of the output, once the group is ended. It is in the pipe already: this is for the exceptional
process that holds the pipe open from another session."""

_REAPING = 5.0
"""Seconds for a killed program to be gone. One that cannot be killed (another user's, say) holds up nobody."""
_STDIN, _STDOUT, _STDERR = 0, 1, 2

Take = Callable[[int, bytes], bool]
"""Is given what a program writes, with the descriptor that it writes to (1 or 2); answers whether it may write more."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended. A negative ``returncode`` is the number of the signal that ended it."""

    returncode: int
    stdout: bytes


class TooMuchOutput(Exception):
    """The program wrote more than it may."""


async def run(
    argv: Sequence[str],
    stdin: bytes,
    *,
    limit: int,
    env: Mapping[str, str],
    cwd: Path | None,
) -> Finished:
    """Start a program without a shell, give it ``stdin`` and its end, and wait until it exits.

    Standard error is discarded. Cancelling ends the program before the cancellation goes on.

    Args:
        limit: how many bytes it may write.

    Raises:
        TooMuchOutput: it wrote more than ``limit``; it was ended.
        OSError: it could not be started.
    """
    output = bytearray()

    def take(_: int, data: bytes) -> bool:
        output.extend(data)
        return len(output) <= limit

    program = await start(argv, take, env=env, cwd=cwd)
    try:
        program.feed(stdin)
        await program.over.wait()
    finally:
        await program.end()
    if len(output) > limit:
        raise TooMuchOutput
    return Finished(program.returncode, bytes(output))


async def start(
    argv: Sequence[str], take: Take, *, env: Mapping[str, str], cwd: Path | None, errors: bool = False
) -> "Program":
    """Start a program without a shell. Whoever starts it ends it: :meth:`Program.end`.

    Args:
        take: gets its output.
        errors: does ``take`` get its standard error too? It is discarded otherwise.

    Raises:
        OSError: it could not be started.
    """
    return await processes.start(
        lambda: Program(take, {_STDOUT, _STDERR} if errors else {_STDOUT}),
        argv,
        env=env,
        cwd=cwd,
        stderr=asyncio.subprocess.PIPE if errors else asyncio.subprocess.DEVNULL,
    )


class Program(asyncio.SubprocessProtocol):
    """A running program.

    Attributes:
        returncode: how it ended, once it has; a negative one is the number of the signal that ended it.
        over: it exited, or wrote more than it may.

    ``asyncio.subprocess.Process`` will not do: in Python 3.11 its ``wait()`` also waits for the end of the output, so
    that a grandchild with an inherited pipe would keep a finished program alive.
    """

    def __init__(self, take: Take, outputs: set[int]) -> None:
        self.returncode = 0
        self.over = asyncio.Event()
        self._take = take
        self._outputs = frozenset(outputs)
        self._unread = outputs
        self._exited = asyncio.Event()
        self._drained = asyncio.Event()
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._group = self._transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if not self._take(fd, data):
            cast(asyncio.ReadTransport, self._transport.get_pipe_transport(fd)).pause_reading()
            self._drained.set()
            self.over.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._unread.discard(fd)
        if not self._unread:
            self._drained.set()

    def process_exited(self) -> None:
        self.returncode = self._transport.get_returncode() or 0
        self._exited.set()
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport.close()
        self._gone.set()

    def feed(self, stdin: bytes) -> None:
        """Write everything and the end of the file. A program that does not read it, or not all of it, is fine."""
        pipe = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(_STDIN))
        pipe.write(stdin)
        pipe.write_eof()

    async def end(self) -> None:
        """End the whole group, read what is left of the output, and give back the pipes."""
        try:
            await self._end_group()
            await at_most(LAST_WORDS, self._drained)
        finally:
            self._close_pipes()
        await at_most(_REAPING, self._gone)

    def _close_pipes(self) -> None:
        for output in self._outputs:
            cast(asyncio.ReadTransport, self._transport.get_pipe_transport(output)).close()
        stdin = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(_STDIN))
        stdin.close()
        if stdin.get_write_buffer_size():  # somebody holds the other end and does not read
            stdin.abort()

    async def _end_group(self) -> None:
        # While anybody is in a group, the system gives its number to nobody else; a signal to an empty one is an error.
        if not signal_group(self._group, signal.SIGTERM):
            return
        try:
            await at_most(GRACE, self._exited, self._drained)
        finally:
            signal_group(self._group, signal.SIGKILL)
