"""Keeps the configured channels running: starts, restarts with back-off, follows the configuration.

One channel's failure never touches another. What trying again cannot mend (a refused token) is left alone until the
account's configuration changes.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import BotIdentity, ChannelAdapter, Deliver, Report
from clawdbot.config import AccountConfig, Config
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    ClawdbotError,
    ConfigError,
    LoggedOut,
    NeedsLogin,
    RateLimited,
    TokenRefused,
)

log = logging.getLogger("clawdbot")

LOOK_S = 1.0
"""How often the configuration is looked at for accounts that came, went or changed."""


class State(StrEnum):
    """Where a channel account stands."""

    CONNECTING = "connecting"
    READY = "ready"
    RETRYING = "retrying"
    RATE_LIMITED = "rate-limited"
    NEEDS_LOGIN = "needs login"
    LOGGED_OUT = "logged out"
    BANNED = "banned"
    TOKEN_REFUSED = "token refused"  # noqa: S105 – a state
    REFUSED = "refused"


GIVEN_UP = frozenset({State.NEEDS_LOGIN, State.LOGGED_OUT, State.BANNED, State.TOKEN_REFUSED, State.REFUSED})
"""What trying again cannot mend."""


def state_of(failure: ClawdbotError) -> State:
    """Where a failure leaves a channel."""
    match failure:
        case NeedsLogin():
            return State.NEEDS_LOGIN
        case LoggedOut():
            return State.LOGGED_OUT
        case Banned():
            return State.BANNED
        case TokenRefused():
            return State.TOKEN_REFUSED
        case ChannelRefused():
            return State.REFUSED
        case RateLimited():
            return State.RATE_LIMITED
        case _:
            return State.RETRYING


@dataclass(frozen=True, slots=True)
class Status:
    """How one channel account does, for people: the last error and what to do about it."""

    state: State
    bot: BotIdentity | None = None
    error: str = ""
    hint: str = ""


class Supervisor:
    """Runs one task for each account that is configured, enabled and has a token.

    Args:
        config: the configuration as it is now; may raise ConfigError, which changes nothing.
        open_adapter: makes an account's adapter; may raise ChannelRefused.
        stamp: changes when the owner has logged in anew, which the configuration need not show.
        deliver: takes each direct message (:data:`clawdbot.channels.base.Deliver`).
    """

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        open_adapter: Callable[[Config, ChannelAccount], ChannelAdapter],
        deliver: Deliver,
        stamp: Callable[[ChannelAccount], object] = lambda _: None,
        backoff: Backoff | None = None,
    ) -> None:
        self._config = config
        self._open = open_adapter
        self._deliver = deliver
        self._stamp = stamp
        self._backoff = backoff or Backoff()
        self._tasks: dict[ChannelAccount, tuple[object, asyncio.Task[None]]] = {}
        self._adapters: dict[ChannelAccount, ChannelAdapter] = {}
        self.status: dict[ChannelAccount, Status] = {}

    @property
    def ready(self) -> list[ChannelAccount]:
        """The accounts whose channel runs."""
        return [account for account, status in self.status.items() if status.state is State.READY]

    def adapter(self, account: ChannelAccount) -> ChannelAdapter:
        """The adapter that runs for an account. Raises ChannelRefused if none does."""
        try:
            return self._adapters[account]
        except KeyError:
            raise ChannelRefused(f"{account} does not run") from None

    async def run(self) -> None:
        """Follow the configuration until cancelled; then stop every channel cleanly."""
        broken = ""
        try:
            while True:
                try:
                    await self._follow(self._config())
                    broken = ""
                except ConfigError as error:
                    if str(error) != broken:
                        log.error("nobody is let in while the configuration is broken: %s", error)
                    broken = str(error)
                await asyncio.sleep(LOOK_S)
        finally:
            await self._stop(list(self._tasks))

    async def _follow(self, config: Config) -> None:
        wanted = {account: settings for account, settings in config.accounts.items() if settings.enabled}
        changed = [
            account
            for account, (login, _) in self._tasks.items()
            if account not in wanted or self._login(wanted[account]) != login
        ]
        await self._stop(changed)
        for account, settings in wanted.items():
            if account not in self._tasks:
                task = asyncio.create_task(self._keep_running(config, account), name=f"channel {account}")
                self._tasks[account] = (self._login(settings), task)

    def _login(self, settings: AccountConfig) -> object:
        """What a channel is started with. Policies and allowlists are not: the door reads them with each message."""
        stamp = self._stamp(settings.account)
        return settings.token, settings.token_problem, settings.app_token, settings.platform, stamp

    async def _stop(self, accounts: list[ChannelAccount]) -> None:
        tasks = [self._tasks.pop(account)[1] for account in accounts]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for account in accounts:
            self.status.pop(account, None)

    async def _keep_running(self, config: Config, account: ChannelAccount) -> None:
        try:
            adapter = self._open(config, account)
        except ChannelRefused as error:
            self._refused(account, error)
            return
        self._adapters[account] = adapter
        progress = _Progress(account, self.status)
        try:
            while True:
                self.status[account] = Status(State.CONNECTING)
                failure = await self._run_once(adapter, progress)
                if isinstance(failure, ChannelRefused):
                    self._refused(account, failure)
                    return
                progress.failures += 1
                delay = self._backoff.delay(progress.failures)
                progress.trouble(failure)
                log.warning("%s: %s; trying again in %.0f s", account, failure, delay)
                await asyncio.sleep(delay)
        finally:
            del self._adapters[account]
            await adapter.close()

    async def _run_once(self, adapter: ChannelAdapter, report: Report) -> ChannelFailed:
        """Run an adapter until it ends, which only trouble makes it do; says what the trouble was."""
        try:
            await adapter.run(self._deliver, report)
        except ChannelFailed as error:
            return error
        except ClawdbotError as error:
            return ChannelFailed(error.message, hint=error.hint)
        except Exception as defect:  # a defect of one channel must not end the others
            return ChannelFailed(f"a defect: {type(defect).__name__} at {_place(defect)}")
        return ChannelFailed("the channel ended by itself")

    def _refused(self, account: ChannelAccount, error: ChannelRefused) -> None:
        self.status[account] = Status(state_of(error), error=error.message, hint=error.hint)
        log.error("%s: %s%s", account, error, f"; {error.hint}" if error.hint else "")


@dataclass(slots=True)
class _Progress:
    """What an adapter tells about itself, as the account's status.

    Attributes:
        failures: how many runs have failed since it was last ready.
    """

    account: ChannelAccount
    statuses: dict[ChannelAccount, Status]
    failures: int = 0

    def ready(self, bot: BotIdentity) -> None:
        self.failures = 0
        self.statuses[self.account] = Status(State.READY, bot)
        log.info("%s: ready as %s", self.account, bot.name)

    def trouble(self, failure: ChannelFailed) -> None:
        self.statuses[self.account] = Status(state_of(failure), error=failure.message, hint=failure.hint)


def _place(defect: Exception) -> str:
    """Where an exception was raised. Its message may hold what somebody wrote, and stays out (threats.md S7)."""
    frames = traceback.extract_tb(defect.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
