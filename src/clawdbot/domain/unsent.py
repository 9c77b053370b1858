"""Codes that a platform did not take, and when each may be tried again. Pure: the time is an argument.

A try can take a minute, and for all that time the other messages of the account may wait for it. So the sender's next
message brings another try, and from then on there is one a minute, however much he writes (threats.md D10).
"""

from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_records import TTL_MS

TRY_AGAIN_MS = 60_000

Who = tuple[ChannelAccount, SenderId]


class Unsent:
    """Who waits for a code that was not sent; kept in memory, no longer than a request lives."""

    def __init__(self) -> None:
        self._again_at: dict[Who, Instant] = {}

    def __len__(self) -> int:
        return len(self._again_at)

    def may_be_tried(self, who: Who, *, now: Instant) -> bool:
        """Is there a code to send again, and is it time to? A clock that was set back delays nothing (S6)."""
        again_at = self._again_at.get(who)
        return again_at is not None and not 0 < again_at - now <= TRY_AGAIN_MS

    def failed(self, who: Who, *, now: Instant, again: bool) -> None:
        """The platform did not take a code; nor did it before, if it is ``again``."""
        self._again_at = {each: at for each, at in self._again_at.items() if abs(now - at) < TTL_MS}
        self._again_at[who] = now + TRY_AGAIN_MS if again else now

    def settled(self, who: Who) -> bool:
        """A code is on its way, and unless that fails for certain there is no other; whether it failed before."""
        return self._again_at.pop(who, None) is not None
