"""What was said with each sender lately: bounded, in memory only, and gone with the gateway."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.domain.names import ChannelAccount, SenderId

Who = tuple[ChannelAccount, SenderId]
"""Whose conversation it is. The same id on another account is somebody else (threats.md D1)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and its answer."""

    asked: str
    answered: str

    @property
    def size(self) -> int:
        """Bytes in UTF-8."""
        return len(self.asked.encode()) + len(self.answered.encode())


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """How much is remembered: turns and bytes of one sender, and how many senders. A zero means nothing."""

    turns: int = 20
    size: int = 32_768
    senders: int = 1_000


class Memory:
    """The last turns of each sender. The oldest turn goes first; so does the sender who was silent longest."""

    def __init__(self, limits: MemoryLimits) -> None:
        self._limits = limits
        self._turns: OrderedDict[Who, tuple[Turn, ...]] = OrderedDict()

    def __len__(self) -> int:
        """How many senders are remembered."""
        return len(self._turns)

    def recall(self, who: Who) -> Sequence[Turn]:
        """What was said with this sender, oldest first."""
        return self._turns.get(who, ())

    def remember(self, who: Who, turn: Turn) -> None:
        """Add a turn; forget what is over the limits. A turn over the limit all alone leaves nothing behind."""
        kept = [*self.recall(who), turn][-self._limits.turns :] if self._limits.turns else []
        size = sum(each.size for each in kept)
        while kept and size > self._limits.size:
            size -= kept.pop(0).size
        self._turns.pop(who, None)
        if kept:
            self._turns[who] = tuple(kept)
        while len(self._turns) > self._limits.senders:
            self._turns.popitem(last=False)
