"""Takes messages over from an adapter, and lets a test decide how that goes."""

import asyncio
from collections import defaultdict

from clawdbot.channels.base import DirectMessage
from tests.support.waiting import eventually


class Desk:
    """A :data:`~clawdbot.channels.base.Deliver`: ``begun`` and ``ended`` are the texts, in order."""

    def __init__(self) -> None:
        self.messages: list[DirectMessage] = []
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._held: dict[str, asyncio.Event] = {}
        self._refusals: defaultdict[str, list[BaseException]] = defaultdict(list)

    async def __call__(self, message: DirectMessage) -> None:
        self.messages.append(message)
        self.begun.append(message.text)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if message.text in self._held:
                await self._held[message.text].wait()
            if self._refusals[message.text]:
                raise self._refusals[message.text].pop(0)
        finally:
            self._at_once -= 1
        self.ended.append(message.text)

    def hold(self, text: str) -> asyncio.Event:
        """Let a message not end before the event is set."""
        self._held[text] = asyncio.Event()
        return self._held[text]

    def refuse(self, text: str, *errors: BaseException) -> None:
        """Let the next deliveries of a message fail."""
        self._refusals[text].extend(errors)

    async def wait_begun(self, *texts: str) -> None:
        await eventually(lambda: set(texts) <= set(self.begun), f"{texts} begin; begun: {self.begun}")

    async def wait_ended(self, *texts: str) -> None:
        await eventually(lambda: set(texts) <= set(self.ended), f"{texts} end; ended: {self.ended}")
