"""The first message of a stranger, held until the owner has decided: what becomes of it (``docs/adr/0011``)."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_records import TTL_MS, Senders, find

FOLDER: Final = "held"
"""Where they are, below the state directory."""

VERSION: Final = 1
"""Of the files."""

MAX_BYTES: Final = 4096
"""So much of a text is kept, in UTF-8."""

KEEP_MS: Final = 24 * 60 * 60 * 1000
"""A message of this age is not handed over any more, though its sender was approved while nobody was there."""

_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Slip:
    """Which request a held message belongs to.

    Attributes:
        sender: the id that the request is kept under.
        asked_at: when the request was opened; a later one of the same sender is another one.
    """

    account: ChannelAccount
    sender: SenderId
    asked_at: Instant

    def bound(self) -> bytes:
        """What a sealed message belongs to: it opens for nothing else."""
        account = self.account
        whole = [VERSION, account.channel.value, account.account, self.sender, self.asked_at]
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def file_name(self) -> str:
        """How the file of the request's message is called: who knows the request can see that there is one."""
        digest = hashlib.sha256(self.bound()).hexdigest()[:32]
        return f"{self.account.channel}-{self.account.account}-{digest}.json"


class Fate(StrEnum):
    """What becomes of a held message."""

    KEEP = "keep"
    """Its request waits."""
    HAND_OVER = "hand over"
    """Its request was approved."""
    DROP = "drop"
    """Its request ended in any other way."""


def fate(slip: Slip, known: Senders, *, now: Instant) -> Fate:
    """What becomes of a message, by what is known of its account's senders, whoever decided.

    An approval without a time is the reference's; it is taken to be of this request.
    """
    if any(one.sender == slip.sender and one.created_at == slip.asked_at for one in known.waiting(now)):
        return Fate.KEEP
    key = find(known.allowed, slip.sender)
    if key is None or known.is_blocked(slip.sender) or not known.is_allowed(slip.sender, now=now):
        return Fate.DROP
    approved_at = known.allowed[key].approved_at
    meant = approved_at is None or 0 <= approved_at - slip.asked_at < TTL_MS
    return Fate.HAND_OVER if meant and now - slip.asked_at < KEEP_MS else Fate.DROP


def clipped(text: str) -> str:
    """As much of a text as is kept, with a sign where it was cut; never half a character."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MAX_BYTES:
        return text
    return data[: MAX_BYTES - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT
