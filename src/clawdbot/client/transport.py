"""One WebSocket to a gateway. What the network and its library say becomes our errors here, and nowhere else."""

import asyncio
import errno
import ssl
from asyncio.trsock import TransportSocket
from dataclasses import dataclass
from typing import Final, NoReturn

import aiohttp
from aiohttp import ClientWSTimeout, WSMsgType

from clawdbot.client.address import Address
from clawdbot.domain.texts import visible
from clawdbot.errors import GatewayUnavailable, NoGateway

MAX_MESSAGE: Final = 25 * 1024 * 1024
"""Bytes of a frame from a gateway, as the protocol's own clients take them."""

CLOSE_S: Final = 2.0
"""How long the gateway may take to answer our close."""

LOOK_S: Final = 0.005

ABNORMAL: Final = 1006
"""The code of a connection that broke without a close."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is over.

    Attributes:
        reason: text from outside, unless it is ours.
    """

    code: int
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {visible(self.reason, 120)}" if self.reason else str(self.code)


class Socket:
    """An open WebSocket."""

    def __init__(self, http: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._http = http
        self._ws = ws
        secure = ws.get_extra_info("sslcontext") is not None
        self._tls: TransportSocket | None = ws.get_extra_info("socket") if secure else None

    async def send(self, frame: bytes) -> None:
        """Send a text frame. Raises GatewayUnavailable if nothing can be sent any more."""
        try:
            await self._ws.send_str(frame.decode("utf-8"))
        except (aiohttp.ClientError, OSError):
            raise GatewayUnavailable("the gateway closed the connection") from None

    async def receive(self) -> bytes | str | Closed:
        """The next frame, or the end."""
        message = await self._ws.receive()
        match message.type:
            case WSMsgType.TEXT | WSMsgType.BINARY:
                data: bytes | str = message.data
                return data
            case WSMsgType.CLOSE:
                return Closed(message.data, message.extra or "")
            case _:
                return Closed(self._ws.close_code or ABNORMAL)

    async def close(self, end: Closed | None = None) -> None:
        """Say goodbye, if nobody has yet, and let everything go. ``end`` is how it ended, if it has."""
        code, reason = (end.code, end.reason) if end is not None and end.code != ABNORMAL else (1000, "")
        try:
            await self._ws.close(code=code, message=reason.encode()[:120])
        finally:
            await self._http.close()
        if self._tls is not None:
            await _goodbye(self._tls)


async def _goodbye(tls: TransportSocket) -> None:
    """Wait a moment until TLS has said its own goodbye: nobody tells when, and a loop may be closed after us."""
    for _ in range(round(CLOSE_S / LOOK_S)):
        if tls.fileno() == -1:
            return
        await asyncio.sleep(LOOK_S)


class _Pin(aiohttp.Fingerprint):
    """The one certificate that is trusted; nothing is sent over a connection that has another."""

    _transport: asyncio.Transport | None = None

    def check(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        super().check(transport)

    def cut(self) -> None:
        """End the connection that was refused, without waiting for whoever is at its other end."""
        if self._transport is not None:
            self._transport.abort()


async def open_socket(address: Address) -> Socket:
    """Connect. Certificates are checked before anything is sent; no proxy and no redirection leads elsewhere.

    Raises:
        NoGateway: nothing listens there.
        GatewayUnavailable: it cannot be reached, or is no WebSocket.
    """
    http = aiohttp.ClientSession(
        trace_configs=[_no_redirection()], timeout=aiohttp.ClientTimeout(total=None), trust_env=False
    )
    pin = _Pin(bytes.fromhex(address.fingerprint)) if address.fingerprint else None
    try:
        ws = await http.ws_connect(
            address.url, ssl=pin or True, max_msg_size=MAX_MESSAGE, timeout=ClientWSTimeout(ws_close=CLOSE_S)
        )
    except BaseException as error:
        if pin is not None:
            pin.cut()
        await http.close()
        if isinstance(error, aiohttp.ClientError | OSError):
            _raise(address, error)
        raise
    return Socket(http, ws)


def _no_redirection() -> aiohttp.TraceConfig:
    async def refuse(*_: object) -> None:
        raise aiohttp.ClientPayloadError("it leads elsewhere")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace


def _raise(address: Address, error: aiohttp.ClientError | OSError) -> NoReturn:
    match error:
        case aiohttp.ServerFingerprintMismatch():
            raise GatewayUnavailable(
                f"the gateway at {address} has another certificate than the one given",
                hint="ask its owner for the fingerprint; if it did not change, somebody stands in between",
            ) from None
        case aiohttp.ClientConnectorCertificateError():
            raise GatewayUnavailable(
                f"no authority that this machine knows vouches for the gateway at {address}",
                hint="give the fingerprint of its certificate with --tls-fingerprint",
            ) from None
        case aiohttp.ClientConnectorSSLError(os_error=cause):
            raise GatewayUnavailable(
                f"no TLS with the gateway at {address}: {_why(cause)}",
                hint="does it serve TLS? if not, its URL begins with ws://",
            ) from None
        case aiohttp.WSServerHandshakeError(status=status):
            hint = _TLS_HINT if status == 400 and not address.is_secure else _STATUS_HINTS.get(status, "")
            raise GatewayUnavailable(f"{address} is no gateway: it answers with status {status}", hint=hint) from None
        case aiohttp.ClientConnectorError(os_error=cause) if cause.errno == errno.ECONNREFUSED:
            raise NoGateway(f"no gateway listens at {address}") from None
        case aiohttp.ClientConnectorError(os_error=cause):
            raise GatewayUnavailable(f"cannot reach the gateway at {address}: {_why(cause)}") from None
        case _:
            raise GatewayUnavailable(
                f"{address} is no gateway, or broke off: {type(error).__name__}",
                hint="" if address.is_secure else _TLS_HINT,
            ) from None


_TLS_HINT: Final = "does it serve TLS? then its URL begins with wss://"
_UPGRADE_HINT: Final = "if a proxy stands in between, have it pass on the headers Upgrade and Connection"
_NOBODY_HINT: Final = "if a proxy stands in between, nothing listens behind it"
_STATUS_HINTS: Final = {
    400: _UPGRADE_HINT,
    404: _UPGRADE_HINT,
    426: _UPGRADE_HINT,
    502: _NOBODY_HINT,
    503: "too many connections of your address wait there; try again in a moment",
    504: _NOBODY_HINT,
}


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return visible(error.reason.lower().replace("_", " "), 100)
    return visible((error.strerror or str(error) or type(error).__name__).lower(), 100)
