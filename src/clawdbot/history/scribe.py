"""Takes facts down for those who have other things to do.

A command writes at once (:func:`at_once`): it ends in a moment. The gateway has a :class:`Scribe`, which writes in a
thread of its own what has gathered meanwhile. Neither ever fails: a decision stands whether or not it could be taken
down, and what could not is logged, counted, and told in the history later.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from clawdbot.domain.facts import Fact, Record
from clawdbot.domain.names import Instant
from clawdbot.errors import StoreError
from clawdbot.history.coalesce import Coalescer
from clawdbot.history.log import Log

log = logging.getLogger("clawdbot")

MOST_WAITING: Final = 1_000
"""Facts that wait for a disk that takes its time; what comes beyond is counted as lost."""

LAST_WORDS_S: Final = 5.0
"""How long the end of the program waits for what is still to be written."""


def at_once(history: Log) -> Record:
    """Writes each fact before anything else goes on."""

    def record(fact: Fact) -> None:
        try:
            _append(history, [fact], 0)
        except StoreError as error:
            log.warning("done, but the history does not say so: %s", error)

    return record


def _append(history: Log, facts: list[Fact], lost: int) -> None:
    """Append. Raises StoreError with everything counted as missed; a :class:`_Uncounted` if not even that."""
    try:
        history.append(facts, lost=lost)
    except StoreError as error:
        missed = len(facts) + lost
        try:
            history.count_missed(missed)
        except StoreError:
            raise _Uncounted(error, missed) from error
        raise


class _Uncounted(StoreError):
    def __init__(self, why: StoreError, missed: int) -> None:
        super().__init__(why.message, hint=why.hint)
        self.missed = missed


def _uncounted(error: Exception, missed: int) -> int:
    """How many of the missed facts are not counted on the disk."""
    if isinstance(error, _Uncounted):
        return error.missed
    return 0 if isinstance(error, StoreError) else missed


def monotonic() -> Instant:
    return time.monotonic_ns() // 1_000_000


class Scribe:
    """Writes what it is told, soon and in order; :meth:`close` writes the rest.

    Args:
        clock: milliseconds that never jump, for what is told once a minute.
    """

    def __init__(self, history: Log, *, clock: Callable[[], Instant] = monotonic) -> None:
        self._history = history
        self._clock = clock
        self._coalescer = Coalescer()
        self._waiting: list[Fact] = []
        self._lost = 0
        self._busy = False
        self._silent = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def record(self, fact: Fact) -> None:
        """The :data:`~clawdbot.domain.facts.Record`."""
        with self._changed:
            if self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="clawdbot-history", daemon=True)
                self._thread.start()
            self._gather(self._coalescer.take(fact, self._clock()))

    def wait_until_idle(self) -> None:
        """Until everything that was told so far is written, or could not be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy, LAST_WORDS_S)

    def close(self) -> None:
        """Write what waits, and what was only counted so far; a disk that hangs is not waited for long."""
        with self._changed:
            self._closed = True
            self._gather(self._coalescer.rest())
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(LAST_WORDS_S)

    def _gather(self, facts: list[Fact]) -> None:
        room = max(0, MOST_WAITING - len(self._waiting))
        self._waiting += facts[:room]
        self._lost += len(facts[room:])
        if facts:
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait(self._patience())
                    self._gather_due()
                facts, self._waiting = self._waiting, []
                lost, self._lost = self._lost, 0
                if not facts and not lost:
                    return
                is_last = self._closed  # what a disk refuses at the end is tried no more
                self._busy = True
            self._write(facts, lost)
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                if is_last:
                    return

    def _patience(self) -> float | None:
        due = self._coalescer.next_due()
        return None if due is None else max(0, due - self._clock()) / 1000

    def _gather_due(self) -> None:
        facts = self._coalescer.due(self._clock())
        if facts:
            self._gather(facts)

    def _write(self, facts: list[Fact], lost: int) -> None:
        try:
            _append(self._history, facts, lost)
        except Exception as error:
            with self._changed:
                self._lost += _uncounted(error, len(facts) + lost)
            self._complain(error)
        else:
            self._silent = False

    def _complain(self, error: Exception) -> None:
        """Once, until it works again."""
        if isinstance(error, StoreError):
            log.log(logging.DEBUG if self._silent else logging.ERROR, "the history cannot be written: %s", error)
        else:
            log.exception("a defect while the history was written")
        self._silent = True
