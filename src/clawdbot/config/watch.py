"""The configuration while the gateway runs: what the file says now, for the price of a ``stat``."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from clawdbot.config.load import Broken, interpret, read_bytes
from clawdbot.config.model import Config, ConfigProblem

SETTLING_NS = 100_000_000
"""A file that changed less than this before it was read may change once more without its time stamps showing it."""

COARSE_NS = 2_100_000_000
"""The same where the file system keeps no parts of a second; FAT keeps every other one."""

Stamp = tuple[int, int, int, int, int]


class ConfigFile:
    """One configuration file: every :meth:`current` tells what it says at that moment.

    Token files are read along with it; one that changes alone is seen when the configuration changes.

    Args:
        clock_ns: the wall clock, in nanoseconds, that file times are compared with.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._spelled = str(path)
        self._environ = environ
        self._clock_ns = clock_ns
        self._stamp: Stamp | None = None
        self._read_last: tuple[bytes | None, Config | Broken] | None = None

    def current(self) -> Config:
        """The configuration as it is now.

        Raises:
            ConfigError: the file is broken, or was there and is gone. What it said before does not hold any more.
        """
        stamp = self._look()
        if self._read_last is not None and stamp is not None and stamp == self._stamp:
            outcome = self._read_last[1]
        else:
            outcome = self._read(stamp)
        if isinstance(outcome, Broken):
            raise outcome.error(self._path)
        return outcome

    def _look(self) -> Stamp | None:
        try:
            found = os.stat(self._spelled)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _read(self, stamp: Stamp | None) -> Config | Broken:
        """Read the file, whose stamp was seen a moment ago; take it apart only if it says something else."""
        self._stamp = None
        started = self._clock_ns()
        try:
            content = read_bytes(self._path)
        except Broken as broken:
            return broken
        known = self._read_last
        if known is not None and known[0] is not None and content is None:
            hint = "bring it back, or start the gateway anew to do without it"
            return Broken(ConfigProblem(self._path.name, 0, "", "was there and is gone", hint))
        if known is None or content != known[0]:
            known = self._read_last = content, self._interpreted(content)
        if stamp is not None and stamp[-1] < started - (SETTLING_NS if stamp[-1] % 1_000_000 else COARSE_NS):
            self._stamp = stamp
        return known[1]

    def _interpreted(self, content: bytes | None) -> Config | Broken:
        try:
            return interpret(self._path, content, self._environ)
        except Broken as broken:
            return broken
