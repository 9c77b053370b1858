"""How often somebody may be wrong, and how many strangers may stand at the door (threats.md D13, G11, G12).

Both are tables in memory, told the time and bounded. They are about addresses and devices, never about accounts or
codes: being wrong about a thing must not lock anybody else out of it.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from clawdbot.domain.names import Instant

MOST_FAILURES: Final = 10
WINDOW_MS: Final = 60_000
LOCK_MS: Final = 5 * 60_000
KEYS_KEPT: Final = 4096


@dataclass(slots=True)
class _Record:
    failures: deque[Instant] = field(default_factory=lambda: deque(maxlen=MOST_FAILURES))
    locked_until: Instant = 0


class FailedTries:
    """Counts failures by key; ten within a minute lock the key for five.

    Who counts must not let one key try twice at once (:class:`clawdbot.gateway.turns.Turns`), or parallel tries would
    overrun the count.

    Args:
        on_locked: is told of each lock, for whoever counts them.
    """

    def __init__(self, *, keys_kept: int = KEYS_KEPT, on_locked: Callable[[], None] = lambda: None) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._keys_kept = keys_kept
        self._on_locked = on_locked

    def locked_for(self, key: str, now: Instant) -> int:
        """Milliseconds until this key may try again; 0 if it may now."""
        record = self._records.get(key)
        return 0 if record is None else max(0, record.locked_until - now)

    def failed(self, key: str, now: Instant) -> bool:
        """Note a failure, and answer whether it was one too many."""
        record = self._records.setdefault(key, _Record())
        self._records.move_to_end(key)
        record.failures.append(now)
        full = len(record.failures) == MOST_FAILURES and now - record.failures[0] < WINDOW_MS
        if full:
            record.failures.clear()
            record.locked_until = now + LOCK_MS
            self._on_locked()
        while len(self._records) > self._keys_kept:
            self._records.popitem(last=False)
        return full

    def locked(self, now: Instant) -> int:
        """How many keys may not try now."""
        return sum(record.locked_until > now for record in self._records.values())

    def __len__(self) -> int:
        return len(self._records)


class Doorstep:
    """Counts the sockets of those who have not connected yet, by address and in all.

    Args:
        on_full: is told of each that finds no room, for whoever counts them.
    """

    def __init__(
        self, *, from_address: int = 32, total: int = 1024, on_full: Callable[[], None] = lambda: None
    ) -> None:
        self._on_full = on_full
        self._most_from_address = from_address
        self._most = total
        self._by_key: dict[str, int] = {}
        self._total = 0

    def enter(self, key: str) -> bool:
        """May one more socket of this address wait here? If so, it is counted until it leaves."""
        count = self._by_key.get(key, 0)
        if count >= self._most_from_address or self._total >= self._most:
            self._on_full()
            return False
        self._by_key[key] = count + 1
        self._total += 1
        return True

    def leave(self, key: str) -> None:
        """A socket has connected, or is gone."""
        count = self._by_key.pop(key) - 1
        if count:
            self._by_key[key] = count
        self._total -= 1

    def __len__(self) -> int:
        return self._total
