"""The gateway's certificate: the owner's, or one that the gateway makes for itself (``docs/config.md#tls``).

Clients know a gateway by the fingerprint of its certificate. So a certificate that is there is used as it is, whatever
its age or its names, and never replaced.
"""

import logging
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clawdbot.config import files
from clawdbot.config.gateway_model import TlsSettings
from clawdbot.domain import fingerprints
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.names import Instant
from clawdbot.errors import ConfigError, StoreCorrupt
from clawdbot.store.disk import Folder, created

log = logging.getLogger("clawdbot")

FOLDER: Final = ("gateway", "tls")
CERT: Final = "gateway-cert.pem"
KEY: Final = "gateway-key.pem"
"""The reference's places, so that a gateway that takes over from it keeps its fingerprint."""

MAX_BYTES: Final = 256 * 1024

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tls:
    """What the gateway serves TLS with.

    Attributes:
        fingerprint: what clients are told to expect.
        cert: the file that the certificate is in.
    """

    context: ssl.SSLContext
    fingerprint: Fingerprint
    cert: Path


def open_tls(settings: TlsSettings, state_dir: Path, *, names: Sequence[str], now: Instant) -> Tls | None:
    """Load the certificate, and make one if there is none and none is named; ``None`` where TLS is off.

    Args:
        names: names and addresses for a new certificate.

    Raises:
        ConfigError: the owner's files cannot be used, or none are named and none may be made.
        StoreCorrupt: the gateway's own cannot be; they are left as they are.
        StoreUnavailable: they cannot be read or written.
    """
    if not settings.enabled:
        return None
    moment = datetime.fromtimestamp(now / 1000, UTC)
    if settings.cert is not None and settings.key is not None:
        try:
            return _loaded(settings.cert, settings.key, moment)
        except _Unusable as error:
            raise ConfigError(f"gateway.tls: {error}", hint="name a certificate and its key, both in PEM") from None
    with created(state_dir, FOLDER[0]), created(state_dir / FOLDER[0], FOLDER[1]) as folder:
        _make_if_missing(folder, settings, names, moment)
        try:
            return _loaded(folder.path / CERT, folder.path / KEY, moment)
        except _Unusable as error:
            raise StoreCorrupt(str(error), hint=_ANEW) from None


_ANEW = "bring it back; or remove both files for a new certificate, and tell your devices its fingerprint"


# --- loading ---------------------------------------------------------------------------------------------------------


class _Unusable(Exception):
    """A file is not what it must be."""


def _loaded(cert: Path, key: Path, now: datetime) -> Tls:
    from clawdbot.gateway import certificate

    found = _PEM.search(_content(cert))
    _content(key)
    try:
        if found is None:
            raise ValueError
        context = _context(cert, key)
        der = ssl.PEM_cert_to_DER_cert(found[0].decode("ascii"))
        if not certificate.is_in_date(der, now):
            log.warning("the certificate in %s is out of date: browsers will refuse it", cert)
    except _HasPassphrase:
        raise _Unusable(f"{key} has a passphrase, and nobody is there to type it") from None
    except ssl.SSLError as error:
        unfit = error.reason == "KEY_VALUES_MISMATCH"
        why = "is not the key of that certificate" if unfit else "cannot be used with that certificate"
        raise _Unusable(f"{key} {why} ({cert})") from None
    except ValueError:
        raise _Unusable(f"{cert} holds no certificate in PEM") from None
    return Tls(context, fingerprints.of_certificate(der), cert)


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(cert, key, password=_no_passphrase)
    return context


def _content(path: Path) -> bytes:
    try:
        return files.read(path, MAX_BYTES)
    except OSError as error:
        raise _Unusable(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _Unusable(f"{path} {error}") from None


class _HasPassphrase(Exception):
    pass


def _no_passphrase() -> str:
    """Without this, OpenSSL asks on the terminal."""
    raise _HasPassphrase


# --- the gateway's own -----------------------------------------------------------------------------------------------


def _make_if_missing(folder: Folder, settings: TlsSettings, names: Sequence[str], now: datetime) -> None:
    """The key is saved first: one without a certificate is known to nobody, and the next start makes one for it."""
    cert, key = folder.read(CERT), folder.read(KEY)
    if cert is not None and key is None:
        raise StoreCorrupt(f"{folder.path / KEY} is missing", hint=_ANEW)
    if cert is not None:
        return
    if not settings.auto_generate:
        raise ConfigError(
            f"gateway.tls.autoGenerate is false, and there is no certificate in {folder.path}",
            hint="set gateway.tls.certPath and gateway.tls.keyPath",
        )
    from clawdbot.gateway import certificate

    try:
        private_key = certificate.read_key(key.data) if key else certificate.new_key()
    except ValueError:
        raise StoreCorrupt(f"{folder.path / KEY} holds no key", hint=_ANEW) from None
    if key is None:
        folder.rename(folder.stage(KEY, certificate.key_pem(private_key)), KEY)
    folder.rename(folder.stage(CERT, certificate.self_signed(private_key, names, now=now)), CERT)
    folder.sync()
