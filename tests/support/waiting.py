"""Waiting for what another task or process does, with a limit that only a broken test reaches."""

import asyncio
from collections.abc import Callable


async def eventually(is_so: Callable[[], object], what: str = "", timeout: float = 20.0) -> None:
    """Return as soon as something is so.

    Raises:
        AssertionError: it is not, after all that time.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline, f"never happened: {what or is_so}"
        await asyncio.sleep(0.002)
