"""Children that make moves under ``strace``: what they ask of the system, and what they do when it lets them down."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.store_moves import spell

ROOT = Path(__file__).parents[2]

CHANGING = ("write", "fsync", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat")
"""Every call by which the store changes what is on the disk, under its names on different machines."""


@functools.cache
def why_not() -> str:
    """Why children cannot be traced here; empty if they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace here"


def need_strace() -> None:
    if why_not():
        pytest.skip(f"NOT TESTED: kills and faults at system calls: {why_not()}")


@dataclass(frozen=True)
class Run:
    """How a child ended, which moves it said were saved and which failed, and the calls that it made."""

    code: int
    said: list[str]
    errors: str
    calls: list[str]


def run(state_dir: Path, moves: Sequence[Any], *options: str, umask: int = 0o22) -> Run:
    """Let a child make moves under strace with these options."""
    log = state_dir.with_name(f"{state_dir.name}.strace")
    child = [sys.executable, "-B", "-m", "tests.support.store_child", str(state_dir), *map(spell, moves)]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), *options, *child],
        cwd=ROOT,
        env={**os.environ, "TEST_UMASK": f"{umask:o}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout.split(), done.stderr, log.read_text("utf-8", "replace").splitlines())


def counted(state_dir: Path, moves: Sequence[Any]) -> list[tuple[str, int]]:
    """Every changing call that the moves make: its name, and the how-manieth of its name it is."""
    whole = run(state_dir, moves, "-e", "trace=" + ",".join(f"?{name}" for name in CHANGING))
    assert whole.said == ["saved"] * len(moves), whole.errors
    made = [re.match(r"(\d+) +(\w+)\(", line) for line in whole.calls]
    counts = Counter((match[1], match[2]) for match in made if match)
    most = {name: max(count for (_, other), count in counts.items() if other == name) for _, name in counts}
    return [(name, number) for name, count in sorted(most.items()) for number in range(1, count + 1)]
