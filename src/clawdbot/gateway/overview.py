"""What is on, who waits, what to do next: the gateway's first lines and ``clawdbot status``."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never
from urllib.parse import urlsplit

from msgspec import to_builtins

from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.texts import add_command, login_command, visible
from clawdbot.errors import ChannelRefused, NeedsLogin
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import check_login, check_session
from clawdbot.gateway.instance import Instance
from clawdbot.gateway.reports import LONGEST, AccountReport, accounts_of
from clawdbot.paths import Paths
from clawdbot.service import Service

PERHAPS: Final = "; the gateway that runs may have it, and does not tell this terminal"
"""Behind what is missing here, where a gateway runs that cannot be asked; :data:`ASK` says why not."""
ASK: Final = "clawdbot gateway status"


@dataclass(frozen=True, slots=True)
class AccountOverview:
    """One configured channel account. The counts are people: waiting, approved by pairing, blocked."""

    account: ChannelAccount
    enabled: bool
    policy: DmPolicy
    waiting: int
    approved: int
    blocked: int
    problem: str
    """What keeps an enabled account from being run, as far as is seen from here; the gateway knows better."""
    live: AccountReport | None = None
    """How it does now, if a gateway told."""
    way_out: str = ""
    """The command that mends the problem."""
    everyone: bool = False
    """Does its list hold ``"*"``?"""

    @property
    def runs(self) -> bool:
        return self.enabled and not self.problem

    @property
    def admits(self) -> str:
        """The policy, and whom it lets in where the word alone could be taken for something else (threats.md D4)."""
        if self.everyone and self.policy is not DmPolicy.DISABLED:
            return f"{self.policy}: everybody is in"
        if self.policy is DmPolicy.OPEN:
            return 'open without "*": only who is listed or approved is in'
        return self.policy


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole of a state directory at a glance."""

    paths: Paths
    config_exists: bool
    gateway: Instance | None
    not_ready: tuple[str, ...]
    """Why that gateway could not serve anybody now, as it says."""
    assistant: str
    accounts: tuple[AccountOverview, ...]
    next_steps: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The shape of ``clawdbot status --json``."""
        return {
            "stateDir": str(self.paths.state_dir),
            "configPath": str(self.paths.config_path),
            "configExists": self.config_exists,
            "gateway": {
                "running": self.gateway is not None,
                "pid": (self.gateway.pid or None) if self.gateway else None,
                "url": (self.gateway.url or None) if self.gateway else None,
                "notReady": list(self.not_ready),
            },
            "assistant": self.assistant,
            "accounts": [
                {
                    "channel": one.account.channel,
                    "account": one.account.account,
                    "enabled": one.enabled,
                    "dmPolicy": one.policy,
                    "everybody": one.everyone and one.policy is not DmPolicy.DISABLED,
                    "waiting": one.waiting,
                    "approved": one.approved,
                    "blocked": one.blocked,
                    "problem": one.problem or None,
                    "live": to_builtins(one.live),
                }
                for one in self.accounts
            ],
            "next": list(self.next_steps),
        }


async def look(
    paths: Paths,
    config: Config,
    service: Service,
    *,
    health: object = None,
    is_silent: bool = False,
    not_ready: tuple[str, ...] = (),
) -> Overview:
    """Look at everything that is on.

    Args:
        health: what a running gateway answered to ``health``, if it did.
        is_silent: one runs, and told nothing.
        not_ready: what it says against itself.

    Raises:
        StoreError: the state cannot be read.
    """
    live = accounts_of(health)
    known = with_those_that_run(config, live).values()
    accounts = tuple([await _look_at(one, service, paths, live.get(one.account)) for one in known])
    if is_silent:
        lacking = {one.account for one in known if one.enabled and one.token_problem}
        accounts = tuple(_perhaps(one) if one.account in lacking else one for one in accounts)
    gateway = instance.find(paths.state_dir)
    return Overview(
        paths=paths,
        config_exists=paths.config_path.exists(),
        gateway=gateway,
        not_ready=not_ready,
        assistant=_assistant(config),
        accounts=accounts,
        next_steps=(
            *(["clawdbot doctor"] if not_ready else []),
            *_next_steps(config, accounts, gateway_runs=gateway is not None),
        ),
    )


def with_those_that_run(config: Config, live: Iterable[ChannelAccount]) -> dict[ChannelAccount, AccountConfig]:
    """The configured accounts, and those that a gateway alone has: by a token in its environment, with all defaults."""
    return {**config.accounts, **{one: AccountConfig(one) for one in live if one not in config.accounts}}


async def _look_at(
    settings: AccountConfig, service: Service, paths: Paths, live: AccountReport | None
) -> AccountOverview:
    known = await service.read(settings.account)
    problem, way_out = _problem(settings, paths) if settings.enabled and live is None else ("", "")
    return AccountOverview(
        account=settings.account,
        enabled=settings.enabled,
        policy=settings.rules.policy,
        waiting=len(await service.waiting(settings.account)),
        approved=len(known.allowed),
        blocked=len(known.blocked),
        problem=problem,
        live=live,
        way_out=way_out,
        everyone=settings.rules.everyone,
    )


def _perhaps(one: AccountOverview) -> AccountOverview:
    """What an account lacks here is perhaps in the gateway's environment."""
    return replace(one, problem=f"{one.problem}{PERHAPS}", way_out=ASK)


def _problem(settings: AccountConfig, paths: Paths) -> tuple[str, str]:
    """What keeps it from being run, and the command that mends it."""
    try:
        check_login(settings)
        check_session(settings, paths.state_dir)
    except NeedsLogin as missing:
        return missing.message, login_command(settings.account)
    except ChannelRefused as refused:
        return refused.message, add_command(settings.account)
    return "", ""


def _assistant(config: Config) -> str:
    match config.assistant:
        case CommandSettings() as settings:
            return f"the command {settings.argv[0]}{'' if shutil.which(settings.argv[0]) else ' (not found from here)'}"
        case HttpSettings() as settings:
            return f"{settings.model} at {urlsplit(settings.url).hostname or 'an endpoint'}"
        case PythonSettings() as settings:
            return f"the Python callable {settings.target}"
        case None:
            return "none yet"
        case _:
            assert_never(config.assistant)


def _next_steps(config: Config, accounts: tuple[AccountOverview, ...], *, gateway_runs: bool) -> list[str]:
    steps = [f"clawdbot pairing list {one.account.channel}" for one in accounts if one.waiting]
    steps += [one.way_out for one in accounts if one.problem]
    steps += [visible(one.live.hint, LONGEST) for one in accounts if one.live and one.live.hint and not one.problem]
    if not any(one.enabled for one in accounts):
        steps.append(add_command(ChannelAccount(Channel.TELEGRAM)))
    if config.assistant is None:
        steps.append("set assistant.command, assistant.url or assistant.python in the configuration")
    if not gateway_runs and any(one.runs for one in accounts):
        steps.append("clawdbot gateway")
    if not steps:
        steps.append("write to the bot; whoever it does not know waits in: clawdbot pairing list")
    return list(dict.fromkeys(steps))


def lines(overview: Overview) -> list[str]:
    """The overview for people."""
    gateway = overview.gateway
    found = [
        ("state", str(overview.paths.state_dir)),
        ("config", f"{overview.paths.config_path}{'' if overview.config_exists else ' (not there: all defaults)'}"),
        ("gateway", f"running{gateway.described}" if gateway else "not running"),
        *(("", f"not ready: {visible(text, LONGEST)}") for text in overview.not_ready),
        ("assistant", overview.assistant),
        *((str(one.account), _account_line(one)) for one in overview.accounts),
        *([] if overview.accounts else [("channels", "none yet")]),
        *(("next:", step) for step in overview.next_steps),
    ]
    width = max(len(label) for label, _ in found)
    return [f"{label:<{width}}  {text}" for label, text in found]


def _account_line(one: AccountOverview) -> str:
    live = f"{one.live.described}; " if one.live else ""
    state = one.problem or (f"{live}policy {one.admits}" if one.enabled else "switched off")
    return f"{state}; {one.waiting} waiting, {one.approved} approved, {one.blocked} blocked"
