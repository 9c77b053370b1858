"""What is on, who waits, what to do next: the gateway's first lines and ``clawdbot status``."""

import shutil
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

from msgspec import to_builtins

from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.texts import add_command, visible
from clawdbot.errors import ChannelRefused
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import check_login
from clawdbot.gateway.instance import Instance
from clawdbot.gateway.reports import LONGEST, AccountReport, accounts_of
from clawdbot.paths import Paths
from clawdbot.service import Service


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
    """What keeps an enabled account from being run."""
    live: AccountReport | None = None
    """How it does now, if a gateway told."""

    @property
    def runs(self) -> bool:
        return self.enabled and not self.problem


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole of a state directory at a glance."""

    paths: Paths
    config_exists: bool
    gateway: Instance | None
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
            },
            "assistant": self.assistant,
            "accounts": [
                {
                    "channel": one.account.channel,
                    "account": one.account.account,
                    "enabled": one.enabled,
                    "dmPolicy": one.policy,
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


async def look(paths: Paths, config: Config, service: Service, *, health: object = None) -> Overview:
    """Look at everything that is on.

    Args:
        health: what a running gateway answered to ``health``, if it did.

    Raises:
        StoreError: the state cannot be read.
    """
    live = accounts_of(health)
    accounts = tuple(
        [await _look_at(settings, service, live.get(settings.account)) for settings in config.accounts.values()]
    )
    gateway = instance.find(paths.state_dir)
    return Overview(
        paths=paths,
        config_exists=paths.config_path.exists(),
        gateway=gateway,
        assistant=_assistant(config),
        accounts=accounts,
        next_steps=tuple(_next_steps(config, accounts, gateway_runs=gateway is not None)),
    )


async def _look_at(settings: AccountConfig, service: Service, live: AccountReport | None) -> AccountOverview:
    known = await service.read(settings.account)
    return AccountOverview(
        account=settings.account,
        enabled=settings.enabled,
        policy=settings.rules.policy,
        waiting=len(await service.waiting(settings.account)),
        approved=len(known.allowed),
        blocked=len(known.blocked),
        problem=_problem(settings) if settings.enabled else "",
        live=live,
    )


def _problem(settings: AccountConfig) -> str:
    try:
        check_login(settings)
    except ChannelRefused as refused:
        return refused.message
    return ""


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
    steps += [add_command(one.account) for one in accounts if one.problem]
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
        ("assistant", overview.assistant),
        *((str(one.account), _account_line(one)) for one in overview.accounts),
        *([] if overview.accounts else [("channels", "none yet")]),
        *(("next:", step) for step in overview.next_steps),
    ]
    width = max(len(label) for label, _ in found)
    return [f"{label:<{width}}  {text}" for label, text in found]


def _account_line(one: AccountOverview) -> str:
    live = f"{one.live.described}; " if one.live else ""
    state = one.problem or (f"{live}policy {one.policy}" if one.enabled else "switched off")
    return f"{state}; {one.waiting} waiting, {one.approved} approved, {one.blocked} blocked"
