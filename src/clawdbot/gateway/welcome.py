"""Who is approved is told so, where the owner wants it: ``notifyOnApprove`` of a channel or an account.

It holds for decisions of every surface: a reply or a button, the dashboard, another operator, a command on the state
files. Each approval is told of once. A failure is logged, and changes nothing about the approval.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from clawdbot.domain import invites
from clawdbot.domain.effects import Decision, SenderDecision
from clawdbot.domain.names import ChannelAccount, DeviceId, Instant, RequestId, SenderId
from clawdbot.domain.persons import find
from clawdbot.domain.texts import APPROVED, visible
from clawdbot.errors import ClawdbotError, ConfigError, StoreError
from clawdbot.gateway.verbs.base import House

log = logging.getLogger("clawdbot")

TELL_S: Final = 20.0
"""A platform that takes longer leaves a sender untold: he learns it with his next message."""

RECENT_MS: Final = 10 * 60 * 1000
"""An approval that is older came with other files, a backup for one: nobody decided it just now."""

MOST: Final = 200
"""Approvals that are remembered as told; the oldest are forgotten first."""

_Which = tuple[ChannelAccount, SenderId, Instant]


class Welcome:
    """Hears of approvals (:class:`~clawdbot.gateway.announcer.Listener`), and tells who was approved.

    Args:
        wanted: whether the owner wants it on an account. Raises ConfigError.
        is_in: whether the door admits somebody to an account now. Raises StoreError, ConfigError.
    """

    def __init__(
        self,
        house: House,
        *,
        wanted: Callable[[ChannelAccount], bool],
        is_in: Callable[[ChannelAccount, SenderId], Awaitable[bool]],
    ) -> None:
        self._house = house
        self._wanted = wanted
        self._is_in = is_in
        self._told: dict[_Which, asyncio.Task[None]] = {}
        self._hearing: set[asyncio.Task[None]] = set()

    def sender_waits(self, account: ChannelAccount, sender: SenderId) -> None:
        pass

    def sender_resolved(self, account: ChannelAccount, sender: SenderId, decision: SenderDecision) -> None:
        """It was decided about a sender, anywhere."""
        if decision is SenderDecision.APPROVED:
            task = asyncio.get_running_loop().create_task(self.tell(account, sender))
            self._hearing.add(task)
            task.add_done_callback(self._hearing.discard)

    def sender_came(self, account: ChannelAccount, sender: SenderId) -> None:
        """He wrote just now, and is answered."""

    def device_waits(self, device: DeviceId) -> None:
        pass

    def device_resolved(self, device: DeviceId, request: RequestId, decision: Decision) -> None:
        pass

    async def tell(self, account: ChannelAccount, sender: SenderId) -> None:
        """Tell a sender that he is in, if he was just approved and nobody told him; return when he was. Never fails.

        Whoever has something else for him waits for this first.
        """
        which = await self._approval(account, sender)
        if which is None:
            return
        if which not in self._told:
            for oldest in list(self._told)[: len(self._told) + 1 - MOST]:
                del self._told[oldest]
            self._told[which] = asyncio.get_running_loop().create_task(self._tell(account, which[1]))
        await asyncio.shield(self._told[which])

    async def close(self) -> None:
        """Nobody is told any more."""
        tasks = [*self._hearing, *self._told.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _approval(self, account: ChannelAccount, sender: SenderId) -> _Which | None:
        """The approval that somebody decided just now, if its sender is to be told."""
        try:
            if not self._wanted(account) or not await self._is_in(account, sender):
                return None
            known = await self._house.senders.read(account)
        except (ConfigError, StoreError) as error:
            log.warning("%s: %s is not told that he is in: %s", account, visible(sender), error)
            return None
        key = find(known.allowed, sender)
        if key is None:
            return None
        approval = known.allowed[key]
        if approval.by is None or approval.approved_at is None or invites.is_by_invite(approval.by):
            return None
        recent = abs(self._house.now() - approval.approved_at) <= RECENT_MS
        return (account, key, approval.approved_at) if recent else None

    async def _tell(self, account: ChannelAccount, sender: SenderId) -> None:
        try:
            async with asyncio.timeout(TELL_S):
                await self._house.tell(account, sender, APPROVED)
        except TimeoutError:
            log.warning("%s: %s may not know that he is in: the platform gave no answer", account, visible(sender))
        except ClawdbotError as error:
            log.warning("%s: %s could not be told that he is in: %s", account, visible(sender), error)
        except Exception as defect:  # a defect here must not end whoever waits for it
            log.error("%s: telling who is in failed, which is a bug: %s", account, type(defect).__name__)
