"""A WhatsApp of our own behind a bridge, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.whatsapp.adapter import WhatsappAdapter
from clawdbot.channels.whatsapp.connection import Timing
from clawdbot.domain.names import Channel, ChannelAccount
from tests.fakes.whatsapp import FakeWhatsapp
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.WHATSAPP)
FAST = Timing(connect=20, away=20, answer=5, flood=0.2, grace=0.05, stop=1, login=20, settle=0, backoff=SOON)


def settings(whatsapp: FakeWhatsapp) -> WhatsappSettings:
    command = whatsapp.settings()["bridgeCommand"]
    assert isinstance(command, list)
    return WhatsappSettings(bridge_command=tuple(command))


Running = adapters.Running[WhatsappAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(self, desk: Desk | None = None, *, timing: Timing = FAST) -> AbstractAsyncContextManager[Running]: ...


@pytest.fixture
async def whatsapp() -> AsyncIterator[FakeWhatsapp]:
    async with FakeWhatsapp() as fake:
        yield fake
        assert fake.wrongs == []


@pytest.fixture
def adapter(whatsapp: FakeWhatsapp, tmp_path: Path) -> WhatsappAdapter:
    """An adapter that does not receive."""
    return WhatsappAdapter(ACCOUNT, settings(whatsapp), state_dir=tmp_path, timing=FAST)


@pytest.fixture
def receive(whatsapp: FakeWhatsapp, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""

    @asynccontextmanager
    async def started(desk: Desk | None = None, *, timing: Timing = FAST) -> AsyncIterator[Running]:
        adapter = WhatsappAdapter(ACCOUNT, settings(whatsapp), state_dir=tmp_path, timing=timing)
        async with receiving(adapter, desk) as running:
            yield running

    return started
