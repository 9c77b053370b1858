"""The frozen structs: defaults that let nobody in by mistake, and what they show of themselves."""

import dataclasses

import pytest

from clawdbot.config.model import AccountConfig, Config, ConfigProblem, Severity
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret

WHERE = ChannelAccount(Channel.TELEGRAM)


def test_D5_nobody_writes_to_an_account_that_is_not_configured() -> None:
    rules = DmRules(DmPolicy.OPEN, frozenset({SenderId("777")}), everyone=True)
    config = Config(accounts={WHERE: AccountConfig(WHERE, rules=rules)})
    assert config.rules(WHERE) == rules
    assert config.rules(ChannelAccount(Channel.TELEGRAM, AccountId("work"))) == DmRules(DmPolicy.DISABLED)
    assert Config().rules(WHERE) == DmRules(DmPolicy.DISABLED)


def test_S7_an_account_shows_no_token() -> None:
    account = AccountConfig(WHERE, token=Secret("s3cret"), app_token=Secret("s3cret"))
    assert "s3cret" not in f"{account} {account!r} {Config(accounts={WHERE: account})}"


def test_nothing_can_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        AccountConfig(WHERE).enabled = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("line", "key", "text"),
    [(3, "a.b", "bot.json:3: a.b: is wrong"), (0, "a.b", "bot.json: a.b: is wrong"), (3, "", "bot.json:3: is wrong")],
)
def test_a_problem_says_where_it_is(line: int, key: str, text: str) -> None:
    assert str(ConfigProblem("bot.json", line, key, "is wrong", severity=Severity.WARNING)) == text
