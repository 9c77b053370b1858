"""Which gateway a node host connects to, and what it may show it (threats.md G15).

Named on the command line, else the one that the node belongs to, else the configured one. What is configured for one
gateway is shown to that one alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from clawdbot.client import address as addresses
from clawdbot.client.address import DEFAULT_PORT, Address
from clawdbot.client.setup_code import SetupCode
from clawdbot.domain.connect import Credentials
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError
from clawdbot.node.record import GatewayAt, Record

TOKEN: Final = "CLAWDBOT_GATEWAY_TOKEN"  # noqa: S105 - a variable's name
PASSWORD: Final = "CLAWDBOT_GATEWAY_PASSWORD"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class Said:
    """What was said on the command line; ``None`` is nothing."""

    host: str | None = None
    port: int | None = None
    url: str | None = None
    tls: bool = False
    fingerprint: str | None = None
    name: str | None = None
    token: str | None = None
    password: str | None = None
    code: SetupCode | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """The gateway of this machine's configuration, and what it is shown."""

    gateway: GatewayAt
    credentials: Credentials = field(default_factory=Credentials)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the node host is to do.

    Attributes:
        gateway: where it is to connect.
        credentials: what it may show there, besides the token that this gateway gave it.
        name: what the node is to be called; ``None`` for what it is called already, or like its machine.
        word: of a setup code for this gateway. The first time it shows that, and nothing else.
    """

    gateway: GatewayAt
    credentials: Credentials
    name: str | None = None
    word: Secret | None = None


def choose(said: Said, record: Record | None, configured: Configured, environ: Mapping[str, str]) -> Wanted:
    """Decide where to connect.

    Args:
        record: what the node host kept about itself.
        environ: the process's own environment; a token in it is meant for this very process.

    Raises:
        UsageError: the options contradict one another, or name no gateway.
    """
    if said.code is not None:
        return _by_code(said, said.code)
    known = record.gateway if record is not None else None
    gateway = _gateway(said, known or configured.gateway)
    for other in (known, configured.gateway):
        if not gateway.fingerprint and gateway.tls and gateway.is_same_place(other) and other is not None:
            gateway = replace(gateway, fingerprint=other.fingerprint)
    return Wanted(gateway, _credentials(said, gateway, configured, environ), said.name)


def at(address: Address) -> GatewayAt:
    """A gateway by its address."""
    return GatewayAt(address.host, address.port, address.url.startswith("wss:"), address.fingerprint or "")


def _by_code(said: Said, code: SetupCode) -> Wanted:
    others = (said.host, said.port, said.url, said.fingerprint, said.token, said.password, said.tls or None)
    if any(one is not None for one in others):
        raise UsageError(
            "a setup code says where the gateway is and lets the node in: nothing else about it goes with --pair"
        )
    if code.role is not Role.NODE:
        raise UsageError(
            "that setup code is for an operator, not for a node", hint='on this machine: "clawdbot devices pair -"'
        )
    return Wanted(at(code.address), Credentials(), said.name, code.word)


def _gateway(said: Said, otherwise: GatewayAt) -> GatewayAt:
    fingerprint = said.fingerprint or ""
    tls = said.tls or bool(fingerprint)
    if said.url is not None:
        if said.host is not None or said.port is not None or said.tls:
            raise UsageError("--url says it all: --host, --port and --tls do not go with it")
        address = addresses.read(said.url, fingerprint)
        if urlsplit(address.url).path not in ("", "/"):
            raise UsageError("a node's gateway is known by host and port, without a path")
        return at(address)
    if said.host is not None:
        return GatewayAt(said.host.strip().strip("[]"), said.port or DEFAULT_PORT, tls, fingerprint)
    return replace(
        otherwise,
        port=said.port or otherwise.port,
        tls=tls or otherwise.tls,
        fingerprint=fingerprint or ("" if said.port else otherwise.fingerprint),
    )


def _credentials(said: Said, gateway: GatewayAt, configured: Configured, environ: Mapping[str, str]) -> Credentials:
    if said.token is not None or said.password is not None:
        return Credentials(_secret(said.token), _secret(said.password))
    own = Credentials(_secret(environ.get(TOKEN)), _secret(environ.get(PASSWORD)))
    if own != Credentials():
        return own
    return configured.credentials if _is_configured(said, gateway, configured.gateway) else own


def _is_configured(said: Said, gateway: GatewayAt, configured: GatewayAt) -> bool:
    """Is it that gateway? By another certificate, which came with a setup code, it may be another one."""
    if not gateway.is_same_place(configured):
        return False
    return bool(said.fingerprint) or gateway.address().fingerprint == configured.address().fingerprint


def _secret(text: str | None) -> Secret | None:
    return Secret(text.strip()) if text is not None and text.strip() else None
