"""The machine, and which of its processors does what."""

import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ESTABLISHED: Final = "01"
_PAGE: Final = os.sysconf("SC_PAGESIZE")


def processors() -> tuple[set[int], set[int]]:
    """Those for what is measured, and those for whoever measures it; the same one if there is only one."""
    every = sorted(os.sched_getaffinity(0))
    return ({every[0]}, {every[1]}) if len(every) > 1 else ({every[0]}, {every[0]})


def description() -> dict[str, str]:
    """What numbers depend on."""
    return {
        "processor": _first("model name", Path("/proc/cpuinfo")) or platform.processor(),
        "processors": str(os.cpu_count()),
        "memory": _first("MemTotal", Path("/proc/meminfo")),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "commit": _commit(),
    }


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ = [], [pid]
    while open_:
        found.append(open_.pop())
        open_ += children.get(found[-1], [])
    return found


def resident(pids: Iterable[int]) -> int:
    """Bytes of memory that processes have."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in pids)


def used(pids: Iterable[int]) -> float:
    """Seconds of a processor that processes have used."""
    return sum((int(fields[11]) + int(fields[12])) / _TICKS for pid in pids if (fields := _stat(pid)))


def is_connected(port: int, peer: int) -> bool:
    """Has whoever listens on a port a connection to another one of this machine, as the kernel sees it?"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(
        (int(row[1].rpartition(":")[2], 16), int(row[2].rpartition(":")[2], 16), row[3]) == (port, peer, _ESTABLISHED)
        for row in rows
    )


def _stat(pid: int) -> list[str]:
    """From the third field on: the state."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _first(name: str, path: Path) -> str:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
