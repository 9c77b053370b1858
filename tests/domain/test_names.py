"""Names of channels, accounts and senders as people spell them."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, account_id, channel


@pytest.mark.parametrize("spelled", ["telegram", " Telegram ", "TELEGRAM\n"])
def test_a_channel_reads_in_any_case_and_with_spaces(spelled: str) -> None:
    assert channel(spelled) is Channel.TELEGRAM


def test_imsg_is_imessage() -> None:
    assert channel("imsg") is channel("IMSG") is Channel.IMESSAGE


@pytest.mark.parametrize("spelled", ["", "*", "telegram2", "tele gram", "../telegram", "__proto__", "telegram\x00"])
def test_G17_an_unknown_channel_is_refused(spelled: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        channel(spelled)


def test_every_channel_has_an_id_label() -> None:
    labels = {each.id_label for each in Channel}
    assert len(labels) == len(Channel)
    assert Channel.TELEGRAM.id_label == "telegramUserId"


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("work", "work"),
        ("Work Bot", "work-bot"),
        (" a__B-1 ", "a__b-1"),
        ("", "default"),
        ("  ", "default"),
        ("Default", "default"),
        ("../../etc", "etc"),
        ("a/b\\c:d", "a-b-c-d"),
        ("a\x00b\u202e", "a-b"),
    ],
)
def test_an_account_name_is_made_fit_for_a_file_name(spelled: str, name: str) -> None:
    assert account_id(spelled) == name


@given(st.text(max_size=200))
def test_S5_no_account_name_leaves_the_folder(spelled: str) -> None:
    """Any text at all: a name that is safe in a file name, or none."""
    try:
        name = account_id(spelled)
    except ValueError:
        assert not re.search(r"[A-Za-z0-9_]", spelled)
    else:
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", name)


@given(st.text(max_size=200))
def test_an_account_name_reads_as_itself(spelled: str) -> None:
    """Once normalised, it stays."""
    assume(re.search(r"[A-Za-z0-9]", spelled))
    assert account_id(account_id(spelled)) == account_id(spelled)


def test_an_account_prints_as_people_name_it() -> None:
    assert str(ChannelAccount(Channel.TELEGRAM)) == "telegram"
    assert str(ChannelAccount(Channel.TELEGRAM, AccountId("work"))) == "telegram:work"


def test_D1_accounts_of_one_channel_are_different_keys() -> None:
    accounts = {ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.TELEGRAM, AccountId("work"))}
    assert len(accounts | {ChannelAccount(Channel.TELEGRAM, DEFAULT_ACCOUNT)}) == 2
