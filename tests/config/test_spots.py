"""Where it stands who may write: file, line and key."""

from pathlib import Path

import pytest

from clawdbot.config.spots import Spot, Spots, find
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId

TELEGRAM = ChannelAccount(Channel.TELEGRAM)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work-bot"))
DISCORD = ChannelAccount(Channel.DISCORD)

TEXT = """{
  channels: {
    telegram: {
      // who may write
      dmPolicy: "allowlist",
      allowFrom: [
        "tg:42", 43,
        "${OWNER}",
        "*", "@nobody",
      ],
      accounts: {
        "Work Bot": {
          allowFrom: [7],
        },
      },
    },
    discord: { dm: { enabled: false, allowFrom: ["*"] } },
    slack: {},
  },
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "clawdbot.json"
    path.write_text(TEXT)
    return path


def spots(path: Path, account: ChannelAccount) -> Spots:
    return find(path, {"OWNER": "telegram:99"}, account)


def at(line: int, key: str) -> Spot:
    return Spot("clawdbot.json", line, key)


def test_policy_list_and_each_entry_have_their_line(path: Path) -> None:
    """Entries by the id that they let in, however they are spelled; the first one where it is said twice."""
    found = spots(path, TELEGRAM)
    assert found.account == at(3, "channels.telegram")
    assert found.policy == at(5, "channels.telegram.dmPolicy")
    assert found.allow_from == at(6, "channels.telegram.allowFrom")
    assert found.listed == {
        SenderId("42"): at(7, "channels.telegram.allowFrom[0]"),
        SenderId("43"): at(7, "channels.telegram.allowFrom[1]"),
        SenderId("99"): at(8, "channels.telegram.allowFrom[2]"),
    }
    assert found.everyone == at(9, "channels.telegram.allowFrom[3]")
    assert str(found.policy) == "clawdbot.json:5: channels.telegram.dmPolicy"


def test_an_account_says_its_own_and_inherits_the_rest(path: Path) -> None:
    """Under whatever spelling of its name."""
    found = spots(path, WORK)
    assert found.account == at(12, 'channels.telegram.accounts."Work Bot"')
    assert found.policy == at(5, "channels.telegram.dmPolicy")
    assert found.listed == {SenderId("7"): at(13, 'channels.telegram.accounts."Work Bot".allowFrom[0]')}
    assert found.everyone is None


def test_direct_messages_that_are_switched_off_are_so_by_the_switch(path: Path) -> None:
    """In the other dialect."""
    found = spots(path, DISCORD)
    assert found.policy == at(17, "channels.discord.dm.enabled")
    assert found.everyone == at(17, "channels.discord.dm.allowFrom[0]")


def test_what_is_not_said_stands_nowhere(path: Path, tmp_path: Path) -> None:
    """Defaults, channels that are not there, no file."""
    assert spots(path, ChannelAccount(Channel.SLACK)) == Spots(account=at(18, "channels.slack"))
    assert spots(path, ChannelAccount(Channel.SIGNAL)) == Spots()
    assert spots(tmp_path / "none.json", TELEGRAM) == Spots()
