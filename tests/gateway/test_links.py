"""Links by which browsers are paired: used once, soon, for what they are for."""

import hashlib

import pytest

from clawdbot.domain.names import Scope
from clawdbot.domain.scopes import ADMIN, OWNER, PAIRING, READ
from clawdbot.domain.secret import Secret
from clawdbot.gateway.links import MOST, TTL_MS, Links


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_a_link_is_used_once() -> None:
    links = Links(now=Clock())
    word, made = links.make([READ], OWNER)
    assert links.take(word, [READ]) == made
    assert links.take(word, [READ]) is None


@pytest.mark.parametrize(("later", "good"), [(0, True), (TTL_MS - 1, True), (TTL_MS, False), (-1, False)])
def test_S6_a_link_is_good_for_ten_minutes(later: int, good: bool) -> None:
    """And not before it was made, if the clock jumped."""
    clock = Clock()
    links = Links(now=clock)
    word, made = links.make([ADMIN], OWNER)
    assert made.expires_at == clock.now + TTL_MS
    clock.now += later
    assert (links.take(word, [READ]) is not None) is good


def test_G6_a_link_is_for_its_scopes_and_what_they_cover() -> None:
    """Who wants more is refused, and the link stays for whom it was made."""
    links = Links(now=Clock())
    word, _ = links.make([READ], OWNER)
    assert links.take(word, [READ, PAIRING]) is None
    assert links.take(word, [ADMIN]) is None
    assert links.take(word, []) is not None


@pytest.mark.parametrize("word", ["", "x", "\ud800", "0" * 10_000])
def test_no_other_word_opens_anything(word: str) -> None:
    links = Links(now=Clock())
    links.make([ADMIN], OWNER)
    assert links.take(Secret(word), []) is None


def test_S7_a_word_is_of_256_bits_and_kept_as_its_hash() -> None:
    """Nothing that prints a link prints its word, or what it is kept as."""
    links = Links(now=Clock())
    word, made = links.make([ADMIN], OWNER)
    other, _ = links.make([ADMIN], OWNER)
    assert word != other
    assert len(word.reveal()) == 43
    assert made.digest == hashlib.sha256(word.reveal().encode()).digest()
    assert word.reveal() not in repr((made, vars(links)))
    assert "digest" not in repr(made)


def test_links_are_bounded() -> None:
    """The oldest is void then; others stay."""
    links = Links(now=Clock())
    words = [links.make([Scope(f"s{number}")], OWNER)[0] for number in range(MOST + 1)]
    assert [links.take(word, []) is not None for word in words] == [False] + [True] * MOST


def test_a_link_that_was_not_used_after_all_is_good_again() -> None:
    links = Links(now=Clock())
    word, made = links.make([READ], OWNER)
    assert links.take(word, [READ]) == made
    links.put_back(made)
    assert links.take(word, [READ]) == made
