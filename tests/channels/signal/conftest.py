"""A signal-cli of our own, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal.adapter import SignalAdapter, Timing
from clawdbot.domain.names import Channel, ChannelAccount
from tests.fakes.signal import FakeSignal
from tests.fakes.signal_people import NUMBER
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.SIGNAL)
FAST = Timing(answer=5.0, silence=10.0, steady=0.0, flood=5.0, grace=0.05, patience=3, backoff=SOON)


Running = adapters.Running[SignalAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(
        self, desk: Desk | None = None, *, timing: Timing = FAST, settings: SignalSettings | None = None
    ) -> AbstractAsyncContextManager[Running]: ...


@pytest.fixture
async def signal() -> AsyncIterator[FakeSignal]:
    async with FakeSignal() as fake:
        yield fake


@pytest.fixture
def settings(signal: FakeSignal) -> SignalSettings:
    """A daemon that runs already."""
    return SignalSettings(account=NUMBER, http_url=signal.url, auto_start=False)


@pytest.fixture
async def adapter(settings: SignalSettings, tmp_path: Path) -> AsyncIterator[SignalAdapter]:
    """An adapter that does not receive."""
    made = SignalAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=FAST)
    yield made
    await made.close()


@pytest.fixture
def receive(settings: SignalSettings, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""
    usual = settings

    @asynccontextmanager
    async def started(
        desk: Desk | None = None, *, timing: Timing = FAST, settings: SignalSettings | None = None
    ) -> AsyncIterator[Running]:
        adapter = SignalAdapter(ACCOUNT, settings or usual, state_dir=tmp_path, timing=timing)
        async with receiving(adapter, desk) as running:
            yield running

    return started
