"""Our own messages on their way back.

Messages first writes down what we send without saying that it is ours, and corrects that a moment later; whoever looks
in between takes it for a message of the person it went to. An assistant would answer itself for ever.
"""

import hashlib
import re
import time
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

from clawdbot.domain.texts import APPROVED


@dataclass(slots=True, eq=False)
class Sent:
    """A message of ours that has not come back yet. Its text is not kept (threats.md S7)."""

    where: str
    digest: bytes
    at: float
    guid: str = ""


class Echoes:
    """What was sent lately. Each message comes back once; the first row that fits is it.

    Args:
        keep_s: how long a message may take to come back.
        most: how many are remembered; the oldest are forgotten first.
    """

    def __init__(self, *, keep_s: float = 120.0, most: int = 200, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._sent: list[Sent] = []
        self._notice = _digest(APPROVED)

    def sending(self, where: str, text: str) -> Sent:
        """Take note of a message before it is sent: it may come back before the answer does.

        Args:
            where: the conversation, or the person's id.
        """
        sent = Sent(where, _digest(text), self._clock())
        self._sent = [*self._recent(), sent][-self._most :]
        return sent

    def not_sent(self, sent: Sent) -> None:
        """It will not come back."""
        self._sent = [each for each in self._sent if each is not sent]

    def absorb(self, where: Collection[str], text: str, guid: str) -> bool:
        """Is this row, ours by its flag or not, a message of ours that comes back? If so, it has come back.

        The notice of an approval always is: the command line sends it, not we.

        Args:
            where: what the row's conversation may be called.
        """
        digest = _digest(text)
        self._sent = self._recent()
        for sent in self._sent:
            if (guid and sent.guid == guid) or (sent.digest == digest and sent.where in where):
                self.not_sent(sent)
                return True
        return digest == self._notice

    def _recent(self) -> list[Sent]:
        oldest = self._clock() - self._keep_s
        return [sent for sent in self._sent if sent.at >= oldest]


def _digest(text: str) -> bytes:
    """Messages may compose characters anew and trim blanks."""
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
    return hashlib.sha256(plain.encode("utf-8", "replace")).digest()
