"""A program that runs beside us: lines of its output, bytes to its input, and nothing of it left behind.

It leads a session and process group of its own, and must end when its input ends: so it does when we stop it, and also
when we are killed ourselves. What does not end by itself is ended with its group: by SIGTERM, then by SIGKILL.
"""

import asyncio
import os
import re
import signal
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from clawdbot import processes
from clawdbot.domain.secret import Secret
from clawdbot.processes import at_most, signal_group

PATIENCE = 10.0
"""Seconds for a program to read what it is sent."""

GRACE = 2.0
"""Seconds for a program to end by itself when its input has ended, and once more after SIGTERM."""

LAST_WORDS = 1.0
"""Seconds for the rest of the output of a program that has exited: somebody else may hold the pipe open for ever."""

OVERLONG = b"\xff"
"""Stands for a line that was too long. Told apart by identity."""

_REAPING = 5.0
"""Seconds for a killed program to be gone. One that cannot be killed holds up nobody."""

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY", re.I)

_ERRORS_KEPT, _ERRORS_SHOWN = 4096, 200
_STDIN, _STDOUT, _STDERR = 0, 1, 2


def inherited(environ: Mapping[str, str], secrets: Iterable[Secret] = ()) -> dict[str, str]:
    """What a program gets of our environment: all but secrets, which are none of its business.

    Args:
        secrets: what no variable may hold, whatever its name; one that is named like a secret is left out anyway.
    """
    ours = [secret.reveal() for secret in secrets]
    return {
        name: value
        for name, value in environ.items()
        if not _SECRET.search(name) and not any(secret in value for secret in ours)
    }


async def start(argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None, limit: int) -> "Program":
    """Start a program without a shell. Whoever starts it ends it: :meth:`Program.end`.

    Args:
        env: its environment; :func:`inherited` from ours, if not said.
        limit: bytes in a line.

    Raises:
        OSError: it could not be started.
    """
    env = inherited(os.environ) if env is None else env
    return await processes.start(lambda: Program(limit), argv, env=env, cwd=cwd)


class Program(SubprocessStreamProtocol):
    """A process of ours and its pipes.

    Attributes:
        exited: it has ended, though somebody may still hold its pipes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit, asyncio.get_running_loop())
        self.exited = asyncio.Event()
        self._errors = b""
        self._is_deaf = False
        self._has_survivors = False

    @property
    def returncode(self) -> int | None:
        """How it ended; ``None`` while it runs. A negative one is the number of the signal that ended it."""
        return self._process.get_returncode()

    @property
    def errors(self) -> str:
        """The end of its standard error."""
        return self._errors.decode("utf-8", "replace")

    @property
    def last_words(self) -> str:
        """The last line on its standard error that is not blank, for people: printable, and not too long."""
        last = next((line for line in reversed(self.errors.splitlines()) if line.strip()), "")
        shown = "".join(char if char.isprintable() else " " for char in last).strip()
        return shown if len(shown) <= _ERRORS_SHOWN else shown[:_ERRORS_SHOWN] + "…"

    async def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError: TimeoutError if nobody reads it, another if nobody ever will."""
        stdin = cast(asyncio.StreamWriter, self.stdin)
        if stdin.is_closing():
            raise BrokenPipeError
        stdin.write(data)
        async with asyncio.timeout(PATIENCE):
            await stdin.drain()

    async def line(self) -> bytes | None:
        """The next line of its output, :data:`OVERLONG` for one that was too long, ``None`` at the end."""
        stdout = cast(asyncio.StreamReader, self.stdout)
        is_overlong = False
        while True:
            try:
                line = await stdout.readuntil()
            except asyncio.LimitOverrunError as overrun:
                is_overlong = True
                await stdout.readexactly(overrun.consumed)
            except asyncio.IncompleteReadError as end:
                return end.partial or None
            except OSError:
                return None
            else:
                return OVERLONG if is_overlong else line

    async def end(self) -> None:
        """End its input, then it, then whoever is left of its group; give back the pipes."""
        try:
            self._stop_listening()
            self._close_stdin()
            await at_most(GRACE, self.exited)
            if not self.exited.is_set():
                signal_group(self._group, signal.SIGTERM)
                await at_most(GRACE, self.exited)
        finally:
            if not self.exited.is_set() or self._has_survivors:
                signal_group(self._group, signal.SIGKILL)
            try:
                await at_most(_REAPING, self.exited)
            finally:
                self._process.close()  # only now: it looks for itself whether the program has ended

    # --- what asyncio calls -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._process = cast(asyncio.SubprocessTransport, transport)
        self._group = self._process.get_pid()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if fd == _STDERR:
            self._errors = (self._errors + cast(bytes, data))[-_ERRORS_KEPT:]
        elif not self._is_deaf:
            super().pipe_data_received(fd, data)

    def process_exited(self) -> None:
        # While anybody is in a group, the system gives its number to nobody else; afterwards it may.
        self._has_survivors = signal_group(self._group, signal.SIGTERM)
        self.exited.set()
        super().process_exited()
        asyncio.get_running_loop().call_later(LAST_WORDS, self._stop_listening)

    def _stop_listening(self) -> None:
        """Let what it still says run into nothing, so that it is not held up; who reads its lines is at the end."""
        if self._is_deaf:
            return
        self._is_deaf = True
        cast(asyncio.StreamReader, self.stdout).feed_eof()
        cast(asyncio.ReadTransport, self._process.get_pipe_transport(_STDOUT)).resume_reading()

    def _close_stdin(self) -> None:
        stdin = cast(asyncio.WriteTransport, self._process.get_pipe_transport(_STDIN))
        stdin.close()
        if stdin.get_write_buffer_size():  # nobody reads at the other end
            stdin.abort()
