"""The stores that every promise is tried on."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clawdbot.store.base import Store
from clawdbot.store.files import FileStore
from clawdbot.store.memory import MemoryStore

ENGINES = ("memory", "files")


@dataclass(frozen=True)
class Engine:
    """A store, and how to open it once more as another process would."""

    name: str
    store: Store
    reopen: Callable[[], Store]


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    if name == "memory":
        memory = MemoryStore()
        yield Engine(name, memory, lambda: memory)
        return
    folder = Path(tempfile.mkdtemp(prefix="clawdbot-store-"))
    try:
        yield Engine(name, FileStore(folder / "state"), lambda: FileStore(folder / "state"))
    finally:
        shutil.rmtree(folder)
