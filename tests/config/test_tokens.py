"""Tokens: which one counts, what is none, and files that hold them. The order was checked against the reference."""

import os
from pathlib import Path

import pytest

from clawdbot.config.model import AccountConfig
from clawdbot.config.tokens import MAX_FILE_BYTES
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.support.configs import Desk

ENVIRON = {"TELEGRAM_BOT_TOKEN": "9:env"}


@pytest.fixture
def account(desk: Desk) -> "Account":
    return Account(desk)


class Account:
    """Reads one Telegram account out of a ``channels.telegram`` section."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __call__(self, text: str, name: str = "default", environ: dict[str, str] = ENVIRON) -> AccountConfig:
        config = self.desk.config(f"{{channels: {{telegram: {text}}}}}", environ)
        return config.accounts[ChannelAccount(Channel.TELEGRAM, AccountId(name))]

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.desk.path.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


ORDER = [
    # the section, the account, the token that counts, where it stands
    ("{tokenFile: 'base', botToken: '0:a'}", "default", "1:file", "channels.telegram.tokenFile"),
    ("{botToken: '0:a'}", "default", "0:a", "channels.telegram.botToken"),
    ("{}", "default", "9:env", "$TELEGRAM_BOT_TOKEN"),
    ("{tokenFile: '', botToken: '0:a'}", "default", "0:a", "channels.telegram.botToken"),
    ("{botToken: '  '}", "default", "9:env", "$TELEGRAM_BOT_TOKEN"),
    (
        "{tokenFile: 'base', accounts: {default: {botToken: '0:a'}}}",
        "default",
        "0:a",
        "channels.telegram.accounts.default.botToken",
    ),
    (
        "{botToken: '0:a', accounts: {default: {tokenFile: 'own', botToken: '0:b'}}}",
        "default",
        "2:file",
        "channels.telegram.accounts.default.tokenFile",
    ),
    (
        "{accounts: {work: {tokenFile: 'own', botToken: '0:b'}}}",
        "work",
        "2:file",
        "channels.telegram.accounts.work.tokenFile",
    ),
    ("{accounts: {'Work!': {botToken: '0:b'}}}", "work", "0:b", 'channels.telegram.accounts."Work!".botToken'),
]


@pytest.mark.parametrize(("text", "name", "token", "source"), ORDER, ids=[text for text, *_ in ORDER])
def test_the_nearest_token_counts_and_a_file_before_a_key(
    account: Account, text: str, name: str, token: str, source: str
) -> None:
    account.file("base", "1:file\n")
    account.file("own", "2:file")
    found = account(text, name)
    assert (found.token, found.token_source, found.token_problem) == (Secret(token), source, "")


def test_a_named_account_takes_nobody_else_s_token(account: Account) -> None:
    found = account("{botToken: '0:a', accounts: {work: {}}}", "work")
    assert (found.token, found.token_problem) == (None, "there is no bot token")


def test_no_token_at_all_is_a_problem_of_the_account(account: Account) -> None:
    found = account("{}", environ={})
    assert (found.token, found.token_source, found.token_problem) == (None, "", "there is no bot token")
    assert account.desk.problems("{channels: {telegram: {}}}") == [
        'warning: 1: channels.telegram: there is no bot token (run "clawdbot channels add telegram")'
    ]


def test_a_switched_off_account_needs_no_token(account: Account) -> None:
    assert account.desk.problems("{channels: {telegram: {enabled: false}}}") == []


def test_a_variable_fills_a_token_in(account: Account) -> None:
    assert account("{botToken: '${BOT_ID}:${BOT_KEY}'}", environ={"BOT_ID": "5", "BOT_KEY": "k"}).token == Secret("5:k")


@pytest.mark.parametrize("env", ["{TELEGRAM_BOT_TOKEN: '7:file'}", "{vars: {TELEGRAM_BOT_TOKEN: '7:file'}}"])
def test_the_file_may_set_the_variable_but_the_environment_counts(desk: Desk, env: str) -> None:
    text = f"{{env: {env}}}"
    where = ChannelAccount(Channel.TELEGRAM)
    assert desk.config(text).accounts[where].token == Secret("7:file")
    assert desk.config(text, {"TELEGRAM_BOT_TOKEN": " "}).accounts[where].token == Secret("7:file")
    assert desk.config(text, ENVIRON).accounts[where].token == Secret("9:env")


def test_other_variables_in_the_file_are_listed_as_not_served(desk: Desk) -> None:
    config = desk.config("{env: {A: 'x', shellEnv: {}, vars: {B: 'y', SLACK_BOT_TOKEN: 'xoxb-1'}}}")
    assert config.not_served == ("env.A", "env.shellEnv", "env.vars.B")


@pytest.mark.parametrize(
    "text", ["undefined", "null", "YOUR_TOKEN", "<your-bot-token>", "${{ todo }}", "xxxxxx", "None"]
)
def test_a_placeholder_is_no_token(account: Account, text: str) -> None:
    found = account(f"{{botToken: '{text}'}}")
    assert (found.token, found.token_problem) == (None, "channels.telegram.botToken is a placeholder, not a token")


@pytest.mark.parametrize("text", ["123456", "abc:def", "1:a b", "1:a/../b", "1:a?b", "bot1:a", "1:", "١:a", "1:a\\nb"])
def test_what_cannot_be_in_a_url_is_no_telegram_token(account: Account, text: str) -> None:
    found = account(f"{{botToken: '{text}'}}")
    assert found.token is None
    assert found.token_problem == "channels.telegram.botToken is not a token, which looks like 123456:ABC-DEF"


def test_a_bad_token_is_not_replaced_by_one_from_further_down(account: Account) -> None:
    for text in ("{tokenFile: 'missing', botToken: '0:a'}", "{accounts: {default: {botToken: 'x'}}, botToken: '0:a'}"):
        assert account(text).token is None


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_token_file_is_found_from_the_configuration_and_from_home(account: Account) -> None:
    path = account.file("token", "\ufeff1:file\r\n\n")
    home = {"HOME": str(path.parent)}
    for written in ("token", "./token", str(path), "~/token", "${HOME}/token"):
        found = account(f"{{tokenFile: '{written}'}}", environ=home)
        assert found.token == Secret("1:file")
        assert found.token_file is not None
        assert found.token_file.samefile(path)


def test_a_token_file_may_be_a_link(account: Account) -> None:
    account.file("secret", "1:file")
    (account.desk.path.parent / "token").symlink_to("secret")
    assert account("{tokenFile: 'token'}").token == Secret("1:file")


def test_a_token_file_that_cannot_be_used_is_named(account: Account) -> None:
    directory = account.desk.path.parent
    os.mkfifo(directory / "pipe")
    account.file("big", "1:" + "a" * MAX_FILE_BYTES)
    account.file("empty", " \n")
    account.file("binary", b"1:\xff")
    account.file("words", "export TOKEN=1:secret")
    problems = {
        "missing": f": {directory}/missing cannot be read: No such file or directory",
        ".": f": {directory} is not a regular file",
        "pipe": f": {directory}/pipe is not a regular file",
        "big": f": {directory}/big is larger than 4 KiB",
        "binary": f": {directory}/binary holds something other than text",
        "empty": " is empty",
        "words": " is not a token, which looks like 123456:ABC-DEF",
    }
    for name, problem in problems.items():
        found = account(f"{{tokenFile: '{name}'}}")
        assert (found.token, found.token_problem) == (None, f"channels.telegram.tokenFile{problem}")


def test_a_path_that_no_file_can_have_is_a_problem_too(account: Account) -> None:
    found = account("{tokenFile: 'a\\0b'}")
    assert found.token is None
    assert found.token_problem == "channels.telegram.tokenFile holds a NUL character"


def test_S7_a_token_in_the_place_of_its_file_s_path_is_not_shown(account: Account) -> None:
    """The problem goes to the log with the gateway's first lines: it names the key, and not what stands there."""
    found = account("{tokenFile: ' 123456:s3cret '}")
    assert found.token is None
    assert found.token_problem == (
        "channels.telegram.tokenFile holds a token itself, not the path of a file with one in it"
    )


# --- Discord and Slack -----------------------------------------------------------------------------------------------


def test_discord_s_token(desk: Desk) -> None:
    where = ChannelAccount(Channel.DISCORD)
    assert desk.config("{channels: {discord: {token: 'a.b'}}}").accounts[where].token == Secret("a.b")
    assert desk.config("{}", {"DISCORD_BOT_TOKEN": "c.d"}).accounts[where].token == Secret("c.d")


def test_slack_s_two_tokens(desk: Desk) -> None:
    where = ChannelAccount(Channel.SLACK)
    slack = desk.config("{channels: {slack: {botToken: 'xoxb-1', appToken: 'xapp-1'}}}").accounts[where]
    assert (slack.token, slack.app_token, slack.token_problem) == (Secret("xoxb-1"), Secret("xapp-1"), "")
    slack = desk.config("{}", {"SLACK_BOT_TOKEN": "xoxb-2", "SLACK_APP_TOKEN": "xapp-2"}).accounts[where]
    assert (slack.token, slack.app_token) == (Secret("xoxb-2"), Secret("xapp-2"))
    slack = desk.config("{channels: {slack: {botToken: 'xoxb-1'}}}").accounts[where]
    assert (slack.app_token, slack.token_problem) == (None, "there is no app token")
    slack = desk.config("{channels: {slack: {botToken: 'xapp-1', appToken: 'xoxb-1'}}}").accounts[where]
    assert slack.token_problem == "channels.slack.botToken is not a token, which looks like xoxb-…"


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.SIGNAL, Channel.IMESSAGE])
def test_the_others_need_none(desk: Desk, channel: Channel) -> None:
    assert desk.problems(f"{{channels: {{{channel}: {{}}}}}}") == []
    assert desk.config(f"{{channels: {{{channel}: {{}}}}}}").accounts[ChannelAccount(channel)].token_problem == ""
