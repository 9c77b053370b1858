"""``clawdbot channels status``: which accounts there are, and whether they work."""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.channel_add import probe as ask
from clawdbot.cli.live import Live, known
from clawdbot.cli.output import as_json, hint, say, table
from clawdbot.domain.names import ITS_OWN_CONNECTION, ChannelAccount
from clawdbot.errors import ClawdbotError

if TYPE_CHECKING:
    from clawdbot.config import AccountConfig, Config


@dataclass(frozen=True, slots=True)
class Line:
    """One account in ``channels status``."""

    account: ChannelAccount
    enabled: bool
    token_source: str
    policy: str
    bot: str = ""
    error: str = ""
    hint: str = ""
    live: Live | None = None
    is_gateways: bool = False
    """Is what it logs in with to be had by the gateway alone?"""

    def as_json(self) -> dict[str, object]:
        return {
            "channel": self.account.channel,
            "account": self.account.account,
            "enabled": self.enabled,
            "tokenSource": self.token_source or None,
            "dmPolicy": self.policy,
            "bot": self.bot or None,
            "error": self.error or None,
            "state": self.live.state if self.live else None,
            "lastError": (self.live.error or None) if self.live else None,
        }

    @property
    def told(self) -> str:
        """In a word or two: what was asked now comes before what the gateway knows."""
        if not self.enabled:
            return "switched off"
        return self.error or ("works" if self.bot else self.live.described if self.live else "configured")


@click.command("status")
@click.option("--probe", is_flag=True, help="Ask each platform whether the account works.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@click.pass_context
def status_command(ctx: click.Context, probe: bool, json_: bool) -> None:
    """Show the configured accounts. With --probe, exit code 1 if one of them does not work."""
    lines = asyncio.run(_status(context.config(), probe))
    if json_:
        as_json({"accounts": [line.as_json() for line in lines]})
    else:
        _print_status(lines, probe)
    if probe and any(line.error for line in lines):
        ctx.exit(1)


async def _status(config: "Config", probe: bool) -> list[Line]:
    from clawdbot.gateway.overview import ASK, PERHAPS, with_those_that_run

    told = await known(config.gateway)
    lines = []
    for where, settings in with_those_that_run(config, told.accounts).items():
        line = await _line(config, settings, probe, told.accounts.get(where))
        if told.is_silent and line.error and settings.token_problem:
            line = replace(line, error=f"{line.error}{PERHAPS}", hint=f'run "{ASK}"')
        lines.append(line)
    return lines


async def _line(config: "Config", settings: "AccountConfig", probe: bool, report: Live | None) -> Line:
    """How one account does.

    What only one program at a time can reach is not probed beside the gateway that has it: that knows. So it does
    where the token is not to be had here: it may stand in the gateway's own environment.
    """
    from clawdbot.gateway.adapters import check_login, check_session

    where = settings.account
    line = Line(where, settings.enabled, settings.token_source, settings.rules.policy)
    if not settings.enabled:
        return line
    try:
        check_login(settings)
        is_here = where in config.accounts
        if report is None and not probe:
            check_session(settings, context.paths().state_dir)
    except ClawdbotError as error:
        if report is None:
            return replace(line, error=error.message, hint=error.hint)
        is_here = False
    if report is not None and not (probe and is_here and where.channel not in ITS_OWN_CONNECTION):
        line = replace(line, live=report, hint=report.hint, is_gateways=not is_here)
        return replace(line, bot=report.bot, error=report.error) if probe else line
    try:
        return replace(line, bot=(await ask(config, where)).name) if probe else line
    except ClawdbotError as error:
        return replace(line, error=error.message, hint=error.hint)


def _print_status(lines: list[Line], probe: bool) -> None:
    if not lines:
        say("No channels yet.")
        hint('run "clawdbot channels add telegram"')
        return
    headings = ["Account", "Policy", "Token", *(["Bot"] if probe else []), "State"]
    table(headings, [_status_row(line, probe) for line in lines])
    for text in dict.fromkeys(line.hint for line in lines if line.hint):
        hint(text)


def _status_row(line: Line, probe: bool) -> list[str]:
    token = "the gateway has it" if line.is_gateways and line.live and line.live.bot else line.token_source or "none"
    return [str(line.account), line.policy, token, *([line.bot] if probe else []), line.told]
