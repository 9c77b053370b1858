"""Names of files: nobody leaves the folder, nobody shares a file (threats.md S5)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, account_id
from clawdbot.store.layout import Part, base, file_name, owner

TRICKY = ["", "a", "pairing", "allowfrom", "senders", "default", "a-pairing", "_", "a_b", "a--b", "-a", "default-"]
spelled = st.sampled_from(TRICKY) | st.text(st.sampled_from("ab-_/.é")).map(lambda text: f"{text}a")
accounts = st.builds(ChannelAccount, st.sampled_from(Channel), spelled.map(account_id))


def test_the_default_account_has_the_reference_s_names() -> None:
    """As the reference spells them, to the letter."""
    account = ChannelAccount(Channel.TELEGRAM)
    assert [file_name(account, part) for part in (Part.PAIRING, Part.ALLOW_FROM, Part.SENDERS)] == [
        "telegram-pairing.json",
        "telegram-allowFrom.json",
        "telegram-senders.json",
    ]
    assert file_name(ChannelAccount(Channel.SIGNAL, AccountId("work")), Part.PAIRING) == "signal-work-pairing.json"


def test_S5_no_two_accounts_share_a_file() -> None:
    """Over every channel and every pair of tricky names."""
    every = {ChannelAccount(channel, account_id(name)) for channel in Channel for name in TRICKY}
    names = [file_name(account, part).lower() for account in every for part in Part]
    assert len(set(names)) == len(names)


@given(accounts)
def test_S5_a_file_s_name_tells_its_account(account: ChannelAccount) -> None:
    """And nothing in it leads out of the folder."""
    for part in Part:
        name = file_name(account, part)
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 128
        assert owner(name) == account


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a.b", "a\0", "é", "-a", "a-", "a" * 65, "a\n"])
def test_S5_an_account_that_was_never_normalised_gets_no_file(name: str) -> None:
    """A programming error is caught before it becomes a path."""
    with pytest.raises(ValueError, match="account"):
        base(ChannelAccount(Channel.TELEGRAM, AccountId(name)))


@pytest.mark.parametrize(
    "name",
    [
        "weird___chan-pairing.json",
        "telegram-default-pairing.json",
        "telegram-Work-pairing.json",
        "telegram--pairing.json",
        "telegram-a--pairing.json",
        "telegram-pairing.json.lock",
        "telegram-pairing.json\n",
        "telegram-pairing.flock",
        "telegram-pairing.json.0123456789abcdef.tmp",
        "telegram-allowfrom.json",
        "telegramx-pairing.json",
        "oauth.json",
        f"telegram-{'a' * 65}-pairing.json",
    ],
)
def test_foreign_names_are_nobody_s(name: str) -> None:
    """What is not exactly ours is left alone."""
    assert owner(name) is None


def test_parts_are_told_by_their_endings() -> None:
    """The proof in the module rests on this: no ending is the end of another."""
    for one, other in itertools.permutations(Part, 2):
        assert not f"-{one}.json".endswith(f"-{other}.json")
    assert not any("-" in channel for channel in Channel)
    assert account_id("default") == DEFAULT_ACCOUNT
