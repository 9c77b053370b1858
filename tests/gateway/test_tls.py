"""The certificate: made once, kept for good, served with TLS 1.2 and up; what cannot be used is named."""

import asyncio
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clawdbot.config import TlsSettings
from clawdbot.errors import ClawdbotError, ConfigError, StoreCorrupt, StoreUnavailable
from clawdbot.gateway import certificate
from clawdbot.gateway.tls import Tls, open_tls

ON = TlsSettings(enabled=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "::1", "box", "192.168.1.10")


def opened(state: Path, settings: TlsSettings = ON, *, now: datetime = NOW) -> Tls:
    tls = open_tls(settings, state, names=NAMES, now=int(now.timestamp() * 1000))
    assert tls is not None
    return tls


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(state: Path, settings: TlsSettings = ON) -> ClawdbotError:
    with pytest.raises(ClawdbotError) as caught:
        opened(state, settings)
    return caught.value


async def talk(tls: Tls, client: ssl.SSLContext, *, name: str = "localhost") -> tuple[bytes, str]:
    """Shake hands with a server that has this certificate; the certificate and the protocol's version."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        end = writer.get_extra_info("ssl_object")
        writer.close()
        return end.getpeercert(binary_form=True), end.version()


def trusting(tls: Tls) -> ssl.SSLContext:
    """A client that trusts this certificate, and is as strict as clients get."""
    client = ssl.create_default_context(cafile=str(tls.cert))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    return client


def own_files(folder: Path, *, passphrase: bytes = b"") -> TlsSettings:
    """A certificate and a key as an owner brings them."""
    key = ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    settings = TlsSettings(enabled=True, cert=folder / "own.pem", key=folder / "own.key")
    assert settings.cert is not None
    assert settings.key is not None
    settings.cert.write_bytes(b"subject=own\n" + certificate.self_signed(key, ["own.example"], now=NOW))
    settings.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    return settings


# --- the gateway's own -----------------------------------------------------------------------------------------------


def test_without_tls_nothing_is_made(tmp_path: Path) -> None:
    assert open_tls(TlsSettings(), tmp_path / "state", names=NAMES, now=0) is None
    assert not (tmp_path / "state").exists()


async def test_a_certificate_is_made_and_verifies(tmp_path: Path) -> None:
    """It names every address, is good for ten years, and strict clients that are told to trust it do."""
    tls = opened(tmp_path, now=datetime.now(UTC))
    der, version = await talk(tls, trusting(tls), name="192.168.1.10")
    made = x509.load_der_x509_certificate(der)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "box"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.168.1.10"]
    assert made.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3649)
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    assert version == "TLSv1.3"


def test_it_is_kept_and_so_is_its_fingerprint(tmp_path: Path) -> None:
    first = opened(tmp_path)
    content = {path.name: path.read_bytes() for path in first.cert.parent.iterdir()}
    again = opened(tmp_path, now=NOW + timedelta(days=5000))
    assert again.fingerprint == first.fingerprint
    assert {path.name: path.read_bytes() for path in first.cert.parent.iterdir()} == content
    assert first.cert == tmp_path / "gateway" / "tls" / "gateway-cert.pem"
    der = ssl.PEM_cert_to_DER_cert(first.cert.read_text("ascii"))
    assert first.fingerprint == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()


def test_S1_nobody_else_reads_the_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        tls = opened(tmp_path / "state")
        key = tls.cert.with_name("gateway-key.pem")
        assert (mode(key), mode(tls.cert), mode(key.parent), mode(key.parent.parent)) == (0o600, 0o600, 0o700, 0o700)
        key.chmod(0o644)
        key.parent.chmod(0o755)
        opened(tmp_path / "state")
        assert (mode(key), mode(key.parent)) == (0o600, 0o700)
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", ["gateway", "gateway/tls", "gateway/tls/gateway-key.pem"])
def test_S1_links_are_not_followed(tmp_path: Path, name: str) -> None:
    opened(tmp_path)
    moved = tmp_path / "moved"
    (tmp_path / name).rename(moved)
    (tmp_path / name).symlink_to(moved)
    assert isinstance(refused(tmp_path), StoreUnavailable)


def test_S2_a_key_without_a_certificate_is_used(tmp_path: Path) -> None:
    """As a crash between the two leaves it; a key that is there is never written over."""
    tls = opened(tmp_path)
    key = tls.cert.with_name("gateway-key.pem").read_bytes()
    tls.cert.unlink()
    opened(tmp_path)
    assert tls.cert.with_name("gateway-key.pem").read_bytes() == key


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gateway-key.pem", None, "gateway-key.pem is missing"),
        ("gateway-key.pem", b"", "cannot be used with that certificate"),
        ("gateway-key.pem", certificate.key_pem(certificate.new_key()), "is not the key of that certificate"),
        ("gateway-cert.pem", b"half", "gateway-cert.pem holds no certificate in PEM"),
        (
            "gateway-cert.pem",
            b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
            "cannot be used with that certificate",
        ),
    ],
)
def test_S4_what_cannot_be_read_is_named_and_not_written_over(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """The fingerprint that devices know is not thrown away."""
    path = opened(tmp_path).cert.with_name(name)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    error = refused(tmp_path)
    assert isinstance(error, StoreCorrupt)
    assert message in error.message
    assert "bring it back; or remove both files" in error.hint
    assert (path.read_bytes() if path.exists() else None) == content


def test_S4_a_broken_key_alone_is_not_written_over(tmp_path: Path) -> None:
    tls = opened(tmp_path)
    tls.cert.unlink()
    key = tls.cert.with_name("gateway-key.pem")
    key.write_bytes(b"half")
    assert "holds no key" in refused(tmp_path).message
    assert key.read_bytes() == b"half"


def test_one_that_the_reference_made_is_used_as_it_is(tmp_path: Path) -> None:
    """It makes RSA keys, in the same place; devices that know its fingerprint go on."""
    folder = tmp_path / "gateway" / "tls"
    folder.mkdir(parents=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "gateway-key.pem").write_bytes(certificate.key_pem(key))
    made = certificate.self_signed(key, [], now=NOW)
    (folder / "gateway-cert.pem").write_bytes(made)
    assert opened(tmp_path).fingerprint == x509.load_pem_x509_certificate(made).fingerprint(hashes.SHA256()).hex()
    assert (folder / "gateway-cert.pem").read_bytes() == made


def test_none_is_made_if_none_may_be(tmp_path: Path) -> None:
    error = refused(tmp_path, TlsSettings(enabled=True, auto_generate=False))
    assert isinstance(error, ConfigError)
    assert "autoGenerate is false" in error.message
    first = opened(tmp_path)
    assert opened(tmp_path, TlsSettings(enabled=True, auto_generate=False)).fingerprint == first.fingerprint


# --- the owner's -----------------------------------------------------------------------------------------------------


async def test_the_owner_s_certificate_is_served(tmp_path: Path) -> None:
    """Text before the certificate, as openssl prints it, is passed over; nothing is written."""
    settings = own_files(tmp_path)
    tls = opened(tmp_path / "state", settings)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    der, _ = await talk(tls, client)
    assert certificate.is_in_date(der, NOW)
    assert tls.fingerprint == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
    assert tls.cert == settings.cert
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("own.pem", None, "own.pem cannot be read: No such file or directory"),
        ("own.key", None, "own.key cannot be read: No such file or directory"),
        ("own.pem", b"no certificate", "own.pem holds no certificate in PEM"),
        ("own.key", b"no key", "own.key cannot be used with that certificate"),
        ("own.key", certificate.key_pem(certificate.new_key()), "own.key is not the key of that certificate"),
        ("own.pem", b"x" * 300_000, "own.pem is larger than 256 KiB"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, file: str, content: bytes | None, message: str) -> None:
    settings = own_files(tmp_path)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    error = refused(tmp_path, settings)
    assert isinstance(error, ConfigError)
    assert error.message.startswith("gateway.tls: ")
    assert message in error.message


def test_nobody_is_asked_for_a_passphrase(tmp_path: Path) -> None:
    assert "has a passphrase" in refused(tmp_path, own_files(tmp_path, passphrase=b"s3cret")).message


def test_one_that_is_out_of_date_is_served_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Devices that know the fingerprint do not mind."""
    opened(tmp_path, own_files(tmp_path), now=NOW + timedelta(days=5000))
    assert "out of date" in caplog.text


# --- the protocol ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
async def test_tls_1_2_is_the_oldest_version(tmp_path: Path, version: ssl.TLSVersion) -> None:
    tls = opened(tmp_path, now=datetime.now(UTC))
    client = trusting(tls)
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_2:
        assert (await talk(tls, client))[1] == "TLSv1.2"
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await talk(tls, client)
