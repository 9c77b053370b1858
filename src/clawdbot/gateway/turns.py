"""One at a time for each key, in the order of arrival; different keys do not wait for each other."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """A lock for each key, kept only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def of(self, key: str) -> "_Turn":
        """Have the turn of this key for as long as the context lasts."""
        return _Turn(self._queues, key)

    def __len__(self) -> int:
        return len(self._queues)


class _Turn:
    """One turn, as a context."""

    __slots__ = ("_key", "_queue", "_queues")

    def __init__(self, queues: dict[str, _Queue], key: str) -> None:
        self._queues = queues
        self._key = key

    async def __aenter__(self) -> None:
        self._queue = self._queues.setdefault(self._key, _Queue())
        self._queue.users += 1
        try:
            await self._queue.lock.acquire()
        except BaseException:
            self._forget()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._queue.lock.release()
        self._forget()

    def _forget(self) -> None:
        self._queue.users -= 1
        if not self._queue.users:
            del self._queues[self._key]
