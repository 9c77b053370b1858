"""Where a channel account's platform is and how it is reached; one class per channel.

Everything that leads somewhere can be set: for servers of one's own, for proxies, and for tests. How the configuration
says it: :mod:`clawdbot.config.platforms`.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TELEGRAM_API = "https://api.telegram.org"
DISCORD_API = "https://discord.com/api/v10"
SLACK_API = "https://slack.com/api"


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """``api_base``: where the Bot API is, without a slash at the end."""

    api_base: str = TELEGRAM_API


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """``api_base``: where the REST API is, version and all; ``gateway_url``: its WebSocket, if not what that says."""

    api_base: str = DISCORD_API
    gateway_url: str = ""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """``api_base``: where the Web API is, without a slash at the end."""

    api_base: str = SLACK_API


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """A signal-cli daemon.

    Attributes:
        account: the number that it is registered with, ``+15550001111``; empty for the only one that it has.
        http_url: where the daemon listens, without a slash at the end.
        auto_start: we start and supervise it; otherwise it runs already.
        cli_path: the program to start.
        startup_timeout: seconds until it must listen.
    """

    account: str = ""
    http_url: str = "http://127.0.0.1:8080"
    auto_start: bool = True
    cli_path: str = "signal-cli"
    startup_timeout: float = 30.0


class ImessageService(StrEnum):
    """How iMessage sends."""

    AUTO = "auto"
    IMESSAGE = "imessage"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class ImessageSettings:
    """``cli_path``: the program ``imsg``, or one that runs it on a Mac; ``db_path``: its Messages database."""

    cli_path: str = "imsg"
    db_path: str = ""
    service: ImessageService = ImessageService.AUTO
    region: str = "US"


@dataclass(frozen=True, slots=True)
class WhatsappSettings:
    """A WhatsApp account that is linked like a browser.

    Attributes:
        bridge_command: the program that speaks with WhatsApp and, in JSON lines, with us; empty for our own.
        auth_dir: where it keeps its session; ``None`` for ``credentials/whatsapp/<account>``.
        self_chat: whether what the owner writes to himself is for the bot; ``None`` if his number is on the allowlist.
    """

    bridge_command: tuple[str, ...] = ()
    auth_dir: Path | None = None
    self_chat: bool | None = None


Platform = TelegramSettings | DiscordSettings | SlackSettings | SignalSettings | ImessageSettings | WhatsappSettings
