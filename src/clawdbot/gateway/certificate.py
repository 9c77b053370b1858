"""Certificates that sign themselves, for clients that know them by their fingerprint.

Needs ``cryptography``, which takes a while to import: only a gateway with TLS comes here.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LIFETIME: Final = timedelta(days=3650)
SKEW: Final = timedelta(days=1)
"""How far clients' clocks may be behind when the certificate is new."""

_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?", re.ASCII)


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def read_key(pem: bytes) -> PrivateKey:
    """A private key in PEM, without a passphrase. Raises ValueError."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:  # it has a passphrase
        raise ValueError(str(error)) from None
    if not isinstance(key, PrivateKey):
        raise ValueError("is a key of another kind")  # noqa: TRY004 - a file's content, not an argument's type
    return key


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def self_signed(key: PrivateKey, names: Sequence[str], *, now: datetime) -> bytes:
    """A certificate in PEM for these names and addresses; what cannot be one is left out."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clawdbot-gateway")])
    public_key = key.public_key()
    builder = (
        x509.CertificateBuilder(issuer_name=subject, subject_name=subject, public_key=public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_for_signatures(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    known = [name for name in map(_general_name, dict.fromkeys(names)) if name is not None]
    if known:
        builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def is_in_date(der: bytes, now: datetime) -> bool:
    """Is a certificate valid at that time? Raises ValueError if it is none."""
    found = x509.load_der_x509_certificate(der)
    return found.not_valid_before_utc <= now <= found.not_valid_after_utc


def _general_name(name: str) -> x509.GeneralName | None:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name) if _HOST_NAME.fullmatch(name) else None


def _for_signatures() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
