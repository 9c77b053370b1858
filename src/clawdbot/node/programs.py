"""Where programs are, on a search path that no request and no environment can change."""

import os
import sys
from pathlib import Path
from typing import Final

from clawdbot.domain.texts import visible
from clawdbot.node.policy import Policy

SEARCH: Final = (
    *("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"),
    *(("/opt/homebrew/bin",) if sys.platform == "darwin" else ()),
)
SEARCH_PATH: Final = os.pathsep.join(SEARCH)


def find(name: str) -> str | None:
    """A program by its absolute path, or by its bare name on the search path; ``None`` for anything else.

    A path that is relative to some folder names nothing here: it would be another program in another folder.
    """
    if os.path.isabs(name):
        return name if _is_program(name) else None
    if not name or "/" in name or "\0" in name:
        return None
    candidates = (os.path.join(folder, name) for folder in SEARCH)
    return next((path for path in candidates if _is_program(path)), None)


def resolve(name: str) -> str | None:
    """The real path of a program: what the policy is asked about, and what is run."""
    found = find(name)
    if found is None:
        return None
    real = os.path.realpath(found)
    return real if _is_program(real) else None


def mislisted(policy: Policy) -> list[str]:
    """What is wrong with the policy's list: programs are known by their real paths, and other paths match nothing."""
    found = [(rule.program, resolve(rule.program)) for rule in policy.rules]
    return [
        f"{visible(listed, 200)} matches nothing: "
        + (f"its real path is {real}" if real else "there is no such program")
        for listed, real in found
        if listed != real
    ]


def is_folder(path: str) -> bool:
    """Can a program be run in it?"""
    return os.path.isabs(path) and Path(path).is_dir()


def _is_program(path: str) -> bool:
    try:
        return Path(path).is_file() and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False
