"""Certificates that sign themselves: names, keys and dates."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from clawdbot.gateway import certificate

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(*names: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.self_signed(certificate.new_key(), names, now=NOW))


def test_what_cannot_be_a_name_is_left_out() -> None:
    """A machine's name may be anything."""
    names = ("box", "box", "box.local", "ada's Mac", "bücher", "", "-x", "a" * 254, "fe80::1%eth0", "10.0.0.1")
    found = made(*names).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["box", "box.local"]
    assert [str(one) for one in found.get_values_for_type(x509.IPAddress)] == ["fe80::1", "10.0.0.1"]


def test_without_names_it_has_none() -> None:
    with pytest.raises(x509.ExtensionNotFound):
        made().extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_S6_a_clock_that_is_a_little_behind_accepts_it() -> None:
    der = made("box").public_bytes(serialization.Encoding.DER)
    assert certificate.is_in_date(der, NOW - timedelta(hours=23))
    assert certificate.is_in_date(der, NOW + timedelta(days=3650))
    assert not certificate.is_in_date(der, NOW - timedelta(days=2))
    assert not certificate.is_in_date(der, NOW + timedelta(days=3651))


def test_keys_are_read_back() -> None:
    """An RSA key too, as the reference makes them."""
    for key in (certificate.new_key(), rsa.generate_private_key(public_exponent=65537, key_size=2048)):
        assert certificate.read_key(certificate.key_pem(key)).public_key() == key.public_key()


def test_what_is_no_key_is_refused() -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = certificate.new_key().private_bytes(encoding, form, serialization.BestAvailableEncryption(b"x"))
    for pem in (b"", b"x", locked, other.private_bytes(encoding, form, serialization.NoEncryption())):
        with pytest.raises(ValueError):
            certificate.read_key(pem)
