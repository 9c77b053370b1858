"""One run of a program for a gateway: bounded in time and output, and nothing of it left behind."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clawdbot.assistant import process

MAX_OUTPUT: Final = 200_000
"""Bytes of output that are kept, both streams together; what comes later is read and dropped."""

TRUNCATED: Final = "\n... (truncated)"

_STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: its exit code; ``None`` if a signal ended it, or it never started.
        error: why it did not start.
    """

    code: int | None = None
    timed_out: bool = False
    stdout: str = ""
    stderr: str = ""
    error: str | None = None

    @property
    def success(self) -> bool:
        return self.code == 0 and not self.timed_out


async def run(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, seconds: float) -> Ended:
    """Run a program to its end, or to the end of its time, without a shell, a terminal and anything to read.

    Its whole process group is ended with it. Cancelling does so before the cancellation goes on.

    Args:
        argv: its real path, and what it is given.
    """
    output = _Output()
    try:
        program = await process.start(argv, output.take, env=env, cwd=cwd, errors=True)
    except (OSError, ValueError) as error:
        return Ended(error=_why(error))
    timed_out = False
    try:
        program.feed(b"")
        async with asyncio.timeout(seconds):
            await program.over.wait()
    except TimeoutError:
        timed_out = True
    finally:
        await program.end()
    code = program.returncode if program.returncode >= 0 and not timed_out else None
    return Ended(code, timed_out, output.text(1), output.text(_STDERR))


class _Output:
    """The first bytes of what a program writes; the rest is dropped, so that it need not wait for us."""

    def __init__(self) -> None:
        self._kept = {1: bytearray(), _STDERR: bytearray()}
        self._cut: set[int] = set()
        self._room = MAX_OUTPUT

    def take(self, fd: int, data: bytes) -> bool:
        self._kept[fd] += data[: self._room]
        if len(data) > self._room:
            self._cut.add(fd)
        self._room = max(0, self._room - len(data))
        return True

    def text(self, fd: int) -> str:
        return self._kept[fd].decode("utf-8", "replace") + (TRUNCATED if fd in self._cut else "")


def _why(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or type(error).__name__).lower()
