"""``clawdbot channels add``: ask for what a channel needs, try it at the platform, and only then save it."""

import asyncio
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clawdbot.channels.logins import note_login
from clawdbot.cli import context
from clawdbot.cli.channel_questions import QUESTIONS, Question
from clawdbot.cli.context import ChannelName
from clawdbot.cli.output import hint, say, warn
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import login_command, visible
from clawdbot.errors import NeedsLogin, Refused, UsageError
from clawdbot.paths import home_of
from clawdbot.store.disk import is_loose

if TYPE_CHECKING:
    from clawdbot.channels.base import BotIdentity
    from clawdbot.config import Config
    from clawdbot.config.edit import Changes

_FILE_HINT = "give the path of a file that holds the token"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to stand in the configuration, and the secret that it leads to, if it is one."""

    key: str
    value: object
    secret: Secret | None = None
    is_app_token: bool = False


@click.command("add")
@click.argument("channel", type=ChannelName())
@click.option("--account", metavar="ID", default="", help="Account id; the default account when left out.")
@click.option("--token", help="The bot token. Other programs may see a command line: prefer a way below.")
@click.option("--app-token", help="Slack's second token; the same goes for it.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Telegram: keep the token in this file.")
@click.option("--use-env", is_flag=True, help="Use the channel's variables (default account only).")
@click.option("--number", help="Signal: the bot's own number.")
@click.option("--http-url", help="Signal: a signal-cli daemon that runs already.")
@click.option("--cli-path", help="Signal, iMessage: the program signal-cli or imsg.")
@click.option("--db-path", help="iMessage: another Messages database.")
@click.option("--no-check", is_flag=True, help="Save without asking the platform whether it works.")
def add_command(
    channel: Channel, account: str, token_file: Path | None, use_env: bool, no_check: bool, **options: str | None
) -> None:
    """Add or update a channel account.

    What no option says is asked for, or read line by line from standard input where that is no terminal.
    """
    where = ChannelAccount(channel, context.account_id(account))
    entries = _entries(where, options, token_file, use_env)
    changes = _changes(where, entries)
    login = ""
    if not no_check:
        login = _check(where, entries, changes)
    path = _save(where, entries, changes)
    note_login(context.paths().state_dir, where)
    say(f"Saved {where} in {path}.")
    if login or (no_check and channel is Channel.WHATSAPP):
        say(f"Next: {login or login_command(where)}")
    else:
        say("Next: clawdbot gateway   (a running one takes it up by itself)")


# --- what was answered -----------------------------------------------------------------------------------------------


def _entries(
    where: ChannelAccount, options: Mapping[str, str | None], token_file: Path | None, use_env: bool
) -> list[Entry]:
    questions = QUESTIONS[where.channel]
    asked = {question.option for question in questions}
    for name, given in options.items():
        if given is not None and name not in asked:
            raise UsageError(f"{where.channel} has no --{name.replace('_', '-')}", hint=_takes(questions))
    if sum((options.get("token") is not None, token_file is not None, use_env)) > 1:
        raise UsageError("more than one token is given", hint="give one of --token, --token-file and --use-env")
    if use_env:
        return _from_environment(where, questions)
    if token_file is not None:
        return [_from_file(where, questions, token_file)]
    found = (_answered(question, options[question.option]) for question in questions)
    return [entry for entry in found if entry is not None]


def _takes(questions: tuple[Question, ...]) -> str:
    """Which options say what the channel needs to know."""
    options = [f"--{question.option.replace('_', '-')}" for question in questions]
    options += ["--token-file"] if any(question.file_key for question in questions) else []
    options += ["--use-env"] if any(question.secret for question in questions) else []
    return f"it takes {', '.join(options) or 'no option but --account and --no-check'}"


def _from_environment(where: ChannelAccount, questions: tuple[Question, ...]) -> list[Entry]:
    """The account is switched on, and finds its tokens by itself."""
    secrets = [question for question in questions if question.secret]
    if not secrets:
        raise UsageError(f"{where.channel} takes nothing from the environment", hint="leave --use-env out")
    if where.account != DEFAULT_ACCOUNT:
        raise UsageError(f"${secrets[0].variable} is for the default account", hint="give the token itself")
    for question in secrets:
        _secret(os.environ.get(question.variable, ""), f"${question.variable} is not set", question)
    return [Entry("enabled", True, Secret(os.environ[secrets[0].variable].strip()))]


def _from_file(where: ChannelAccount, questions: tuple[Question, ...], token_file: Path) -> Entry:
    question = next((one for one in questions if one.file_key), None)
    if question is None:
        raise UsageError(f"{where.channel} reads no token from a file", hint="give it on standard input, or --use-env")
    try:
        text = token_file.read_text("utf-8")
    except OSError as error:
        raise Refused(f"{token_file} cannot be read: {error.strerror}", hint=_FILE_HINT) from None
    except UnicodeDecodeError:
        raise Refused(f"{token_file} holds no text", hint=_FILE_HINT) from None
    secret = _secret(text, f"{token_file} is empty", question)
    if is_loose(token_file):
        warn(f"{token_file} is open to others on this machine, and holds the token")
        hint(f"chmod 600 {shlex.quote(str(token_file))}")
    return Entry(question.file_key, str(token_file.absolute()), secret)


def _answered(question: Question, given: str | None) -> Entry | None:
    """The answer to one question, from its option, the terminal or standard input; ``None`` if it may stay open."""
    if given is None and question.otherwise is None:
        given = _ask(question)
    elif given is None and sys.stdin.isatty():
        if question.help:
            hint(question.help)
        given = click.prompt(question.asks, default=question.otherwise, show_default=False)
    given = (given or "").strip()
    if question.secret:
        secret = _secret(given, "no token is given", question)
        return Entry(question.key, secret.reveal(), secret, question.option == "app_token")
    if given:
        return Entry(question.key, given)
    if question.otherwise is None:
        raise UsageError(f"{question.asks} is needed", hint=question.help)
    return None


def _ask(question: Question) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    if question.help:
        hint(question.help)
    shown = " (it is not shown)" if question.secret else ""
    answer: str = click.prompt(question.asks + shown, hide_input=question.secret)
    return answer


def _secret(text: str, otherwise: str, question: Question) -> Secret:
    if not text.strip():
        raise UsageError(otherwise, hint=question.help)
    return Secret(text.strip())


# --- the configuration -----------------------------------------------------------------------------------------------


def _changes(where: ChannelAccount, entries: list[Entry]) -> "Changes":
    """What is to be changed in the configuration: the account's keys.

    A default account that is there by its variable alone would go away with the first named one, and is written down.
    """
    base = _place(where)
    changes: dict[tuple[str, ...], object] = {(*base, "enabled"): True}
    changes |= {(*base, entry.key): entry.value for entry in entries}
    default = ChannelAccount(where.channel)
    before = context.config().accounts.get(default)
    if before is not None and default not in _preview(changes).accounts:
        changes["channels", where.channel, "accounts", default.account, "enabled"] = before.enabled
    return changes


def _preview(changes: "Changes") -> "Config":
    from clawdbot.config import edit

    return edit.preview(context.paths().config_path, changes, os.environ)


def _save(where: ChannelAccount, entries: list[Entry], changes: "Changes") -> Path:
    """Change the configuration file, and nothing else in it."""
    from clawdbot.config import edit
    from clawdbot.gateway.privacy import close_to_others

    path = context.paths().config_path
    close_to_others(context.paths(), home_of(os.environ))
    edit.update(path, changes)
    saved = context.config().accounts.get(where)
    for entry in entries:
        if entry.secret is not None and (saved is None or entry.secret not in (saved.token, saved.app_token)):
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


# --- the platform ----------------------------------------------------------------------------------------------------


def _check(where: ChannelAccount, entries: list[Entry], changes: "Changes") -> str:
    """Try the account as it is to be, and nowhere else; what the owner still has to type, if he has to log in."""
    config = _preview(changes)
    settings = config.accounts[where]
    for entry in entries:
        if entry.secret is not None and entry.is_app_token:
            settings = replace(settings, app_token=entry.secret)
        elif entry.secret is not None:
            settings = replace(settings, token=entry.secret)
    try:
        bot = asyncio.run(probe(replace(config, accounts={where: settings}), where))
    except NeedsLogin as error:
        if where.channel is not Channel.WHATSAPP:
            raise
        hint(error.hint)
        return login_command(where)
    say(f"{'The token belongs to' if settings.token else 'It works:'} {visible(bot.name)}.")
    return ""


async def probe(config: "Config", where: ChannelAccount) -> "BotIdentity":
    """Ask a platform whom it takes an account for. Raises ChannelFailed."""
    from clawdbot.gateway.adapters import open_adapter

    adapter = open_adapter(config, where, context.paths().state_dir)
    try:
        return await adapter.probe()
    finally:
        await adapter.close()
