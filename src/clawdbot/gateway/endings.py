"""Which approvals are about to end that no owner was told of yet (``docs/owner.md``).

Who was told of which is kept in ``gateway/warned.json``, so that a restart repeats nothing; what has ended is forgotten
there. It is written after the telling: a crash in between tells twice, and never not at all.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import msgspec

from clawdbot.channels import small_file
from clawdbot.domain import endings, names, notices
from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.notices import Waiting
from clawdbot.domain.references import Ends
from clawdbot.errors import StoreError
from clawdbot.service import Clock, Service

log = logging.getLogger("clawdbot")

FILE: Final = "gateway/warned.json"

LOOK_S: Final = 60.0
"""Between two looks."""

AGAIN_MS: Final = 10 * 60 * 1000
"""What nobody could be told of is tried again after this time."""


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One approval that an owner was told of; ``until`` tells it from others of the same sender."""

    channel: str
    account: str
    sender: str
    until: Instant


class Endings:
    """Looks for approvals that end, and remembers which were told of.

    Args:
        path: the file that remembers; without one nothing is remembered beyond this process.
        warn_ms: how long before its end an approval is told of; 0 for never. Raises ConfigError.
    """

    def __init__(self, senders: Service, path: Path | None, *, warn_ms: Callable[[], int], now: Clock) -> None:
        self._senders = senders
        self._path = path
        self._warn_ms = warn_ms
        self._now = now
        self._told: frozenset[Ends] | None = None
        self._named: dict[Ends, Instant] = {}
        self._saving = asyncio.Lock()

    async def due(self) -> list[Ends]:
        """Those to tell of now, the first to end first; each is named once, and later again if nobody was told."""
        now, told = self._now(), await self._known()
        found = await self._near(now)
        self._named = {ends: at for ends, at in self._named.items() if ends in found}
        recent = {ends for ends, at in self._named.items() if 0 <= now - at < AGAIN_MS}
        due = found - told - recent
        self._named |= dict.fromkeys(due, now)
        return sorted(due, key=lambda ends: (ends.until, ends.account, ends.sender))

    async def look(self, ends: Ends) -> Waiting | None:
        """What to tell of an approval, if it stands still and ends when it was to. Raises StoreError."""
        known, now = await self._senders.read(ends.account), self._now()
        approval = known.allowed.get(ends.sender)
        if approval is None or approval.until != ends.until or not approval.holds(now) or known.is_blocked(ends.sender):
            return None
        return notices.ending(ends, approval, label=known.labels.get(ends.sender, ""), now=now)

    async def told(self, those: Collection[Ends]) -> None:
        """An owner knows of these."""
        if not those:
            return
        now = self._now()
        self._told = frozenset(ends for ends in {*await self._known(), *those} if now < ends.until)
        if self._path is not None:
            try:
                async with self._saving:
                    content = msgspec.json.encode([_record(ends) for ends in self._told])
                    await asyncio.to_thread(small_file.write, self._path, content)
            except OSError as error:
                log.warning("cannot save %s: %s; after a restart owners are told again", self._path, error.strerror)

    async def _near(self, now: Instant) -> set[Ends]:
        found: set[Ends] = set()
        warn_ms = self._warn_ms()
        for account in await self._senders.accounts() if warn_ms else ():
            try:
                known = await self._senders.read(account)
            except StoreError as error:
                log.debug("%s: whose approval ends is not known: %s", account, error)
                continue
            near = endings.near(known, now=now, warn_ms=warn_ms)
            found |= {Ends(account, sender, until) for sender, _, until in near}
        return found

    async def _known(self) -> frozenset[Ends]:
        if self._told is None:
            self._told = frozenset() if self._path is None else await asyncio.to_thread(_read, self._path)
        return self._told


def _read(path: Path) -> frozenset[Ends]:
    """What is remembered; nothing, if it cannot be read: owners are told once more."""
    try:
        records = small_file.read(path, list[_Told]) or []
    except OSError as error:
        log.warning("cannot read %s: %s; owners may be told of ending approvals again", path, error.strerror)
        return frozenset()
    return frozenset(ends for record in records if (ends := _ends(record)) is not None)


def _record(ends: Ends) -> _Told:
    return _Told(ends.account.channel, ends.account.account, ends.sender, ends.until)


def _ends(record: _Told) -> Ends | None:
    try:
        account = ChannelAccount(names.channel(record.channel), names.account_id(record.account))
    except ValueError:
        return None
    return Ends(account, SenderId(record.sender), record.until)
