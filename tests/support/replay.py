"""Plays the scenes that were recorded from the reference against a gateway of ours, with keys of its own.

A scene's script says what its clients do. What exactly they sent is taken from the record, with keys, nonces, times,
signatures and saved values put in anew. What the gateway answers is compared with the record after
:class:`Names` has put names in the place of ids, keys, tokens and times, and after what the recorded gateway had from
earlier scenes is left out.
"""

import asyncio
import base64
import copy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.handshake import signed_payload
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.secret import Secret
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.service import wall_clock
from tests.support.gateways import SHARED, Client, Running
from tests.support.waiting import eventually

HELLO = ("type", "protocol", "policy", "auth")
"""What of hello-ok is compared; the rest tells of the moment and the machine."""

UNCOMPARED_EVENTS = {"health", "tick", "presence", "connect.challenge"}
"""They come when they come, or tell of what other scenes left behind; they have tests of their own."""


@dataclass(frozen=True)
class Difference:
    """One step of a scene that came out otherwise than recorded."""

    step: str
    recorded: Any
    here: Any


@dataclass
class Scene:
    """A recorded scene."""

    name: str
    script: list[dict[str, Any]]
    transcript: list[dict[str, Any]]
    identities: dict[str, dict[str, str]]
    profile: str

    @classmethod
    def read(cls, path: Path) -> "Scene":
        told = json.loads(path.read_text())
        return cls(path.stem, told["script"], told["transcript"], told["identities"], told["profile"])

    @property
    def node_ids(self) -> dict[str, str]:
        """The ids that nodes of the legacy store had when the scene was recorded, by the script's names for them."""
        found = {}
        for step in self.script:
            name = step.get("params", {}).get("nodeId", "") if step["op"] == "req" else ""
            if name.startswith("$nodeId"):
                sent = (event["frame"] for event in self.on(step["conn"], "c2s") if "frame" in event)
                found[name] = next(frame["params"]["nodeId"] for frame in sent if frame["id"] == step["id"])
        return found

    @property
    def settings(self) -> GatewaySettings:
        """The gateway that the scene was recorded on."""
        modes = {"none": AuthMode.NONE, "password": AuthMode.PASSWORD}
        mode = modes.get(self.profile, AuthMode.TOKEN)
        return GatewaySettings(port=0, auth=GatewayAuth(mode, None if mode is AuthMode.NONE else Secret(SHARED)))

    def on(self, conn: str, direction: str) -> Iterator[dict[str, Any]]:
        return (event for event in self.transcript if event.get("conn") == conn and event["dir"] == direction)

    def answer(self, conn: str, id: str) -> dict[str, Any] | None:
        frames = (event.get("frame", {}) for event in self.on(conn, "s2c"))
        return next((frame for frame in frames if frame.get("type") == "res" and frame["id"] == id), None)

    def events(self, conn: str) -> list[dict[str, Any]]:
        frames = (event.get("frame", {}) for event in self.on(conn, "s2c"))
        return [frame for frame in frames if frame.get("event") and frame["event"] not in UNCOMPARED_EVENTS]

    def connect(self, conn: str, id: str) -> dict[str, Any]:
        frames = (event.get("frame", {}) for event in self.on(conn, "c2s"))
        found = next(frame for frame in frames if frame.get("method") == "connect" and frame["id"] == id)
        return copy.deepcopy(found)

    def nonce(self, conn: str) -> str:
        frames = (event.get("frame", {}) for event in self.on(conn, "s2c"))
        nonce: str = next(frame["payload"]["nonce"] for frame in frames if frame.get("event") == "connect.challenge")
        return nonce

    def close(self, conn: str) -> tuple[int, str] | None:
        return next(((event["code"], event["reason"]) for event in self.on(conn, "close")), None)


class Names:
    """Puts names in the place of what differs from one run to the next."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int) and not isinstance(value, bool) and value > 1_700_000_000_000:
            return "<time>"
        return value

    def _text(self, text: str) -> str:
        if text in self._known:
            return self._known[text]
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
        return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "<token>", text)


@dataclass
class Replay:
    """One scene, played on a running gateway."""

    scene: Scene
    running: Running
    never: frozenset[str] = frozenset()
    """Events that are not waited for: ``"W device.pair.resolved 2"`` is the second that the script waits for on W."""
    hears: Mapping[str, list[str]] = field(default_factory=dict)
    """The events of a connection, where they are other than recorded."""
    differences: list[Difference] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._awaited: Counter[str] = Counter()
        self._values: dict[str, str] = {"gwToken": SHARED, "gwPassword": SHARED}
        self._keys = {
            name: DeviceIdentity.from_seed(bytes([number]) * 32)
            for number, name in enumerate(sorted(self.scene.identities), start=1)
        }
        there, here = self.scene.identities, self._keys
        self._there = Names(
            {there[name]["deviceId"]: f"<{name}>" for name in there}
            | {there[name]["publicKey"]: f"<{name}'s key>" for name in there}
            | {id: name for name, id in self.scene.node_ids.items()}
        )
        self._here = Names(
            {key.device_id: f"<{name}>" for name, key in here.items()}
            | {str(key.public_key): f"<{name}'s key>" for name, key in here.items()}
        )

    async def play(self) -> None:
        for step in self.scene.script:
            await getattr(self, f"_{step['op']}")(step)
        for conn in self._clients:
            await self._compare_events(conn)

    # --- steps

    async def _open(self, step: dict[str, Any]) -> None:
        headers = dict(step.get("headers", {}))
        if "host" in step:
            headers["Host"] = step["host"]
        self._clients[step["conn"]] = await self.running.open(headers, afar=step.get("via") == "remote")

    async def _connect(self, step: dict[str, Any]) -> None:
        conn = step["conn"]
        frame = self.scene.connect(conn, step["id"])
        try:
            auth = self._resolve(step["auth"]) if "auth" in step else None
        except KeyError:
            self.skipped.append(f"{conn}.{step['id']}")
            return
        params = frame.get("params")
        if isinstance(params, dict):
            if auth is not None:
                params["auth"] = auth
            if isinstance(params.get("device"), dict):
                self._sign(step, params)
        await self._clients[conn].send(frame)

    def _sign(self, step: dict[str, Any], params: dict[str, Any]) -> None:
        """Put our own key into a recorded claim, and spoil the signature as the script wants it."""
        device, client = params["device"], params.get("client", {})
        key = self._keys[step.get("as", "dev")]
        live, recorded = self._clients[step["conn"]].nonce, self.scene.nonce(step["conn"])
        known = {there["deviceId"]: self._keys[name].device_id for name, there in self.scene.identities.items()}
        if "id" in device:
            device["id"] = known.get(device["id"], device["id"])
        if "publicKey" in device:
            device["publicKey"] = self._spell_key(device["publicKey"])
        if isinstance(device.get("signedAt"), int):
            device["signedAt"] = wall_clock() + step.get("skewMs", 0)
        if device.get("nonce") == recorded:
            device["nonce"] = live
        if "signature" in device:
            tamper = step.get("tamper")
            token = params.get("auth", {}).get("token", "")
            nonce = device.get("nonce")
            payload = signed_payload(
                device_id=device.get("id", ""),
                client=(client.get("id", ""), client.get("mode", "")),
                role=params.get("role", "operator"),
                scopes=["operator.read"] if tamper == "scopes" else params.get("scopes", []),
                signed_at=device["signedAt"],
                token="other" if tamper == "token" else token,
                nonce=nonce if isinstance(nonce, str) and nonce.strip() else None,
            )
            device["signature"] = _spoilt(key.sign(payload), tamper)

    def _spell_key(self, recorded: str) -> str:
        for name, there in self.scene.identities.items():
            raw = self._keys[name].public_key.raw
            if recorded == there["publicKey"]:
                return str(self._keys[name].public_key)
            if recorded == there["publicKeyPem"]:
                der = bytes.fromhex("302a300506032b6570032100") + raw
                return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
            if base64.b64decode(recorded + "==") == base64.urlsafe_b64decode(there["publicKey"] + "=="):
                return base64.b64encode(raw).decode()
        return recorded

    async def _res(self, step: dict[str, Any]) -> None:
        name = f"{step['conn']}.{step['id']}"
        client = self._clients[step["conn"]]
        recorded = self.scene.answer(step["conn"], step["id"])
        if name in self.skipped:
            return
        try:
            here = await client.answer(step["id"])
        except ConnectionError:
            here = {"closed": list(await client.closed())}
        self._save(step, here)
        self._compare(name, recorded, here)

    async def _req(self, step: dict[str, Any]) -> None:
        name = f"{step['conn']}.{step['id']}"
        try:
            params = self._resolve(step["params"]) if "params" in step else None
        except KeyError:
            self.skipped.append(name)
            return
        client = self._clients[step["conn"]]
        if not client.is_open:
            self.skipped.append(name)
            return
        frame = {"type": "req", "id": step["id"], "method": step["method"]}
        await client.send(frame | ({"params": params} if "params" in step else {}))
        if step.get("wait", True):
            await self._res(step)

    async def _send(self, step: dict[str, Any]) -> None:
        if "frame" in step:
            await self._clients[step["conn"]].send(step["frame"])
            return
        text = step["text"] * step.get("repeat", 1)
        await self._clients[step["conn"]].ws.send_str(text)

    async def _event(self, step: dict[str, Any]) -> None:
        name = f"{step['conn']} {step['event']}"
        self._awaited[name] += 1
        if f"{name} {self._awaited[name]}" not in self.never:
            self._save(step, await self._clients[step["conn"]].frame(step["event"]))

    async def _waitClose(self, step: dict[str, Any]) -> None:
        client = self._clients[step["conn"]]
        if f"{step['conn']}.c1" in self.skipped:
            return
        recorded = self.scene.close(step["conn"])
        assert recorded is not None
        self._compare(f"{step['conn']} closed", list(recorded), list(await client.closed()))

    async def _close(self, step: dict[str, Any]) -> None:
        await self._clients[step["conn"]].close()

    async def _sleep(self, step: dict[str, Any]) -> None:
        await asyncio.sleep(step["ms"] / 1000)

    async def _state(self, step: dict[str, Any]) -> None:
        """Files are the store's business, and compared in its tests."""

    async def _set(self, step: dict[str, Any]) -> None:
        for name, value in step["vars"].items():
            self._values[name] = f"${name}" if value == "$uuid" else value

    # --- comparing

    def _compare(self, step: str, recorded: Any, here: Any) -> None:
        there = self._there.plain(self._relevant(recorded))
        ours = self._here.plain(self._relevant(here))
        if there != ours:
            self.differences.append(Difference(step, there, ours))

    def _relevant(self, value: Any) -> Any:
        """Leave out what was there from other scenes, what a hello-ok tells of the moment, and loopback addresses."""
        if not isinstance(value, dict):
            return value
        value = copy.deepcopy(value)
        value.pop("seq", None)
        payload = value.get("payload")
        if isinstance(payload, dict):
            if payload.get("type") == "hello-ok":
                value["payload"] = {name: payload[name] for name in HELLO if name in payload}
            for name in ("pending", "paired", "nodes"):
                if isinstance(payload.get(name), list):
                    payload[name] = [entry for entry in payload[name] if self._is_ours(entry)]
            if "bins" in payload:
                payload["bins"] = []
            payload.pop("ts", None)
            listed = payload["paired"] if isinstance(payload.get("paired"), list) else []
            for device in (payload.get("device"), *listed):
                if isinstance(device, dict):
                    device.pop("approvedBy", None)  # ours
        return _without_loopback(value)

    def _is_ours(self, entry: dict[str, Any]) -> bool:
        id = entry.get("deviceId") or entry.get("nodeId")
        there = {known["deviceId"] for known in self.scene.identities.values()} | set(self.scene.node_ids.values())
        here = {key.device_id for key in self._keys.values()} | set(self.scene.node_ids)
        return id in there | here

    async def _compare_events(self, conn: str) -> None:
        """What was heard on a connection that stays open; one that is being closed may miss the last of it."""
        client = self._clients[conn]
        if not client.is_open:
            return
        recorded = [event["event"] for event in self.scene.events(conn)]
        expected = self.hears.get(conn, recorded)

        def here() -> list[str]:
            return [event["event"] for event in client.events if event["event"] not in UNCOMPARED_EVENTS]

        await eventually(lambda: len(here()) >= len(expected), f"{conn} hears {expected}, heard {here()}")
        if here() != recorded:
            self.differences.append(Difference(f"{conn} hears", recorded, here()))

    # --- values

    def _save(self, step: dict[str, Any], frame: dict[str, Any]) -> None:
        for name, path in step.get("save", {}).items():
            value: Any = frame
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if isinstance(value, str):
                self._values[name] = value

    def _resolve(self, value: Any) -> Any:
        """Put saved values in. Raises KeyError for one that was never saved."""
        if isinstance(value, dict):
            return {key: self._resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolve(item) for item in value]
        if isinstance(value, str) and value.startswith("$dev:"):
            return self._keys[value[5:]].device_id
        if isinstance(value, str) and value.startswith("$"):
            return self._values[value[1:]]
        return value


def _spoilt(signature: str, how: str | None) -> str:
    match how:
        case "sig":
            return ("B" if signature[0] == "A" else "A") + signature[1:]
        case "garbage":
            return "garbage"
        case "padded":
            return base64.b64encode(base64.urlsafe_b64decode(signature + "==")).decode()
        case _:
            return signature


def _without_loopback(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if (name, item) != ("remoteIp", "127.0.0.1")}
        return {name: _without_loopback(item) for name, item in kept.items()}
    if isinstance(value, list):
        return [_without_loopback(item) for item in value]
    return value
