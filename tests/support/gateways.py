"""A real gateway on a real socket, and clients that talk to it as programs do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import aiohttp
from aiohttp import WSMsgType

from clawdbot.domain.connect import ClientInfo, Peer
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.facts import Record, keep_nothing
from clawdbot.domain.handshake import signed_payload
from clawdbot.domain.identity import DeviceIdentity, PublicKey
from clawdbot.domain.secret import Secret
from clawdbot.gateway import locality
from clawdbot.gateway.locality import Upgrade
from clawdbot.gateway.past import Past
from clawdbot.gateway.server import Gateway, Pace, World
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.verbs.base import Holds, nothing_held
from clawdbot.service import wall_clock
from clawdbot.store.base import Store
from clawdbot.store.memory import MemoryStore

SHARED = "sekrit"
SETTINGS = GatewaySettings(port=0, auth=GatewayAuth(AuthMode.TOKEN, Secret(SHARED)))
CLI = ClientInfo(id="cli", version="dev", platform="linux", mode="cli")
TEST = ClientInfo(id="test", version="1.0.0", platform="linux", mode="test", display_name="vector-test")
NODE_HOST = ClientInfo(id="node-host", version="2026.1.24-3", platform="linux", mode="node", display_name="vector-node")
ADMIN = ("operator.admin", "operator.approvals", "operator.pairing")

AFAR = "127.0.0.2"
"""An address that kernels route to this machine and :func:`look` takes for another one."""
FAR_AWAY = "10.231.77.2"
PATIENCE_S = 20.0


def look(upgrade: Upgrade, settings: GatewaySettings) -> Peer:
    """The gateway's own judgement, but for clients that connect from :data:`AFAR`: they are elsewhere."""
    if upgrade.peer == AFAR:
        upgrade = replace(upgrade, peer=FAR_AWAY)
    return locality.look(upgrade, settings)


@asynccontextmanager
async def gateway(
    store: Store | None = None,
    settings: GatewaySettings = SETTINGS,
    *,
    pace: Pace | None = None,
    now: Callable[[], int] = wall_clock,
    record: Record = keep_nothing,
    past: Past | None = None,
    key: PublicKey | None = None,
    holds: Holds = nothing_held,
    **other: Any,
) -> AsyncIterator["Running"]:
    """A gateway that runs for as long as the context lasts."""
    store = store or MemoryStore()
    past = past or Past()
    world = World(look=look, pace=pace or Pace(), now=now, record=record, past=past, key=key, holds=holds)
    running = Running(Gateway(store, settings, world=world, **other), store, now)
    await running.gateway.start()
    async with running.clients:
        try:
            yield running
        finally:
            await running.gateway.stop()


@dataclass
class Running:
    """A gateway that runs."""

    gateway: Gateway
    store: Store
    now: Callable[[], int]
    clients: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}/"

    async def open(self, headers: Mapping[str, str] | None = None, *, afar: bool = False) -> "Client":
        """A WebSocket that has got its challenge."""
        connector = aiohttp.TCPConnector(local_addr=(AFAR, 0) if afar else None, force_close=True)
        http = await self.clients.enter_async_context(aiohttp.ClientSession(connector=connector))
        ws = await http.ws_connect(self.url, max_msg_size=0, headers=headers)
        client = Client(self, ws)
        challenge = await client.event("connect.challenge")
        client.nonce = challenge["nonce"]
        return client

    async def connect(self, key: DeviceIdentity, *, afar: bool = False, **said: Any) -> "Client":
        """A client that is in."""
        client = await self.open(afar=afar)
        client.hello = client.payload(await client.connect(key, **said))
        return client

    async def admin(self, number: int = 900) -> "Client":
        """The owner's own program."""
        return await self.connect(identity(number), scopes=ADMIN)

    async def pair(self, admin: "Client", key: DeviceIdentity, **said: Any) -> None:
        """A device from afar asks and is approved; its connection is closed by then."""
        client = await self.open(afar=True)
        answer = await client.connect(key, **said)
        await client.closed()
        await admin.call("device.pair.approve", requestId=answer["error"]["details"]["requestId"])


def identity(number: int) -> DeviceIdentity:
    """A key pair, always the same for the same number."""
    return DeviceIdentity.from_seed(number.to_bytes(32, "big"))


def connect_params(
    key: DeviceIdentity | None,
    nonce: str,
    *,
    client: ClientInfo = CLI,
    role: str | None = "operator",
    scopes: Sequence[str] = (),
    token: str | None = SHARED,
    password: str | None = None,
    signed_at: int | None = None,
    **other: Any,
) -> dict[str, Any]:
    """The params of an honest ``connect``."""
    about = {
        "id": client.id,
        "displayName": client.display_name,
        "version": client.version,
        "platform": client.platform,
        "deviceFamily": client.device_family,
        "mode": client.mode,
    }
    auth = {name: value for name, value in (("token", token), ("password", password)) if value is not None}
    params: dict[str, Any] = {
        "minProtocol": 3,
        "maxProtocol": 3,
        "client": {name: value for name, value in about.items() if value is not None},
        "scopes": list(scopes),
        **({} if role is None else {"role": role}),
        **({"auth": auth} if auth else {}),
        **other,
    }
    if key is not None:
        signed_at = wall_clock() if signed_at is None else signed_at
        payload = signed_payload(
            device_id=key.device_id,
            client=(client.id, client.mode),
            role=role or "operator",
            scopes=scopes,
            signed_at=signed_at,
            token=token or "",
            nonce=nonce,
        )
        params["device"] = {
            "id": key.device_id,
            "publicKey": str(key.public_key),
            "signature": key.sign(payload),
            "signedAt": signed_at,
            "nonce": nonce,
        }
    return params


class Refusal(AssertionError):
    """A call was refused; the error frame is in ``error``."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


class Clock(Protocol):
    """Whose time clients sign."""

    @property
    def now(self) -> Callable[[], int]: ...


class Client:
    """One connection, with everything that came over it, sorted: answers by id, events in order."""

    def __init__(self, running: Clock, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.nonce = ""
        self.hello: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self._running = running
        self._taken = 0
        self._answers: dict[str, dict[str, Any]] = {}
        self._calls = 0
        self._came = asyncio.Condition()
        self._over = False
        self.close_code: int | None = None
        self.close_reason = ""
        self._reader = asyncio.create_task(self._read())

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _read(self) -> None:
        while True:
            message = await self.ws.receive()
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            self.frames.append(frame)
            async with self._came:
                if frame["type"] == "res":
                    self._answers[frame["id"]] = frame
                else:
                    self.events.append(frame)
                self._came.notify_all()
        if message.type is WSMsgType.CLOSE:
            self.close_code, self.close_reason = message.data, message.extra or ""
        async with self._came:
            self._over = True
            self._came.notify_all()

    async def send(self, message: object) -> None:
        """Send text as it is, anything else as JSON."""
        await self.ws.send_str(message if isinstance(message, str) else json.dumps(message))

    async def answer(self, id: str) -> dict[str, Any]:
        """The response of that id."""
        async with asyncio.timeout(PATIENCE_S), self._came:
            await self._came.wait_for(lambda: id in self._answers or self._over)
        if id not in self._answers:
            raise ConnectionError(f"closed without an answer: {self.close_code} {self.close_reason}")
        return self._answers.pop(id)

    async def frame(self, name: str) -> dict[str, Any]:
        """The next event of that name; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_S), self._came:
            while True:
                while self._taken < len(self.events):
                    self._taken += 1
                    if self.events[self._taken - 1]["event"] == name:
                        return self.events[self._taken - 1]
                if self._over:
                    raise ConnectionError(f"closed without {name}: {self.close_code} {self.close_reason}")
                await self._came.wait()

    async def event(self, name: str) -> Any:
        """The payload of the next event of that name."""
        return (await self.frame(name)).get("payload")

    async def connect(self, key: DeviceIdentity | None, **said: Any) -> dict[str, Any]:
        """Send ``connect``; the answer is the response as it came."""
        said.setdefault("signed_at", self._running.now())
        return await self.connect_with(connect_params(key, said.pop("nonce", self.nonce), **said))

    async def connect_with(self, params: object) -> dict[str, Any]:
        await self.send({"type": "req", "id": "connect", "method": "connect", "params": params})
        return await self.answer("connect")

    async def ask(self, method: str, **params: Any) -> str:
        """Send a request; the answer is its id."""
        self._calls += 1
        await self.send({"type": "req", "id": f"r{self._calls}", "method": method, "params": params})
        return f"r{self._calls}"

    async def call(self, method: str, **params: Any) -> Any:
        """Call a method; the answer is its payload. Raises Refusal."""
        return self.payload(await self.answer(await self.ask(method, **params)), method)

    async def refused(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method that is refused; the answer is the error."""
        answer = await self.answer(await self.ask(method, **params))
        assert not answer["ok"], f"{method} was not refused"
        error: dict[str, Any] = answer["error"]
        return error

    def payload(self, answer: dict[str, Any], method: str = "connect") -> Any:
        if not answer["ok"]:
            raise Refusal(method, answer["error"])
        return answer.get("payload")

    async def closed(self) -> tuple[int | None, str]:
        """Wait until the gateway has closed; code and reason."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self._reader)
        return self.close_code, self.close_reason

    @property
    def is_open(self) -> bool:
        return not self._over

    async def close(self) -> None:
        await self.ws.close()
        await asyncio.shield(self._reader)
