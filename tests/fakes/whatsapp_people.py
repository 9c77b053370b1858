"""People on the WhatsApp of our own."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol


class Service(Protocol):
    """Where people are."""

    def push(self, message: dict[str, object]) -> None:
        """Hand a message over to the account."""

    def new_id(self) -> str:
        """The id of a message."""


@dataclass
class FakeUser:
    """A person on WhatsApp.

    Attributes:
        shows: what his messages show of him: ``both`` ids, the ``number`` alone, or the ``lid`` alone.
        on_whatsapp: he can be written to.
    """

    whatsapp: Service
    number: str
    lid: str
    name: str
    shows: str = "both"
    on_whatsapp: bool = True
    received: list[str] = field(default_factory=list)
    last: dict[str, object] = field(default_factory=dict)
    _mail: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    @property
    def phone_jid(self) -> str:
        return f"{self.number[1:]}@s.whatsapp.net"

    @property
    def lid_jid(self) -> str:
        return f"{self.lid}@lid"

    @property
    def chat(self) -> str:
        """His chat, as new accounts have it: named by LID, if that is known."""
        return self.phone_jid if self.shows == "number" else self.lid_jid

    @property
    def sender(self) -> str:
        return f"lid:{self.lid}" if self.shows == "lid" else self.number

    @property
    def id_line(self) -> str:
        what = "sender id" if self.shows == "lid" else "phone number"
        return f"Your WhatsApp {what}: {self.sender}"

    def write(self, text: str, **more: object) -> str:
        """Send a direct message, or whatever ``more`` makes of it; its id."""
        self.last = self.message(text=text, **more)
        self.whatsapp.push(self.last)
        return str(self.last["id"])

    def message(self, **more: object) -> dict[str, object]:
        """A message as a bridge hands it over; ``None`` leaves a field out."""
        base: dict[str, object] = {
            "id": self.whatsapp.new_id(),
            "chat": self.chat,
            "sender": self.chat,
            "senderAlt": self.phone_jid if self.shows == "both" else None,
            "time": int(time.time() * 1000),
            "name": self.name,
        }
        return {key: value for key, value in (base | more).items() if value is not None}

    def get(self, text: str) -> None:
        self.received.append(text)
        self._mail.put_nowait(text)

    async def next_message(self, timeout: float = 30.0) -> str:
        async with asyncio.timeout(timeout):
            return await self._mail.get()
