"""What the owner decides about the gateway's door: the ``gateway`` section, checked and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.hosts import in_url, is_loopback
from clawdbot.domain.platforms import CommandPolicy
from clawdbot.domain.secret import Secret

DEFAULT_PORT: Final = 18789
WAKE_WORDS: Final = ("clawd", "claude", "computer")

Network = IPv4Network | IPv6Network


class Bind(StrEnum):
    """Where the gateway listens."""

    LOOPBACK = "loopback"
    AUTO = "auto"
    """The same. The reference listens everywhere where it cannot have loopback; here nothing falls back to that."""
    LAN = "lan"
    TAILNET = "tailnet"
    CUSTOM = "custom"


class GatewayMode(StrEnum):
    """Where the gateway is that this machine's commands talk to."""

    LOCAL = "local"
    REMOTE = "remote"


class Openness(StrEnum):
    """``discovery.mdns.mode``: how much is said."""

    OFF = "off"
    MINIMAL = "minimal"
    """Where the gateway is, and what its certificate is."""
    FULL = "full"
    """Also where the program lies on this machine, and how to get in by SSH."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """``gateway.tls``: with a certificate of the owner's, else with one that the gateway makes for itself.

    Attributes:
        cert: the certificate and what leads up to it, in PEM; with ``key``, or neither.
        auto_generate: may the gateway make one where neither is named?
    """

    enabled: bool = False
    cert: Path | None = None
    key: Path | None = None
    auto_generate: bool = True


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """``gateway.remote``: another machine's gateway, for commands that are to talk to that one.

    Attributes:
        url: ``ws://`` or ``wss://``.
        tls_fingerprint: the one certificate that it may show.
    """

    url: str | None = None
    token: Secret | None = None
    password: Secret | None = None
    tls_fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The gateway's settings, ``gateway.*`` in the configuration.

    Attributes:
        host: the address to listen on with ``bind: custom``, and with ``tailnet`` once it is found out.
        port: 0 lets the system choose one.
        auth: what the gateway asks everybody for.
        secrets: what is configured for each way of asking, whichever is asked for.
        trusted_proxies: peers whose word about the client's address is taken.
        dashboard: is the page served at ``/``?
        origins: browsers' pages that may connect besides the gateway's own, as ``https://host[:port]``.
        allow_commands: what nodes may be asked to do beyond the list of their platform.
        deny_commands: what no node may be asked to do; wins.
        silent_local: may programs on this machine pair without asking (threats.md G9)?
        queue: how many devices may wait.
        wake_words: what nodes listen for.
    """

    bind: Bind = Bind.LOOPBACK
    host: str | None = None
    port: int = DEFAULT_PORT
    auth: GatewayAuth = field(default_factory=lambda: GatewayAuth(AuthMode.NONE))
    secrets: Mapping[AuthMode, Secret] = field(default_factory=dict)
    trusted_proxies: tuple[Network, ...] = ()
    dashboard: bool = True
    origins: frozenset[str] = frozenset()
    allow_commands: frozenset[str] = frozenset()
    deny_commands: frozenset[str] = frozenset()
    silent_local: bool = True
    queue: QueueLimits = field(default_factory=QueueLimits)
    wake_words: tuple[str, ...] = WAKE_WORDS
    tls: TlsSettings = field(default_factory=TlsSettings)
    mode: GatewayMode = GatewayMode.LOCAL
    remote: RemoteSettings = field(default_factory=RemoteSettings)

    @property
    def commands(self) -> CommandPolicy:
        """The owner's own word on nodes' commands."""
        return CommandPolicy(allow=self.allow_commands, deny=self.deny_commands)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on; none, if the one that is wanted is not known."""
        match self.bind:
            case Bind.LOOPBACK | Bind.AUTO:
                return _LOOPBACK
            case Bind.LAN:
                return ("0.0.0.0",)  # noqa: S104 - what the owner asked for; the gateway wants a secret for it
            case Bind.TAILNET:
                return (self.host, *_LOOPBACK) if self.host else ()
            case Bind.CUSTOM:
                return (self.host,) if self.host else ()

    @property
    def is_exposed(self) -> bool:
        """Can other machines reach it?"""
        return self.bind is Bind.TAILNET or any(not is_loopback(host) for host in self.hosts)

    @property
    def local_host(self) -> str:
        """The address at which programs of this machine reach it."""
        host = (self.host or "") if self.bind is Bind.CUSTOM else ""
        return _REACHED_AT.get(host, host)

    @property
    def local_url(self) -> str:
        """The same as a URL."""
        host = self.local_host
        return f"{'wss' if self.tls.enabled else 'ws'}://{in_url(host)}:{self.port}"


_LOOPBACK: Final = ("127.0.0.1", "::1")
_REACHED_AT: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
