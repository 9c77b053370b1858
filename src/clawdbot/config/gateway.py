"""The ``gateway`` section: where the gateway listens, what it asks for, and whose word it takes."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv6Network, ip_address, ip_network
from pathlib import Path as FilePath
from types import MappingProxyType
from urllib.parse import urlsplit

from clawdbot.config import known
from clawdbot.config.gateway_model import (
    DEFAULT_PORT,
    Bind,
    GatewayMode,
    GatewaySettings,
    Network,
    RemoteSettings,
    TlsSettings,
)
from clawdbot.config.json5 import Node, Path
from clawdbot.config.reading import NOWHERE, WEBSOCKET, Section, held, kind, shown
from clawdbot.domain import fingerprints
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.placeholders import complaint
from clawdbot.domain.secret import Secret
from clawdbot.paths import expand, home_of

PORT = "CLAWDBOT_GATEWAY_PORT"
SECRETS = {AuthMode.TOKEN: "CLAWDBOT_GATEWAY_TOKEN", AuthMode.PASSWORD: "CLAWDBOT_GATEWAY_PASSWORD"}
VARIABLES = (PORT, *SECRETS.values())

MAX_PORT = 65535
MAX_QUEUE = 10_000
MAKE_ONE = 'set one of your own, as from "openssl rand -hex 24"'

_SERVED = (
    *("port", "bind", "customBindHost", "mode", "auth", "trustedProxies", "controlUi", "nodes", "remote", "tls"),
    "pairing",
)
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DIGITS = re.compile(r"[0-9]{1,5}")
_ORIGIN_PORTS = {"http": 80, "https": 443}


class _AskedFor(StrEnum):
    TOKEN = "token"  # noqa: S105 - the mode's name
    PASSWORD = "password"  # noqa: S105 - the mode's name


def read_gateway(root: Section, variables: Mapping[str, str]) -> GatewaySettings:
    """Read the section; where it says nothing, the environment and the defaults count.

    Args:
        root: the whole file.
        variables: the environment, and what the file adds to it.
    """
    section = _part(root, "gateway", *_SERVED)
    auth = _part(section, "auth", "mode", "token", "password")
    secrets = _secrets(auth, variables)
    said = auth.choice("mode", _AskedFor)
    ways = (AuthMode.PASSWORD, AuthMode.TOKEN)
    mode = AuthMode(said) if said else next((way for way in ways if way in secrets), AuthMode.NONE)
    pages = _part(section, "controlUi", "enabled", "allowedOrigins")
    nodes = _part(section, "nodes", "allowCommands", "denyCommands")
    pairing = _part(section, "pairing", "silentLocal", "maxPending", "maxPendingPerAddress")
    return GatewaySettings(
        bind=section.choice("bind", Bind) or Bind.LOOPBACK,
        host=_host(section),
        port=_port(section, variables),
        auth=GatewayAuth(mode, secrets.get(mode)),
        secrets=MappingProxyType(secrets),
        trusted_proxies=tuple(_networks(section, "trustedProxies")),
        dashboard=pages.flag("enabled") is not False,
        origins=frozenset(_origins(pages, "allowedOrigins")),
        allow_commands=frozenset(_commands(nodes, "allowCommands")),
        deny_commands=frozenset(_commands(nodes, "denyCommands")),
        silent_local=pairing.flag("silentLocal") is not False,
        queue=_queue(pairing),
        tls=_tls(_part(section, "tls", "enabled", "autoGenerate", "certPath", "keyPath")),
        mode=section.choice("mode", GatewayMode) or GatewayMode.LOCAL,
        remote=_remote(_part(section, "remote", "url", "token", "password", "tlsFingerprint")),
    )


def _part(section: Section, key: str, *served: str) -> Section:
    """An object of a section; one that says nothing if it is not there."""
    part = section.section(key)
    if part is None:
        return Section(section.notes, NOWHERE, (*section.path, key))
    part.only(served, known.GATEWAY_KEYS.get(key, ()))
    return part


# --- where it listens ------------------------------------------------------------------------------------------------


def _port(section: Section, variables: Mapping[str, str]) -> int:
    """As in the reference, the variable counts before the file."""
    written = section.whole("port", 1, MAX_PORT) or DEFAULT_PORT
    text = variables.get(PORT, "").strip()
    if not text:
        return written
    port = int(text) if _DIGITS.fullmatch(text) else 0
    if not 1 <= port <= MAX_PORT:
        _note(section, PORT, variables, f"must be a whole number from 1 to {MAX_PORT}", "set it right")
    return port


def _host(section: Section) -> str | None:
    text = section.string("customBindHost")
    if text is None:
        return None
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        section.error("customBindHost", "must be an IP address of this machine", "write it like 192.168.1.10")
        return None


# --- what it asks for ------------------------------------------------------------------------------------------------


def _secrets(auth: Section, variables: Mapping[str, str]) -> dict[AuthMode, Secret]:
    """What is configured for each way of asking; the file counts before the environment.

    A variable that is there and blank was meant to hold something: with no other secret, that is an error (G15).
    """
    found: dict[AuthMode, Secret] = {}
    blank = ""
    for mode, variable in SECRETS.items():
        if mode in auth:
            secret = _secret(auth, mode)
        else:
            text = variables.get(variable, auth.notes.environ.get(variable))
            secret = Secret(text.strip()) if text is not None else None
            if secret:
                _note(auth, variable, variables, complaint(secret), MAKE_ONE)
            elif secret is not None:
                blank = variable
        if secret:
            found[mode] = secret
    if blank and not found:
        _note(auth, blank, variables, "is empty", MAKE_ONE)
    return found


def _note(section: Section, variable: str, variables: Mapping[str, str], problem: str, hint: str) -> None:
    """Note what is wrong with a variable, of which the file's own ``env`` section may be the place."""
    notes = section.notes
    if problem and variable in variables and not notes.environ.get(variable, "").strip():
        notes.error(-1, ("env",), f"{variable} {problem}", hint)
    elif problem:
        notes.outside(f"${variable} {problem}", f"{hint}, or unset it")


def _secret(section: Section, key: str) -> Secret | None:
    secret = section.secret(key)
    problem = "" if secret is None else complaint(secret)
    if problem and not section.notes.is_wrong((*section.path, key)):
        section.error(key, problem, MAKE_ONE)
    return secret


# --- whose word it takes ---------------------------------------------------------------------------------------------


def _texts(section: Section, key: str) -> Iterator[tuple[Node, Path, str]]:
    """The texts of a list, each with its place."""
    for index, item in enumerate(section.items(key) or ()):
        text = held(item)
        path = (*section.path, key, index)
        if isinstance(text, str):
            yield item, path, section.notes.filled(text, item.start, path).strip()
        else:
            section.notes.error(item.start, path, f"must be a string, not {kind(item)}")


def _networks(section: Section, key: str) -> Iterator[Network]:
    for item, path, text in _texts(section, key):
        try:
            network = ip_network(text)
        except ValueError:
            hint = "write it like 192.168.1.10 or 10.0.0.0/8, with no bits set beyond the length"
            section.notes.error(item.start, path, f"{shown(item)} is no IP address or network", hint)
            continue
        if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
            section.notes.error(item.start, path, f"{shown(item)} is IPv4 in disguise", "write the IPv4 address")
        else:
            yield network


def _origins(section: Section, key: str) -> Iterator[str]:
    for item, path, text in _texts(section, key):
        origin = _origin(text)
        if origin is None:
            hint = "write it like https://panel.example.com, without a path"
            section.notes.error(item.start, path, f"{shown(item)} is no origin of a page", hint)
        else:
            yield origin


def _origin(text: str) -> str | None:
    """An origin as browsers send it: in lower case, without the scheme's own port."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    rest = (parts.path.rstrip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in _ORIGIN_PORTS or not parts.hostname or any(rest) or not re.fullmatch(r"[!-)+-~]+", text):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _ORIGIN_PORTS[parts.scheme]) else "")


def _commands(section: Section, key: str) -> Iterator[str]:
    for item, path, text in _texts(section, key):
        if _COMMAND.fullmatch(text):
            yield text
        else:
            section.notes.error(item.start, path, f"{shown(item)} is no command", "write it like system.run")


def _queue(section: Section) -> QueueLimits:
    limits = QueueLimits()
    total = section.whole("maxPending", 1, MAX_QUEUE) or limits.total
    from_address = section.whole("maxPendingPerAddress", 1, MAX_QUEUE) or limits.from_address
    return QueueLimits(total, min(total, from_address))


# --- TLS, and the gateway elsewhere ----------------------------------------------------------------------------------


def _tls(section: Section) -> TlsSettings:
    cert, key = _file(section, "certPath"), _file(section, "keyPath")
    for said, other in (("certPath", "keyPath"), ("keyPath", "certPath")):
        if said in section and other not in section:
            section.error(said, f"goes with gateway.tls.{other}", "name both files, or neither")
    return TlsSettings(
        enabled=section.flag("enabled") is True,
        cert=cert,
        key=key,
        auto_generate=section.flag("autoGenerate") is not False,
    )


def _file(section: Section, key: str) -> FilePath | None:
    text = section.string(key)
    if text is None:
        return None
    if not text.strip() or "\0" in text:
        section.error(key, "is no path of a file")
        return None
    return section.notes.file.parent / expand(text.strip(), home_of(section.notes.environ))


def _remote(section: Section) -> RemoteSettings:
    return RemoteSettings(
        url=section.url("url", WEBSOCKET),
        token=_secret(section, "token"),
        password=_secret(section, "password"),
        tls_fingerprint=_fingerprint(section, "tlsFingerprint"),
    )


def _fingerprint(section: Section, key: str) -> Fingerprint | None:
    text = section.string(key)
    if text is None:
        return None
    try:
        return fingerprints.read(text)
    except ValueError as error:
        section.error(key, str(error), "the gateway prints its own when it starts")
        return None
