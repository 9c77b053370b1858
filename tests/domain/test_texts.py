"""What the bot says, and how text from outside is made fit to be shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.texts import ReplyMode, ReplyPolicy, add_command, pairing_reply, visible


def test_the_pairing_reply_to_the_letter() -> None:
    """Eight lines: who you are, your code, and what its owner types; the command holds no code."""
    assert pairing_reply(Channel.TELEGRAM, "Your Telegram user id: 7", PairingCode("ABCDEFGH")).splitlines() == [
        "Clawdbot: access not configured.",
        "",
        "Your Telegram user id: 7",
        "",
        "Pairing code: ABCDEFGH",
        "",
        "Ask the bot owner to approve with:",
        "clawdbot pairing approve telegram <code>",
    ]


def test_the_owner_s_own_words_or_the_code_alone_or_nothing() -> None:
    """What stands for code and id is put in once: an id that looks like a place stays an id."""
    code = PairingCode("ABCDEFGH")

    def reply(policy: ReplyPolicy, sender: str = "7") -> str:
        return pairing_reply(Channel.TELEGRAM, "Your id", code, sender, policy)

    assert reply(ReplyPolicy()) == pairing_reply(Channel.TELEGRAM, "Your id", code)
    assert reply(ReplyPolicy(ReplyMode.CODE, "{code}?")) == "ABCDEFGH"
    assert reply(ReplyPolicy(ReplyMode.SILENT, "{code}?")) == ""
    own = ReplyPolicy(text="Wer bist du, {id}?\n{code}\n{name} {{code}}")
    assert reply(own) == "Wer bist du, 7?\nABCDEFGH\n{name} {ABCDEFGH}"
    assert reply(own, "{code}").startswith("Wer bist du, {code}?")


def test_the_command_that_adds_an_account_names_it() -> None:
    """Typed as it stands, it gives the token to this account and to no other."""
    assert add_command(ChannelAccount(Channel.TELEGRAM)) == "clawdbot channels add telegram"
    work = ChannelAccount(Channel.TELEGRAM, AccountId("work"))
    assert add_command(work) == "clawdbot channels add telegram --account work"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Alice", "Alice"),
        ("Zoë 王 👩", "Zoë 王 👩"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202eevil", "\\u202eevil"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028break", "line\\u2028break"),
        ("half \ud800", "half \\ud800"),
        ("x" * 65, "x" * 63 + "…"),
    ],
)
def test_S7_text_from_outside_is_inert(text: str, shown: str) -> None:
    """Nothing that moves a cursor, reorders, hides or breaks a line gets through."""
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_S7_any_text_is_printable_and_short(text: str) -> None:
    """Whatever comes in, what is shown can be encoded and holds no control characters."""
    shown = visible(text)
    shown.encode("utf-8")
    assert not any(unicodedata.category(character).startswith("C") for character in shown)
    assert len(visible(text, 10)) <= 10 * len("\\U0010ffff")
