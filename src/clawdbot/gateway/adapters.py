"""Makes the parts that the configuration asks for; imports a platform's library only when that platform is used."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from clawdbot.assistant.base import Assistant
from clawdbot.channels.base import ChannelAdapter
from clawdbot.channels.program import inherited
from clawdbot.channels.settings import (
    DiscordSettings,
    ImessageSettings,
    SignalSettings,
    SlackSettings,
    TelegramSettings,
    WhatsappSettings,
)
from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import add_command
from clawdbot.errors import ChannelRefused, TokenRefused


def open_adapter(config: Config, account: ChannelAccount, state_dir: Path) -> ChannelAdapter:
    """The adapter of one configured account; it connects when it is run.

    Raises:
        ChannelRefused: the account is not configured, has no usable token, or a package that it needs is missing.
    """
    settings = config.accounts.get(account)
    if settings is None:
        raise ChannelRefused("the account is not configured", hint=f'run "{add_command(account)}"')
    check_login(settings)
    try:
        return _adapter(settings, state_dir, inherited(os.environ, config.secrets))
    except ModuleNotFoundError as missing:
        raise ChannelRefused(
            f"{account.channel} needs the package {missing.name}", hint="install clawdbot again, from where you got it"
        ) from None


def _adapter(settings: AccountConfig, state_dir: Path, environ: Mapping[str, str]) -> ChannelAdapter:
    """Each platform's library is loaded here, and only here.

    Args:
        environ: for the programs that a platform is reached by.
    """
    account, platform = settings.account, settings.platform
    match platform:
        case TelegramSettings():
            from clawdbot.channels.telegram.adapter import TelegramAdapter

            return TelegramAdapter(account, _token(settings), platform, state_dir=state_dir)
        case DiscordSettings():
            from clawdbot.channels.discord.adapter import DiscordAdapter

            return DiscordAdapter(account, _token(settings), platform, state_dir=state_dir)
        case WhatsappSettings():
            from clawdbot.channels.whatsapp.adapter import WhatsappAdapter

            return WhatsappAdapter(account, platform, state_dir=state_dir, environ=environ)
        case SlackSettings():
            from clawdbot.channels.slack.adapter import SlackAdapter

            return SlackAdapter(account, _token(settings), _app_token(settings), platform, state_dir=state_dir)
        case SignalSettings():
            from clawdbot.channels.signal.adapter import SignalAdapter

            return SignalAdapter(account, platform, state_dir=state_dir, environ=environ)
        case ImessageSettings():
            from clawdbot.channels.imessage.adapter import ImessageAdapter

            return ImessageAdapter(account, platform, state_dir=state_dir, environ=environ)
        case _:
            assert_never(platform)


def check_login(settings: AccountConfig) -> None:
    """Raises TokenRefused, with the way out, if an account lacks what it logs in with."""
    if settings.token_problem:
        raise TokenRefused(settings.token_problem, hint=f'run "{add_command(settings.account)}"')


def check_session(settings: AccountConfig, state_dir: Path) -> None:
    """What can be seen of a login that is no token, without asking a platform and without a bridge.

    That is WhatsApp's, where the bridge is ours: what another one keeps in its folder is its own.

    Raises:
        NeedsLogin: nobody has linked it.
    """
    platform = settings.platform
    if not isinstance(platform, WhatsappSettings) or platform.bridge_command:
        return
    from clawdbot.channels.whatsapp.adapter import place
    from clawdbot.channels.whatsapp.failures import needs_login
    from clawdbot.channels.whatsapp.session import is_unlinked

    if is_unlinked(place(settings.account, platform, state_dir).folder):
        raise needs_login(settings.account)


def _token(settings: AccountConfig) -> Secret:
    """The token of an account whose login was checked; the channels that need none do not ask."""
    if settings.token is None:
        raise TokenRefused("there is no bot token", hint=f'run "{add_command(settings.account)}"')
    return settings.token


def _app_token(settings: AccountConfig) -> Secret:
    """Slack's second token."""
    if settings.app_token is None:
        raise TokenRefused("there is no app token", hint=f'run "{add_command(settings.account)}"')
    return settings.app_token


def open_assistant(config: Config) -> Assistant:
    """The assistant that the configuration names. Raises ConfigError if it cannot be loaded."""
    match config.assistant:
        case CommandSettings() as settings:
            from clawdbot.assistant.command import CommandAssistant

            return CommandAssistant(
                settings.argv,
                timeout=settings.timeout,
                concurrency=settings.concurrency,
                secrets=config.secrets,
            )
        case HttpSettings() as settings:
            from clawdbot.assistant.http import HttpAssistant

            return HttpAssistant(
                settings.url,
                model=settings.model,
                api_key=settings.api_key,
                system=settings.system,
                timeout=settings.timeout,
                concurrency=settings.concurrency,
            )
        case PythonSettings() as settings:
            from clawdbot.assistant.python import PythonAssistant

            return PythonAssistant(settings.target, timeout=settings.timeout, concurrency=settings.concurrency)
        case None:
            from clawdbot.assistant.unconfigured import Unconfigured

            return Unconfigured()
        case _:
            assert_never(config.assistant)
