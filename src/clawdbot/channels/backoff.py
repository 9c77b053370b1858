"""How long to wait before trying again."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

_ENOUGH = 64
"""After so many failures the delay has long reached its most; keeps the power finite."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds that grow with each failure in a row.

    Attributes:
        jitter: the part by which chance lengthens a delay, so that what failed together does not come back together.
        chance: uniform over [0, 1).
    """

    first: float = 2.0
    most: float = 30.0
    factor: float = 1.8
    jitter: float = 0.25
    chance: Callable[[], float] = secrets.SystemRandom().random

    def delay(self, failures: int) -> float:
        """The wait after the n-th failure in a row, counted from 1."""
        steady = self.first * self.factor ** min(failures - 1, _ENOUGH)
        return min(steady, self.most) * (1 + self.jitter * self.chance())
