"""``clawdbot channels``: add a channel account, see whether it works."""

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.output import as_json, hint, say, table, warn
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import visible
from clawdbot.errors import ClawdbotError, Refused, UsageError

if TYPE_CHECKING:
    from clawdbot.channels.base import BotIdentity
    from clawdbot.config import Config
    from clawdbot.config.edit import Changes

_FILE_HINT = "give the path of a file that holds the token"

TOKEN_VARIABLE = "TELEGRAM_BOT_TOKEN"  # noqa: S105 – its name, not its value


@click.group("channels")
def command() -> None:
    """Add a chat channel, see whether it works."""


# --- add -------------------------------------------------------------------------------------------------------------


@command.command("add")
@click.argument("channel", type=ChannelName())
@click.option("--account", metavar="ID", default="", help="Account id; the default account when left out.")
@click.option("--token", help="The bot token. Other programs may see a command line: prefer a way below.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Keep the token in this file; it is read at start.")
@click.option("--use-env", is_flag=True, help=f"Use ${TOKEN_VARIABLE} (default account only).")
@click.option("--no-check", is_flag=True, help="Save without asking the platform whether the token works.")
def add(
    channel: Channel, account: str, token: str | None, token_file: Path | None, use_env: bool, no_check: bool
) -> None:
    """Add or update a channel account.

    Without an option for the token it is asked for, or read from standard input where that is no terminal.
    """
    if channel is not Channel.TELEGRAM:
        raise Refused(f"{channel} cannot be added by this version", hint="telegram can")
    if sum((token is not None, token_file is not None, use_env)) > 1:
        raise UsageError("more than one token is given", hint="give one of --token, --token-file and --use-env")
    where = ChannelAccount(channel, context.account_id(account))
    entry = _entry(where, token, token_file, use_env)
    changes = _changes(where, entry)
    if not no_check:
        bot = asyncio.run(_probe_token(where, entry.token, changes))
        say(f"The token belongs to {visible(bot.name)}.")
    path = _save(where, entry, changes)
    say(f"Saved {where} in {path}.")
    say("Next: clawdbot gateway   (a running one takes it up by itself)")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to stand in the configuration: ``key: value``, and the token that it leads to."""

    key: str
    value: object
    token: Secret


def _entry(where: ChannelAccount, token: str | None, token_file: Path | None, use_env: bool) -> Entry:
    if use_env:
        if where.account != DEFAULT_ACCOUNT:
            raise UsageError(f"${TOKEN_VARIABLE} is for the default account", hint="give --token-file")
        return Entry("enabled", True, _given(os.environ.get(TOKEN_VARIABLE, ""), f"${TOKEN_VARIABLE} is not set"))
    if token_file is not None:
        try:
            text = token_file.read_text("utf-8")
        except OSError as error:
            raise Refused(f"{token_file} cannot be read: {error.strerror}", hint=_FILE_HINT) from None
        except UnicodeDecodeError:
            raise Refused(f"{token_file} holds no text", hint=_FILE_HINT) from None
        return Entry("tokenFile", str(token_file.absolute()), _given(text, f"{token_file} is empty"))
    if token is None:
        token = (
            click.prompt("Bot token (it is not shown)", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
        )
    given = _given(token, "no token is given")
    return Entry("botToken", given.reveal(), given)


def _given(text: str, otherwise: str) -> Secret:
    if not text.strip():
        raise UsageError(otherwise, hint="talk to @BotFather on Telegram to get a bot token")
    return Secret(text.strip())


def _changes(where: ChannelAccount, entry: Entry) -> "Changes":
    """What is to be changed in the configuration: the account's keys.

    A default account that is there by its variable alone would go away with the first named one, and is written down.
    """
    base = _place(where)
    changes = {(*base, "enabled"): True, (*base, entry.key): entry.value}
    default = ChannelAccount(where.channel)
    before = context.config().accounts.get(default)
    if before is not None and default not in _preview(changes).accounts:
        changes["channels", where.channel, "accounts", default.account, "enabled"] = before.enabled
    return changes


def _preview(changes: "Changes") -> "Config":
    from clawdbot.config import edit

    return edit.preview(context.paths().config_path, changes, os.environ)


def _save(where: ChannelAccount, entry: Entry, changes: "Changes") -> Path:
    """Change the configuration file, and nothing else in it."""
    from clawdbot.config import edit

    path = context.paths().config_path
    edit.update(path, changes)
    saved = context.config().accounts.get(where)
    if saved is None or saved.token != entry.token:
        source = saved.token_source if saved else "nothing"
        warn(f"{where} does not use the new token: {source} comes first")
        hint(f"take {source} out of {path}")
    return path


def _place(where: ChannelAccount) -> tuple[str, ...]:
    """Where the account stands in the configuration, or is to stand: as it is spelled there if it is there."""
    channel = ("channels", str(where.channel))
    settings = context.config().accounts.get(where)
    prefix = f"{'.'.join(channel)}.accounts."
    if settings and settings.token_source.startswith(prefix):
        return (*channel, "accounts", settings.token_source.removeprefix(prefix).rpartition(".")[0])
    return channel if where.account == DEFAULT_ACCOUNT else (*channel, "accounts", where.account)


async def _probe_token(where: ChannelAccount, token: Secret, changes: "Changes") -> "BotIdentity":
    """Try a token as the account would: at the Bot API server that it is to use, and at no other."""
    config = _preview(changes)
    settings = replace(config.accounts[where], token=token)
    return await _probe(replace(config, accounts={where: settings}), where)


async def _probe(config: "Config", where: ChannelAccount) -> "BotIdentity":
    from clawdbot.gateway.adapters import open_adapter

    adapter = open_adapter(config, where, context.paths().state_dir)
    try:
        return await adapter.probe()
    finally:
        await adapter.close()


# --- status ----------------------------------------------------------------------------------------------------------


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

    def as_json(self) -> dict[str, object]:
        return {
            "channel": self.account.channel,
            "account": self.account.account,
            "enabled": self.enabled,
            "tokenSource": self.token_source or None,
            "dmPolicy": self.policy,
            "bot": self.bot or None,
            "error": self.error or None,
        }


@command.command("status")
@click.option("--probe", is_flag=True, help="Ask each platform whether the account works.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, probe: bool, json_: bool) -> None:
    """Show the configured accounts. With --probe, exit code 1 if one of them does not work."""
    lines = asyncio.run(_status(context.config(), probe))
    if json_:
        as_json({"accounts": [line.as_json() for line in lines]})
    else:
        _print_status(lines, probe)
    if probe and any(line.error for line in lines):
        ctx.exit(1)


async def _status(config: "Config", probe: bool) -> list[Line]:
    from clawdbot.gateway.adapters import login

    lines = []
    for where, settings in config.accounts.items():
        line = Line(where, settings.enabled, settings.token_source, settings.rules.policy)
        try:
            if settings.enabled:
                login(settings)
            if settings.enabled and probe:
                line = replace(line, bot=(await _probe(config, where)).name)
        except ClawdbotError as error:
            line = replace(line, error=error.message, hint=error.hint)
        lines.append(line)
    return lines


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
    state = "switched off" if not line.enabled else line.error or ("works" if line.bot else "configured")
    return [str(line.account), line.policy, line.token_source or "none", *([line.bot] if probe else []), state]
