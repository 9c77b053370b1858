"""What the gateway tells about itself: the shapes that clients print, no secrets, no paths (threats.md G16)."""

import json

import msgspec

from clawdbot.gateway.reports import ChannelReport, Reports
from tests.support.gateways import SETTINGS, SHARED

CHANNELS = {"telegram": ChannelReport("Telegram", {"default": {"running": True}, "work": {"running": False}})}


def reports() -> Reports:
    return Reports(channels=lambda: CHANNELS, settings=lambda: SETTINGS, now=lambda: 7)


def test_health_has_what_clients_look_for() -> None:
    health = reports().health()
    assert set(health) == {
        *("ok", "ts", "durationMs", "channels", "channelOrder", "channelLabels"),
        *("heartbeatSeconds", "defaultAgentId", "agents", "sessions"),
    }
    assert health["channelLabels"] == {"telegram": "Telegram"}


def test_status_and_channels_have_what_clients_look_for() -> None:
    assert set(reports().status()) == {"heartbeat", "channelSummary", "queuedSystemEvents", "sessions"}
    channels = reports().channels_status()
    assert channels["channelOrder"] == ["telegram"]
    assert channels["channelDefaultAccountId"] == {"telegram": "default"}
    assert [*msgspec.to_builtins(channels)["channelAccounts"]["telegram"]] == [
        {"accountId": "default", "running": True},
        {"accountId": "work", "running": False},
    ]


def test_G16_the_configuration_is_shown_without_secrets_and_paths() -> None:
    """Clients that probe a gateway get every key that they look at."""
    config = reports().config()
    text = msgspec.json.encode(config).decode()
    assert SHARED not in text
    assert "/" not in text
    assert set(json.loads(text)) == {
        *("path", "exists", "raw", "parsed", "valid", "config", "hash", "issues", "warnings", "legacyIssues")
    }
    assert json.loads(text)["parsed"]["gateway"]["auth"] == {"mode": "token"}


def test_G16_no_report_tells_a_path() -> None:
    for report in (reports().health(), reports().status(), reports().channels_status()):
        assert "/" not in msgspec.json.encode(report).decode()
