"""The list that check words are taken from: it must be the same everywhere, word by word."""

import hashlib

from clawdbot.domain.word_list import WORDS


def test_it_is_the_list_of_bip_39() -> None:
    """By the digest of the published file, which ends each word with a line break."""
    published = "".join(f"{word}\n" for word in WORDS).encode("ascii")
    assert hashlib.sha256(published).hexdigest() == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"


def test_four_letters_tell_which() -> None:
    """What was heard badly, or read in haste, is still one word."""
    assert (len(WORDS), len({word[:4] for word in WORDS})) == (2**11, 2**11)
