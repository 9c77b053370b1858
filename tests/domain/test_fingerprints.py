"""One fingerprint in every spelling that people copy."""

import hashlib

import pytest

from clawdbot.domain import fingerprints

DER = b"a certificate"
PLAIN = hashlib.sha256(DER).hexdigest()
PAIRS = ":".join(PLAIN[at : at + 2] for at in range(0, 64, 2))


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.upper(),
        PAIRS,
        PAIRS.upper(),
        PAIRS.replace(":", " "),
        f"sha256:{PLAIN}",
        f"SHA-256: {PAIRS}",
        f"sha256 Fingerprint={PAIRS.upper()}\n",
    ],
)
def test_all_spellings_are_one(text: str) -> None:
    assert fingerprints.read(text) == fingerprints.of_certificate(DER) == PLAIN


@pytest.mark.parametrize(
    "text", ["", PLAIN[:-1], PLAIN + "0", PLAIN[:-1] + "g", PLAIN[:-1] + "٣", "sha1:" + PLAIN, PAIRS[:-1], "-" + PLAIN]
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        fingerprints.read(text)
