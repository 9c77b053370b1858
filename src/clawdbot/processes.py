"""What starting and ending programs takes, whatever they are for: each leads a session and process group of its own."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar


class Ending(Protocol):
    """The protocol of a program that can be ended, with whatever it has started."""

    async def end(self) -> None: ...


_P = TypeVar("_P", bound=Ending)


async def start(
    protocol: Callable[[], _P],
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None,
    stderr: int = asyncio.subprocess.PIPE,
) -> _P:
    """Start a program without a shell, its pipes served by a protocol. Whoever starts it ends it.

    Raises:
        OSError: it could not be started.
    """
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(protocol, *argv, stderr=stderr, env=env, cwd=cwd, start_new_session=True)  # type: ignore[type-var]
    )
    try:
        _, program = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Left to itself, asyncio kills the program alone, not what it has started by now: let it start, end the group.
        await asyncio.wait([starting])
        if not starting.cancelled() and starting.exception() is None:
            await starting.result()[1].end()
        raise
    return program


def signal_group(group: int, number: int) -> bool:
    """Signal a process group. False if there is nobody in it, or nobody who is ours to signal."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


async def at_most(seconds: float, *events: asyncio.Event) -> None:
    """Wait until all of it has happened, but not longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for event in events:
                await event.wait()
