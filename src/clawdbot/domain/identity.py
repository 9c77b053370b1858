"""A device's identity: an Ed25519 key pair; the device is named by the SHA-256 of its public key (threats.md G1).

Decoding is strict, because two spellings of one key would be two devices and two spellings of one signature a replay.
A public key may be spelt in three ways, which programs in the field use, and in each of them in exactly one:

- raw, base64url without padding (the form that is kept and shown),
- raw, standard base64 with padding,
- PEM SubjectPublicKeyInfo, 64-character body on one line.

A signature is spelt as base64url without padding or as standard base64 with padding. Blanks, line breaks, foreign
characters and non-zero trailing bits are refused everywhere.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from clawdbot.domain.names import DeviceId

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_PEM_HEAD = "-----BEGIN PUBLIC KEY-----\n"
_PEM_TAIL = "\n-----END PUBLIC KEY-----"
_SPKI_HEAD = bytes.fromhex("302a300506032b6570032100")
"""DER of a SubjectPublicKeyInfo up to the raw key (RFC 8410)."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_LOW_ORDER_YS = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})
"""The y coordinates of the eight points whose order divides 8: anybody can sign for them."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. Whether it is a sound one is asked where it comes in: :func:`read_public_key`."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise ValueError(f"an Ed25519 public key has {KEY_BYTES} bytes")

    def __str__(self) -> str:
        return to_base64url(self.raw)

    @property
    def device_id(self) -> DeviceId:
        return DeviceId(hashlib.sha256(self.raw).hexdigest())

    @property
    def pem(self) -> str:
        """As ``identity/device.json`` has it."""
        return f"{_PEM_HEAD}{base64.b64encode(_SPKI_HEAD + self.raw).decode()}{_PEM_TAIL}\n"

    @property
    def is_on_curve(self) -> bool:
        """Is it a point of the curve? Asked of a stranger's key only if no good signature has shown that it is."""
        return _is_on_curve(self.raw)

    def verifies(self, payload: str, signature: str) -> bool:
        """Did the holder of this key sign the payload? By a key that is no point of the curve, nobody did."""
        raw = _read_base64(signature, SIGNATURE_BYTES)
        if raw is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(raw, _payload_bytes(payload))
        except InvalidSignature:
            return False
        return True


def read_public_key(text: str) -> PublicKey | None:
    """Read a stranger's public key in one of its three spellings. ``None`` for anything else, and for unsound keys."""
    key = read_claimed_key(text)
    return None if key is None or not key.is_on_curve else key


def read_claimed_key(text: str) -> PublicKey | None:
    """The same, but for whether it is a point of the curve: that takes as long as to check a signature, which shows it.

    Who reads a key in this way must not believe in it before it has verified something.
    """
    raw = _read_pem(text) if text.startswith(_PEM_HEAD) else _read_base64(text, KEY_BYTES)
    return None if raw is None or not _is_good_y(raw) else PublicKey(raw)


def read_stored_key(text: str) -> PublicKey | None:
    """Read a public key from a record that was made of a sound one: base64url only, ``None`` for anything else."""
    raw = _read_base64(text, KEY_BYTES)
    return None if raw is None or to_base64url(raw) != text else PublicKey(raw)


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """The private side: what a client connects with. Its seed never shows in a ``repr`` or a log."""

    _seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._seed) != KEY_BYTES:
            raise ValueError(f"a seed has {KEY_BYTES} bytes")

    @classmethod
    def from_seed(cls, seed: bytes) -> "DeviceIdentity":
        """The identity of a seed: 32 bytes from the system's CSPRNG."""
        return cls(seed)

    @classmethod
    def from_pem(cls, text: str) -> "DeviceIdentity":
        """Read a PKCS #8 private key, as ``identity/device.json`` has it.

        Raises:
            ValueError: it is no unencrypted Ed25519 key. The message tells nothing of the text.
        """
        try:
            key = load_pem_private_key(text.encode("ascii"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, Ed25519PrivateKey):
            return cls(key.private_bytes_raw())
        raise ValueError("not an unencrypted Ed25519 private key in PEM")

    @property
    def public_key(self) -> PublicKey:
        return PublicKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def device_id(self) -> DeviceId:
        return self.public_key.device_id

    def private_pem(self) -> str:
        """The secret itself, for the one file that keeps it (0600)."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    def sign(self, payload: str) -> str:
        """Sign a payload; base64url without padding."""
        return to_base64url(self._key.sign(_payload_bytes(payload)))

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)


def to_base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _payload_bytes(payload: str) -> bytes:
    # A lone surrogate cannot come through a frame; should one come anyway, it must not stand for another character.
    return payload.encode("utf-8", "surrogatepass")


def _read_base64(text: str, size: int) -> bytes | None:
    """Decode ``size`` bytes from base64url without or standard base64 with padding, if that is their one spelling."""
    try:
        padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        raw = binascii.a2b_base64(padded.encode("ascii"), strict_mode=True)
    except ValueError:
        return None
    is_spelling = text == to_base64url(raw) or text == base64.b64encode(raw).decode("ascii")
    return raw if len(raw) == size and is_spelling else None


def _read_pem(text: str) -> bytes | None:
    body = text.removeprefix(_PEM_HEAD).removesuffix("\n").removesuffix(_PEM_TAIL)
    der = _read_base64(body, len(_SPKI_HEAD) + KEY_BYTES)
    if der is None or not der.startswith(_SPKI_HEAD):
        return None
    raw = der.removeprefix(_SPKI_HEAD)
    spelling = f"{_PEM_HEAD}{base64.b64encode(der).decode()}{_PEM_TAIL}"
    return raw if text in (spelling, spelling + "\n") else None


def _is_good_y(raw: bytes) -> bool:
    """Is y reduced, and not of a point of low order (RFC 8032, 5.1.3)?"""
    y = _y(raw)
    return y < _P and y not in _LOW_ORDER_YS


def _is_on_curve(raw: bytes) -> bool:
    """Is there an x for this y on the curve -x² + y² = 1 + d·x²·y²?"""
    y = _y(raw)
    x_squared_up_to_a_square = (y * y - 1) * (_D * y * y + 1) % _P
    return pow(x_squared_up_to_a_square, (_P - 1) // 2, _P) == 1


def _y(raw: bytes) -> int:
    return int.from_bytes(raw, "little") & (2**255 - 1)  # the top bit is the sign of x
