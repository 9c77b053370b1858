"""Where a gateway is, and by which certificate it is known."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from clawdbot.domain import fingerprints
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.texts import visible
from clawdbot.errors import UsageError

DEFAULT_PORT: Final = 18789

_SCHEMES: Final = {"ws": 80, "wss": 443}
_PRINTABLE: Final = re.compile(r"[!-~]+")
_PLACE: Final = re.compile(r"([A-Za-z0-9._-]+|\[(?P<ip>[0-9A-Fa-f:.]+)(%[A-Za-z0-9._-]+)?\])(:[0-9]*)?")
"""A host's name, or an address with its link, and a port. URLs that come with a setup code are written into the
configuration, where other characters could mean something: ``${…}`` a secret, for one."""


@dataclass(frozen=True, slots=True)
class Address:
    """A gateway's address.

    Attributes:
        url: ``ws://`` or ``wss://``, without user, password, query and fragment.
        fingerprint: the SHA-256 of the only certificate that is trusted there; without one, the system's authorities
            vouch for it.
    """

    url: str
    fingerprint: Fingerprint | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or _SCHEMES[parts.scheme]

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("wss:")

    def __str__(self) -> str:
        return visible(self.url, 200)


def local(port: int) -> Address:
    """The gateway on this machine."""
    return Address(f"ws://127.0.0.1:{port}")


def read(url: str, fingerprint: str = "") -> Address:
    """Read an address as people write it: ``ws://host:port``, ``wss://host/path``.

    Args:
        url: what the gateway is reached by.
        fingerprint: the certificate's SHA-256 in any usual spelling; empty for none.

    Raises:
        UsageError: it is no such URL, or not with this fingerprint. A secret in it is not repeated.
    """
    parts = _split(url.strip())
    if fingerprint.strip() and parts.scheme != "wss":
        raise UsageError("a fingerprint is of a certificate, which only wss:// has", hint="write the URL with wss://")
    return Address(parts.geturl(), _fingerprint(fingerprint) if fingerprint.strip() else None)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_url() from None
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0 or not _PRINTABLE.fullmatch(url):
        raise _no_url()
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            "a gateway URL holds no user, password, query or fragment", hint="give the gateway's token with --token"
        )
    if not _is_place(parts.netloc):
        raise _no_url()
    return parts


def _is_place(netloc: str) -> bool:
    found = _PLACE.fullmatch(netloc)
    if found is None or found["ip"] is None:
        return found is not None
    try:
        IPv6Address(found["ip"])
    except ValueError:
        return False
    return True


def _no_url() -> UsageError:
    return UsageError("that is no gateway URL", hint=f"write it like ws://127.0.0.1:{DEFAULT_PORT}")


def _fingerprint(text: str) -> Fingerprint:
    try:
        return fingerprints.read(text)
    except ValueError as error:
        raise UsageError(
            f"that {error}", hint='as "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE" prints them'
        ) from None
