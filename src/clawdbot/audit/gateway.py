"""The gateway's settings: who can reach it, what they must know, whose word is taken."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from clawdbot.audit.findings import Finding, Severity
from clawdbot.config import Bind, GatewaySettings
from clawdbot.config.gateway_model import Network
from clawdbot.domain.credentials import AuthMode
from clawdbot.domain.hosts import is_everywhere, is_loopback

LEAST_CHARACTERS: Final = {AuthMode.TOKEN: 24, AuthMode.PASSWORD: 12}
LEAST_DIFFERENT: Final = 8
"""Characters of a secret, and different ones among them. ``openssl rand -hex 24`` has 48 and about 15."""

WIDEST: Final = {4: 24, 6: 64}
EVERYBODY: Final = {4: 8, 6: 16}
"""Prefix lengths of proxies' networks: wider than a household's is odd, wider than a company's is a mistake."""

_MEND_TOKEN: Final = 'set gateway.auth.token to what "openssl rand -hex 24" prints'  # noqa: S105 - what to type


def check(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    """Everything about the settings that is more open than it should be."""
    yield from _reach(settings, file)
    yield from _secret(settings, file)
    yield from _proxies(settings, file)
    yield from _silence(settings, file)
    yield from _pages(settings, file)
    yield from _remote(settings, file)


def _reach(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    if not settings.is_exposed:
        if settings.auth.mode is AuthMode.NONE:
            yield Finding(
                "gateway.loopback_no_auth",
                Severity.WARN,
                "No secret is asked for",
                "every user and every program of this machine may pair, as an administrator too",
                _MEND_TOKEN,
                file,
                "gateway.auth",
            )
        return
    where = "every address" if any(map(is_everywhere, settings.hosts)) else settings.host or settings.bind
    if settings.auth.mode is AuthMode.NONE:
        yield Finding(
            "gateway.bind_no_auth",
            Severity.CRITICAL,
            "Other machines can reach the gateway, and no secret is asked for",
            f"it would listen on {where}; it refuses to start like this",
            _MEND_TOKEN,
            file,
            "gateway.auth",
        )
    if not settings.tls.enabled and settings.bind is not Bind.TAILNET:
        public = settings.host is not None and ip_address(settings.host).is_global
        yield Finding(
            "gateway.bind_no_tls",
            Severity.CRITICAL if public else Severity.WARN,
            "Other machines can reach the gateway without TLS",
            f"it listens on {where}: whoever is on the way reads the shared secret, device tokens and all the rest",
            "set gateway.tls.enabled: true, or gateway.bind: loopback",
            file,
            "gateway.tls.enabled",
        )


def _secret(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    mode, secret = settings.auth.mode, settings.auth.secret
    if mode is AuthMode.NONE or secret is None:
        return
    text = secret.reveal()
    key = f"gateway.auth.{mode}"
    mend = f'set {key} to what "openssl rand -hex 24" prints'
    if len(text) < LEAST_CHARACTERS[mode]:
        yield Finding(
            f"gateway.{mode}_too_short",
            Severity.WARN,
            f"The gateway's {mode} is short",
            f"it has {len(text)} characters; {LEAST_CHARACTERS[mode]} are hard to guess",
            mend,
            file,
            key,
        )
    elif len(set(text)) < LEAST_DIFFERENT:
        yield Finding(
            f"gateway.{mode}_too_simple",
            Severity.WARN,
            f"The gateway's {mode} is easy to guess",
            "it repeats a few characters",
            mend,
            file,
            key,
        )


def _proxies(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    for index, network in enumerate(settings.trusted_proxies):
        if network.prefixlen >= WIDEST[network.version] or network.is_loopback:
            continue
        everybody = network.prefixlen <= EVERYBODY[network.version] and not _is_private(network)
        yield Finding(
            "gateway.trusted_proxies_wide",
            Severity.CRITICAL if everybody else Severity.WARN,
            "More than your proxies are trusted about their clients' addresses",
            f"everybody in {network} may pretend to be any client, and is never locked out for wrong tries",
            "name the proxies' own addresses in gateway.trustedProxies",
            file,
            f"gateway.trustedProxies[{index}]",
        )


def _is_private(network: Network) -> bool:
    return network.is_private and not network.is_unspecified and network.prefixlen > 0


def _silence(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    if not settings.silent_local or not (settings.is_exposed or settings.trusted_proxies):
        return
    yield Finding(
        "gateway.silent_local_exposed",
        Severity.WARN,
        "Programs on this machine pair without asking while others can reach the gateway",
        "whoever gets a proxy or tunnel on this machine to pass him on unmarked is taken for such a program",
        "set gateway.pairing.silentLocal: false",
        file,
        "gateway.pairing.silentLocal",
    )


def _pages(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    for origin in sorted(settings.origins):
        parts = urlsplit(origin)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            yield Finding(
                "gateway.origin_unencrypted",
                Severity.WARN,
                "Pages that come without TLS may connect",
                f"whoever is on the way to {origin} can put his own script into its pages",
                "serve the page with https, and list that origin",
                file,
                "gateway.controlUi.allowedOrigins",
            )


def _remote(settings: GatewaySettings, file: str) -> Iterator[Finding]:
    remote = settings.remote
    parts = urlsplit(remote.url or "")
    if parts.scheme == "ws" and not is_loopback(parts.hostname or "") and (remote.token or remote.password):
        yield Finding(
            "gateway.remote_unencrypted",
            Severity.WARN,
            "The other gateway's secret is sent without TLS",
            f"whoever is on the way to {parts.hostname} reads it",
            "set gateway.remote.url to its wss:// URL, and gateway.remote.tlsFingerprint",
            file,
            "gateway.remote.url",
        )
