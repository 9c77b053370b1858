"""A temporary folder for what nobody else may see, which goes whatever happens (threats.md S7). Blocking."""

import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from clawdbot.store.disk import guarded

PREFIX: Final = "clawdbot-import-"
LEFT_BEHIND_S: Final = 3600.0
"""An import takes seconds; a folder of that age belongs to one that was killed."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else can look into, for as long as it is needed.

    Raises:
        SystemExit: the program is to end, by SIGTERM or as its terminal closes; the folder is gone by then.
        StoreUnavailable: none can be made.
    """
    parent = Path(gettempdir())
    with ExitStack() as kept:
        kept.enter_context(_ending_by_exception())
        with guarded("make a folder in", parent):
            _sweep(parent)
            made = kept.enter_context(TemporaryDirectory(prefix=PREFIX))
        yield Path(made)


@contextmanager
def _ending_by_exception() -> Iterator[None]:
    """What ends a program on the spot ends it in good order meanwhile; what somebody else handles or ignores stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.Handlers.SIG_DFL
    ]
    for number in handled:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _sweep(parent: Path) -> None:
    """Remove the folders of this user that killed programs left; one that cannot be removed stays."""
    before = time.time() - LEFT_BEHIND_S
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and found.st_mtime < before:
                shutil.rmtree(path)
