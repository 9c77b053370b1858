"""What the gateway tells about itself: the shapes that clients print, no secrets, no paths (threats.md G16)."""

import json

import msgspec
import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.gateway.reports import AccountReport, ChannelReport, Reports, accounts_of, without_paths
from tests.support.gateways import SETTINGS, SHARED

READY = AccountReport(state="ready", connected=True, bot="@a_bot")
REFUSED = AccountReport(state="token refused", running=False, last_error="no such token", hint="get another one")
CHANNELS = {"telegram": ChannelReport("Telegram", {"default": READY, "work": REFUSED})}


def reports() -> Reports:
    return Reports(channels=lambda: CHANNELS, settings=lambda: SETTINGS, now=lambda: 7)


def test_health_has_what_clients_look_for() -> None:
    health = reports().health()
    assert set(health) == {
        *("ok", "ts", "durationMs", "channels", "channelOrder", "channelLabels"),
        *("heartbeatSeconds", "defaultAgentId", "agents", "sessions"),
    }
    assert health["channelLabels"] == {"telegram": "Telegram"}


def test_health_tells_how_each_account_does_where_clients_look_for_it() -> None:
    """The channel says what its default account does; ``probe`` is what the reference's programs print."""
    telegram = reports().health()["channels"]["telegram"]  # type: ignore[index]
    accounts = telegram.pop("accounts")
    assert telegram == accounts["default"]
    assert accounts == {
        "default": {
            **{"accountId": "default", "enabled": True, "configured": True, "running": True, "connected": True},
            **{"state": "ready", "bot": "@a_bot", "lastError": None, "hint": None},
            "probe": {"ok": True, "bot": {"username": "a_bot"}},
        },
        "work": {
            **{"accountId": "work", "enabled": True, "configured": True, "running": False, "connected": False},
            **{"state": "token refused", "bot": None, "lastError": "no such token", "hint": "get another one"},
            "probe": {"ok": False, "error": "no such token"},
        },
    }


def test_what_health_tells_is_read_back() -> None:
    """By ``clawdbot status``; what another gateway says in other shapes is nothing, and no error."""
    assert accounts_of(reports().health()) == {
        ChannelAccount(Channel.TELEGRAM): READY,
        ChannelAccount(Channel.TELEGRAM, AccountId("work")): REFUSED,
    }
    assert reports().accounts() == accounts_of(reports().health())
    odd: list[object] = [None, [], {"channels": 1}, {"channels": {"telegram": 1, "no-channel": {}}}]
    odd += [{"channels": {"telegram": {"accounts": {"a": 1, "..": {"state": "x"}, "b": {"configured": True}}}}}]
    assert [accounts_of(health) for health in odd] == [{}] * len(odd)


def test_G16_nodes_hear_that_there_are_channels_and_nothing_of_their_accounts() -> None:
    brief = reports().health(whole=False)
    assert brief["channels"] == {"telegram": {"configured": True}}
    assert set(brief) == set(reports().health())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/.clawdbot/telegram.token cannot be read", "…/telegram.token cannot be read"),
        ("run: chmod +x '/opt/my/signal-cli'", "run: chmod +x '…/signal-cli'"),
        ("see ~/.clawdbot/credentials/x.json, then", "see …/x.json, then"),
        ("https://api.telegram.org/a/b is not there", "https://api.telegram.org/a/b is not there"),
        ("docs/channels/telegram.md and/or /start", "docs/channels/telegram.md and/or /start"),
    ],
)
def test_G16_of_a_file_its_name_is_told_and_not_where_it_is(text: str, shown: str) -> None:
    assert without_paths(text) == shown


def test_S7_what_a_report_says_is_inert() -> None:
    odd = AccountReport(state="ready\n", bot="\u202ebot", last_error="\x1b[2J")
    assert odd.described == "ready\\n as \\u202ebot: \\x1b[2J"


def test_status_and_channels_have_what_clients_look_for() -> None:
    assert set(reports().status()) == {"heartbeat", "channelSummary", "queuedSystemEvents", "sessions"}
    channels = reports().channels_status()
    assert channels["channelOrder"] == ["telegram"]
    assert channels["channelDefaultAccountId"] == {"telegram": "default"}
    default, work = channels["channelAccounts"]["telegram"]  # type: ignore[index]
    assert (default["accountId"], default["running"], default["lastError"]) == ("default", True, None)
    assert (work["accountId"], work["running"], work["lastError"]) == ("work", False, "no such token")


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
