"""What a stranger is answered: said for a channel, said otherwise for one of its accounts."""

import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.texts import ReplyMode, ReplyPolicy
from tests.support.configs import Desk

FULL, CODE, SILENT = ReplyMode.FULL, ReplyMode.CODE, ReplyMode.SILENT
OWN = "Bonjour !\\n\\n{code}"
SAID = "Bonjour !\n\n{code}"

POLICIES = [
    ("{}", ReplyPolicy()),
    ("{reply: {}}", ReplyPolicy()),
    ("{reply: {mode: 'silent'}}", ReplyPolicy(SILENT)),
    (f"{{reply: {{text: '{OWN}'}}}}", ReplyPolicy(FULL, SAID)),
    ("{reply: {mode: 'code'}, accounts: {work: {}}}", ReplyPolicy(CODE)),
    (f"{{reply: {{text: '{OWN}'}}, accounts: {{work: {{reply: {{mode: 'silent'}}}}}}}}", ReplyPolicy(SILENT, SAID)),
    (
        f"{{reply: {{mode: 'full', text: '{{code}}'}}, accounts: {{work: {{reply: {{text: '{OWN}'}}}}}}}}",
        ReplyPolicy(FULL, SAID),
    ),
    ("{reply: {mode: 'silent'}, accounts: {work: {reply: {mode: 'full'}}}}", ReplyPolicy()),
]


@pytest.mark.parametrize(("text", "policy"), POLICIES, ids=[text for text, _ in POLICIES])
def test_an_account_s_own_word_counts_before_the_channel_s(desk: Desk, text: str, policy: ReplyPolicy) -> None:
    """Under each of the two keys."""
    config = desk.config(f"{{channels: {{signal: {text}}}}}")
    account = ChannelAccount(Channel.SIGNAL, AccountId("work" if "accounts" in text else "default"))
    assert config.reply(account) == policy
    assert config.reply(ChannelAccount(Channel.SIGNAL, AccountId("other"))) == ReplyPolicy()


ERRORS = [
    ("{text: 'Ask me.'}", "text: does not say {code} (put {code} on a line of its own: it is copied)"),
    ("{text: ''}", "text: does not say {code} (put {code} on a line of its own: it is copied)"),
    (f"{{text: '{{code}}{'x' * 1000}'}}", "text: has more than 1000 characters"),
    ("{text: '{code}\\u202e'}", "text: holds characters that are not shown"),
    ("{mode: 'loud'}", 'mode: "loud" is not one of full, code, silent'),
    ("{texts: '{code}'}", 'texts: there is no such key (did you mean "text"?)'),
]


@pytest.mark.parametrize(("text", "error"), ERRORS, ids=[error for _, error in ERRORS])
def test_D5_what_makes_no_sense_is_said_once(desk: Desk, text: str, error: str) -> None:
    """However many accounts inherit it."""
    found = desk.errors(f"{{channels: {{signal: {{reply: {text}, accounts: {{a: {{}}, b: {{}}}}}}}}}}")
    assert found == [f"1: channels.signal.reply.{error}"]


def test_words_that_are_never_said_are_warned_of(desk: Desk) -> None:
    """In one breath with the mode that keeps them from being said."""
    text = "{channels: {signal: {reply: {mode: 'code', text: '{code}!'}}}}"
    assert desk.warnings(text) == [
        '1: channels.signal.reply.text: is not said while "mode" is "code" (set "mode" to "full")'
    ]
