"""The keys of a channel that say where its platform is and how it is reached."""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from clawdbot.channels.settings import (
    DISCORD_API,
    SLACK_API,
    TELEGRAM_API,
    DiscordSettings,
    ImessageService,
    ImessageSettings,
    Platform,
    SignalSettings,
    SlackSettings,
    TelegramSettings,
    WhatsappSettings,
)
from clawdbot.config.reading import HTTP, WEBSOCKET, Section, UrlForm, held
from clawdbot.domain.hosts import in_url, is_loopback
from clawdbot.domain.names import Channel
from clawdbot.paths import expand, home_of

V = TypeVar("V")

Layers = tuple[Section, ...]
"""Where a setting may be said: the account's own section before the channel's."""


def keys(channel: Channel) -> frozenset[str]:
    """The keys that are read here, in a channel's section or in one of its accounts."""
    return _KEYS[channel]


def read(channel: Channel, layers: Layers, logins: Layers) -> Platform:
    """Read how a platform is reached; what is hardly meant is warned of.

    Args:
        layers: the account's own section, and the one that it inherits from.
        logins: those of them that may say whom the account logs in as, which no account inherits.
    """
    match channel:
        case Channel.TELEGRAM:
            return TelegramSettings(_base(layers, "apiBase") or TELEGRAM_API)
        case Channel.DISCORD:
            gateway = _base(layers, "gatewayUrl", WEBSOCKET) or ""
            return DiscordSettings(_base(layers, "apiBase") or DISCORD_API, gateway)
        case Channel.SLACK:
            return SlackSettings(_base(layers, "apiBase") or SLACK_API)
        case Channel.SIGNAL:
            return _signal(layers, logins)
        case Channel.IMESSAGE:
            return _imessage(layers)
        case Channel.WHATSAPP:
            return _whatsapp(layers, logins)


_KEYS = {
    Channel.TELEGRAM: frozenset({"apiBase"}),
    Channel.DISCORD: frozenset({"apiBase", "gatewayUrl"}),
    Channel.SLACK: frozenset({"apiBase"}),
    Channel.SIGNAL: frozenset(
        {"account", "httpUrl", "httpHost", "httpPort", "autoStart", "cliPath", "startupTimeoutMs"}
    ),
    Channel.IMESSAGE: frozenset({"cliPath", "dbPath", "service", "region"}),
    Channel.WHATSAPP: frozenset({"bridgeCommand", "authDir", "selfChatMode"}),
}


def _first(layers: Layers, key: str, read: Callable[[Section], V | None]) -> V | None:
    """What the first section says that says anything."""
    return next((read(layer) for layer in layers if key in layer), None)


def _base(layers: Layers, key: str, form: UrlForm = HTTP) -> str | None:
    """A URL that secrets are sent to, without a slash at the end."""

    def read(section: Section) -> str | None:
        url = section.url(key, form)
        if url is None:
            return None
        parts = urlsplit(url)
        if "?" in url or "#" in url:
            section.error(key, 'must be a plain URL, without "?" or "#"')
        elif parts.scheme == form.schemes[0] and not is_loopback(parts.hostname or ""):
            section.warn(key, "the bot token and all messages go there unencrypted", f"use {form.schemes[1]}")
        return url.rstrip("/")

    return _first(layers, key, read)


def _path(layers: Layers, key: str) -> str | None:
    """A program or a file; ``~`` is the home directory, and a bare name is looked up where programs are."""

    def read(section: Section) -> str | None:
        written = (section.string(key) or "").strip()
        if not written or "\0" in written:
            section.error(key, "must be a path")
            return None
        home = home_of(section.notes.environ)
        return str(expand(written, home)) if written.startswith("~") else written

    return _first(layers, key, read)


def _signal(layers: Layers, logins: Layers) -> SignalSettings:
    host = _first(layers, "httpHost", lambda section: section.string("httpHost")) or "127.0.0.1"
    port = _first(layers, "httpPort", lambda section: section.whole("httpPort", 1, 65535)) or 8080
    url = _base(layers, "httpUrl")
    start = _first(layers, "autoStart", lambda section: section.flag("autoStart"))
    timeout = _first(layers, "startupTimeoutMs", lambda section: section.whole("startupTimeoutMs", 1_000, 120_000))
    return SignalSettings(
        account=_first(logins, "account", _number) or "",
        http_url=url or f"http://{in_url(host)}:{port}",
        auto_start=url is None if start is None else start,
        cli_path=_path(layers, "cliPath") or "signal-cli",
        startup_timeout=(timeout or 30_000) / 1000,
    )


def _number(section: Section) -> str | None:
    """The bot's own number, as signal-cli knows it."""
    written = re.sub(r"[\s()-]", "", section.string("account") or "")
    if re.fullmatch(r"\+[1-9][0-9]{1,14}", written, re.A):
        return written
    section.error("account", "must be the bot's own number", 'write it with + and the country code: "+15550001111"')
    return None


def _imessage(layers: Layers) -> ImessageSettings:
    def service(section: Section) -> ImessageService | None:
        return section.choice("service", ImessageService)

    return ImessageSettings(
        cli_path=_path(layers, "cliPath") or "imsg",
        db_path=_path(layers, "dbPath") or "",
        service=_first(layers, "service", service) or ImessageService.AUTO,
        region=_first(layers, "region", lambda section: section.string("region")) or "US",
    )


def _whatsapp(layers: Layers, logins: Layers) -> WhatsappSettings:
    folder = _path(logins, "authDir")
    return WhatsappSettings(
        bridge_command=_first(layers, "bridgeCommand", _command) or (),
        auth_dir=logins[0].notes.file.parent / folder if folder else None,
        self_chat=_first(layers, "selfChatMode", lambda section: section.flag("selfChatMode")),
    )


def _command(section: Section) -> tuple[str, ...] | None:
    items = section.items("bridgeCommand", 'write a list of words: ["python3", "bridge.py"]')
    if items is None:
        return None
    words = [word for word in map(held, items) if isinstance(word, str) and "\0" not in word]
    if words and words[0].strip() and len(words) == len(items):
        return tuple(words)
    section.error("bridgeCommand", "must be a program and its arguments, all of them strings")
    return None
