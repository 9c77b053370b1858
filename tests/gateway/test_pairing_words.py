"""Words by which devices are paired: used once, soon, for what they are for."""

import hashlib

import pytest

from clawdbot.domain import word_form
from clawdbot.domain.names import DeviceId, Role, Scope
from clawdbot.domain.scopes import ADMIN, OWNER, PAIRING, READ, Caller
from clawdbot.domain.secret import Secret
from clawdbot.gateway.pairing_words import MOST, TTL_MS, Carrier, PairingWord, PairingWords


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


def made_by(
    words: PairingWords,
    *scopes: Scope,
    role: Role = Role.OPERATOR,
    carrier: Carrier = Carrier.LINK,
    maker: Caller = OWNER,
) -> tuple[Secret, PairingWord]:
    return words.make(carrier, role, scopes, maker)


def test_G18_a_word_is_used_once() -> None:
    words = PairingWords(now=Clock())
    word, made = made_by(words, READ)
    assert words.take(word, Role.OPERATOR, [READ]) == made
    assert words.take(word, Role.OPERATOR, [READ]) is None


@pytest.mark.parametrize(("later", "good"), [(0, True), (TTL_MS - 1, True), (TTL_MS, False), (-1, False)])
def test_G18_S6_a_word_is_good_for_ten_minutes(later: int, good: bool) -> None:
    """And not before it was made, if the clock jumped."""
    clock = Clock()
    words = PairingWords(now=clock)
    word, made = made_by(words, ADMIN)
    assert made.expires_at == clock.now + TTL_MS
    clock.now += later
    assert (words.take(word, Role.OPERATOR, [READ]) is not None) is good


def test_G6_a_word_is_for_its_scopes_and_what_they_cover() -> None:
    """Who wants more is refused, and the word stays for whom it was made."""
    words = PairingWords(now=Clock())
    word, _ = made_by(words, READ)
    assert words.take(word, Role.OPERATOR, [READ, PAIRING]) is None
    assert words.take(word, Role.OPERATOR, [ADMIN]) is None
    assert words.take(word, Role.OPERATOR, []) is not None


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("carrier", Carrier)
def test_G18_a_word_is_for_its_role(role: Role, carrier: Carrier) -> None:
    """Whatever it travels in; one for an administrator makes no node."""
    words = PairingWords(now=Clock())
    word, made = made_by(words, *([ADMIN] if role is Role.OPERATOR else []), role=role, carrier=carrier)
    (other,) = set(Role) - {role}
    assert words.take(word, other, []) is None
    assert words.take(word, role, []) == made


@pytest.mark.parametrize("word", ["", "x", "\ud800", "0" * 10_000])
def test_no_other_word_opens_anything(word: str) -> None:
    words = PairingWords(now=Clock())
    made_by(words, ADMIN)
    assert words.take(Secret(word), Role.OPERATOR, []) is None


def test_S7_a_word_is_of_224_bits_and_kept_as_its_hash() -> None:
    """It is known as a word by its form. Nothing that prints what is kept prints the word, or its hash."""
    words = PairingWords(now=Clock())
    word, made = made_by(words, ADMIN)
    other, _ = made_by(words, ADMIN)
    assert word != other
    assert len(word.reveal()) == 43
    assert word_form.has_it(word)
    assert made.digest == hashlib.sha256(word.reveal().encode()).digest()
    assert word.reveal() not in repr((made, vars(words)))
    assert "digest" not in repr(made)


def test_words_are_bounded() -> None:
    """Links and codes together. The oldest is void then; others stay."""
    words = PairingWords(now=Clock())
    made = [made_by(words, carrier=list(Carrier)[number % 2])[0] for number in range(MOST + 1)]
    assert [words.take(word, Role.OPERATOR, []) is not None for word in made] == [False] + [True] * MOST


def test_a_word_that_was_not_used_after_all_is_good_again() -> None:
    words = PairingWords(now=Clock())
    word, made = made_by(words, READ)
    assert words.take(word, Role.OPERATOR, [READ]) == made
    words.put_back(made)
    assert words.take(word, Role.OPERATOR, [READ]) == made


@pytest.mark.parametrize(
    ("carrier", "maker", "described"),
    [
        (Carrier.LINK, OWNER, "a link of the owner"),
        (Carrier.CODE, Caller(DeviceId("ab" * 32), Role.OPERATOR, (ADMIN,)), f"a setup code of device {'ab' * 6}"),
    ],
)
def test_the_record_says_whose_it_was(carrier: Carrier, maker: Caller, described: str) -> None:
    words = PairingWords(now=Clock())
    assert made_by(words, carrier=carrier, maker=maker)[1].described == described
