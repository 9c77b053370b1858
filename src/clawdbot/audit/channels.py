"""The channels' settings and the assistant's: who may write, and where the messages go."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from clawdbot.audit.findings import Finding, Severity
from clawdbot.channels.settings import DiscordSettings, SignalSettings, SlackSettings, TelegramSettings
from clawdbot.config import AccountConfig, Config, HttpSettings
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.names import DEFAULT_ACCOUNT


def check(config: Config, file: str) -> Iterator[Finding]:
    """Everything about the channels that lets in more than those whom the owner knows."""
    yield from _doors((account for account in config.accounts.values() if account.enabled), file)
    if isinstance(config.assistant, HttpSettings) and _is_read_on_the_way(config.assistant.url):
        yield Finding(
            "assistant.url_unencrypted",
            Severity.WARN,
            "Messages go to the assistant without TLS",
            f"whoever is on the way to {urlsplit(config.assistant.url).hostname} reads them",
            "set assistant.url to its https:// URL",
            file,
            "assistant.url",
        )


def _doors(accounts: Iterable[AccountConfig], file: str) -> Iterator[Finding]:
    for account in accounts:
        key = _key(account)
        channel = account.account.channel
        if account.rules.policy is DmPolicy.OPEN and account.rules.everyone:
            yield Finding(
                f"channels.{channel}.dm.open",
                Severity.CRITICAL,
                "Anybody may talk to the bot",
                f'{account.account}: dmPolicy is "open" and allowFrom holds "*"',
                f'set {key}.dmPolicy: "pairing", and take "*" out of {key}.allowFrom',
                file,
                f"{key}.dmPolicy",
            )
        elif account.rules.policy is DmPolicy.OPEN:
            yield Finding(
                f"channels.{channel}.dm.nearly_open",
                Severity.INFO,
                'A "*" away from anybody talking to the bot',
                f'{account.account}: dmPolicy is "open"; only who is listed or approved gets in',
                f'set {key}.dmPolicy: "pairing"',
                file,
                f"{key}.dmPolicy",
            )
        elif account.rules.policy is not DmPolicy.DISABLED and account.rules.everyone:
            yield Finding(
                f"channels.{channel}.dm.wildcard",
                Severity.CRITICAL,
                "Anybody may talk to the bot, whatever the policy says",
                f'{account.account}: allowFrom holds "*"',
                f'take "*" out of {key}.allowFrom',
                file,
                f"{key}.allowFrom",
            )
        url_key, url = _endpoint(account)
        if _is_read_on_the_way(url):
            yield Finding(
                f"channels.{channel}.api_unencrypted",
                Severity.WARN,
                "The bot token and all messages go without TLS",
                f"{account.account}: whoever is on the way to {urlsplit(url).hostname} reads them",
                f"set {key}.{url_key} to its https:// URL",
                file,
                f"{key}.{url_key}",
            )


def _key(account: AccountConfig) -> str:
    where = account.account
    path = f"channels.{where.channel}"
    return path if where.account == DEFAULT_ACCOUNT else f"{path}.accounts.{where.account}"


def _endpoint(account: AccountConfig) -> tuple[str, str]:
    """The key of the URL that an account's secrets and messages go to, and the URL; empty where there is none."""
    match account.platform:
        case TelegramSettings(api_base=url) | DiscordSettings(api_base=url) | SlackSettings(api_base=url):
            return "apiBase", url
        case SignalSettings(http_url=url):
            return "httpUrl", url
        case _:
            return "", ""


def _is_read_on_the_way(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
