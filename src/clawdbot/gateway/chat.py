"""Owners in chat, put together: they are told who waits, and decide (``docs/owner.md``)."""

from collections.abc import Callable
from dataclasses import dataclass

from clawdbot.channels.base import Buttons, ChannelAdapter
from clawdbot.config import Config
from clawdbot.domain.names import ChannelAccount
from clawdbot.gateway.decisions import Decisions, Says
from clawdbot.gateway.notices import AttendedDoor, Notices, Pace
from clawdbot.gateway.postings import Postings
from clawdbot.gateway.supervisor import State, Supervisor
from clawdbot.gateway.verbs.base import House
from clawdbot.service import Knock


@dataclass(frozen=True, slots=True)
class Chat:
    """What owners are told, and what they decide."""

    notices: Notices
    decisions: Decisions

    def attend(self, door: Knock) -> AttendedDoor:
        """Hear of what happens at a door."""
        return AttendedDoor(door, self.notices, self.decisions)

    def listen(self, adapter: ChannelAdapter) -> ChannelAdapter:
        """Receive the buttons that are pressed at an adapter which is just opened."""
        if isinstance(adapter, Buttons):
            adapter.on_press(self.decisions.pressed)
        return adapter


def open_chat(
    house: House, config: Callable[[], Config], supervisor: Callable[[], Supervisor], *, pace: Pace | None = None
) -> Chat:
    """Put it together, and have it hear of requests.

    Args:
        config: the configuration as it is now; may raise ConfigError.
        supervisor: who runs the channels, once there is one.
    """

    def running() -> list[ChannelAccount]:
        return [account for account, status in supervisor().status.items() if status.state is State.READY]

    postings = Postings(lambda account: supervisor().adapter(account))
    says = Says(owners=lambda: config().owners, rules=lambda account: config().rules(account))
    decisions = Decisions(house, says, postings)
    notices = Notices(house, decisions, postings, owners=says.owners, running=running, pace=pace)
    house.announcer.add(decisions)
    house.announcer.add(notices)
    return Chat(notices, decisions)
