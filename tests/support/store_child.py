"""A process that makes moves on a store, one after another, and says of each whether it was saved.

Run as ``python -m tests.support.store_child STATE_DIR MOVE…``. Its own words go through ``writev``, so that tests can
tell them from what the store writes. The store works in one thread, so that its calls are counted in one row.
"""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clawdbot.errors import StoreUnavailable
from clawdbot.store.files import FileStore
from tests.support.store_moves import read


async def main(state_dir: Path, lines: list[str]) -> None:
    store = FileStore(state_dir)
    store._threads = ThreadPoolExecutor(1)
    for line in lines:
        move = read(line)
        try:
            await store.update(move.key, move)
        except StoreUnavailable:
            os.writev(1, [b"failed\n"])
        else:
            os.writev(1, [b"saved\n"])
    await store.close()


if __name__ == "__main__":
    os.umask(int(os.environ.get("TEST_UMASK", "22"), 8))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
