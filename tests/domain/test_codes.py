"""Pairing codes: drawn without confusion or collision, read as people type them."""

import random
import secrets
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.codes import ALPHABET, LENGTH, PairingCode, draw, read


def scripted(numbers: Iterable[int]) -> Callable[[int], int]:
    """Chance that says what it is told to say."""
    script = iter(numbers)
    return lambda limit: next(script) % limit


def test_D12_the_alphabet_has_no_two_characters_that_people_confuse() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert ALPHABET.isascii()
    assert ALPHABET.upper() == ALPHABET
    assert not set("0O1I") & set(ALPHABET)


def test_D12_a_drawn_code_is_eight_characters_of_the_alphabet() -> None:
    code = draw((), secrets.randbelow).reveal()
    assert len(code) == LENGTH == 8
    assert set(code) <= set(ALPHABET)


def test_D12_each_character_is_one_uniform_draw() -> None:
    limits: list[int] = []

    def randbelow(limit: int) -> int:
        limits.append(limit)
        return limit - 1

    assert draw((), randbelow).reveal() == ALPHABET[-1] * 8
    assert limits == [len(ALPHABET)] * 8


def test_D12_a_taken_code_is_drawn_again() -> None:
    taken = {PairingCode("AAAAAAAA"), PairingCode("BBBBBBBB")}
    assert draw(taken, scripted([0] * 8 + [1] * 8 + [2] * 8)) == PairingCode("CCCCCCCC")


@given(st.randoms(use_true_random=False))
def test_D12_what_is_drawn_reads_as_itself(chance: random.Random) -> None:
    code = draw((), chance.randrange)
    assert read(code.reveal()) == code


@pytest.mark.parametrize(
    "typed",
    [
        "JHVGNPZU",
        "jhvgnpzu",
        " JHVG NPZU\n",
        "jhvg-npzu",
        "j-h-v-g n-p-z-u",
        "JHVG\u00a0NPZU",
        "JHVG–NPZU",
        "JHVG—NPZU",
        "JHVG\u2011NPZU",
    ],
)
def test_D12_input_is_tolerant(typed: str) -> None:
    assert read(typed) == PairingCode("JHVGNPZU")


@pytest.mark.parametrize("typed", ["", " ", "\t\n", "-", "- – —"])
def test_nothing_typed_is_no_code(typed: str) -> None:
    assert read(typed) is None


@pytest.mark.parametrize("typed", ["JHVGNPZ", "JHVGNPZUU", "JHVGNPZV", "JHVG_NPZU", "ＪＨＶＧＮＰＺＵ"])
def test_another_code_stays_another_code(typed: str) -> None:
    assert read(typed) != PairingCode("JHVGNPZU")


@given(st.text())
def test_S8_any_text_reads_without_a_crash_and_once_for_all(typed: str) -> None:
    code = read(typed)
    assert code is None or read(code.reveal()) == code
