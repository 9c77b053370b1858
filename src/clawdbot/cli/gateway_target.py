"""Which gateway a command talks to, and what it may show it (threats.md G15)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions
from clawdbot.client import address as addresses
from clawdbot.client.address import Address
from clawdbot.client.answers import RotatedToken
from clawdbot.client.connector import Connector
from clawdbot.client.identity_file import load, load_or_create
from clawdbot.client.introduction import OPERATOR_SCOPES, Introduction, program
from clawdbot.client.refusals import to_compare
from clawdbot.client.token_file import TokenFile
from clawdbot.config.gateway_model import GatewayMode
from clawdbot.domain import fingerprints
from clawdbot.domain.connect import Credentials
from clawdbot.domain.credentials import AuthMode
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.scopes import covers
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError, ConnectRefused, NoGateway, StoreError, UsageError

if TYPE_CHECKING:
    from clawdbot.client.connection import Connection
    from clawdbot.config import GatewaySettings


EXPLICIT = "cli --url"
REMOTE = "config gateway.remote.url"
LOCAL = "local loopback"

LISTENS_S = 2.0
"""How long a look at whether anything listens may take."""


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway to talk to.

    Attributes:
        credentials: what was given for it; nothing that was given for another one.
        source: who named it: :data:`EXPLICIT`, :data:`REMOTE` or :data:`LOCAL`.
        given: was something to show it given on the command line? Then that is shown, and nothing else.
    """

    address: Address
    credentials: Credentials
    source: str
    given: bool = False

    @property
    def is_local(self) -> bool:
        return self.source == LOCAL

    @property
    def is_own(self) -> bool:
        """Is it the owner's own, as the configuration has it? Only of that one device tokens are kept."""
        return self.source != EXPLICIT


def choose(options: CallOptions) -> Target:
    """The gateway that the command line names, else the configured one.

    Raises:
        UsageError: the URL or the fingerprint is none.
        ConfigError: the configuration is broken, or wants another machine's gateway and does not name it.
    """
    if options.url is not None:
        return explicit(options.url, options)
    settings = context.config().gateway
    return remote(settings, options) if settings.mode is GatewayMode.REMOTE else local(settings, options)


def explicit(url: str, options: CallOptions) -> Target:
    """A gateway that is named on the command line gets what is given there, and nothing else."""
    return Target(addresses.read(url, options.tls_fingerprint or ""), _given(options) or Credentials(), EXPLICIT)


def remote(settings: "GatewaySettings", options: CallOptions) -> Target:
    """The configured gateway of another machine."""
    configured = settings.remote
    if configured.url is None:
        raise ConfigError(
            "gateway.mode is remote, and gateway.remote.url says nothing",
            hint=f'set one of them in {context.paths().config_path}; gateway.mode: "local" is this machine\'s gateway',
        )
    address = addresses.read(configured.url, options.tls_fingerprint or configured.tls_fingerprint or "")
    given = _given(options)
    credentials = Credentials(token=configured.token, password=configured.password)
    return Target(address, given or credentials, REMOTE, given=given is not None)


def local(settings: "GatewaySettings", options: CallOptions) -> Target:
    """This machine's gateway: the one that runs on the state directory, else whoever listens where it is configured.

    It is known by its certificate, whatever name and authority stand in that.
    """
    running = running_here()
    url = running.url if running else settings.local_url
    known = (running.fingerprint or "") if running else _own_fingerprint(settings)
    address = addresses.read(url, options.tls_fingerprint or known)
    given = _given(options)
    credentials = Credentials(
        token=settings.secrets.get(AuthMode.TOKEN), password=settings.secrets.get(AuthMode.PASSWORD)
    )
    return Target(address, given or credentials, LOCAL, given=given is not None)


def running_here() -> Address | None:
    """Where the gateway of this state directory says that it listens, if one runs and that is on loopback.

    It says so in a lock file that it holds: nobody else can have written it, and it is not what a killed one left
    (threats.md G15).
    """
    from clawdbot.gateway import instance

    found = instance.find(context.paths().state_dir)
    if found is None:
        return None
    try:
        address = addresses.read(found.url, found.fingerprint)
    except UsageError:
        return None
    return address if is_loopback(address.host) else None


def _own_fingerprint(settings: "GatewaySettings") -> str:
    """The fingerprint of this machine's gateway; empty without TLS, or if there is no certificate yet."""
    if not settings.tls.enabled:
        return ""
    from clawdbot.gateway import tls

    made = context.paths().state_dir.joinpath(*tls.FOLDER, tls.CERT)
    try:
        return fingerprint_of(settings.tls.cert or made)
    except (OSError, ValueError):
        return ""


def fingerprint_of(certificate: Path) -> str:
    """The fingerprint of the first certificate in a PEM file. Raises OSError; ValueError if there is none."""
    import ssl

    head, tail = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    body = certificate.read_text("ascii").partition(head)[2].partition(tail)[0]
    return fingerprints.of_certificate(ssl.PEM_cert_to_DER_cert(f"{head}{body}{tail}"))


def _given(options: CallOptions) -> Credentials | None:
    if options.token is None and options.password is None:
        return None
    return Credentials(token=options.token, password=options.password)


@asynccontextmanager
async def gateway(options: CallOptions) -> AsyncIterator["Connection"]:
    """The gateway, for as long as the context lasts.

    Raises:
        ConnectRefused: it does not let us in.
        GatewayUnavailable: it cannot be reached, or does not answer.
    """
    target = choose(options)
    async with await connected(target, connector(target, options.within)) as connection:
        yield connection


def connector(target: Target, within: float, introduction: Introduction | None = None) -> Connector:
    """How this machine's device connects to a gateway; the device is made up the first time."""
    state_dir = context.paths().state_dir
    identity = load_or_create(state_dir, now=context.now())
    tokens = TokenFile(state_dir, identity.device_id) if target.is_own and not target.given else None
    return Connector(
        target.address,
        identity,
        introduction or Introduction(program("cli", "cli"), scopes=_scopes(target, tokens)),
        target.credentials,
        tokens,
        within,
    )


def _scopes(target: Target, tokens: TokenFile | None) -> tuple[Scope, ...]:
    """What to ask for: all that commands may need; of another machine's gateway, no more than it gave this device.

    Whoever was paired for less (``clawdbot devices pair``) must not ask its owner for the rest with each command.
    """
    if target.is_local or tokens is None:
        return OPERATOR_SCOPES
    try:
        given = tokens.scopes(Role.OPERATOR)
    except StoreError:  # whoever connects says so
        return OPERATOR_SCOPES
    return OPERATOR_SCOPES if not given or covers(given, OPERATOR_SCOPES) else given


async def connected(target: Target, by: Connector) -> "Connection":
    """A connection to a gateway; the errors of :func:`gateway`, with what the owner can do about them."""
    try:
        return await by.connect()
    except ConnectRefused as refused:
        way_in = "; ".join(filter(None, (to_compare(refused), refused.hint)))
        raise ConnectRefused(
            f"gateway connect failed: {refused.message}",
            code=refused.code,
            details=refused.details,
            retry_after_ms=refused.retry_after_ms,
            hint=way_in or _credentials_hint(target, refused),
        ) from None
    except NoGateway as missing:
        raise NoGateway(f"{missing} ({target.source})", hint=missing.hint or _start_hint(target)) from None


def keep_own_token(options: CallOptions, rotated: RotatedToken) -> None:
    """If it was this machine's own token, keep the new one: the old one opens nothing any more."""
    state_dir = context.paths().state_dir
    identity = load(state_dir)
    if identity is None or identity.device_id != rotated.device_id or not rotated.token or not choose(options).is_own:
        return
    scopes = [Scope(scope) for scope in rotated.scopes]
    TokenFile(state_dir, identity.device_id).keep(Role(rotated.role), Secret(rotated.token), scopes, now=context.now())


async def listens(target: Target) -> bool:
    """Does anything listen there, be it a gateway or not? What takes long may yet be there."""
    try:
        async with asyncio.timeout(LISTENS_S):
            _, writer = await asyncio.open_connection(target.address.host, target.address.port)
    except (ConnectionRefusedError, socket.gaierror):
        return False
    except OSError:  # TimeoutError is one
        return True
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _credentials_hint(target: Target, refused: ConnectRefused) -> str:
    if not refused.is_unauthorized:
        return ""
    path = context.paths().config_path
    if not target.is_own:
        return "give the gateway's token with --token; what is configured is for the configured gateway alone"
    if target.is_local:
        return f"set gateway.auth.token in {path}, or $CLAWDBOT_GATEWAY_TOKEN, to what the gateway has"
    return f"set gateway.remote.token in {path} to the gateway's token, or give it with --token"


def _start_hint(target: Target) -> str:
    return 'start it with "clawdbot gateway", or name another one with --url' if target.is_local else ""
