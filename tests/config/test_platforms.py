"""How each platform is reached: defaults, what can be said, what is inherited, what is refused."""

from pathlib import Path

import pytest

from clawdbot.channels.settings import (
    DiscordSettings,
    ImessageService,
    ImessageSettings,
    Platform,
    SignalSettings,
    SlackSettings,
    WhatsappSettings,
)
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from tests.support.configs import Desk

SAID = [
    ("discord: {}", DiscordSettings("https://discord.com/api/v10", "")),
    (
        "discord: {apiBase: 'http://127.0.0.1:1/api/v10/', gatewayUrl: 'ws://127.0.0.1:1/gw'}",
        DiscordSettings("http://127.0.0.1:1/api/v10", "ws://127.0.0.1:1/gw"),
    ),
    ("slack: {}", SlackSettings("https://slack.com/api")),
    ("slack: {apiBase: 'http://[::1]:1/api/'}", SlackSettings("http://[::1]:1/api")),
    ("signal: {}", SignalSettings("", "http://127.0.0.1:8080", True, "signal-cli", 30.0)),
    ("signal: {account: '+43 (1) 555-01'}", SignalSettings("+4315550" + "1")),
    ("signal: {httpUrl: 'http://localhost:9/'}", SignalSettings(http_url="http://localhost:9", auto_start=False)),
    (
        "signal: {httpUrl: 'http://localhost:9', autoStart: true}",
        SignalSettings(http_url="http://localhost:9", auto_start=True),
    ),
    ("signal: {httpHost: '::1', httpPort: 9}", SignalSettings(http_url="http://[::1]:9")),
    (
        "signal: {cliPath: '~/bin/signal-cli', startupTimeoutMs: 1500}",
        SignalSettings(cli_path="/home/ada/bin/signal-cli", startup_timeout=1.5),
    ),
    ("imessage: {}", ImessageSettings("imsg", "", ImessageService.AUTO, "US")),
    (
        "imessage: {cliPath: './imsg-on-the-mac', dbPath: '~/chat.db', service: 'sms', region: 'AT'}",
        ImessageSettings("./imsg-on-the-mac", "/home/ada/chat.db", ImessageService.SMS, "AT"),
    ),
    ("whatsapp: {}", WhatsappSettings((), None, None)),
    (
        "whatsapp: {bridgeCommand: ['python3', 'bridge.py'], selfChatMode: true}",
        WhatsappSettings(("python3", "bridge.py"), None, True),
    ),
    ("whatsapp: {authDir: '/srv/wa'}", WhatsappSettings(auth_dir=Path("/srv/wa"))),
]


@pytest.mark.parametrize(("said", "platform"), SAID)
def test_what_can_be_said(desk: Desk, said: str, platform: Platform) -> None:
    (account,) = desk.config(f"{{channels: {{{said}}}}}", {"HOME": "/home/ada"}).accounts.values()
    assert account.platform == platform


WRONG = [
    ("discord: {gatewayUrl: 'https://x'}", "channels.discord.gatewayUrl: must be a ws or wss URL"),
    ("slack: {apiBase: 'https://x/?a'}", 'channels.slack.apiBase: must be a plain URL, without "?" or "#"'),
    ("signal: {account: 'ada'}", "channels.signal.account: must be the bot's own number"),
    ("signal: {account: ''}", "channels.signal.account: must be the bot's own number"),
    ("signal: {httpPort: 0}", "channels.signal.httpPort: must be a whole number from 1 to 65535, not 0"),
    ("signal: {startupTimeoutMs: 5}", "channels.signal.startupTimeoutMs: must be a whole number from 1000 to 120000"),
    ("signal: {cliPath: ' '}", "channels.signal.cliPath: must be a path"),
    ("imessage: {service: 'rcs'}", 'channels.imessage.service: "rcs" is not one of auto, imessage, sms'),
    ("whatsapp: {bridgeCommand: []}", "channels.whatsapp.bridgeCommand: must be a program and its arguments"),
    ("whatsapp: {bridgeCommand: ['x', 5]}", "channels.whatsapp.bridgeCommand: must be a program and its arguments"),
    ("whatsapp: {bridgeCommand: 'x'}", "channels.whatsapp.bridgeCommand: must be a list, not a string"),
]


@pytest.mark.parametrize(("said", "problem"), WRONG)
def test_what_is_refused(desk: Desk, said: str, problem: str) -> None:
    (error,) = desk.errors(f"{{channels: {{{said}}}}}")
    assert error.startswith(f"1: {problem}")


@pytest.mark.parametrize(
    "said",
    [
        "discord: {token: 't', apiBase: 'http://example.com'}",
        "signal: {httpUrl: 'http://10.0.0.9'}",
        "signal: {httpUrl: 'HTTP://10.0.0.9'}",
        "signal: {httpUrl: 'http://127.0.0.1.example.com'}",
    ],
)
def test_messages_in_the_clear_are_warned_of(desk: Desk, said: str) -> None:
    (warning,) = desk.problems(f"{{channels: {{{said}}}}}")
    assert "unencrypted (use https)" in warning


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:1/api", "127.9.9.9", "[::1]:1", "[0:0::1]"])
def test_this_machine_may_be_reached_in_the_clear(desk: Desk, host: str) -> None:
    """However it is spelled; nobody listens in between."""
    assert desk.problems(f"{{channels: {{signal: {{httpUrl: 'http://{host}'}}}}}}") == []


def test_servers_are_inherited_and_logins_are_not(desk: Desk) -> None:
    """Two accounts with one Signal number or one WhatsApp session would be one account twice."""
    text = """{channels: {
        signal: {
            account: '+15550001111',
            cliPath: 'cli',
            accounts: {default: {}, work: {account: '+15550002222'}, two: {}},
        },
        whatsapp: {authDir: 'wa', bridgeCommand: ['b'], accounts: {default: {}, work: {}}},
    }}"""
    accounts = desk.config(text).accounts

    def found(channel: Channel, name: str) -> Platform:
        return accounts[ChannelAccount(channel, AccountId(name))].platform

    assert found(Channel.SIGNAL, "default") == SignalSettings("+15550001111", cli_path="cli")
    assert found(Channel.SIGNAL, "work") == SignalSettings("+15550002222", cli_path="cli")
    assert found(Channel.SIGNAL, "two") == SignalSettings("", cli_path="cli")
    assert found(Channel.WHATSAPP, "default") == WhatsappSettings(("b",), desk.path.parent / "wa")
    assert found(Channel.WHATSAPP, "work") == WhatsappSettings(("b",))


def test_self_chat_is_a_rule_of_who_may_write(desk: Desk) -> None:
    (account,) = desk.config("{channels: {whatsapp: {selfChatMode: false}}}").accounts.values()
    assert account.rules.self_chat is False
