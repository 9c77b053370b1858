"""A Slack of our own, and the real adapter on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from clawdbot.channels.settings import SlackSettings
from clawdbot.channels.slack.adapter import SlackAdapter
from clawdbot.channels.slack.line import Timing
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.fakes.slack import FakeSlack
from tests.support import adapters
from tests.support.adapters import SOON, receiving
from tests.support.desk import Desk

ACCOUNT = ChannelAccount(Channel.SLACK)
FAST = Timing(answer=5.0, ping=0.2, hello=5.0, steady=3600.0, flood=5.0, grace=0.05, patience=1000, backoff=SOON)


Running = adapters.Running[SlackAdapter]
"""An adapter that receives."""


class Receive(Protocol):
    def __call__(
        self, desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None, app_token: str | None = None
    ) -> AbstractAsyncContextManager[Running]: ...


def adapter_for(
    slack: FakeSlack, state_dir: Path, timing: Timing = FAST, token: str | None = None, app_token: str | None = None
) -> SlackAdapter:
    bot, app = Secret(slack.token if token is None else token), Secret(app_token or slack.app_token)
    return SlackAdapter(ACCOUNT, bot, app, SlackSettings(slack.api_base), state_dir=state_dir, timing=timing)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def adapter(slack: FakeSlack, tmp_path: Path) -> AsyncIterator[SlackAdapter]:
    """An adapter that does not receive."""
    made = adapter_for(slack, tmp_path)
    yield made
    await made.close()


@pytest.fixture
def receive(slack: FakeSlack, tmp_path: Path) -> Receive:
    """Start an adapter on the same state directory each time, and stop it as the gateway does."""

    @asynccontextmanager
    async def started(
        desk: Desk | None = None, *, timing: Timing = FAST, token: str | None = None, app_token: str | None = None
    ) -> AsyncIterator[Running]:
        adapter = adapter_for(slack, tmp_path, timing, token, app_token)
        async with receiving(adapter, desk) as running:
            yield running

    return started
