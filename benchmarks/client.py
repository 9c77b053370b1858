"""A WebSocket client with next to no cost of its own, and a device that speaks through it.

It knows what the measured servers send: whole frames, no extensions. The mask is zero, which is one like any other.
"""

import asyncio
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from clawdbot.domain.handshake import signed_payload
from clawdbot.domain.identity import DeviceIdentity, to_base64url

HOST: Final = "127.0.0.1"
AFAR: Final = "bench.example"
"""Who names the gateway like this, from behind something, is not taken for a program of its own machine."""

PATIENCE_S: Final = 120.0
TEXT, CLOSE, PING = 0x81, 0x88, 0x89


class Frame(msgspec.Struct):
    """As much of a frame as is looked at."""

    type: str
    id: str = ""
    ok: bool = False
    event: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class Closed(ConnectionError):
    """The server has closed."""


_decoder = msgspec.json.Decoder(Frame)
encode = msgspec.json.encode


class Socket(asyncio.Protocol):
    """One connection.

    Attributes:
        on_frame: takes each frame at once, instead of :meth:`frame`.
    """

    def __init__(self) -> None:
        self.on_frame: Callable[[bytes], None] | None = None
        self.is_open = False
        self._buffer = bytearray()
        self._upgraded = False
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int, *, host: str = HOST, source: str | None = None) -> "Socket":
        """Connect and ask for the upgrade."""
        loop = asyncio.get_running_loop()
        local = None if source is None else (source, 0)
        _, socket = await loop.create_connection(cls, HOST, port, local_addr=local)
        behind = "X-Forwarded-For: 192.0.2.1\r\n" if host == AFAR else ""
        socket.transport.write(
            f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n{behind}Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        return socket

    def send(self, text: bytes) -> None:
        size = len(text)
        head = bytes((TEXT, 0x80 | size)) if size < 126 else struct.pack("!BBH", TEXT, 0x80 | 126, size)
        self.transport.write(head + b"\0\0\0\0" + text)

    async def frame(self) -> Frame:
        """The next frame. Raises Closed."""
        while not self._frames:
            if not self.is_open:
                raise Closed
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return _decoder.decode(self._frames.popleft())

    async def answer(self, id: str) -> Frame:
        """The answer to a request; events before it are passed over. Raises Closed."""
        while (frame := await self.frame()).id != id or frame.type != "res":
            pass
        return frame

    async def event(self, name: str) -> Any:
        """The payload of the next event of a name. Raises Closed."""
        while (frame := await self.frame()).event != name:
            pass
        return msgspec.json.decode(frame.payload)

    async def call(self, method: str, **params: object) -> Any:
        """Call a method; the payload of its answer."""
        self.send(encode({"type": "req", "id": "call", "method": method, "params": params}))
        answer = await self.answer("call")
        assert answer.ok, bytes(answer.error)
        return msgspec.json.decode(answer.payload)

    def close(self) -> None:
        self.transport.abort()

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.is_open = True

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._wake()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer[:200])
            del self._buffer[: end + 4]
            self._upgraded = True
        start = 0
        while (found := _frame(self._buffer, start)) is not None:
            code, begin, start = found
            if code == CLOSE:
                self.is_open = False
                self.transport.close()
            elif code == TEXT:
                self._take(bytes(self._buffer[begin:start]))
        del self._buffer[:start]
        self._wake()

    def _take(self, text: bytes) -> None:
        if self.on_frame is None:
            self._frames.append(text)
        else:
            self.on_frame(text)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _frame(buffer: bytearray, start: int) -> tuple[int, int, int] | None:
    """Its first byte, and where its text begins and ends; ``None`` if it is not whole."""
    left = len(buffer) - start
    if left < 2:
        return None
    size, head = buffer[start + 1], 2
    if size == 126:
        if left < 4:
            return None
        size, head = int.from_bytes(buffer[start + 2 : start + 4], "big"), 4
    elif size == 127:
        if left < 10:
            return None
        size, head = int.from_bytes(buffer[start + 2 : start + 10], "big"), 10
    return None if left < head + size else (buffer[start], start + head, start + head + size)


@dataclass(frozen=True)
class Device:
    """Somebody who connects.

    Attributes:
        token: what it presents.
    """

    number: int
    token: str
    role: str = "operator"
    scopes: Sequence[str] = ("operator.admin", "operator.pairing")
    platform: str = "linux"
    commands: Sequence[str] = ()

    @cached_property
    def key(self) -> DeviceIdentity:
        return DeviceIdentity.from_seed(self.number.to_bytes(32, "big"))

    @cached_property
    def _private(self) -> Any:
        return self.key._key

    @cached_property
    def public(self) -> tuple[str, str]:
        """Id and public key."""
        key = self.key.public_key
        return key.device_id, str(key)

    async def connect(self, port: int, *, host: str = HOST, source: str | None = None) -> tuple[Socket, Frame]:
        """From nothing to the answer; hello-ok if all is well."""
        socket = await Socket.open(port, host=host, source=source)
        challenge = await socket.event("connect.challenge")
        socket.send(self.claim(challenge["nonce"]))
        return socket, await socket.answer("connect")

    async def enter(self, port: int, *, source: str | None = None) -> Socket:
        """Connect and be let in."""
        socket, answer = await self.connect(port, source=source)
        assert answer.ok, bytes(answer.error)
        return socket

    def claim(self, nonce: str) -> bytes:
        """The connect frame."""
        device_id, public = self.public
        mode = "node" if self.role == "node" else "cli"
        client = {
            "id": "node-host" if mode == "node" else "cli",
            "version": "1",
            "platform": self.platform,
            "mode": mode,
        }
        signed_at = int(time.time() * 1000)
        payload = signed_payload(
            device_id=device_id,
            client=(client["id"], mode),
            role=self.role,
            scopes=self.scopes,
            signed_at=signed_at,
            token=self.token,
            nonce=nonce,
        )
        params = {
            "minProtocol": 3,
            "maxProtocol": 3,
            "role": self.role,
            "scopes": self.scopes,
            "caps": [],
            "commands": self.commands,
            "client": client,
            "auth": {"token": self.token},
            "device": {
                "id": device_id,
                "publicKey": public,
                "signature": to_base64url(self._private.sign(payload.encode())),
                "signedAt": signed_at,
                "nonce": nonce,
            },
        }
        return encode({"type": "req", "id": "connect", "method": "connect", "params": params})
