"""What is on, who waits, what to do next: the gateway's first lines and ``clawdbot status``."""

from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.gateway import instance
from clawdbot.paths import Paths
from clawdbot.service import Service


@dataclass(frozen=True, slots=True)
class AccountOverview:
    """One configured channel account. The counts are people: waiting, approved by pairing, blocked."""

    account: ChannelAccount
    policy: DmPolicy
    waiting: int
    approved: int
    blocked: int
    problem: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole of a state directory at a glance."""

    paths: Paths
    config_exists: bool
    gateway_pid: int | None
    assistant: str
    accounts: tuple[AccountOverview, ...]
    next_steps: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The shape of ``clawdbot status --json``."""
        return {
            "stateDir": str(self.paths.state_dir),
            "configPath": str(self.paths.config_path),
            "configExists": self.config_exists,
            "gateway": {"running": self.gateway_pid is not None, "pid": self.gateway_pid or None},
            "assistant": self.assistant,
            "accounts": [
                {
                    "channel": one.account.channel,
                    "account": one.account.account,
                    "dmPolicy": one.policy,
                    "waiting": one.waiting,
                    "approved": one.approved,
                    "blocked": one.blocked,
                    "problem": one.problem or None,
                }
                for one in self.accounts
            ],
            "next": list(self.next_steps),
        }


async def look(paths: Paths, config: Config, service: Service) -> Overview:
    """Look at everything that is on. Raises StoreError if the state cannot be read."""
    accounts = tuple([await _look_at(settings, service) for settings in config.accounts.values() if settings.enabled])
    return Overview(
        paths=paths,
        config_exists=paths.config_path.exists(),
        gateway_pid=instance.running(paths.state_dir),
        assistant=_assistant(config),
        accounts=accounts,
        next_steps=tuple(_next_steps(config, accounts)),
    )


async def _look_at(settings: AccountConfig, service: Service) -> AccountOverview:
    known = await service.read(settings.account)
    return AccountOverview(
        account=settings.account,
        policy=settings.rules.policy,
        waiting=len(await service.waiting(settings.account)),
        approved=len(known.allowed),
        blocked=len(known.blocked),
        problem="" if settings.token else settings.token_problem or "no bot token",
    )


def _assistant(config: Config) -> str:
    match config.assistant:
        case CommandSettings() as settings:
            return f"the command {settings.argv[0]}"
        case HttpSettings() as settings:
            return f"{settings.model} at {urlsplit(settings.url).hostname or 'an endpoint'}"
        case PythonSettings() as settings:
            return f"the Python callable {settings.target}"
        case None:
            return "none yet"
        case _:
            assert_never(config.assistant)


def _next_steps(config: Config, accounts: tuple[AccountOverview, ...]) -> list[str]:
    steps = [f"clawdbot pairing list {one.account.channel}" for one in accounts if one.waiting]
    steps += [f"clawdbot channels add {one.account.channel}" for one in accounts if one.problem]
    if not accounts:
        steps.append(f"clawdbot channels add {Channel.TELEGRAM}")
    if config.assistant is None:
        steps.append("set assistant.command, assistant.url or assistant.python in the configuration")
    if not steps:
        steps.append("write to the bot; whoever it does not know waits in: clawdbot pairing list")
    return list(dict.fromkeys(steps))


def lines(overview: Overview) -> list[str]:
    """The overview for people."""
    pid = overview.gateway_pid
    found = [
        f"state      {overview.paths.state_dir}",
        f"config     {overview.paths.config_path}{'' if overview.config_exists else ' (not there: all defaults)'}",
        f"gateway    {'not running' if pid is None else f'running (process {pid})' if pid else 'running'}",
        f"assistant  {overview.assistant}",
    ]
    for one in overview.accounts:
        counts = f"{one.waiting} waiting, {one.approved} approved, {one.blocked} blocked"
        found.append(f"{one.account!s:<10} {one.problem or f'policy {one.policy}; {counts}'}")
    if not overview.accounts:
        found.append("channels   none yet")
    return [*found, *(f"next:      {step}" for step in overview.next_steps)]
