"""A Mac of our own, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.imessage.adapter import ImessageAdapter, Timing
from clawdbot.channels.settings import ImessageSettings
from clawdbot.domain.names import Channel, ChannelAccount
from tests.fakes.imessage import FakeImessage
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.IMESSAGE)
FAST = Timing(answer=10.0, flood=10.0, grace=0.05, patience=3, backoff=SOON)


Running = adapters.Running[ImessageAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(self, desk: Desk | None = None, *, timing: Timing = FAST) -> AbstractAsyncContextManager[Running]: ...


@pytest.fixture
async def mac() -> AsyncIterator[FakeImessage]:
    async with FakeImessage() as fake:
        yield fake


@pytest.fixture
def adapter(mac: FakeImessage, tmp_path: Path) -> ImessageAdapter:
    """An adapter that does not receive."""
    return ImessageAdapter(ACCOUNT, ImessageSettings(cli_path=str(mac.program)), state_dir=tmp_path, timing=FAST)


@pytest.fixture
def receive(mac: FakeImessage, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""

    @asynccontextmanager
    async def started(desk: Desk | None = None, *, timing: Timing = FAST) -> AsyncIterator[Running]:
        settings = ImessageSettings(cli_path=str(mac.program))
        adapter = ImessageAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=timing)
        async with receiving(adapter, desk) as running:
            yield running

    return started
