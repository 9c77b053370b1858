"""Owners in chat, put together: they are told who waits, and decide (``docs/owner.md``)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clawdbot.channels.base import Buttons, ChannelAdapter
from clawdbot.config import Config
from clawdbot.gateway.clockwork import every
from clawdbot.gateway.decisions import Decisions, Says
from clawdbot.gateway.endings import FILE as ENDINGS_FILE
from clawdbot.gateway.endings import LOOK_S, Endings
from clawdbot.gateway.notices import AttendedDoor, Beside, Notices, Pace
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.push import Push
from clawdbot.gateway.supervisor import Supervisor
from clawdbot.gateway.verbs.base import House
from clawdbot.gateway.welcome import Welcome
from clawdbot.service import Knock


@dataclass(frozen=True, slots=True)
class Chat:
    """What owners are told, and what they decide."""

    notices: Notices
    decisions: Decisions
    welcome: Welcome

    def attend(self, door: Knock) -> AttendedDoor:
        """Hear of what happens at a door."""
        return AttendedDoor(door, self.notices, self.decisions)

    def listen(self, adapter: ChannelAdapter) -> ChannelAdapter:
        """Receive the buttons that are pressed at an adapter which is just opened."""
        if isinstance(adapter, Buttons):
            adapter.on_press(self.decisions.pressed)
        return adapter

    async def run(self) -> None:
        """Tell owners, and who was approved, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.notices.run())
                group.create_task(every(LOOK_S, "looking for approvals that end", self.notices.look_for_endings))
        finally:
            await self.welcome.close()


def open_chat(
    house: House,
    config: Callable[[], Config],
    supervisor: Callable[[], Supervisor],
    *,
    state_dir: Path | None = None,
    pace: Pace | None = None,
) -> Chat:
    """Put it together, and have it hear of requests.

    Args:
        state_dir: where it is remembered who was told of what; without it, that lasts as long as the gateway.
        config: the configuration as it is now; may raise ConfigError.
        supervisor: who runs the channels, once there is one.
    """

    postings = Postings(lambda account: supervisor().adapter(account))
    says = Says(owners=lambda: config().owners, rules=lambda account: config().rules(account))
    decisions = Decisions(house, says, postings)
    remembered = state_dir and state_dir / ENDINGS_FILE
    endings = Endings(house.senders, remembered, warn_ms=lambda: config().owners.warn_ms, now=house.now)
    beside = Beside(endings, Push(lambda: config().notify.urls))
    notices = Notices(
        house,
        decisions,
        postings,
        owners=says.owners,
        running=lambda: supervisor().ready,
        beside=beside,
        pace=pace,
    )
    welcome = Welcome(house, wanted=lambda account: config().notifies_on_approve(account), is_in=decisions.is_in)
    for listener in (decisions, notices, welcome):
        house.announcer.add(listener)
    return Chat(notices, decisions, welcome)
