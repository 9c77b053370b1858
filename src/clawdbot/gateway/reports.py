"""What the gateway tells about itself: health, status, configuration. No secrets, no paths (threats.md G16).

The shapes are the reference's, whose programs print them; a path is an empty text there, and what this gateway does
not do (agents' heartbeats, chat sessions) is present and empty.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from clawdbot.domain import names
from clawdbot.domain.names import DEFAULT_ACCOUNT, ChannelAccount, Instant
from clawdbot.domain.texts import visible
from clawdbot.gateway.settings import GatewaySettings

AGENT: Final = "main"
MAIN_SESSION: Final = f"agent:{AGENT}:main"
ASSISTANT: Final = {"agentId": AGENT, "name": "Assistant", "avatar": "A"}
CONFIG_NAME: Final = "clawdbot.json"

LONGEST: Final = 400
"""Characters of an error that is shown."""

Report = dict[str, object]


class AccountReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """How one account of a chat platform does. Texts hold no secret, and no path (:func:`without_paths`).

    Attributes:
        state: in the words of :class:`clawdbot.gateway.supervisor.State`.
        running: is it kept running, or was it given up until its configuration changes?
        connected: does it work now?
        bot: whose account it is, once that is known.
        last_error: what went wrong, if it does not work.
        hint: what the owner can do about that.
    """

    state: str
    running: bool = True
    connected: bool = False
    bot: str | None = None
    last_error: str | None = None
    hint: str | None = None

    @property
    def described(self) -> str:
        """For people: ``ready as @bot``, ``retrying: the network is down``. It may come from outside, and is inert."""
        bot = f" as {visible(self.bot)}" if self.bot else ""
        error = f": {visible(self.last_error, LONGEST)}" if self.last_error else ""
        return f"{visible(self.state)}{bot}{error}"


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """How one chat platform does.

    Attributes:
        label: its name for people.
        accounts: how each account does.
    """

    label: str
    accounts: Mapping[str, AccountReport]

    @property
    def default(self) -> str:
        """The account that is meant where none is named."""
        return DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in self.accounts else next(iter(self.accounts), "")


Channels = Callable[[], Mapping[str, ChannelReport]]


class Reports:
    """Makes the reports.

    Args:
        channels: how the chat platforms do, by their names.
        settings: the gateway's settings now.
    """

    def __init__(
        self, *, channels: Channels, settings: Callable[[], GatewaySettings], now: Callable[[], Instant]
    ) -> None:
        self._channels = channels
        self._settings = settings
        self._now = now

    def accounts(self) -> dict[ChannelAccount, AccountReport]:
        """How each account does that is configured."""
        return {
            ChannelAccount(names.channel(channel), names.account_id(account)): said
            for channel, report in self._channels().items()
            for account, said in report.accounts.items()
        }

    def health(self, *, whole: bool = True) -> Report:
        """``health``, the method and the event.

        Args:
            whole: with how each account does; nodes do not get to know (threats.md G16).
        """
        channels = self._channels()
        return {
            "ok": True,
            "ts": self._now(),
            "durationMs": 0,
            "channels": {name: _channel(report, whole=whole) for name, report in channels.items()},
            "channelOrder": list(channels),
            "channelLabels": {name: report.label for name, report in channels.items()},
            "heartbeatSeconds": 0,
            "defaultAgentId": AGENT,
            "agents": [{"agentId": AGENT, "isDefault": True, "heartbeat": _HEARTBEAT, "sessions": _NO_SESSIONS}],
            "sessions": _NO_SESSIONS,
        }

    def status(self) -> Report:
        """``status``."""
        channels = self._channels()
        return {
            "heartbeat": {"defaultAgentId": AGENT, "agents": [{"agentId": AGENT, **_HEARTBEAT}]},
            "channelSummary": [f"{report.label}: {len(report.accounts)} account(s)" for report in channels.values()],
            "queuedSystemEvents": [],
            "sessions": {
                "paths": [],
                "count": 0,
                "defaults": {"model": None, "contextTokens": None},
                "recent": [],
                "byAgent": [{"agentId": AGENT, **_NO_SESSIONS}],
            },
        }

    def channels_status(self) -> Report:
        """``channels.status``."""
        channels = self._channels()
        labels = {name: report.label for name, report in channels.items()}
        accounts = {
            name: [_account(account, said) for account, said in report.accounts.items()]
            for name, report in channels.items()
        }
        return {
            "ts": self._now(),
            "channelOrder": list(channels),
            "channelLabels": labels,
            "channelDetailLabels": labels,
            "channelSystemImages": {},
            "channelMeta": [{"id": name, "label": label, "detailLabel": label} for name, label in labels.items()],
            "channels": {name: {"configured": bool(report.accounts)} for name, report in channels.items()},
            "channelAccounts": accounts,
            "channelDefaultAccountId": {name: report.default for name, report in channels.items()},
        }

    def config(self) -> Report:
        """``config.get``: the gateway's own section, without the secret in it."""
        settings = self._settings()
        shown = {
            "gateway": {
                "mode": "local",
                "bind": settings.bind,
                "port": settings.port,
                "auth": {"mode": settings.auth.mode},
            }
        }
        return {
            "path": CONFIG_NAME,
            "exists": True,
            "raw": None,
            "parsed": shown,
            "valid": True,
            "config": shown,
            "hash": hashlib.sha256(msgspec.json.encode(shown)).hexdigest(),
            "issues": [],
            "warnings": [],
            "legacyIssues": [],
        }


def accounts_of(health: object) -> dict[ChannelAccount, AccountReport]:
    """The other way round: how the accounts do, as ``health`` told; what is of another shape is left out."""
    found: dict[ChannelAccount, AccountReport] = {}
    channels = health.get("channels") if isinstance(health, dict) else None
    for name, said in channels.items() if isinstance(channels, dict) else ():
        accounts = said.get("accounts") if isinstance(said, dict) else None
        for account, report in accounts.items() if isinstance(accounts, dict) else ():
            with suppress(ValueError, msgspec.ValidationError):
                where = ChannelAccount(names.channel(name), names.account_id(account))
                found[where] = msgspec.convert(report, AccountReport)
    return found


def without_paths(text: str) -> str:
    """A text for operators on other machines: of a file they learn the name, not where it is (threats.md G16)."""
    return _PATH.sub(r"…/\1", text)


_PATH: Final = re.compile(r"""(?<![\w.:/~…-])~?(?:/[^\s/,;:'"()]+)+/([^\s/,;:'"()]+)""")


def _channel(report: ChannelReport, *, whole: bool) -> Report:
    """A channel in ``health``: its default account, and all of them below."""
    if not whole or not report.accounts:
        return {"configured": bool(report.accounts)}
    accounts = {account: _account(account, said) for account, said in report.accounts.items()}
    return {**accounts[report.default], "accounts": accounts}


def _account(account: str, said: AccountReport) -> Report:
    """An account, with the result of its own connection where other programs look for that of a probe."""
    probe: Report = {"ok": said.connected}
    if said.last_error:
        probe["error"] = said.last_error
    if said.bot and said.bot.startswith("@"):
        probe["bot"] = {"username": said.bot[1:]}
    known = said.connected or bool(said.last_error)
    return {
        "accountId": account,
        "enabled": True,
        "configured": True,
        **msgspec.to_builtins(said),
        **({"probe": probe} if known else {}),
    }


_HEARTBEAT: Final = {"enabled": False, "every": "disabled", "everyMs": None}
_NO_SESSIONS: Final = {"path": "", "count": 0, "recent": []}
