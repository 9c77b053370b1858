"""Check words: equal on both sides of one pair of keys, and on no others (threats.md G19)."""

import hashlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clawdbot.domain.check_words import COUNT, check_words
from clawdbot.domain.identity import DeviceIdentity, PublicKey, read_public_key
from clawdbot.domain.word_list import WORDS

KEYS = st.binary(min_size=32, max_size=32).map(PublicKey)
SLOW = settings(max_examples=25, deadline=None)


def key(number: int) -> PublicKey:
    return DeviceIdentity.from_seed(number.to_bytes(32, "big")).public_key


@pytest.mark.parametrize(
    ("device", "gateway", "words"),
    [
        (key(1), key(2), "tonight travel onion power crop hip reunion"),
        (key(2), key(1), "wisdom south undo physical chair sunset foil"),
        (PublicKey(bytes(32)), PublicKey(bytes(32)), "dance rely usual record pelican catalog raise"),
        (PublicKey(b"\xff" * 32), PublicKey(b"\xff" * 32), "stereo memory reform increase march blast tower"),
    ],
)
def test_vectors(device: PublicKey, gateway: PublicKey, words: str) -> None:
    """For whoever writes another client (docs/protocol.md)."""
    assert check_words(device, gateway) == words


@SLOW
@given(KEYS, KEYS)
def test_G19_they_are_what_the_protocol_says(device: PublicKey, gateway: PublicKey) -> None:
    """Made a second time by the letter of it: the bits as text, cut into elevens."""
    derived = hashlib.pbkdf2_hmac("sha256", device.raw + gateway.raw, b"clawdbot check words v1", 20_000, 10)
    bits = "".join(f"{byte:08b}" for byte in derived)
    assert check_words(device, gateway).split(" ") == [WORDS[int(bits[at : at + 11], 2)] for at in range(0, 77, 11)]
    assert COUNT == 7


@SLOW
@given(KEYS, KEYS, KEYS)
def test_G19_another_key_has_other_words(device: PublicKey, gateway: PublicKey, other: PublicKey) -> None:
    """On either side; and what a device shows for a gateway cannot stand for the two the other way round."""
    assume(len({device, gateway, other}) == 3)
    shown = {check_words(*pair) for pair in ((device, gateway), (other, gateway), (device, other), (gateway, device))}
    assert len(shown) == 4


@SLOW
@given(KEYS, KEYS, st.integers(0, 255))
def test_G19_one_bit_makes_others(device: PublicKey, gateway: PublicKey, bit: int) -> None:
    """Not even a word stays in its place but by chance."""
    flipped = (int.from_bytes(gateway.raw, "big") ^ 1 << bit).to_bytes(32, "big")
    pairs = zip(check_words(device, gateway).split(), check_words(device, PublicKey(flipped)).split(), strict=True)
    assert sum(one == other for one, other in pairs) < 3


def test_a_key_in_whatever_spelling_is_one_key() -> None:
    """The raw bytes count: base64url, base64, PEM."""
    import base64

    known = key(1)
    for text in (str(known), base64.b64encode(known.raw).decode(), known.pem):
        read = read_public_key(text)
        assert read is not None
        assert check_words(read, key(2)) == check_words(known, key(2))
