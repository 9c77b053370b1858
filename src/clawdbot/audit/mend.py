"""Mends what loses nothing: files that are open to others are closed to them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from clawdbot.audit.files import FileFact


def close(facts: Iterable[FileFact]) -> list[Path]:
    """Close to others what is open to them, as far as it is ours; which ones, is the answer.

    Nothing but the mode changes, and only of what still is as it was looked at.
    """
    closed = []
    for fact in facts:
        if fact.is_loose and not fact.is_foreign:
            with suppress(OSError):
                if _close(fact):
                    closed.append(fact.path)
    return closed


def _close(fact: FileFact) -> bool:
    descriptor = os.open(os.path.realpath(fact.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_mode != fact.mode:
            return False
        os.fchmod(descriptor, fact.right_mode)
    finally:
        os.close(descriptor)
    return True
