"""The form of a pairing word: by it a word is known as one, also by a gateway that does not remember it.

Where no shared secret is asked for, any text passes as a token. A word that is used up, too old, or of before a restart
must not (threats.md G18), and nothing is kept of such words. So a word says itself that it is one: 28 random bytes, and
4 that follow from them. One in 2^32 other texts of its length has the form by chance.
"""

import base64
import binascii
import hashlib
from typing import Final

from clawdbot.domain.secret import Secret

SEED: Final = 28
"""Random bytes in a word: nobody guesses 224 bits."""

_MARK: Final = 4
_LETTERS: Final = 43


def spell(seed: bytes) -> Secret:
    """The word of these random bytes, in base64url. Raises ValueError: they are not as many as there must be."""
    if len(seed) != SEED:
        raise ValueError(f"a pairing word is made of {SEED} bytes")
    return Secret(base64.urlsafe_b64encode(seed + _mark(seed)).decode("ascii").rstrip("="))


def has_it(text: Secret) -> bool:
    """Is this a pairing word, whosever and however old?"""
    letters = text.reveal()
    if len(letters) != _LETTERS or not letters.isascii():
        return False
    try:
        seed = base64.b64decode(letters + "=", altchars=b"-_", validate=True)[:SEED]
    except binascii.Error:
        return False
    return spell(seed) == text


def _mark(seed: bytes) -> bytes:
    return hashlib.sha256(b"clawdbot pairing word" + seed).digest()[:_MARK]
