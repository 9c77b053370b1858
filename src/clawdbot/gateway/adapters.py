"""Makes the parts that the configuration asks for; imports a platform's library only when that platform is used."""

from pathlib import Path
from typing import assert_never

from clawdbot.assistant.base import Assistant
from clawdbot.channels.base import ChannelAdapter
from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import add_command
from clawdbot.errors import ChannelRefused

SERVED = frozenset({Channel.TELEGRAM})
"""The channels that this version runs."""


def open_adapter(config: Config, account: ChannelAccount, state_dir: Path) -> ChannelAdapter:
    """The adapter of one configured account; it connects when it is run.

    Raises:
        ChannelRefused: the account is not configured, has no usable token, or its channel cannot be run here.
    """
    settings = config.accounts.get(account)
    if settings is None:
        raise ChannelRefused("the account is not configured", hint=f'run "{add_command(account)}"')
    token = login(settings)
    from clawdbot.channels.telegram.adapter import TelegramAdapter

    return TelegramAdapter(account, token, state_dir=state_dir, api_base=settings.api_base)


def login(settings: AccountConfig) -> Secret:
    """The token that an account is run with. Raises ChannelRefused, with the way out, if it cannot be run."""
    if settings.account.channel not in SERVED:
        raise ChannelRefused(f"{settings.account.channel} cannot be run by this version", hint="telegram can")
    if settings.token is None:
        message = settings.token_problem or "there is no bot token"
        raise ChannelRefused(message, hint=f'run "{add_command(settings.account)}"')
    return settings.token


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
