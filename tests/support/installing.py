"""Installs what some tests run beside us, once, below the home directory; nothing of it is executed meanwhile.

Where there is no npm, or nothing to be had by it, that is said loudly and is no failure: the tests that need it are
skipped then, and say so too.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

NPM: Final = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
TIMEOUT_S: Final = 1200


def ensure(
    name: str,
    folder: Path,
    package: Mapping[str, Any],
    is_whole: Callable[[Path], bool],
    *more: Sequence[str],
) -> None:
    """Install what a ``package.json`` wants, and what more commands do, where it is not whole already.

    It is made beside its place, and put there when it is whole.
    """
    if is_whole(folder):
        print(f"{name} is installed in {folder}")
        return
    print(f"installing {name} in {folder}", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as aside:
        made = Path(aside, "made")
        made.mkdir()
        (made / "package.json").write_text(json.dumps(package, indent=2) + "\n", "utf-8")
        problem = _run(made, NPM, *more) or (None if is_whole(made) else "that is not what was wanted")
        if problem:
            print(f"NOT INSTALLED: {name}: {problem}; the tests that need it will be skipped", file=sys.stderr)
            return
        if folder.exists():
            folder.rename(Path(aside, "before"))
        made.rename(folder)


def _run(folder: Path, *commands: Sequence[str]) -> str | None:
    """Run commands in a folder; what went wrong."""
    try:
        for command in commands:
            subprocess.run(command, cwd=folder, timeout=TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError) as failure:
        return str(failure)
    return None


def home(variable: str, name: str) -> Path:
    """Where something is, or is to be: where the environment says, else below the user's cache."""
    return Path(os.environ.get(variable) or Path.home() / ".cache" / name)


def version(folder: Path, package: str) -> str | None:
    """Which version of a package npm has put there."""
    try:
        found: str = json.loads((folder / "node_modules" / package / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return None
    return found
