"""A Discord of our own, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.discord.adapter import DiscordAdapter
from clawdbot.channels.discord.timing import Timing
from clawdbot.channels.settings import DiscordSettings
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.fakes.discord import FakeDiscord
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.DISCORD)
FAST = Timing(answer=5.0, flood=5.0, grace=0.05, patience=3, backoff=SOON)
MESSAGES = "/channels/{}/messages"


Running = adapters.Running[DiscordAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(
        self, desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None
    ) -> AbstractAsyncContextManager[Running]: ...


def adapter_of(
    discord: FakeDiscord, state_dir: Path, *, timing: Timing = FAST, token: str | None = None
) -> DiscordAdapter:
    settings = DiscordSettings(discord.api_base, discord.gateway.url)
    return DiscordAdapter(ACCOUNT, Secret(token or discord.token), settings, state_dir=state_dir, timing=timing)


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def adapter(discord: FakeDiscord, tmp_path: Path) -> AsyncIterator[DiscordAdapter]:
    """An adapter that does not receive."""
    made = adapter_of(discord, tmp_path)
    yield made
    await made.close()


@pytest.fixture
def receive(discord: FakeDiscord, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""

    @asynccontextmanager
    async def started(
        desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None
    ) -> AsyncIterator[Running]:
        adapter = adapter_of(discord, tmp_path, timing=timing, token=token)
        async with receiving(adapter, desk) as running:
            yield running

    return started
