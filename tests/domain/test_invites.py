"""The word of an invite: how it is drawn, read, and kept."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import codes, invites
from clawdbot.domain.invites import Invite, InviteWord

WORD = InviteWord("ABCDEFGHJKLMNPQR")


@pytest.mark.parametrize(
    "text",
    [
        "ABCDEFGHJKLMNPQR",
        "/start ABCDEFGHJKLMNPQR",
        "a b c d e f g h j k l m n p q r",
        "I was given ABCD-EFGH-JKLM-NPQR.",
        "abcd efgh jklm npqr, she said",
        "Hi!\nABCD\u2013EFGH\u2013JKLM\u2013NPQR\nThanks",
        "https://t.me/the_bot?start=ABCDEFGHJKLMNPQR",
        "**ABCD-EFGH-JKLM-NPQR** or _ABCDEFGHJKLMNPQR_",
        "XXXX-ABCD-EFGH-JKLM-NPQR-XXXX",
        "take them: ABCD EFGH JKLM NPQR",
        "my word is ABC-DEF-GHJ-KLM-NPQ-R thanks",
        "it is A B C D E F G H J K L M N P Q R, isn't it",
        "ABCD EFGHJKLM NPQR.",
        "here:\u00a0abcd\u00a0efgh\u00a0jklm\u00a0npqr!",
        "write ABCDEFGH    JKLMNPQR to it",
    ],
)
def test_D18_a_word_is_found_wherever_it_stands_in_a_text(text: str) -> None:
    assert invites.digest(WORD) in set(invites.within(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "XABCDEFGHJKLMNPQR",
        "ABCDEFGHJKLMNPQRX",
        "ABCD-EFGH-JKLM",
        "ABCD, EFGH, JKLM, NPQR",
        "ABCDE FGHJKLMNPQR.",
        "ABC-DEF-GHJ-KLM-NP-QR.",
    ],
)
def test_what_is_spelled_otherwise_is_no_word(text: str) -> None:
    """Longer and shorter runs, groups as other texts have them, a list."""
    assert invites.digest(WORD) not in set(invites.within(text))


SEPARATORS = st.sampled_from([" ", "-", "\u2013", "\u2212", "\u00a0", "\u3000", "\n", "  ", " - "])


@given(
    st.integers(1, 16).flatmap(lambda size: st.tuples(st.just(size), st.lists(SEPARATORS, min_size=15, max_size=15))),
    st.sampled_from(["", "/start ", "My word is ", "OK I say: ", "1 ", "A ", "A-", "*", "\ud800"]),
    st.sampled_from(["", " thanks", ".", "!", " A", " 1", "\n"]),
)
def test_D18_in_groups_of_whatever_length_it_is_found_among_other_words(
    spelling: tuple[int, list[str]], before: str, after: str
) -> None:
    """In groups of one length, with a rest at the end; each spelling is one that lets somebody in."""
    size, gaps = spelling
    groups = ["abcdefghjklmnpqR"[at : at + size] for at in range(0, 16, size)]
    text = "".join(group + gap for group, gap in zip(groups, [*gaps[: len(groups) - 1], ""], strict=True))
    assert invites.read(text) == invites.digest(WORD)
    assert invites.digest(WORD) in set(invites.within(before + text + after))


@pytest.mark.parametrize("gap", ["", " ", "-", " - ", "\n\n\n\n"])
def test_a_long_text_is_looked_through_in_no_time(gap: str) -> None:
    """What looks like a word at every place is looked at once at each; so is what nearly does."""
    letters = [codes.ALPHABET[number % 32] + codes.ALPHABET[number // 32] for number in range(1_000)]
    assert len(set(invites.within(gap.join(letters)))) == (993 if gap else 0)
    assert not list(invites.within(("-" * 15 + ".") * 4_000))


@pytest.mark.parametrize(
    ("bot", "linked"), [("@the_bot", True), ("the_bot", False), ("@the bot", False), ("@", False), ("@b\u0261t", False)]
)
def test_a_deep_link_needs_a_username(bot: str, linked: bool) -> None:
    assert invites.link(WORD, bot) == ("https://t.me/the_bot?start=ABCDEFGHJKLMNPQR" if linked else None)


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
