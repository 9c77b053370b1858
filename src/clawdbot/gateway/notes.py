"""What there is to tell owners, collected until it is told; bounded, however many ask while an owner sleeps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from clawdbot.domain.names import ChannelAccount, DeviceId, SenderId
from clawdbot.domain.notices import Waiting
from clawdbot.domain.references import Ends

MOST_NOTED: Final = 200
"""Requests that wait to be told of; the queues are bounded, too, but expire while an owner sleeps."""

MOST_WARNINGS: Final = 20
"""That somebody came with an owner's reference; of more the log tells."""

Noted = tuple[ChannelAccount, SenderId] | DeviceId | Ends
"""Who asked, or whose approval ends."""


@dataclass(slots=True)
class Notes:
    """What was heard since the last telling.

    Attributes:
        noted: who asked and whose approval ends, each once.
        full: the accounts whose queue turned strangers away.
        warnings: what is to be said as it is.
        lost: how many more asked than are kept.
    """

    noted: dict[Noted, None] = field(default_factory=dict)
    full: set[ChannelAccount] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    lost: int = 0

    def note(self, noted: Noted) -> None:
        """Somebody asks, or his approval ends; of what is too much requests are counted, and endings come again."""
        if len(self.noted) < MOST_NOTED or noted in self.noted:
            self.noted[noted] = None
        elif not isinstance(noted, Ends):
            self.lost += 1

    def warn(self, warning: str) -> None:
        """Something is to be said."""
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(warning)

    @property
    def ends(self) -> list[Ends]:
        """The approvals that end."""
        return [noted for noted in self.noted if isinstance(noted, Ends)]

    def gone(self, waiting: Iterable[Waiting]) -> int:
        """How many asked who are not among those that wait still."""
        asked = len(self.noted) - len(self.ends) + self.lost
        return asked - sum(not isinstance(each.asked, Ends) for each in waiting)
