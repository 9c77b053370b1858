"""Who may write: policies, allowlists and both dialects (threats.md D3–D6)."""

import pytest

from clawdbot.config.model import RefusedEntry
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from tests.support.configs import Desk

TELEGRAM = Channel.TELEGRAM
NESTING = [Channel.DISCORD, Channel.SLACK]
FLAT = [channel for channel in Channel if channel not in NESTING]
PERSON = {
    Channel.TELEGRAM: "777",
    Channel.DISCORD: "112233445566778899",
    Channel.SLACK: "U012AB3CD",
    Channel.SIGNAL: "+15550001111",
    Channel.WHATSAPP: "+15550001111",
    Channel.IMESSAGE: "+15550001111",
}


@pytest.mark.parametrize("channel", list(Channel))
def test_the_default_is_pairing_for_everybody(desk: Desk, channel: Channel) -> None:
    assert desk.rules(channel, "{}") == DmRules(DmPolicy.PAIRING, frozenset(), everyone=False)


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("policy", list(DmPolicy))
def test_every_channel_reads_the_flat_dialect(desk: Desk, channel: Channel, policy: DmPolicy) -> None:
    found = desk.rules(channel, f"{{dmPolicy: '{policy}', allowFrom: ['{PERSON[channel]}']}}")
    assert found == DmRules(policy, frozenset({SenderId(PERSON[channel])}))


@pytest.mark.parametrize("channel", NESTING)
@pytest.mark.parametrize("policy", list(DmPolicy))
def test_discord_and_slack_read_the_nested_dialect(desk: Desk, channel: Channel, policy: DmPolicy) -> None:
    found = desk.rules(channel, f"{{dm: {{policy: '{policy}', allowFrom: ['{PERSON[channel]}'], enabled: true}}}}")
    assert found == DmRules(policy, frozenset({SenderId(PERSON[channel])}))


@pytest.mark.parametrize("channel", NESTING)
def test_a_thing_said_in_both_dialects_is_refused(desk: Desk, channel: Channel) -> None:
    text = f"{{channels: {{{channel}: {{\ndmPolicy: 'open', allowFrom: [],\ndm: {{policy: 'open', allowFrom: []}}}}}}}}"
    assert desk.errors(text) == [
        f"2: channels.{channel}.dmPolicy: is said in dm.policy too (keep one of the two)",
        f"2: channels.{channel}.allowFrom: is said in dm.allowFrom too (keep one of the two)",
    ]


@pytest.mark.parametrize("channel", FLAT)
def test_the_other_channels_have_no_nested_dialect(desk: Desk, channel: Channel) -> None:
    assert desk.errors(f"{{channels: {{{channel}: {{dm: {{policy: 'open'}}}}}}}}") == [
        f'1: channels.{channel}.dm: there is no such key (say "dmPolicy" and "allowFrom")'
    ]


@pytest.mark.parametrize("channel", NESTING)
def test_switched_off_is_disabled_whatever_the_policy(desk: Desk, channel: Channel) -> None:
    assert desk.rules(channel, "{dm: {enabled: false, policy: 'open', allowFrom: ['*']}}").policy is DmPolicy.DISABLED


@pytest.mark.parametrize("policy", ["''", "null", "'Open'", "'everyone'", "'*'", "true", "[]", "{}", "0", "' open'"])
@pytest.mark.parametrize("key", ["dmPolicy: {}", "dm: {{policy: {}}}"])
def test_D5_no_other_policy_is_taken_for_one(desk: Desk, policy: str, key: str) -> None:
    (error,) = desk.errors(f"{{channels: {{discord: {{{key.format(policy)}}}}}}}")
    assert "is not one of pairing, allowlist, open, disabled" in error


@pytest.mark.parametrize("value", ["null", "'*'", "777", "true", "{}", "{'*': true}"])
def test_D5_an_allowlist_is_a_list_and_nothing_else(desk: Desk, value: str) -> None:
    (error,) = desk.errors(f"{{channels: {{telegram: {{allowFrom: {value}}}}}}}")
    assert error.startswith("1: channels.telegram.allowFrom: must be a list, not ")
    assert error.endswith("(write a list of ids in square brackets: [123456789])")


@pytest.mark.parametrize("policy", list(DmPolicy))
def test_D5_an_empty_list_means_nobody(desk: Desk, policy: DmPolicy) -> None:
    assert desk.rules(TELEGRAM, f"{{dmPolicy: '{policy}', allowFrom: []}}") == DmRules(policy)


def test_D3_an_allowlist_that_lists_nobody_is_warned_of(desk: Desk) -> None:
    text = "{channels: {telegram: {botToken: '1:x', dmPolicy: 'allowlist'}}}"
    assert desk.problems(text) == [
        'warning: 1: channels.telegram.dmPolicy: "allowlist" lets nobody in, for allowFrom lists nobody'
    ]


def test_D4_open_without_a_wildcard_is_warned_of(desk: Desk) -> None:
    text = "{channels: {telegram: {botToken: '1:x', dmPolicy: 'open', allowFrom: [777]}}}"
    assert desk.problems(text) == [
        'warning: 1: channels.telegram.dmPolicy: "open" lets in only who is listed or approved, for "*" is not in'
        ' allowFrom (to let everybody in, add "*" to allowFrom)'
    ]
    assert desk.config(text).accounts[ChannelAccount(TELEGRAM)].rules.everyone is False


@pytest.mark.parametrize("policy", ["pairing", "allowlist"])
def test_D4_a_wildcard_that_overrides_the_policy_is_warned_of(desk: Desk, policy: str) -> None:
    text = f"{{channels: {{telegram: {{botToken: '1:x', dmPolicy: '{policy}', allowFrom: [' * ']}}}}}}"
    assert desk.problems(text) == [
        'warning: 1: channels.telegram.allowFrom: "*" lets everybody in, whatever the policy'
        ' (take "*" out, or set the policy to "open")'
    ]
    assert desk.config(text).accounts[ChannelAccount(TELEGRAM)].rules.everyone is True


@pytest.mark.parametrize("entry", ["telegram:*", "**", "*,777", "all", "@*"])
def test_D4_nothing_else_is_a_wildcard(desk: Desk, entry: str) -> None:
    assert desk.rules(TELEGRAM, f"{{dmPolicy: 'open', allowFrom: ['{entry}']}}") == DmRules(DmPolicy.OPEN)


def test_D6_entries_that_can_change_hands_let_nobody_in_and_are_told(desk: Desk) -> None:
    text = "{channels: {telegram: {botToken: '1:x', allowFrom: [\n'@ada',\n'tg:777',\n'',\n-100200]}}}"
    account = desk.config(text).accounts[ChannelAccount(TELEGRAM)]
    assert account.rules.listed == {"777"}
    assert [(entry.entry, bool(entry.reason)) for entry in account.refused_entries] == [
        ("@ada", True),
        ("", True),
        ("-100200", True),
    ]
    assert account.refused_entries[0] == RefusedEntry("@ada", "usernames can change hands; use the numeric id")
    assert [warning.partition(" lets nobody in: ")[0] for warning in desk.warnings(text)] == [
        '2: channels.telegram.allowFrom[0]: "@ada"',
        '4: channels.telegram.allowFrom[2]: ""',
        "5: channels.telegram.allowFrom[3]: -100200",
    ]


@pytest.mark.parametrize(
    ("channel", "written", "listed"),
    [
        (Channel.TELEGRAM, "[777]", "777"),
        (Channel.TELEGRAM, "[9007199254740993]", "9007199254740993"),
        (Channel.DISCORD, "[1234567890123456789]", "1234567890123456789"),
        (Channel.SIGNAL, "[+15550001111]", "+15550001111"),
        (Channel.WHATSAPP, "[15550001111]", "+15550001111"),
        (Channel.TELEGRAM, "['${OWNER}']", "777"),
    ],
)
def test_D6_ids_stay_exact(desk: Desk, channel: Channel, written: str, listed: str) -> None:
    config = desk.config(f"{{channels: {{{channel}: {{allowFrom: {written}}}}}}}", {"OWNER": "777"})
    assert config.accounts[ChannelAccount(channel)].rules.listed == {listed}


@pytest.mark.parametrize("number", ["1e3", "777.0", "777.", ".5", "0x309", "NaN", "Infinity", "9" * 21, "1E20", "-1e3"])
def test_S8_a_number_that_is_not_written_as_an_id_is_refused(desk: Desk, number: str) -> None:
    assert desk.errors(f"{{channels: {{telegram: {{allowFrom: [777, {number}]}}}}}}") == [
        f"1: channels.telegram.allowFrom[1]: {number} is not written as an id (put the id in quotes, digit by digit)"
    ]


@pytest.mark.parametrize(
    ("value", "kind"), [("true", "true or false"), ("null", "null"), ("[777]", "a list"), ("{}", "an object")]
)
def test_S8_what_is_neither_text_nor_number_is_refused(desk: Desk, value: str, kind: str) -> None:
    assert desk.errors(f"{{channels: {{telegram: {{allowFrom: [{value}]}}}}}}") == [
        f"1: channels.telegram.allowFrom[0]: must be a string or a whole number, not {kind}"
    ]


BASE = "dmPolicy: 'allowlist', allowFrom: [1]"


@pytest.mark.parametrize(
    ("account", "rules"),
    [
        ("{}", DmRules(DmPolicy.ALLOWLIST, frozenset({SenderId("1")}))),
        ("{dmPolicy: 'disabled'}", DmRules(DmPolicy.DISABLED, frozenset({SenderId("1")}))),
        ("{allowFrom: [2]}", DmRules(DmPolicy.ALLOWLIST, frozenset({SenderId("2")}))),
        ("{allowFrom: []}", DmRules(DmPolicy.ALLOWLIST)),
    ],
)
@pytest.mark.parametrize("name", ["work", "default"])
def test_D1_an_account_inherits_what_it_does_not_say(desk: Desk, name: str, account: str, rules: DmRules) -> None:
    assert desk.rules(TELEGRAM, f"{{{BASE}, accounts: {{{name}: {account}}}}}", name) == rules


@pytest.mark.parametrize(
    ("account", "policy"),
    [
        ("{}", DmPolicy.OPEN),
        ("{dmPolicy: 'allowlist'}", DmPolicy.ALLOWLIST),
        ("{dm: {policy: 'allowlist'}}", DmPolicy.ALLOWLIST),
        ("{dm: {enabled: false}}", DmPolicy.DISABLED),
    ],
)
@pytest.mark.parametrize("base", ["dmPolicy: 'open'", "dm: {policy: 'open'}"])
def test_an_account_s_own_word_counts_in_either_dialect(desk: Desk, base: str, account: str, policy: DmPolicy) -> None:
    assert desk.rules(Channel.SLACK, f"{{{base}, accounts: {{work: {account}}}}}", "work").policy is policy


def test_an_account_can_be_switched_on_again(desk: Desk) -> None:
    text = "{dm: {enabled: false, policy: 'open'}, accounts: {work: {dm: {enabled: true}}, home: {}}}"
    assert desk.rules(Channel.SLACK, text, "work").policy is DmPolicy.OPEN
    assert desk.rules(Channel.SLACK, text, "home").policy is DmPolicy.DISABLED


def test_what_is_overridden_is_checked_all_the_same(desk: Desk) -> None:
    text = "{channels: {telegram: {dmPolicy: 'opne', accounts: {work: {dmPolicy: 'open', allowFrom: ['*']}}}}}"
    assert desk.errors(text) == [
        '1: channels.telegram.dmPolicy: "opne" is not one of pairing, allowlist, open, disabled (did you mean "open"?)'
    ]
