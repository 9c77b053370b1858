"""Seven words from two public keys, which a device and its gateway both show before an approval by hand.

They are the same on both sides if the owner approves the key of the device in front of him, and that device talks about
this gateway. Whoever stands between them with a key of his own makes them differ; to make his equal he would have to
find a collision of 77 bits under a slow hash. What they do not show: ``docs/adr/0005-device-pairing.md``.
"""

import hashlib
from functools import lru_cache
from typing import Final

from clawdbot.domain.identity import PublicKey
from clawdbot.domain.word_list import WORDS

COUNT: Final = 7
SALT: Final = b"clawdbot check words v1"
ROUNDS: Final = 20_000
"""Five milliseconds: a second for as many as may wait at a gateway, and that once."""

MOST_REMEMBERED: Final = 512

_WORD_BITS: Final = 11
_BYTES: Final = -(-COUNT * _WORD_BITS // 8)


@lru_cache(maxsize=MOST_REMEMBERED)
def check_words(device: PublicKey, gateway: PublicKey) -> str:
    """The words of a device with a gateway, with blanks between. Slow: in an event loop, ask for it in a thread."""
    derived = hashlib.pbkdf2_hmac("sha256", device.raw + gateway.raw, SALT, ROUNDS, _BYTES)
    bits = int.from_bytes(derived, "big") >> (_BYTES * 8 - COUNT * _WORD_BITS)
    numbers = (bits >> _WORD_BITS * place & len(WORDS) - 1 for place in reversed(range(COUNT)))
    return " ".join(WORDS[number] for number in numbers)
