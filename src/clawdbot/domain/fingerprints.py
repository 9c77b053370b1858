"""Fingerprints of TLS certificates, as people copy them from one machine to another."""

import hashlib
import re
from typing import NewType

Fingerprint = NewType("Fingerprint", str)
"""SHA-256 of a certificate in DER: 64 hexadecimal digits in lower case."""

_PREFIX = re.compile(r"sha-?256(?: fingerprint)?[:=]", re.I)
_PAIRS = re.compile(r"[0-9a-f]{2}(?:[: ]?[0-9a-f]{2}){31}")


def of_certificate(der: bytes) -> Fingerprint:
    return Fingerprint(hashlib.sha256(der).hexdigest())


def read(text: str) -> Fingerprint:
    """Read one in any usual spelling: ``AB:CD:…``, ``sha256:abcd…``, ``sha256 Fingerprint=AB:CD:…``.

    Raises:
        ValueError: it is none.
    """
    found = _PREFIX.sub("", text.strip(), count=1).strip().lower()
    if not _PAIRS.fullmatch(found):
        raise ValueError("is no SHA-256 fingerprint: 64 hexadecimal digits, with or without colons")
    return Fingerprint(re.sub("[: ]", "", found))
