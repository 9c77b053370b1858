"""Keys and signatures: one value, one spelling. Vectors made by another implementation, and by hand."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clawdbot.domain.identity import DeviceIdentity, PublicKey, read_public_key, read_stored_key, to_base64url
from tests.support.devices import identity

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "signatures.json").read_text())
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
KEY = identity().public_key
TEXT = str(KEY)

CHECKS = [
    pytest.param(vector, check, id=f"{vector['name']}-{vector['deviceId'][:4]}-{check['note'].replace(' ', '-')}")
    for vector in VECTORS["vectors"]
    for check in vector["checks"]
]


@pytest.mark.parametrize(("vector", "check"), CHECKS)
def test_recorded_signatures_verify_as_recorded(vector: dict[str, Any], check: dict[str, Any]) -> None:
    """Every recorded verdict, on v1 and v2 payloads, is ours as well."""
    key = read_public_key(check["publicKey"])
    assert (key is not None and key.verifies(check["payload"], check["signature"])) is check["ok"]


@pytest.mark.parametrize("made", VECTORS["identities"], ids=lambda made: made["deviceId"][:8])
def test_an_identity_file_of_the_reference_is_read_and_written_alike(made: dict[str, Any]) -> None:
    """Same id, same public key, and both PEM texts to the byte."""
    ours = DeviceIdentity.from_pem(made["privateKeyPem"])
    assert ours.device_id == made["deviceId"]
    assert str(ours.public_key) == made["publicKey"]
    assert ours.private_pem() == made["privateKeyPem"]
    assert ours.public_key.pem == made["publicKeyPem"]


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: f"{vector['name']}-{vector['deviceId'][:4]}")
def test_our_signature_is_the_recorded_one(vector: dict[str, Any]) -> None:
    """Ed25519 is deterministic: signing the same payload gives the same text."""
    made = next(made for made in VECTORS["identities"] if made["deviceId"] == vector["deviceId"])
    assert DeviceIdentity.from_pem(made["privateKeyPem"]).sign(vector["payload"]) == vector["signature"]


@pytest.mark.parametrize("form", VECTORS["keyForms"], ids=lambda form: repr(form["input"][-12:]))
def test_G1_recorded_spellings_of_keys_are_read_alike_or_refused(form: dict[str, Any]) -> None:
    """Whatever we read at all, we read as the reference does; blanks and keys of another length we refuse."""
    key = read_public_key(form["input"])
    sound = form["deviceId"] and len(form["normalized"]) == 43 and not form["input"].startswith(" ")
    padded_url = form["input"].endswith("=") and set(form["input"]) & set("-_") and "BEGIN" not in form["input"]
    if sound and not padded_url:
        assert key is not None
        assert (str(key), key.device_id) == (form["normalized"], form["deviceId"])
    else:
        assert key is None


def test_the_id_is_the_sha256_of_the_raw_key() -> None:
    assert KEY.device_id == hashlib.sha256(KEY.raw).hexdigest()


def test_a_key_in_any_of_its_three_spellings_is_one_device() -> None:
    padded = base64.b64encode(KEY.raw).decode()
    assert read_public_key(TEXT) == read_public_key(padded) == read_public_key(KEY.pem) == KEY
    assert read_public_key(KEY.pem.removesuffix("\n")) == KEY


def bump(text: str) -> str:
    """Set the lowest bit of the last character: the bits behind the last byte, which decoders drop."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        bump(TEXT),
        TEXT + "=",
        TEXT + "==",
        TEXT + "A",
        TEXT[:-1],
        " " + TEXT,
        TEXT + " ",
        TEXT + "\n",
        TEXT[:20] + "\n" + TEXT[20:],
        TEXT[:20] + "*" + TEXT[20:],
        TEXT[:-1] + "é",
        "Т" + TEXT[1:],  # Cyrillic
        "\x00" * 43,
        KEY.pem + "\n",
        KEY.pem.replace("\n", "\r\n"),
        " " + KEY.pem,
        KEY.pem.replace("PUBLIC KEY", "public key"),
        KEY.pem + KEY.pem,
        KEY.pem.replace("-----END PUBLIC KEY-----", ""),
        KEY.raw.hex(),
        "-----BEGIN PUBLIC KEY-----\n",
    ],
    ids=lambda text: repr(text[-24:]),
)
def test_G1_other_spellings_of_a_key_are_refused(text: str) -> None:
    assert read_public_key(text) is None


def test_G1_an_spki_of_another_algorithm_is_refused() -> None:
    """X25519 differs from Ed25519 in one byte of its object identifier."""
    der = bytes.fromhex("302a300506032b656e032100") + KEY.raw
    pem = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
    assert read_public_key(pem) is None


def multiple_of_point(raw: bytes, times: int) -> tuple[int, int]:
    """Affine point arithmetic by the book (RFC 8032, 5.1.4); only to check the table of low orders."""
    d = -121665 * pow(121666, -1, P) % P
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square, "not on the curve"
    x = x if x % 2 == raw[31] >> 7 else (P - x) % P
    total = (0, 1)
    for _ in range(times):
        (x1, y1), k = total, d * total[0] * x % P * total[1] * y % P
        total = (
            (x1 * y + x * y1) * pow(1 + k, -1, P) % P,
            (y1 * y + x1 * x) * pow(1 - k, -1, P) % P,
        )
    return total


Y8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
LOW_ORDER = [
    (1).to_bytes(32, "little"),
    (P - 1).to_bytes(32, "little"),
    bytes(32),
    bytes(31) + b"\x80",
    Y8,
    Y8[:31] + bytes([Y8[31] | 0x80]),
    (P - int.from_bytes(Y8, "little")).to_bytes(32, "little"),
    (P - int.from_bytes(Y8, "little") + 2**255).to_bytes(32, "little"),
]


@pytest.mark.parametrize("raw", LOW_ORDER, ids=lambda raw: raw.hex()[:8])
def test_G1_keys_of_low_order_are_refused(raw: bytes) -> None:
    """All eight points of an order that divides 8, each checked to be one."""
    assert multiple_of_point(raw, 8) == (0, 1)
    assert read_public_key(to_base64url(raw)) is None


@pytest.mark.parametrize(
    "raw",
    [
        P.to_bytes(32, "little"),
        (P + 1).to_bytes(32, "little"),
        (2**255 - 1).to_bytes(32, "little"),
        b"\xff" * 32,
        (1 + 2**255).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
    ],
    ids=["p", "p+1", "2^255-1", "all-ones", "minus-zero-x", "not-on-the-curve"],
)
def test_G1_keys_that_are_no_points_are_refused(raw: bytes) -> None:
    assert read_public_key(to_base64url(raw)) is None


def test_sound_keys_are_not_refused() -> None:
    """The check of the curve says yes to every key that was made by the book."""
    for number in range(1, 100):
        key = identity(number).public_key
        assert read_public_key(str(key)) == key


def test_a_key_on_record_has_one_spelling() -> None:
    assert read_stored_key(TEXT) == KEY
    assert read_stored_key(base64.b64encode(KEY.raw).decode()) is None
    assert read_stored_key(KEY.pem) is None


SIGNATURE = identity().sign("payload")
RAW = base64.urlsafe_b64decode(SIGNATURE + "==")
assert set(SIGNATURE) & set("-_"), "a signature that the two alphabets spell differently"


@pytest.mark.parametrize("text", [SIGNATURE, base64.b64encode(RAW).decode()], ids=["base64url", "base64"])
def test_a_signature_in_either_of_its_spellings_verifies(text: str) -> None:
    assert KEY.verifies("payload", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        bump(SIGNATURE),
        SIGNATURE + "=",
        SIGNATURE + "==",
        " " + SIGNATURE,
        SIGNATURE + "\n",
        SIGNATURE[:-1],
        SIGNATURE + "AAAA",
        RAW.hex(),
        to_base64url(RAW[:32] + (int.from_bytes(RAW[32:], "little") + L).to_bytes(32, "little")),
    ],
    ids=["empty", "bits", "one-pad", "padded-url", "blank", "newline", "short", "long", "hex", "s-plus-l"],
)
def test_G1_other_spellings_of_a_signature_are_refused(text: str) -> None:
    """Among them the classic twin: the same signature with the group's order added to its second half."""
    assert not KEY.verifies("payload", text)


def test_a_signature_is_for_one_payload_and_one_key() -> None:
    assert not KEY.verifies("payload ", SIGNATURE)
    assert not identity(2).public_key.verifies("payload", SIGNATURE)


def test_a_payload_with_a_lone_surrogate_is_no_crash_and_no_question_mark() -> None:
    signature = identity().sign("\ud800")
    assert KEY.verifies("\ud800", signature)
    assert not KEY.verifies("?", signature)


def test_S7_an_identity_does_not_print_its_seed() -> None:
    ours = DeviceIdentity.from_seed(b"secret seed of exactly 32 bytes!")
    assert "secret" not in repr(ours)
    assert "secret" not in f"{ours}"


def p256() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("text", ["", "nonsense", "é", identity().public_key.pem, p256()], ids=lambda text: text[:12])
def test_only_an_ed25519_private_key_is_an_identity(text: str) -> None:
    with pytest.raises(ValueError, match="not an unencrypted Ed25519 private key in PEM"):
        DeviceIdentity.from_pem(text)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_and_a_key_have_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DeviceIdentity.from_seed(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey(bytes(size))
