"""How thoroughly is measured, and beside whom."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What every benchmark is told.

    Attributes:
        quick: only look whether everything runs.
        reference: how the reference is started, if it is here.
        rounds: how often each measurement is repeated, everybody in turn.
        many: devices or senders on record where there are to be many.
    """

    quick: bool
    reference: Sequence[str] | None
    rounds: int
    many: int
