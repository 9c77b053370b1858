"""Asking the person at the node host's terminal, one question at a time."""

import asyncio
import os
import sys
import termios
from contextlib import suppress
from typing import Final, Protocol

from clawdbot.domain.texts import visible

PATIENCE: Final = 60.0
"""Seconds for an answer; none is no."""

LONGEST: Final = 2_000
"""Characters of a command that are shown. A longer one is not asked about: nobody could know what he says yes to."""


class Asker(Protocol):
    """Whoever can be asked. ``None``: nobody is there."""

    async def ask(self, command: str, folder: str, variables: str) -> bool | None: ...


class Nobody:
    """A node host without a terminal: a service, a pipe."""

    async def ask(self, command: str, folder: str, variables: str) -> bool | None:
        return None


class Terminal:
    """The terminal that the node host was started in."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._busy = asyncio.Lock()

    async def ask(self, command: str, folder: str, variables: str) -> bool | None:
        """May the gateway run this? Only a plain yes that is typed after the question is one."""
        if len(command) + len(variables) > LONGEST:
            return None
        async with self._busy:
            if not _in_foreground():
                return None
            with suppress(termios.error, OSError):
                termios.tcflush(sys.stdin, termios.TCIFLUSH)
            _write(f"\nThe gateway asks to run:  {visible(command, LONGEST)}\n")
            if variables:
                _write(f"with the variables:       {visible(variables, LONGEST)}\n")
            _write(f"in the folder:            {visible(folder, LONGEST)}\nRun it? [y/N] ")
            answer = await self._answer()
            _write("" if answer else "\n")
            return answer is not None and answer.strip().lower() in ("y", "yes")

    async def _answer(self) -> str | None:
        loop = asyncio.get_running_loop()
        came: asyncio.Future[str] = loop.create_future()

        def take() -> None:
            line = os.read(sys.stdin.fileno(), 1024).decode("utf-8", "replace")
            if not came.done():
                came.set_result(line)

        loop.add_reader(sys.stdin.fileno(), take)
        try:
            async with asyncio.timeout(self._patience):
                return await came
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(sys.stdin.fileno())


def open_terminal() -> Asker:
    """The terminal, if somebody can read the question and type an answer."""
    return Terminal() if sys.stdin.isatty() and sys.stderr.isatty() else Nobody()


def _in_foreground() -> bool:
    """Would reading from the terminal give us what is typed, rather than stop us?"""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
