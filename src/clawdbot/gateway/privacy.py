"""Closes to others what holds everything: the state directory, and the configuration with its tokens (threats.md S1).

What is in the state directory is closed by whoever opens it; these two have been made by people, and other programs.
"""

import os
import stat
from pathlib import Path

from clawdbot.paths import Paths
from clawdbot.store.disk import PRIVATE_FILE, PRIVATE_FOLDER, tighten


def close_to_others(paths: Paths, home: Path) -> None:
    """Close them, and say so in the log. A folder that is not for the state alone stays as it is.

    Args:
        home: the home directory; where the state is kept in that itself, others may have their reasons to get in.
    """
    if not _holds(paths.state_dir, home):
        _close(paths.state_dir, os.O_DIRECTORY, PRIVATE_FOLDER)
    for path in (paths.config_path, paths.config_path.with_name(f"{paths.config_path.name}.bak")):
        _close(path, os.O_NONBLOCK, PRIVATE_FILE)


def _close(path: Path, flags: int, mode: int) -> None:
    """Links are followed: where these are is their owner's choice. What is another's, or all users', is left alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    except OSError:  # whoever needs it says what is wrong
        return
    try:
        found = os.fstat(descriptor)
        is_kind = stat.S_ISDIR(found.st_mode) if mode == PRIVATE_FOLDER else stat.S_ISREG(found.st_mode)
        if is_kind and found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX:
            tighten(descriptor, found, mode, path)
    finally:
        os.close(descriptor)


def _holds(folder: Path, home: Path) -> bool:
    """Is the home directory the folder, or in it?"""
    return Path(os.path.realpath(home)).is_relative_to(os.path.realpath(folder))
