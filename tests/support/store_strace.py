"""Children that make moves under ``strace``: what they ask of the system, and what they do when it lets them down."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.store_moves import spell

ROOT = Path(__file__).parents[2]

M = TypeVar("M")

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


def killed(folder: Path, moves: Sequence[Any]) -> Iterator[tuple[Path, Run]]:
    """A child for each changing call that the moves make, killed at it; its state directory, and how it ended."""

    def kill(call: tuple[str, int]) -> tuple[Path, Run]:
        name, number = call
        return _struck(folder / f"{name}-{number}", moves, name, f"signal=SIGKILL:when={number}")

    calls = counted(folder / "whole", moves)
    assert {"write", "fsync"} <= {name for name, _ in calls}
    with ThreadPoolExecutor(2) as threads:
        for state_dir, run in threads.map(kill, calls):
            assert run.code == -9, (state_dir.name, run.errors)
            yield state_dir, run


def refused(folder: Path, moves: Sequence[Any], call: str, error: str) -> Iterator[tuple[Path, Run]]:
    """A child for each time that the moves make this call, which then fails; likewise. Skips where there is none."""

    def fail(number: int) -> tuple[Path, Run]:
        return _struck(folder / str(number), moves, call, f"error={error}:when={number}")

    numbers = [number for name, number in counted(folder / "whole", moves) if name == call]
    if not numbers:
        pytest.skip(f"NOT TESTED: {error} on {call}, which is called something else on this machine")
    with ThreadPoolExecutor(2) as threads:
        for state_dir, run in threads.map(fail, numbers):
            assert run.code == 0, run.errors
            assert len(run.said) == len(moves)
            yield state_dir, run


def _struck(state_dir: Path, moves: Sequence[Any], call: str, blow: str) -> tuple[Path, Run]:
    return state_dir, run(state_dir, moves, "-e", f"trace={call}", "-e", f"inject={call}:{blow}")


def saved(moves: Sequence[M], run: Run) -> list[M]:
    """The moves that the child said were saved."""
    return [move for move, said in zip(moves, run.said, strict=True) if said == "saved"]


def event(line: str) -> str:
    """A line of strace without what differs each time."""
    if "writev" in line:
        return "acknowledged"
    call = "fsync" if "fsync" in line else "rename"
    name = re.findall(r'[</"]([\w.-]+)[">]', line)[-1]
    return f"{call} {re.sub(r'[.][0-9a-f]{16}[.]tmp', '.tmp', name)}"
