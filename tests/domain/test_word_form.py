"""The form of pairing words: every word has it, and nothing else that people use as a secret."""

import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import word_form
from clawdbot.domain.secret import Secret
from clawdbot.domain.word_form import SEED, spell

WORD = spell(bytes(range(SEED)))
SEEDS = st.binary(min_size=SEED, max_size=SEED)


def test_a_word_of_known_bytes() -> None:
    """What gateways of other versions make stays known."""
    assert WORD.reveal() == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGwjkKBI"


@given(SEEDS)
def test_G18_a_word_is_known_by_its_form(seed: bytes) -> None:
    """It is of 43 letters that URLs and setup codes take as they are."""
    word = spell(seed)
    assert word_form.has_it(word)
    assert len(word.reveal()) == 43
    assert set(word.reveal()) <= set(string.ascii_letters + string.digits + "-_")


@given(SEEDS, st.integers(0, 42), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_word_with_another_letter_is_none(seed: bytes, place: int, letter: str) -> None:
    """But for one of 2^32: hypothesis is not that lucky."""
    word = spell(seed).reveal()
    other = word[:place] + letter + word[place + 1 :]
    assert word_form.has_it(Secret(other)) is (other == word)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sekrit",
        "0" * 43,
        "ab" * 16,
        f"{WORD.reveal()}=",
        WORD.reveal()[:-1],
        f" {WORD.reveal()[1:]}",
        "\ud800" * 43,
    ],
)
def test_other_texts_are_no_words(text: str) -> None:
    assert not word_form.has_it(Secret(text))


def test_secrets_that_owners_make_are_no_words() -> None:
    """By the usual commands: ``secrets.token_urlsafe(32)`` makes 43 letters, too."""
    makers = (secrets.token_urlsafe, secrets.token_hex)
    assert not any(word_form.has_it(Secret(make(32))) for make in makers for _ in range(1000))


@pytest.mark.parametrize("seed", [b"", bytes(SEED - 1), bytes(SEED + 1), bytes(32)])
def test_a_word_is_made_of_enough_bytes(seed: bytes) -> None:
    with pytest.raises(ValueError, match="28 bytes"):
        spell(seed)
