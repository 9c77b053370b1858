"""A bot that asks somebody, over the real adapter of its channel on a platform of our own; and what is pressed then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clawdbot.channels.base import Button, Press
from clawdbot.config import ConfigFile
from clawdbot.domain.names import SenderId
from clawdbot.gateway.adapters import open_adapter
from tests.support.adapters import SOON, Running, receiving
from tests.support.bots import Bot
from tests.support.channels import Presser
from tests.support.desk import Desk

ROWS = [[Button("✅ Approve", "approve K7QXM"), Button("Reject", "reject K7QXM")]]


@dataclass
class Owner:
    """Takes presses over: what was pressed, and how each is answered."""

    presses: list[Press] = field(default_factory=list)
    answer: str = "Approved."
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    failing: Exception | None = None

    def __post_init__(self) -> None:
        self.hold.set()

    async def __call__(self, press: Press) -> str:
        self.presses.append(press)
        await self.hold.wait()
        if self.failing:
            raise self.failing
        return self.answer


@dataclass
class Scene:
    """A bot that receives, and Alice, who has written to it."""

    running: Running[Any]
    owner: Owner
    alice: Presser

    @property
    def adapter(self) -> Any:
        return self.running.adapter

    async def ask(self, text: str = "Eve waits") -> Any:
        """The message that Alice gets; as her ``buttons`` calls it."""
        before = set(self.alice.buttons())
        await self.adapter.ask(SenderId(self.alice.sender), text, ROWS)
        (message,) = set(self.alice.buttons()) - before
        return message


@asynccontextmanager
async def scene(platform: Any, tmp_path: Path, owner: Owner | None = None, **timing: Any) -> AsyncIterator[Scene]:
    """Alice has written, and is listened to; ``timing`` changes how long things take."""
    state = Bot(platform.channel, tmp_path)
    state.configure(**platform.settings())
    config = ConfigFile(tmp_path / "clawdbot.json", {"HOME": str(tmp_path)}).current()
    adapter: Any = open_adapter(config, state.account(), tmp_path)
    adapter._timing = replace(adapter._timing, grace=0.05, backoff=SOON, **timing)
    owner = owner or Owner()
    adapter.on_press(owner)
    alice, desk = platform.person(1, "Alice"), Desk()
    async with receiving(adapter, desk) as running:
        alice.write("hello")
        await desk.wait_ended("hello")
        yield Scene(running, owner, alice)


async def cut_off(tasks: Sequence[asyncio.Future[str]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
