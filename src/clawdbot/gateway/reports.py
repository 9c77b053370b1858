"""What the gateway tells about itself: health, status, configuration. No secrets, no paths (threats.md G16).

The shapes are the reference's, whose programs print them; a path is an empty text there, and what this gateway does
not do (agents' heartbeats, chat sessions) is present and empty.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from clawdbot.domain.names import Instant
from clawdbot.gateway.settings import GatewaySettings

AGENT: Final = "main"
MAIN_SESSION: Final = f"agent:{AGENT}:main"
ASSISTANT: Final = {"agentId": AGENT, "name": "Assistant", "avatar": "A"}
CONFIG_NAME: Final = "clawdbot.json"

Report = dict[str, object]


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """How one chat platform does.

    Attributes:
        label: its name for people.
        accounts: for each account what an operator should know; must hold no secret and no path.
    """

    label: str
    accounts: Mapping[str, Mapping[str, object]]


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

    def health(self) -> Report:
        """``health``, the method and the event."""
        channels = self._channels()
        return {
            "ok": True,
            "ts": self._now(),
            "durationMs": 0,
            "channels": {name: {"accounts": len(report.accounts)} for name, report in channels.items()},
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
            name: [{"accountId": account, **said} for account, said in report.accounts.items()]
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
            "channelDefaultAccountId": {name: next(iter(report.accounts), "") for name, report in channels.items()},
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


_HEARTBEAT: Final = {"enabled": False, "every": "disabled", "everyMs": None}
_NO_SESSIONS: Final = {"path": "", "count": 0, "recent": []}
