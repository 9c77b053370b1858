"""Programs that tests start: how they say where they are, and whether anything of them is left."""

import asyncio
import os
import select
from collections.abc import Callable
from pathlib import Path

Script = Callable[[str], list[str]]
"""Makes a command out of Python source."""


class Signal:
    """A named pipe by which a program says that it has come to a point: ``open(path, "w").write("…")``."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> str:
        """Block until the program has said something."""
        return self._path.read_text()

    async def said(self) -> str:
        """Wait until the program has said something."""
        return await asyncio.to_thread(self.read)


def wait_until_gone(pid: int) -> None:
    """Block until a process, which need not be our child, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 30)[0], f"process {pid} is still there"
    finally:
        os.close(descriptor)


def belongings() -> dict[str, str]:
    """What this process has: its open descriptors, and whether there are children, running or zombies."""
    found = {"children": str(_has_children())}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the descriptor that listed the directory
    return found


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
