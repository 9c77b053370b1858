"""The gateway's settings: what is found in those that are open, and nothing in those that are not."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from clawdbot.audit.gateway import check
from clawdbot.config import Bind, GatewaySettings, RemoteSettings, TlsSettings
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.secret import Secret

STRONG = "3f9c0b1e5a7d42186ce0f3a9b5d7e4c1"
TOKEN = GatewayAuth(AuthMode.TOKEN, Secret(STRONG))
GOOD = GatewaySettings(auth=TOKEN)
LAN = GatewaySettings(bind=Bind.LAN, auth=TOKEN, tls=TlsSettings(enabled=True), silent_local=False)


def found(settings: GatewaySettings) -> list[str]:
    return [f"{finding.severity} {finding.id} {finding.key}" for finding in check(settings, "clawdbot.json")]


def secret(text: str, mode: AuthMode = AuthMode.TOKEN) -> GatewaySettings:
    return GatewaySettings(auth=GatewayAuth(mode, Secret(text)))


@pytest.mark.parametrize(
    "settings",
    [
        GOOD,
        LAN,
        replace(GOOD, bind=Bind.CUSTOM, host="127.0.0.2"),
        replace(LAN, bind=Bind.TAILNET, host="100.64.0.1", tls=TlsSettings()),
        secret("correct horse battery", AuthMode.PASSWORD),
        replace(GOOD, silent_local=False, trusted_proxies=(ip_network("10.1.2.0/24"), ip_network("fd00::1"))),
        replace(GOOD, origins=frozenset({"https://panel.example", "http://localhost:8080"})),
        replace(GOOD, remote=RemoteSettings("wss://gw.example", Secret("x"))),
        replace(GOOD, remote=RemoteSettings("ws://127.0.0.1:1", Secret("x"))),
    ],
)
def test_nothing_is_found_in_what_is_closed(settings: GatewaySettings) -> None:
    assert found(settings) == []


BIND = "gateway.bind_no_tls gateway.tls.enabled"
OPEN: list[tuple[GatewaySettings, list[str]]] = [
    (GatewaySettings(), ["warn gateway.loopback_no_auth gateway.auth"]),
    (replace(LAN, auth=GatewayAuth(AuthMode.NONE)), ["critical gateway.bind_no_auth gateway.auth"]),
    (replace(LAN, tls=TlsSettings()), [f"warn {BIND}"]),
    (replace(LAN, tls=TlsSettings(), bind=Bind.CUSTOM, host="192.168.1.10"), [f"warn {BIND}"]),
    (replace(LAN, tls=TlsSettings(), bind=Bind.CUSTOM, host="8.8.8.8"), [f"critical {BIND}"]),
    (replace(LAN, silent_local=True), ["warn gateway.silent_local_exposed gateway.pairing.silentLocal"]),
    (
        replace(GOOD, trusted_proxies=(ip_network("127.0.0.1"),)),
        ["warn gateway.silent_local_exposed gateway.pairing.silentLocal"],
    ),
    (secret(STRONG[:23]), ["warn gateway.token_too_short gateway.auth.token"]),
    (secret("abcdefg" * 7), ["warn gateway.token_too_simple gateway.auth.token"]),
    (secret("correct hor", AuthMode.PASSWORD), ["warn gateway.password_too_short gateway.auth.password"]),
    (secret("111222333444", AuthMode.PASSWORD), ["warn gateway.password_too_simple gateway.auth.password"]),
    (replace(GOOD, origins=frozenset({"http://panel.example"})), [
        "warn gateway.origin_unencrypted gateway.controlUi.allowedOrigins"
    ]),
    (replace(GOOD, remote=RemoteSettings("ws://gw.example", Secret("x"))), [
        "warn gateway.remote_unencrypted gateway.remote.url"
    ]),
    (
        replace(GOOD, remote=RemoteSettings("ws://gw.example", None, Secret("x"))),
        ["warn gateway.remote_unencrypted gateway.remote.url"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "ids"), OPEN, ids=[ids[0] for _, ids in OPEN])
def test_what_is_open_is_found(settings: GatewaySettings, ids: list[str]) -> None:
    assert found(settings) == ids


WIDE = [
    ("0.0.0.0/0", "critical"),
    ("::/0", "critical"),
    ("8.0.0.0/7", "critical"),
    ("2000::/3", "critical"),
    ("10.0.0.0/8", "warn"),
    ("203.0.0.0/16", "warn"),
    ("192.168.0.0/16", "warn"),
    ("fd00::/8", "warn"),
]


@pytest.mark.parametrize(("network", "severity"), WIDE)
def test_networks_of_proxies_that_are_too_wide(network: str, severity: str) -> None:
    """The whole world is worse than one's own network."""
    settings = replace(GOOD, silent_local=False, trusted_proxies=(ip_network("10.0.0.1"), ip_network(network)))
    assert found(settings) == [f"{severity} gateway.trusted_proxies_wide gateway.trustedProxies[1]"]


def test_S7_no_finding_holds_the_secret() -> None:
    for text in ("sh0rt-secret", "abab" * 8):
        assert text not in str(list(check(secret(text), "clawdbot.json")))
