"""How long things take on Discord."""

from dataclasses import dataclass

from clawdbot.channels import patience
from clawdbot.channels.discord import parse


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take on Discord, in seconds.

    Attributes:
        answer: how long any answer may take, and the gateway's greeting.
        flood: how long a message may wait in all, one to send or one to ask for. Discord knows one that is sent again
            for some minutes.
        steady: a connection that lasted so long was a good one, and failures before it no longer count.
        backlog: what was written longer ago than this, while we were away, is not asked for.
    """

    steady: float = 60.0
    backlog: float = 24 * 3600.0

    def floor(self) -> int:
        """The first message that is not too old to be asked for."""
        return parse.first_at(int((self.clock() - self.backlog) * 1000))
