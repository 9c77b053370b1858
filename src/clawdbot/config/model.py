"""What the configuration says, checked and frozen (``docs/config.md``).

What it says about the gateway's door stands in :mod:`clawdbot.config.gateway_model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from clawdbot.channels.settings import Platform, TelegramSettings
from clawdbot.config.gateway_model import GatewaySettings, Openness
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.owners import Owners
from clawdbot.domain.secret import Secret
from clawdbot.domain.senders import DEFAULT_CAP
from clawdbot.domain.texts import ReplyPolicy

ASSISTANT_TIMEOUT_S = 120.0
ASSISTANT_CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry of an allowlist that lets nobody in, because it is not the immutable id of a person (threats.md D6)."""

    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One bot login of one channel.

    Attributes:
        name: what the owner calls it.
        cap: how many may wait for approval at once.
        reply: what a stranger is answered.
        notify_on_approve: whether who is approved is told, wherever that was decided.
        hold_first_message: whether what a stranger asks with is kept until it is decided.
        token: what it logs in with; ``None`` where the channel needs none, or ``token_problem`` says why.
        token_source: where the token comes from: a key of the file, or ``$TELEGRAM_BOT_TOKEN``.
        token_file: the file that the token was read from, if it comes from one.
        app_token: the second secret that Slack needs.
        platform: where its platform is and how it is reached.
    """

    account: ChannelAccount
    enabled: bool = True
    name: str = ""
    rules: DmRules = field(default_factory=DmRules)
    refused_entries: tuple[RefusedEntry, ...] = ()
    cap: int = DEFAULT_CAP
    reply: ReplyPolicy = field(default_factory=ReplyPolicy)
    notify_on_approve: bool = False
    hold_first_message: bool = False
    token: Secret | None = None
    token_source: str = ""
    token_problem: str = ""
    token_file: Path | None = None
    app_token: Secret | None = None
    platform: Platform = field(default_factory=TelegramSettings)


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Where owners are told besides their chats.

    Attributes:
        urls: what Apprise sends to; each holds a secret.
        file: the file that some of them were read from, if any.
    """

    urls: tuple[Secret, ...] = ()
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    timeout: float = ASSISTANT_TIMEOUT_S
    """Seconds for one answer."""
    concurrency: int = ASSISTANT_CONCURRENCY


@dataclass(frozen=True, slots=True)
class CommandSettings(_Limits):
    """``assistant.command``: a program that is run for each message."""

    argv: tuple[str, ...] = field(repr=False)
    """May hold secrets; its first word is the program."""


@dataclass(frozen=True, slots=True)
class HttpSettings(_Limits):
    """``assistant.url``: an OpenAI-compatible chat endpoint."""

    url: str = field(repr=False)
    """May hold a key in its query."""
    model: str
    api_key: Secret | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class PythonSettings(_Limits):
    """``assistant.python``: ``"module:callable"``."""

    target: str


AssistantSettings = CommandSettings | HttpSettings | PythonSettings


class Severity(StrEnum):
    """Whether a problem keeps the configuration from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """Something that the owner should look at.

    Attributes:
        file: the file's name; empty for the environment.
        line: the line in it, from 1; 0 where there is none.
        key: the path of the key, as in ``channels.telegram.dmPolicy``; empty for the file as a whole.
    """

    file: str
    line: int
    key: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.key, self.message) if part)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of it; without a file, what these defaults and the environment say.

    Attributes:
        advertised: how much the gateway says about itself on the local network.
        pairing_cap: how many may wait for approval at once on a channel account that says nothing of its own.
        not_served: the keys of the reference that are there, are accepted, and do nothing here.
        warnings: what can be used but is hardly meant.
    """

    accounts: Mapping[ChannelAccount, AccountConfig] = field(default_factory=dict)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    assistant: AssistantSettings | None = None
    owners: Owners = field(default_factory=Owners)
    notify: NotifySettings = field(default_factory=NotifySettings)
    advertised: Openness = Openness.MINIMAL
    pairing_cap: int = DEFAULT_CAP
    not_served: tuple[str, ...] = ()
    warnings: tuple[ConfigProblem, ...] = ()

    def rules(self, account: ChannelAccount) -> DmRules:
        """Who may write to an account; nobody to one that is not configured (threats.md D5)."""
        known = self.accounts.get(account)
        return known.rules if known else DmRules(DmPolicy.DISABLED)

    def reply(self, account: ChannelAccount) -> ReplyPolicy:
        """What a stranger is answered on an account."""
        known = self.accounts.get(account)
        return known.reply if known else ReplyPolicy()

    def notifies_on_approve(self, account: ChannelAccount) -> bool:
        """Whether who is approved on an account is told so, wherever that was decided."""
        known = self.accounts.get(account)
        return known is not None and known.notify_on_approve

    def holds_first_message(self, account: ChannelAccount) -> bool:
        """Whether what a stranger asks with is kept until it is decided about him."""
        known = self.accounts.get(account)
        return known is not None and known.hold_first_message

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What the accounts log in with, and where owners are told, wherever it comes from."""
        tokens = (token for account in self.accounts.values() for token in (account.token, account.app_token))
        return (*(token for token in tokens if token is not None), *self.notify.urls)
