"""Accounts: which there are, what they inherit, and names that cannot be told apart."""

import pytest

from clawdbot.channels.settings import TELEGRAM_API, TelegramSettings
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from tests.support.configs import Desk

EXISTING = [
    ("{}", ["default"]),
    ("{botToken: '1:x'}", ["default"]),
    ("{accounts: {}}", ["default"]),
    ("{accounts: {work: {}}}", ["work"]),
    ("{accounts: {work: {}, home: {}}}", ["work", "home"]),
    ("{accounts: {work: {}, default: {}}}", ["work", "default"]),
    ("{botToken: '1:x', accounts: {work: {}}}", ["default", "work"]),
    ("{tokenFile: 'x', accounts: {work: {}}}", ["default", "work"]),
    ("{dmPolicy: 'open', accounts: {work: {}}}", ["work"]),
    ("{accounts: {'Work Bot': {}, ' DEFAULT ': {}}}", ["work-bot", "default"]),
    ("{accounts: {__proto__: {}, constructor: {}}}", ["__proto__", "constructor"]),
]


@pytest.mark.parametrize(("text", "names"), EXISTING, ids=[text for text, _ in EXISTING])
def test_which_accounts_there_are(desk: Desk, text: str, names: list[str]) -> None:
    """A token in the environment makes no default account beside named ones, as in the reference."""
    config = desk.config(f"{{channels: {{telegram: {text}}}}}", {"TELEGRAM_BOT_TOKEN": "9:env"})
    assert [account.account for account in config.accounts] == names
    assert all(key == account.account for key, account in config.accounts.items())


def test_channels_are_kept_apart(desk: Desk) -> None:
    config = desk.config("{channels: {signal: {accounts: {a: {}}}, slack: {accounts: {a: {}}}}}")
    assert sorted(map(str, config.accounts)) == ["signal:a", "slack:a"]


def test_S5_two_names_of_one_account_are_refused(desk: Desk) -> None:
    text = "{channels: {telegram: {accounts: {\nwork: {},\n'Work!': {},\n'work ': {}}}}}"
    assert desk.errors(text) == [
        '3: channels.telegram.accounts."Work!": is the account "work" again, as "work" is (rename one of them)',
        '4: channels.telegram.accounts."work ": is the account "work" again, as "work" is (rename one of them)',
    ]
    long = "x" * 64
    (error,) = desk.errors(f"{{channels: {{telegram: {{accounts: {{{long}a: {{}}, {long}b: {{}}}}}}}}}}")
    assert f'is the account "{long}" again' in error


@pytest.mark.parametrize("name", ["", " ", "..", "../..", "-", "…", "\\0"])
def test_S5_a_name_of_which_nothing_is_left_is_not_the_default_account(desk: Desk, name: str) -> None:
    (error,) = desk.errors(f"{{channels: {{telegram: {{accounts: {{'{name}': {{}}}}}}}}}}")
    assert error.endswith(": an account's name needs a letter or a digit")


def test_an_account_is_an_object(desk: Desk) -> None:
    assert desk.errors("{channels: {telegram: {accounts: {work: null}}}}") == [
        "1: channels.telegram.accounts.work: must be an object, not null"
    ]
    assert desk.errors("{channels: {telegram: {accounts: ['work']}}}") == [
        "1: channels.telegram.accounts: must be an object, not a list"
    ]


def test_an_account_has_no_accounts(desk: Desk) -> None:
    (error,) = desk.errors("{channels: {telegram: {accounts: {work: {accounts: {}}}}}}")
    assert error.startswith("1: channels.telegram.accounts.work.accounts: there is no such key")


@pytest.mark.parametrize(
    ("base", "account", "enabled"),
    [("", "", True), ("enabled: false,", "enabled: true", False), ("", "enabled: false", False)],
)
def test_a_channel_that_is_off_is_off_for_all(desk: Desk, base: str, account: str, enabled: bool) -> None:
    config = desk.config(f"{{channels: {{telegram: {{{base} accounts: {{work: {{{account}}}}}}}}}}}")
    assert config.accounts[ChannelAccount(Channel.TELEGRAM, AccountId("work"))].enabled is enabled


def test_D10_the_cap_of_an_account_its_channel_or_all(desk: Desk) -> None:
    text = "{{{} channels: {{telegram: {{{} accounts: {{a: {{maxPending: 1}}, b: {{}}}}}}}}}}"

    def caps(pairing: str, channel: str) -> list[int]:
        return [account.cap for account in desk.config(text.format(pairing, channel)).accounts.values()]

    assert caps("", "") == [1, 3]
    assert caps("pairing: {maxPending: 9},", "") == [1, 9]
    assert caps("pairing: {maxPending: 9},", "maxPending: 100,") == [1, 100]


@pytest.mark.parametrize("cap", ["0", "-1", "101", "3.0", "1e1", "'3'", "true", "null", "Infinity"])
def test_D10_the_cap_is_bounded(desk: Desk, cap: str) -> None:
    shown = {"'3'": '"3"', "1e1": "10.0"}.get(cap, cap)
    assert desk.errors(f"{{channels: {{telegram: {{maxPending: {cap}}}}}}}") == [
        f"1: channels.telegram.maxPending: must be a whole number from 1 to 100, not {shown}"
    ]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", [False, False]),
        ("holdFirstMessage: true,", [True, True]),
        ("accounts: {work: {holdFirstMessage: true}},", [False, True]),
        ("holdFirstMessage: true, accounts: {work: {holdFirstMessage: false}},", [True, False]),
    ],
)
def test_first_messages_are_held_where_the_owner_says_so(desk: Desk, text: str, held: list[bool]) -> None:
    """The account's own word counts before the channel's; on one that is not configured nothing is held."""
    text = text if "accounts" in text else f"{text} accounts: {{work: {{}}}},"
    config = desk.config(f"{{channels: {{telegram: {{botToken: '1:a', {text}}}}}}}")
    accounts = [ChannelAccount(Channel.TELEGRAM, AccountId(name)) for name in ("default", "work", "other")]
    assert [config.holds_first_message(account) for account in accounts] == [*held, False]


@pytest.mark.parametrize("wrong", ["1", "'true'", "null"])
def test_D5_what_is_neither_yes_nor_no_is_an_error(desk: Desk, wrong: str) -> None:
    (error,) = desk.errors(f"{{channels: {{telegram: {{holdFirstMessage: {wrong}}}}}}}")
    assert error.startswith("1: channels.telegram.holdFirstMessage: must be true or false")


@pytest.mark.parametrize(
    ("written", "api_base"),
    [
        ("", TELEGRAM_API),
        ("apiBase: 'http://127.0.0.1:8081',", "http://127.0.0.1:8081"),
        ("apiBase: 'http://localhost:8081//',", "http://localhost:8081"),
        ("apiBase: 'https://bots.example.com/api/',", "https://bots.example.com/api"),
    ],
)
def test_the_bot_api_may_be_elsewhere(desk: Desk, written: str, api_base: str) -> None:
    text = f"{{channels: {{telegram: {{{written} botToken: '1:x', accounts: {{work: {{botToken: '2:x'}}}}}}}}}}"
    assert [account.platform for account in desk.config(text).accounts.values()] == [TelegramSettings(api_base)] * 2
    assert desk.problems(text) == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://x", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("api.telegram.org", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("http://", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("http://[::1", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("http://a:99999", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("http://a b", "must be an http or https URL (write it like https://api.example.com/v1)"),
        ("https://u:p@example.com", "holds a user name or password (leave out what stands before the @)"),
        ("https://example.com/?a=b", 'must be a plain URL, without "?" or "#"'),
        ("https://example.com/#a", 'must be a plain URL, without "?" or "#"'),
    ],
)
def test_where_the_bot_api_cannot_be(desk: Desk, url: str, problem: str) -> None:
    assert desk.errors(f"{{channels: {{telegram: {{apiBase: '{url}'}}}}}}") == [
        f"1: channels.telegram.apiBase: {problem}"
    ]


def test_a_token_that_travels_in_the_clear_is_warned_of(desk: Desk) -> None:
    assert desk.problems("{channels: {telegram: {botToken: '1:x', apiBase: 'http://127.0.0.1.example.com'}}}") == [
        "warning: 1: channels.telegram.apiBase: the bot token and all messages go there unencrypted (use https)"
    ]


def test_two_accounts_with_one_token_are_warned_of(desk: Desk) -> None:
    text = "{channels: {telegram: {botToken: '1:x', accounts: {work: {botToken: '1:x'%s}}}}}"
    assert desk.problems(text % "") == [
        'warning: 1: channels.telegram: the accounts "default" and "work" have the same token'
        " (give each bot one account; two cannot receive with the same token)"
    ]
    assert desk.problems(text % ", enabled: false") == []


@pytest.mark.parametrize(
    ("channel", "first", "second", "same"),
    [
        ("signal", "account: '+15550001111'", "account: '+1 555 000 1111', httpPort: 8081", "number"),
        ("signal", "account: '+15550001111'", "account: '+15550002222'", ""),
        ("signal", "httpPort: 8081", "httpPort: 8081", "number"),
        ("signal", "httpPort: 8081", "httpPort: 8082", ""),
        ("imessage", "", "service: 'sms'", "messages"),
        ("imessage", "", "cliPath: '~/bin/other-mac'", ""),
        ("imessage", "", "dbPath: '/tmp/chat.db'", ""),
        ("whatsapp", "authDir: 'one'", "authDir: 'one'", "authDir"),
        ("whatsapp", "authDir: 'one'", "authDir: 'two'", ""),
        ("whatsapp", "", "", ""),
    ],
)
def test_D1_two_accounts_with_one_login_are_warned_of(
    desk: Desk, channel: str, first: str, second: str, same: str
) -> None:
    """Where no token tells them apart, too: both would answer each message."""
    text = f"{{channels: {{{channel}: {{accounts: {{home: {{{first}}}, work: {{{second}}}}}}}}}}}"
    found = [each for each in desk.problems(text) if "have the same" in each]
    assert [f'the accounts "home" and "work" have the same {same} (' in each for each in found] == [True] * bool(same)


@pytest.mark.parametrize(
    ("text", "default", "work"),
    [
        ("{accounts: {default: {}, work: {}}}", False, False),
        ("{notifyOnApprove: true, accounts: {default: {}, work: {}}}", True, True),
        ("{notifyOnApprove: true, accounts: {default: {}, work: {notifyOnApprove: false}}}", True, False),
        ("{accounts: {default: {}, work: {notifyOnApprove: true}}}", False, True),
    ],
)
def test_who_is_told_on_approval(desk: Desk, text: str, default: bool, work: bool) -> None:
    """An account's own word counts before its channel's; without any, and for accounts that are not there: nobody."""
    config = desk.config(f"{{channels: {{signal: {text}}}}}")
    accounts = [ChannelAccount(Channel.SIGNAL, AccountId(name)) for name in ("default", "work", "none")]
    assert [config.notifies_on_approve(one) for one in accounts] == [default, work, False]


def test_notify_on_approve_is_true_or_false(desk: Desk) -> None:
    assert desk.errors("{channels: {signal: {notifyOnApprove: 1}}}") == [
        "1: channels.signal.notifyOnApprove: must be true or false, not 1"
    ]
