"""How a client gets in: challenge, connect, hello; and which credentials it offers.

Reconnecting is the business of whoever wants to stay connected: a :class:`Connector` connects as often as it is asked.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from clawdbot.client import address as addresses
from clawdbot.client import hello as hellos
from clawdbot.client import introduction as introductions
from clawdbot.client import refusals, setup_code
from clawdbot.client.address import Address
from clawdbot.client.introduction import Introduction
from clawdbot.client.setup_code import SetupCode
from clawdbot.client.token_file import DeviceTokens, KeptOnly
from clawdbot.domain.connect import Credentials
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Instant
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConnectRefused, GatewayUnavailable, InvalidFrame, StoreError
from clawdbot.wire.frames import Answer, Event, Refusal, Request, encode, read_from_gateway

if TYPE_CHECKING:
    from clawdbot.client.connection import Connection
    from clawdbot.client.transport import Socket

log = logging.getLogger("clawdbot.client")

CONNECT_S: Final = 10.0


def system_time() -> Instant:
    """The system's time."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Connector:
    """Everything that it takes to connect to one gateway as one device.

    Attributes:
        credentials: the gateway's shared token or password, if the owner gave one.
        tokens: where device tokens of this gateway are kept; without it none is offered and none is kept.
        within: seconds from the first packet to hello.
    """

    address: Address
    identity: DeviceIdentity
    introduction: Introduction
    credentials: Credentials = field(default_factory=Credentials)
    tokens: DeviceTokens | None = None
    within: float = CONNECT_S
    now: Callable[[], Instant] = system_time

    async def connect(self) -> "Connection":
        """Connect.

        A device token that is kept is offered instead of the shared secret, so that the secret travels no further than
        it must. If the gateway does not take it any more it is forgotten, and the shared secret is tried at once.

        Raises:
            ConnectRefused: the gateway does not let us in; ``request_id`` names the request that now waits.
            GatewayUnavailable: it cannot be reached, went away, or did not answer in time.
            InvalidFrame: what listens there is no gateway.
        """
        kept = await self._kept()
        try:
            connection = await self._connect(Credentials(token=kept) if kept else self.credentials)
        except ConnectRefused as refused:
            if kept is None or not refused.is_unauthorized or self.credentials == Credentials():
                raise
            await self._forget(kept)
            connection = await self._connect(self.credentials)
        await self._keep(connection)
        return connection

    def redeeming(self, word: Secret) -> "Connector":
        """The same with a pairing word: that alone is shown, and the token that the gateway gives for it is kept."""
        tokens = None if self.tokens is None else KeptOnly(self.tokens)
        return replace(self, credentials=Credentials(token=word), tokens=tokens)

    async def _connect(self, credentials: Credentials) -> "Connection":
        from clawdbot.client.connection import Connection, too_late
        from clawdbot.client.transport import open_socket

        try:
            async with asyncio.timeout(self.within):
                socket = await open_socket(self.address)
                try:
                    hello = await self._introduce(socket, credentials)
                except BaseException:
                    await socket.close()
                    raise
        except TimeoutError:
            raise too_late(self.within) from None
        return Connection(socket, hello)

    async def _introduce(self, socket: "Socket", credentials: Credentials) -> hellos.Hello:
        params = introductions.params(
            self.introduction, self.identity, credentials, nonce=await _challenge(socket), now=self.now()
        )
        await socket.send(encode(Request("connect", "connect", params)))
        while True:
            match await _frame(socket):
                case Answer(id="connect", payload=payload):
                    return hellos.read(payload)
                case Refusal(error=error):
                    raise await asyncio.to_thread(refusals.of_connect, error, self.identity.public_key)
                case _:
                    continue

    # --- device tokens: not being able to keep them is no reason not to connect

    async def _kept(self) -> Secret | None:
        if self.tokens is None:
            return None
        try:
            return await asyncio.to_thread(self.tokens.get, self.introduction.role)
        except StoreError as error:
            log.warning("no device token is used: %s", error)
            return None

    async def _forget(self, token: Secret) -> None:
        if self.tokens is not None:
            try:
                await asyncio.to_thread(self.tokens.forget, self.introduction.role, token)
            except StoreError as error:
                log.warning("a device token that opens nothing any more is still kept: %s", error)

    async def _keep(self, connection: "Connection") -> None:
        grant = connection.hello.grant
        if self.tokens is None or grant is None:
            return
        try:
            await asyncio.to_thread(self.tokens.keep, self.introduction.role, grant.token, grant.scopes, now=self.now())
        except StoreError as error:
            log.warning("the device token is not kept: %s", error)


async def _challenge(socket: "Socket") -> str:
    """The nonce that this socket is to be signed for (threats.md G2)."""
    while True:
        match await _frame(socket):
            case Event(event="connect.challenge", payload={"nonce": str(nonce)}) if nonce.strip():
                return nonce
            case Event(event="connect.challenge") | Answer() | Refusal():
                raise InvalidFrame("the gateway does not challenge its clients as it must")
            case _:
                continue


async def _frame(socket: "Socket") -> Answer | Refusal | Event:
    from clawdbot.client.transport import MAX_MESSAGE, Closed

    message = await socket.receive()
    if isinstance(message, Closed):
        raise GatewayUnavailable(f"gateway closed ({message})")
    return read_from_gateway(message, MAX_MESSAGE)


@asynccontextmanager
async def connect(
    url: str,
    *,
    identity: DeviceIdentity,
    introduction: Introduction | None = None,
    token: str = "",
    password: str = "",
    fingerprint: str = "",
    tokens: DeviceTokens | None = None,
) -> AsyncIterator["Connection"]:
    """Be connected for as long as the context lasts.

    Args:
        url: ``ws://host:port`` or ``wss://…``.
        identity: the device's key pair, see :func:`~clawdbot.client.identity_file.load_or_create`.
        introduction: who connects and as what; an operator, if nothing else is said.
        token: the gateway's shared token, or a device token.
        password: the gateway's password, where it has one instead.
        fingerprint: the SHA-256 of the certificate that the gateway must have.
        tokens: where device tokens of this gateway are kept.

    Raises:
        UsageError: the URL or the fingerprint is none.
        ClawdbotError: as :meth:`Connector.connect`.
    """
    connector = Connector(
        addresses.read(url, fingerprint),
        identity,
        introduction or Introduction(),
        Credentials(token=Secret(token) if token else None, password=Secret(password) if password else None),
        tokens,
    )
    async with await connector.connect() as connection:
        yield connection


@asynccontextmanager
async def redeem(
    code: str | SetupCode,
    *,
    identity: DeviceIdentity,
    introduction: Introduction | None = None,
    tokens: DeviceTokens | None = None,
) -> AsyncIterator["Connection"]:
    """Pair by a setup code, without anybody's approval, and be connected for as long as the context lasts.

    Args:
        code: as it was scanned or pasted. It is good once; from then on :func:`connect` with ``tokens``.
        identity: the device's key pair.
        introduction: who connects; it asks for no more than the code is for. Without it: for just that.
        tokens: where the device token of this gateway is to be kept. None that is there is shown.

    Raises:
        UsageError: it is no code.
        ConnectRefused: the code is used up, too old, or not good for what is asked.
        ClawdbotError: as :meth:`Connector.connect`.
    """
    known = setup_code.read(code) if isinstance(code, str) else code
    introduction = introduction or Introduction(role=known.role, scopes=known.scopes)
    connector = Connector(known.address, identity, introduction, tokens=tokens).redeeming(known.word)
    async with await connector.connect() as connection:
        yield connection
