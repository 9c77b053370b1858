"""Channels under supervision: restarted with back-off, left alone when refused, following the configuration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity, ChannelAdapter, Deliver, DirectMessage, Report
from clawdbot.config import AccountConfig, Config
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    ConfigError,
    LoggedOut,
    NeedsLogin,
    RateLimited,
    TokenRefused,
)
from clawdbot.gateway import supervisor
from clawdbot.gateway.supervisor import State, Supervisor
from tests.support.people import Platform

ONE = ChannelAccount(Channel.TELEGRAM)
TWO = ChannelAccount(Channel.TELEGRAM, AccountId("two"))


@dataclass
class Line(Platform):
    """An adapter whose runs end as they are told: one outcome a run, then it stays ready."""

    outcomes: list[Exception] = field(default_factory=list)
    runs: int = 0
    closed: bool = False
    report: Report | None = None

    async def run(self, deliver: Deliver, report: Report) -> None:
        self.runs += 1
        if self.outcomes:
            raise self.outcomes.pop(0)
        self.report = report
        report.ready(BotIdentity("1", "bot"))
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True


@dataclass
class Setting:
    """A supervisor, the configuration that it follows, and the lines that it opened."""

    config: Config
    lines: dict[ChannelAccount, Line]
    broken: bool = False
    opened: list[ChannelAccount] = field(default_factory=list)
    looks: int = 0
    stamp: int = 0

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(
            config=self.read,
            open_adapter=self.open,
            deliver=_nobody,
            stamp=lambda _: self.stamp,
            backoff=Backoff(first=0.001, most=0.01),
        )

    def read(self) -> Config:
        self.looks += 1
        if self.broken:
            raise ConfigError("clawdbot.json: broken")
        return self.config

    def open(self, config: Config, account: ChannelAccount) -> ChannelAdapter:
        self.opened.append(account)
        return self.lines[account]

    async def until(self, account: ChannelAccount, state: State) -> None:
        async with asyncio.timeout(10):
            while (status := self.supervisor.status.get(account)) is None or status.state is not state:
                await asyncio.sleep(0.001)

    async def looked_again(self) -> None:
        """The supervisor has looked at the configuration as it is now, and acted on it."""
        looks = self.looks
        async with asyncio.timeout(10):
            while self.looks < looks + 2:
                await asyncio.sleep(0.001)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def _nobody(_: DirectMessage) -> None:
    raise AssertionError("nobody wrote")


def config_of(*accounts: ChannelAccount, token: str = "t") -> Config:
    return Config(accounts={one: AccountConfig(one, token=Secret(token)) for one in accounts})


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOOK_S", 0.001)


async def test_a_channel_that_fails_is_restarted() -> None:
    """Platform trouble and defects alike: tried again until it is ready."""
    line = Line(ONE, outcomes=[ChannelFailed("no network"), RuntimeError("defect"), ChannelFailed("again")])
    setting = Setting(config_of(ONE), {ONE: line})
    async with setting.running():
        await setting.until(ONE, State.READY)
        assert line.runs == 4
    assert line.closed


async def test_a_refused_channel_is_left_alone_until_its_configuration_changes() -> None:
    """A refused token is not tried again blindly; a new one is, and the other channel never noticed."""
    refused = Line(ONE, outcomes=[ChannelRefused("the token was refused", hint="get another")])
    setting = Setting(config_of(ONE, TWO), {ONE: refused, TWO: Line(TWO)})
    async with setting.running():
        await setting.until(ONE, State.REFUSED)
        await setting.until(TWO, State.READY)
        assert setting.supervisor.status[ONE].hint == "get another"
        with pytest.raises(ChannelRefused):
            setting.supervisor.adapter(ONE)
        setting.config = Config(accounts=dict(config_of(ONE, token="new").accounts) | dict(config_of(TWO).accounts))
        await setting.until(ONE, State.READY)
        assert setting.opened.count(ONE) == 2
        assert setting.opened.count(TWO) == 1
        assert refused.runs == 2


async def test_a_new_policy_restarts_nothing() -> None:
    """Who may write is the door's to read; the channel goes on."""
    line = Line(ONE)
    setting = Setting(config_of(ONE), {ONE: line})
    async with setting.running():
        await setting.until(ONE, State.READY)
        rules = DmRules(policy=DmPolicy.OPEN)
        setting.config = Config(accounts={ONE: AccountConfig(ONE, token=Secret("t"), rules=rules, cap=9)})
        await setting.looked_again()
        assert (line.runs, line.closed) == (1, False)


async def test_accounts_come_and_go_with_the_configuration() -> None:
    """An account that is added starts, one that is taken out stops; a broken configuration changes nothing."""
    lines = {ONE: Line(ONE), TWO: Line(TWO)}
    setting = Setting(config_of(ONE), lines)
    async with setting.running():
        await setting.until(ONE, State.READY)
        setting.broken = True
        await setting.looked_again()
        assert setting.supervisor.status[ONE].state is State.READY
        setting.broken = False
        setting.config = config_of(TWO)
        await setting.until(TWO, State.READY)
        assert lines[ONE].closed
        assert ONE not in setting.supervisor.status
    assert lines[TWO].closed


async def test_an_account_that_was_given_up_begins_anew_when_its_owner_logs_in() -> None:
    """The configuration is the same as before; only the login's stamp has changed."""
    setting = Setting(config_of(ONE), {ONE: Line(ONE, outcomes=[NeedsLogin("nobody has logged in", hint="log in")])})
    async with setting.running():
        await setting.until(ONE, State.NEEDS_LOGIN)
        await setting.looked_again()
        assert setting.opened == [ONE]
        setting.stamp += 1
        await setting.until(ONE, State.READY)
        assert setting.opened == [ONE, ONE]


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (ChannelFailed("x"), State.RETRYING),
        (RateLimited("x"), State.RATE_LIMITED),
        (ChannelRefused("x"), State.REFUSED),
        (TokenRefused("x"), State.TOKEN_REFUSED),
        (NeedsLogin("x"), State.NEEDS_LOGIN),
        (LoggedOut("x"), State.LOGGED_OUT),
        (Banned("x"), State.BANNED),
    ],
)
def test_each_failure_leaves_its_own_state(failure: ChannelFailed, state: State) -> None:
    assert supervisor.state_of(failure) is state


async def test_trouble_that_an_adapter_mends_itself_shows_until_it_is_ready_again() -> None:
    line = Line(ONE)
    setting = Setting(config_of(ONE), {ONE: line})
    async with setting.running():
        await setting.until(ONE, State.READY)
        assert line.report is not None
        line.report.trouble(RateLimited("wait", hint="wait a minute"))
        assert setting.supervisor.status[ONE].state is State.RATE_LIMITED
        line.report.ready(BotIdentity("1", "bot"))
        assert setting.supervisor.status[ONE].state is State.READY
        assert line.runs == 1
