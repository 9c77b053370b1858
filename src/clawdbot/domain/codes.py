"""The pairing code: eight characters that a stranger hands to the owner (threats.md D12)."""

import re
from collections.abc import Callable, Container

from clawdbot.domain.secret import Secret

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Upper case and digits without ``0``, ``O``, ``1`` and ``I``, which people confuse."""

LENGTH = 8

BETWEEN = r"\s\u2010-\u2015\u2212-"
"""Spaces and dashes, also those that keyboards put in for ``-``; within a class of a pattern."""

SEPARATORS = re.compile(f"[{BETWEEN}]+")


class PairingCode(Secret):
    """A pairing code in its one spelling: upper case, no spaces or dashes."""


def read(text: str) -> PairingCode | None:
    """Read a code as people type it: any case, spaces and dashes anywhere. ``None`` if nothing is left of it."""
    folded = SEPARATORS.sub("", text).upper()
    return PairingCode(folded) if folded else None


def draw(taken: Container[PairingCode], randbelow: Callable[[int], int]) -> PairingCode:
    """Draw a code that is not taken.

    Args:
        taken: the codes that are waiting on the same channel account.
        randbelow: uniform over ``[0, n)`` from the system's CSPRNG, as ``secrets.randbelow`` is.
    """
    while True:
        code = PairingCode("".join(ALPHABET[randbelow(len(ALPHABET))] for _ in range(LENGTH)))
        if code not in taken:
            return code
