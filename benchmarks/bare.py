"""The least that could be done: the same cryptography on the same server library, and nothing kept in mind.

python -m benchmarks.bare connect|relay PORT
"""

import asyncio
import base64
import hashlib
import os
import sys
import time
import uuid
from functools import cache
from typing import Any

import msgspec
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clawdbot.gateway.hello import EVENTS
from clawdbot.gateway.methods import METHODS

encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Challenge, look at the signature of the answer, say hello."""
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    nonce = str(uuid.UUID(bytes=os.urandom(16), version=4))
    now = time.time_ns() // 1_000_000
    await ws.send_frame(_event("connect.challenge", {"nonce": nonce, "ts": now}), WSMsgType.TEXT)
    said = decode(await ws.receive_str())
    if not _is_signed(said["params"], nonce):
        raise web.HTTPUnauthorized
    await ws.send_frame(encode({"type": "res", "id": said["id"], "ok": True, "payload": _hello(now)}), WSMsgType.TEXT)
    async for _ in ws:
        pass
    return ws


def _is_signed(params: Any, nonce: str) -> bool:
    device, client = params["device"], params["client"]
    key = _raw(device["publicKey"])
    scopes = ",".join(params["scopes"])
    parts = (device["id"], client["id"], client["mode"], params["role"], scopes, str(device["signedAt"]))
    payload = "|".join(("v2", *parts, params["auth"]["token"], nonce))
    Ed25519PublicKey.from_public_bytes(key).verify(_raw(device["signature"]), payload.encode())
    return bool(device["nonce"] == nonce and hashlib.sha256(key).hexdigest() == device["id"])


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def _features() -> dict[str, object]:
    return {"methods": tuple(METHODS), "events": EVENTS}


def _hello(now: int) -> dict[str, object]:
    """As much as ours is, or nearly."""
    return {
        "type": "hello-ok",
        "protocol": 3,
        "server": {"version": "0", "host": "bare", "connId": str(uuid.uuid4())},
        "features": _features(),
        "snapshot": {"presence": [], "health": {"ok": True, "ts": now}, "uptimeMs": 0},
        "auth": {"deviceToken": "0" * 32, "role": "operator", "scopes": [], "issuedAtMs": now},
        "policy": {"maxPayload": 524288, "maxBufferedBytes": 1572864, "tickIntervalMs": 30000},
    }


def _event(name: str, payload: object) -> bytes:
    return encode({"type": "event", "event": name, "payload": payload})


class Relay:
    """Two sockets, the node's and the operator's: what one says, the other hears."""

    def __init__(self) -> None:
        self._sockets: list[web.WebSocketResponse] = []

    async def hand_on(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        self._sockets.append(ws)
        await ws.send_frame(_event("ready", {}), WSMsgType.TEXT)
        async for message in ws:
            (other,) = [socket for socket in self._sockets if socket is not ws]
            await other.send_frame(message.data.encode(), WSMsgType.TEXT)
        self._sockets.remove(ws)
        return ws


async def serve(name: str, port: int) -> None:
    app = web.Application()
    app.router.add_get("/", connect if name == "connect" else Relay().hand_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
