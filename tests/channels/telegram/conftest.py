"""A Telegram of our own, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.settings import TelegramSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter, Timing
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.fakes.telegram import FakeTelegram
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.TELEGRAM)
FAST = Timing(poll=10, answer=5.0, lull=0.02, conflict=0.05, flood=5.0, grace=0.05, patience=3, backoff=SOON)


Running = adapters.Running[TelegramAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(
        self, desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None, base: str | None = None
    ) -> AbstractAsyncContextManager[Running]: ...


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def adapter(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[TelegramAdapter]:
    """An adapter that does not receive."""
    made = TelegramAdapter(
        ACCOUNT, Secret(telegram.token), TelegramSettings(telegram.url), state_dir=tmp_path, timing=FAST
    )
    yield made
    await made.close()


@pytest.fixture
def receive(telegram: FakeTelegram, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""

    @asynccontextmanager
    async def started(
        desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None, base: str | None = None
    ) -> AsyncIterator[Running]:
        adapter = TelegramAdapter(
            ACCOUNT,
            Secret(telegram.token if token is None else token),
            TelegramSettings(telegram.url if base is None else base),
            state_dir=tmp_path,
            timing=timing,
        )
        async with receiving(adapter, desk) as running:
            yield running

    return started
