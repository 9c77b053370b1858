"""A Telegram of our own, and the real adapter on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity
from clawdbot.channels.telegram.adapter import TelegramAdapter, Timing
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.fakes.telegram import FakeTelegram
from tests.support.desk import Desk
from tests.support.waiting import eventually

ACCOUNT = ChannelAccount(Channel.TELEGRAM)
SOON = Backoff(first=0.01, most=0.02)
FAST = Timing(poll=10, answer=5.0, lull=0.02, conflict=0.05, flood=5.0, grace=0.05, patience=3, backoff=SOON)


@dataclass
class Running:
    """An adapter that receives: ``run`` is its task."""

    adapter: TelegramAdapter
    desk: Desk
    run: asyncio.Task[None]
    ready: list[BotIdentity]


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
    made = TelegramAdapter(ACCOUNT, Secret(telegram.token), state_dir=tmp_path, api_base=telegram.url, timing=FAST)
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
            state_dir=tmp_path,
            api_base=telegram.url if base is None else base,
            timing=timing,
        )
        desk, ready = desk or Desk(), list[BotIdentity]()
        run = asyncio.create_task(adapter.run(desk, ready.append))
        try:
            await eventually(lambda: ready or run.done(), "the adapter is ready")
            yield Running(adapter, desk, run, ready)
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            await adapter.close()

    return started
