"""Loading: what the file as a whole says, the exact errors, and files that cannot be read."""

import json
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.settings import TelegramSettings
from clawdbot.config import Config, load, problems
from clawdbot.config.load import MAX_BYTES
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.domain.senders import DEFAULT_CAP
from clawdbot.errors import ConfigError
from tests.support.configs import TOKEN, Desk

TELEGRAM = ChannelAccount(Channel.TELEGRAM)

EVERYTHING = """\
// our bots
{
  channels: {
    telegram: {
      botToken: "${MY_TOKEN}",
      dmPolicy: "allowlist",
      allowFrom: [777, "tg:888"], // Ada, Bob
      maxPending: 5,
      apiBase: "https://bots.example.com/",
      groups: { "*": { requireMention: true } },
      accounts: {
        "Work Bot": { name: "for work", botToken: "55:w", dmPolicy: "open", allowFrom: ["*"], enabled: false },
      },
    },
    whatsapp: { ackReaction: {} },
    matrix: { homeserver: "https://example.org" },
  },
  assistant: { command: ["answer", "--home", "${HOME}"], timeoutSeconds: 30, concurrency: 2 },
  pairing: { maxPending: 7 },
  gateway: { port: 18789, auth: { token: "not looked at" } },
  agents: { $include: "./agents.json5" },
  meta: { lastTouchedVersion: "2026.1.24-3" },
}
"""


def test_everything_that_is_served(desk: Desk) -> None:
    config = desk.config(EVERYTHING, {"MY_TOKEN": TOKEN, "HOME": "/home/ada"})
    telegram = config.accounts[TELEGRAM]
    assert telegram.rules == DmRules(DmPolicy.ALLOWLIST, frozenset({SenderId("777"), SenderId("888")}), everyone=False)
    assert (telegram.token, telegram.token_source, telegram.token_problem) == (
        Secret(TOKEN),
        "channels.telegram.botToken",
        "",
    )
    work = config.accounts[ChannelAccount(Channel.TELEGRAM, AccountId("work-bot"))]
    assert telegram.platform == work.platform == TelegramSettings("https://bots.example.com")
    assert (telegram.cap, telegram.enabled) == (5, True)
    assert (work.name, work.enabled, work.cap) == ("for work", False, 5)
    assert work.rules == DmRules(DmPolicy.OPEN, everyone=True)
    assert config.accounts[ChannelAccount(Channel.WHATSAPP)].cap == config.pairing_cap == 7
    assert "command" not in repr(config.assistant)
    assert config.warnings == ()


def test_keys_of_the_reference_that_are_not_served_are_listed(desk: Desk) -> None:
    config = desk.config(EVERYTHING, {"MY_TOKEN": TOKEN, "HOME": "/home/ada"})
    assert config.not_served == (
        "agents",
        "channels.matrix",
        "channels.telegram.groups",
        "channels.whatsapp.ackReaction",
    )


def test_no_file_means_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "clawdbot.json", {}) == Config(accounts={}, pairing_cap=DEFAULT_CAP)
    assert problems(tmp_path / "clawdbot.json", {}) == []


def test_a_token_in_the_environment_is_enough(tmp_path: Path) -> None:
    telegram = load(tmp_path / "clawdbot.json", {"TELEGRAM_BOT_TOKEN": TOKEN}).accounts[TELEGRAM]
    assert (telegram.token, telegram.token_source) == (Secret(TOKEN), "$TELEGRAM_BOT_TOKEN")
    assert telegram.rules == DmRules(DmPolicy.PAIRING)


ERRORS = [
    ("", "clawdbot.json: is empty", "write {} into it, or remove it"),
    (" \n", "clawdbot.json: is empty", "write {} into it, or remove it"),
    ("[]", "clawdbot.json:1: must hold an object, not a list", "write {} around it"),
    ("null", "clawdbot.json:1: must hold an object, not null", "write {} around it"),
    ("\n{a", 'clawdbot.json:2: a: expected ":" after the key, but the text ends', ""),
    (
        '{\n "channels": {},\n "channels": {}\n}',
        "clawdbot.json:3: channels: is there twice, first on line 2",
        "remove one of the two",
    ),
    ("{chanels: {}}", "clawdbot.json:1: chanels: there is no such key", 'did you mean "channels"?'),
    (
        "{colour: 1}",
        "clawdbot.json:1: colour: there is no such key",
        "keys here are assistant, channels, discovery, env, gateway, owner, pairing",
    ),
    ("{\n\ntelegram: {}}", "clawdbot.json:3: telegram: there is no such key", 'it belongs under "channels"'),
    ("{channels: []}", "clawdbot.json:1: channels: must be an object, not a list", ""),
    ("{channels: null}", "clawdbot.json:1: channels: must be an object, not null", ""),
    (
        "{channels: {telegrm: {}}}",
        "clawdbot.json:1: channels.telegrm: there is no such key",
        'did you mean "telegram"?',
    ),
    (
        "{channels: {\ntelegram: {\ndmPolicy: 'paring'}}}",
        'clawdbot.json:3: channels.telegram.dmPolicy: "paring" is not one of pairing, allowlist, open, disabled',
        'did you mean "pairing"?',
    ),
    (
        "{channels: {telegram: {dmPolicie: 'open'}}}",
        "clawdbot.json:1: channels.telegram.dmPolicie: there is no such key",
        'did you mean "dmPolicy"?',
    ),
    (
        "{pairing: {maxPending: 0}}",
        "clawdbot.json:1: pairing.maxPending: must be a whole number from 1 to 100, not 0",
        "",
    ),
    ("{pairing: {cap: 3}}", "clawdbot.json:1: pairing.cap: there is no such key", "keys here are maxPending"),
    (
        "{$include: './other.json'}",
        "clawdbot.json:1: $include: other files cannot be included here",
        "write what the other file holds here",
    ),
    (
        "{channels: {telegram: {$include: './other.json'}}}",
        "clawdbot.json:1: channels.telegram.$include: other files cannot be included here",
        "write what the other file holds here",
    ),
    ("{env: 5}", "clawdbot.json:1: env: must be an object, not a number", ""),
    (
        '{channels: {"tele\\u202egram": {}}}',
        r'clawdbot.json:1: channels."tele\u202egram": there is no such key',
        'did you mean "telegram"?',
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), ERRORS, ids=[text for text, _, _ in ERRORS])
def test_an_error_names_file_line_key_and_value(desk: Desk, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        desk.config(text)
    assert (caught.value.message, caught.value.hint) == (message, hint or f"mend it in {desk.path}")
    assert caught.value.exit_code == 2


def test_all_problems_at_once_for_the_doctor(desk: Desk) -> None:
    text = "{\nfoo: 1,\nchannels: {telegram: {\ndmPolicy: '',\nallowFrom: ['@bob']}},\npairing: 3}"
    assert desk.problems(text) == [
        "error: 2: foo: there is no such key"
        " (keys here are assistant, channels, discovery, env, gateway, owner, pairing)",
        'warning: 3: channels.telegram: there is no bot token (run "clawdbot channels add telegram")',
        'error: 4: channels.telegram.dmPolicy: "" is not one of pairing, allowlist, open, disabled',
        'warning: 5: channels.telegram.allowFrom[0]: "@bob" lets nobody in: usernames can change hands;'
        " use the numeric id",
        "error: 6: pairing: must be an object, not a number",
    ]
    with pytest.raises(ConfigError) as caught:
        desk.config(text.replace("foo: 1,", ""))
    assert caught.value.hint == '1 more; run "clawdbot doctor" to see them all'


def test_warnings_do_not_keep_a_configuration_from_being_used(desk: Desk) -> None:
    config = desk.config("{channels: {telegram: {allowFrom: ['@bob']}}}")
    assert [warning.key for warning in config.warnings] == ["channels.telegram", "channels.telegram.allowFrom[0]"]


# --- files -----------------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    """The error for a file, which load and problems give alike."""
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert [str(problem) for problem in problems(path, {})] == [caught.value.message]
    return caught.value.message


def test_S4_what_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.mkdir()
    assert refused(path) == "clawdbot.json: is not a regular file"
    path.rmdir()
    os.mkfifo(path)
    assert refused(path) == "clawdbot.json: is not a regular file"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert refused(path) == "clawdbot.json: cannot be read: No such device or address"
    assert refused(path / "clawdbot.json") == "clawdbot.json: cannot be read: Not a directory"


def test_S4_a_link_to_nothing_is_not_taken_for_no_file(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.symlink_to("elsewhere.json")
    assert refused(path) == "clawdbot.json: is a link to a file that is not there"
    (tmp_path / "elsewhere.json").write_text("{}")
    assert load(path, {}) == Config()


def test_S4_a_file_that_may_not_be_read_is_not_taken_for_no_file(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.symlink_to("clawdbot.json")
    assert refused(path) == "clawdbot.json: cannot be read: Too many levels of symbolic links"


def test_S8_the_size_is_bounded(desk: Desk) -> None:
    desk.write("{}" + " " * (MAX_BYTES - 2))
    assert load(desk.path, {}) == Config()
    desk.write("{}" + " " * (MAX_BYTES - 1))
    assert refused(desk.path) == "clawdbot.json: is larger than 1024 KiB"


def test_S8_other_encodings_are_refused(desk: Desk) -> None:
    desk.path.write_bytes(b'{\n"channels": "\xe9"}')
    assert refused(desk.path) == "clawdbot.json:2: is not UTF-8 text"
    desk.path.write_bytes("\ufeff{}".encode("utf-16"))
    assert refused(desk.path) == "clawdbot.json:1: is not UTF-8 text"
    desk.path.write_bytes("\ufeff{}".encode())
    assert load(desk.path, {}) == Config()


SECRETS = """{
  env: { vars: { TELEGRAM_BOT_TOKEN: "123:s3cret" } },
  channels: {
    telegram: { botToken: "456:s3cret", webhookSecret: "s3cret" },
    discord: { token: "s3cret", accounts: { work: { token: "s3cret " } } },
    slack: { botToken: "xoxb-s3cret", appToken: "s3cret" },
  },
  assistant: { command: ["curl", "-H", "key: ${KEY}"] },
  gateway: { auth: { token: "s3cret", password: "s3cret" } },
}"""


def test_S7_no_secret_in_what_is_shown(desk: Desk) -> None:
    environ = {"KEY": "s3cret"}
    config = desk.config(SECRETS, environ)
    shown = [repr(config), str(config), *desk.problems(SECRETS, environ)]
    broken = [
        SECRETS.replace('"456:s3cret"', '{a: "456:s3cret"}'),
        SECRETS.replace('"456:s3cret"', '["456:s3cret"]'),
        SECRETS.replace('"123:s3cret"', '"123:s3cret'),
        SECRETS.replace("env:", "enf:"),
        SECRETS.replace("appToken", "appTokn"),
        SECRETS.replace('"key: ${KEY}"', "5"),
        SECRETS.replace(
            'command: ["curl", "-H", "key: ${KEY}"]', 'url: "https://a:s3cret@x/", model: "m", apiKey: "s3cret"'
        ),
        SECRETS.replace('command: ["curl", "-H", "key: ${KEY}"]', 'url: "x://s3cret", model: 5, apiKey: ["s3cret"]'),
        SECRETS.replace("telegram: {", 'telegram: { dmPolicy: "${KEY}", allowFrom: ["${KEY}"],'),
    ]
    for text in broken:
        with pytest.raises(ConfigError) as caught:
            desk.config(text, environ)
        shown += [str(caught.value), caught.value.hint, repr(caught.value), *desk.problems(text, environ)]
    assert [line for line in shown if "s3cret" in line] == []


KEYS = st.sampled_from(
    re.findall(
        r"\S+",
        "channels telegram discord slack accounts dm dmPolicy allowFrom policy enabled botToken tokenFile "
        "token appToken apiBase maxPending name assistant command url model apiKey system python "
        "timeoutSeconds concurrency pairing env vars TELEGRAM_BOT_TOKEN agents $include default ",
    )
)
WORDS = st.sampled_from(["*", "pairing", "open", "777", "@bob", "${HOME}", "$${X}", "http://x", "http://[", "a:b", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "channels": VALUES | st.dictionaries(st.sampled_from(list(Channel)), st.dictionaries(KEYS, VALUES, max_size=6)),
        "assistant": VALUES,
        "pairing": VALUES,
        "env": VALUES,
    },
)


@given(SECTIONS | VALUES, st.sampled_from([{}, {"HOME": "/h", "TELEGRAM_BOT_TOKEN": "1:x", "SLACK_BOT_TOKEN": "y"}]))
def test_S8_whatever_the_file_says_only_a_config_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, value: object, environ: dict[str, str]
) -> None:
    _load_or_refuse(tmp_path_factory.getbasetemp() / "clawdbot.json", json.dumps(value).encode(), environ)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_S8_whatever_bytes_there_are_only_a_config_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    _load_or_refuse(tmp_path_factory.getbasetemp() / "clawdbot.json", content, {})


def _load_or_refuse(path: Path, content: bytes, environ: dict[str, str]) -> None:
    path.write_bytes(content)
    found = [problem for problem in problems(path, environ) if problem.severity == "error"]
    if found:
        with pytest.raises(ConfigError) as caught:
            load(path, environ)
        assert caught.value.message == str(found[0])
        return
    for account in load(path, environ).accounts.values():
        assert account.rules.policy in list(DmPolicy)
        assert 1 <= account.cap <= 100
