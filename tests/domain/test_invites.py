"""The word of an invite: how it is drawn, read, and kept."""

import math
import random

import pytest

from clawdbot.domain import codes, invites
from clawdbot.domain.invites import Invite, InviteWord

WORD = InviteWord("ABCDEFGHJKLMNPQR")


def test_D18_a_word_has_eighty_bits_of_chance_and_is_read_back_as_it_is_shown() -> None:
    word = invites.draw((), random.Random(1).randrange)
    assert invites.LENGTH * math.log2(len(codes.ALPHABET)) >= 80
    assert len(word.reveal()) == invites.LENGTH
    assert invites.read(word.grouped()) == invites.read(word.reveal()) == invites.digest(word)


def test_two_invites_have_different_short_ids() -> None:
    """The draw goes on until the id by which the owner names it is free."""
    first = invites.short(invites.digest(invites.draw((), random.Random(1).randrange)))
    other = invites.draw({first}, random.Random(1).randrange)
    assert invites.short(invites.digest(other)) != first


@pytest.mark.parametrize(
    "text",
    [
        "ABCDEFGHJKLMNPQR",
        "ABCD-EFGH-JKLM-NPQR",
        " abcd efgh\njklm  npqr ",
        "abcd\u2013efgh\u2014jklm\u2212npqr",
        "/start ABCDEFGHJKLMNPQR",
        "/START@some_bot  abcd-efgh-jklm-npqr",
        "\n/start\nABCDEFGHJKLMNPQR\n",
    ],
)
def test_a_word_is_read_as_people_type_it_and_as_links_bring_it(text: str) -> None:
    assert invites.read(text) == invites.digest(WORD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/start",
        "hello",
        "ABCDEFGHJKLMNPQ",
        "ABCDEFGHJKLMNPQRS",
        "ABCDEFGHJKLMNPQ0",
        "ABCDEFGHJKLMNPQ١",
        "my word is ABCD-EFGH-JKLM-NPQR",
        "ABCD-EFGH-JKLM-NPQR thanks",
        "/stop ABCDEFGHJKLMNPQR",
        "/start /start ABCDEFGHJKLMNPQR",
        "/startABCDEFGHJKLMNPQR",
        "ABCDEFGH" + " " * 60 + "JKLMNPQR",
        "\ud800" * 16,
        "A" * 100_000,
    ],
)
def test_what_is_not_a_word_alone_is_none(text: str) -> None:
    assert invites.read(text) is None


def test_S7_a_word_is_not_printed_and_what_is_kept_does_not_hold_it() -> None:
    assert WORD.reveal() not in f"{WORD!r} {WORD}"
    assert WORD.reveal() not in invites.digest(WORD).upper()
    assert invites.digest(WORD).startswith(invites.short(invites.digest(WORD)))


@pytest.mark.parametrize("key", ["", "ab", "A" * 64, "g" * 64, "__proto__", f"{'a' * 64}\n"])
def test_G17_what_is_no_digest_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        invites.read_digest(key)
    assert invites.read_digest("0a" * 32) == "0a" * 32


def test_an_invite_holds_until_its_end() -> None:
    assert Invite(until=10).holds(9)
    assert not Invite(until=10).holds(10)
