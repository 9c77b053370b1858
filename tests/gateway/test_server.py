"""The server on a real socket: what it listens to, whom it upgrades, how it begins and ends."""

import asyncio
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError, Refused
from clawdbot.gateway.server import Gateway, Pace
from clawdbot.gateway.settings import Bind
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import (
    ADMIN,
    AFAR,
    FAR_AWAY,
    NODE_HOST,
    SETTINGS,
    SHARED,
    TEST,
    Running,
    connect_params,
    gateway,
    identity,
)
from tests.support.waiting import eventually

UPGRADE = (
    "GET /any/path HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Raw:
    """A socket, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.nonce = ""

    async def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def upgrade(self) -> None:
        """Become a WebSocket, and read the challenge."""
        await self.send(UPGRADE + "\r\n")
        await self.head()
        async with asyncio.timeout(20):
            length = (await self.reader.readexactly(2))[1]
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            self.nonce = json.loads(await self.reader.readexactly(length))["payload"]["nonce"]

    async def say(self, method: str, params: object) -> None:
        """Send a request as a masked frame; the mask is nothing."""
        text = json.dumps({"type": "req", "id": "x", "method": method, "params": params}).encode()
        await self.send(b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text)

    async def head(self) -> str:
        async with asyncio.timeout(20):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""


@asynccontextmanager
async def raw(running: Running, source: str = "127.0.0.1", receive: int = 65536) -> AsyncIterator[Raw]:
    """A connection; ``receive`` is how much of it the system buffers, in our own buffer there is little room."""
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        plain.bind((source, 0))
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", running.gateway.port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
        try:
            yield Raw(reader, writer)
        finally:
            writer.close()


async def get(running: Running, path: str, **headers: str) -> tuple[int, str]:
    url = running.url + path.removeprefix("/")
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


# --- plain HTTP ------------------------------------------------------------------------------------------------------


async def test_plain_http_is_answered_by_a_table_of_pages() -> None:
    """``/healthz`` and what the program adds; anything else is not found, and nobody learns what serves it."""

    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="panel")

    async with gateway(pages={"/": page}) as running:
        assert await get(running, "/healthz") == (200, '{"ok": true}')
        assert await get(running, "/") == (200, "panel")
        assert (await get(running, "/../../etc/passwd"))[0] == 404
        async with aiohttp.ClientSession() as http, http.get(running.url + "healthz") as answer:
            assert "Server" not in answer.headers


async def test_both_loopback_addresses_are_served() -> None:
    async with gateway() as running, aiohttp.ClientSession() as http:
        try:
            async with http.get(f"http://[::1]:{running.gateway.port}/healthz") as answer:
                assert answer.status == 200
        except aiohttp.ClientConnectorError:
            pytest.skip("this machine has no IPv6")


async def test_a_taken_port_and_settings_that_leave_it_open_are_refused() -> None:
    async with gateway() as running:
        with pytest.raises(Refused):
            await Gateway(MemoryStore(), replace(SETTINGS, port=running.gateway.port)).start()
    with pytest.raises(ConfigError):
        await Gateway(MemoryStore(), replace(SETTINGS, bind=Bind.LAN, auth=GatewayAuth(AuthMode.NONE))).start()


# --- the upgrade -----------------------------------------------------------------------------------------------------


async def test_any_path_is_upgraded_without_compression_or_subprotocol() -> None:
    async with gateway() as running, raw(running) as line:
        await line.send(
            UPGRADE + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            "Sec-WebSocket-Protocol: chat\r\n\r\n"
        )
        head = await line.head()
        assert head.startswith("HTTP/1.1 101")
        assert "sec-websocket-extensions" not in head.lower()
        assert "sec-websocket-protocol" not in head.lower()


@pytest.mark.parametrize(
    "request_text",
    [
        UPGRADE.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "") + "\r\n",
        UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short") + "\r\n",
        UPGRADE.replace("Version: 13", "Version: 12") + "\r\n",
        UPGRADE.replace("Connection: Upgrade", "Connection: close") + "\r\n",
        UPGRADE.replace("Upgrade: websocket", "Upgrade: h2c") + "\r\n",
        UPGRADE.replace("GET", "POST") + "\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=["no key", "bad key", "old version", "no connection", "another protocol", "post", "no http", "tls"],
)
async def test_G12_a_malformed_upgrade_is_answered_and_closed(request_text: str) -> None:
    async with gateway(pace=Pace(handshake=0.5)) as running, raw(running) as line:
        await line.send(request_text)
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 400") or answer.startswith(b"HTTP/1.0 400")


@pytest.mark.parametrize("origins", [["null"], ["https://evil.com"], ["http://localhost:1", "http://localhost:1"]])
async def test_G10_foreign_pages_are_refused_before_the_upgrade(origins: list[str]) -> None:
    async with gateway() as running, raw(running) as line:
        await line.send(UPGRADE + "".join(f"Origin: {origin}\r\n" for origin in origins) + "\r\n")
        assert (await line.head()).startswith("HTTP/1.1 403")


async def test_G10_own_and_listed_pages_are_upgraded() -> None:
    async with gateway(settings=replace(SETTINGS, origins=frozenset({"https://panel.example"}))) as running:
        for origin in (f"http://127.0.0.1:{running.gateway.port}", "https://panel.example"):
            await running.open({"Origin": origin})


async def test_G9_G10_a_listed_page_is_not_paired_silently_and_our_own_is() -> None:
    async with gateway(settings=replace(SETTINGS, origins=frozenset({"https://panel.example"}))) as running:
        listed = await running.open({"Origin": "https://panel.example"})
        assert (await listed.connect(identity(1)))["error"]["message"] == "pairing required"
        own = await running.open({"Origin": f"http://127.0.0.1:{running.gateway.port}"})
        assert (await own.connect(identity(2)))["ok"]


async def test_G9_silent_pairing_can_be_switched_off_and_is_not_for_strangers() -> None:
    """Programs of this machine pair without asking: not with a foreign Host, behind a proxy, or if switched off."""
    async with gateway() as running:
        assert (await (await running.open()).connect(identity(1)))["ok"]
        for headers in ({"Host": "gateway.example"}, {"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 proxy"}):
            stranger = await running.open(headers)
            assert (await stranger.connect(identity(2)))["error"]["code"] == "NOT_PAIRED"
        afar = await running.open(afar=True)
        assert (await afar.connect(identity(3)))["error"]["code"] == "NOT_PAIRED"
    async with gateway(settings=replace(SETTINGS, silent_local=False)) as running:
        assert (await (await running.open()).connect(identity(1)))["error"]["code"] == "NOT_PAIRED"


async def test_G9_behind_a_trusted_proxy_the_client_s_address_is_recorded() -> None:
    """What the proxy itself appended, not what the client had put there before."""
    async with gateway(settings=replace(SETTINGS, trusted_proxies=(ip_network(FAR_AWAY),))) as running:
        admin = await running.admin()
        client = await running.open({"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, afar=True)
        assert (await client.connect(identity(1)))["error"]["code"] == "NOT_PAIRED"
        assert (await admin.event("device.pair.requested"))["remoteIp"] == "203.0.113.9"


# --- before authentication -------------------------------------------------------------------------------------------


async def test_G12_who_says_nothing_is_closed_in_time() -> None:
    """A silent socket is cut off; a silent WebSocket is closed with 1000 and no reason."""
    async with gateway(pace=Pace(handshake=0.1)) as running:
        async with raw(running) as line:
            assert await line.rest() == b""
        async with raw(running) as line:
            await line.send("GET / HTTP/1.1\r\nHost: 127.0")
            assert not (await line.rest()).startswith(b"HTTP/1.1 2")
        client = await running.open()
        assert await client.closed() == (1000, "")


async def test_G12_a_first_message_of_more_than_64_KiB_is_not_taken() -> None:
    async with gateway() as running:
        client = await running.open()
        await client.send("x" * 65537)
        assert await client.closed() == (1009, "")


async def test_G12_before_hello_a_client_may_not_say_much_in_all() -> None:
    """Not in pings or fragments either: more bytes than the first frame has room for are not even kept."""
    async with gateway() as running, raw(running) as line:
        await line.send(UPGRADE + "\r\n")
        await line.head()
        fragment = b"\x01\xfe\x10\x00" + b"\0" * 4 + b"x" * 4096
        with suppress(ConnectionError):
            for _ in range(40):
                await line.send(fragment)
                fragment = b"\x00" + fragment[1:]
        assert b"\x03\xf1" in await line.rest(), "1009"


async def test_G12_a_message_of_more_than_512_KiB_is_not_taken_later() -> None:
    async with gateway() as running:
        client = await running.admin()
        await client.send(json.dumps({"type": "req", "id": "big", "method": "nope", "params": "x" * 524_000}))
        assert (await client.answer("big"))["error"]["message"] == "unknown method: nope"
        await client.send("x" * 524_289)
        assert await client.closed() == (1009, "")


async def test_G12_so_many_unauthenticated_sockets_an_address() -> None:
    """The 33rd is turned away; another address is not, and who is in does not count."""
    async with gateway() as running:
        admin = await running.admin()
        async with asyncio.TaskGroup() as crowd:
            sockets = [crowd.create_task(running.open()) for _ in range(32)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await running.open()
        assert refused.value.status == 503
        await running.open(afar=True)
        assert await admin.call("health")
        await sockets[0].result().close()

        async def is_in() -> bool:
            try:
                await running.open()
            except aiohttp.WSServerHandshakeError:
                return False
            return True

        async with asyncio.timeout(20):
            while not await is_in():
                await asyncio.sleep(0.01)


async def test_G12_clients_of_a_trusted_proxy_are_told_apart() -> None:
    """One of them fills its own share, not that of the others."""
    settings = replace(SETTINGS, trusted_proxies=(ip_network("127.0.0.1"),))
    async with gateway(settings=settings) as running:
        for _ in range(32):
            await running.open({"X-Forwarded-For": "203.0.113.9"})
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await running.open({"X-Forwarded-For": "203.0.113.9"})
        await running.open({"X-Forwarded-For": "203.0.113.10"})


async def test_G12_no_descriptor_is_left_behind() -> None:
    """Two hundred clients that come and go in every way leave nothing open."""
    async with gateway(pace=Pace(handshake=0.2)) as running:
        await running.clients.enter_async_context(raw(running))

        def open_files() -> int:
            return len(os.listdir("/proc/self/fd"))

        before = open_files()
        for number in range(50):
            async with raw(running) as line:
                await line.send(UPGRADE + "\r\n")
                await line.head()
            async with raw(running) as line:
                await line.send("nonsense\r\n\r\n")
            async with raw(running):
                pass
            async with raw(running, AFAR) as line:
                await line.send(UPGRADE + f"Origin: https://evil{number}.com\r\n\r\n")
                await line.head()
        await eventually(lambda: open_files() <= before, f"{open_files()} open, {before} before")


# --- what happens by itself ------------------------------------------------------------------------------------------


async def test_ticks_and_health_come_by_themselves() -> None:
    async with gateway(pace=Pace(tick=0.05, health=0.05)) as running:
        client = await running.admin()
        tick, later = await client.frame("tick"), await client.frame("tick")
        assert set(tick["payload"]) == {"ts"}
        assert later["seq"] > tick["seq"]
        first = await client.frame("health")
        assert (await client.frame("health"))["stateVersion"]["health"] > first["stateVersion"]["health"]


async def test_a_newcomer_hears_health_and_others_hear_of_its_leaving() -> None:
    async with gateway() as running:
        admin = await running.admin()
        node = await running.connect(identity(1), client=NODE_HOST, role="node")
        assert await node.event("voicewake.changed") == {"triggers": ["clawd", "claude", "computer"]}
        assert (await node.event("health"))["ok"]
        await node.close()
        gone = (await admin.event("presence"))["presence"][-1]
        assert (gone["deviceId"], gone["reason"]) == (identity(1).device_id, "disconnect")


async def test_stopping_tells_everybody_and_closes_with_1012() -> None:
    """Those who are in hear of it; those who are not yet are closed alike."""
    async with gateway() as running:
        admin, early = await running.admin(), await running.open()
        await running.gateway.stop()
        assert await admin.event("shutdown") == {"reason": "gateway stopping", "restartExpectedMs": None}
        assert await admin.closed() == (1012, "service restart")
        assert await early.closed() == (1012, "service restart")


async def test_a_client_that_does_not_read_is_closed_and_others_do_not_notice() -> None:
    """More than 1.5 MiB behind, the next health event is one too many."""
    async with gateway() as running:
        admin = await running.admin()
        node = await running.connect(identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        async with raw(running, receive=4096) as lazy:
            await lazy.upgrade()
            await lazy.say("connect", connect_params(identity(2), lazy.nonce, client=TEST, scopes=["operator.write"]))
            for number in range(30):
                invoke = {"nodeId": identity(1).device_id, "command": "system.run", "idempotencyKey": str(number)}
                await lazy.say("node.invoke", invoke)
            for _ in range(30):
                asked = await node.event("node.invoke.request")
                answer = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payload": "x" * 400_000}
                taken = await node.call("node.invoke.result", **answer)
                assert taken in ({"ok": True}, {"ok": True, "ignored": True})  # the lazy one may be gone by then
            await running.connect(identity(3), scopes=ADMIN)
            reasons: dict[object, str] = {}
            while reasons.get(identity(2).device_id) != "disconnect":
                presence = (await admin.event("presence"))["presence"]
                reasons = {entry.get("deviceId"): entry["reason"] for entry in presence}
            assert await admin.call("health")


# --- TLS and settings that change ------------------------------------------------------------------------------------


async def test_tls_ends_at_the_gateway(tmp_path: Path) -> None:
    """Everything goes over TLS then; who speaks plainly gets nothing."""
    server, client = certificate(tmp_path)
    async with gateway(ssl=server, pace=Pace(handshake=0.5)) as running:
        url = f"https://127.0.0.1:{running.gateway.port}/"
        async with aiohttp.ClientSession() as http, http.ws_connect(url, ssl=client) as ws:
            challenge = await ws.receive_json()
            params = connect_params(identity(1), challenge["payload"]["nonce"])
            await ws.send_json({"type": "req", "id": "c1", "method": "connect", "params": params})
            assert (await ws.receive_json())["ok"]
        async with raw(running) as line:
            await line.send(UPGRADE + "\r\n")
            assert b"101" not in await line.rest()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for 127.0.0.1: the server's side of it, and that of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(36500)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "gateway.pem"
    path.write_bytes(plain + signed.public_bytes(pem))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=signed.public_bytes(pem).decode())


async def test_G8_a_new_shared_secret_ends_the_sessions_of_the_old_one() -> None:
    """Those that came in by a token of their own stay; the old secret opens nothing, the new one does."""
    async with gateway() as running:
        by_secret = await running.connect(identity(1), scopes=ADMIN)
        by_token = await running.connect(identity(1), scopes=ADMIN, token=by_secret.hello["auth"]["deviceToken"])
        early = await running.open()
        running.gateway.reconfigure(replace(SETTINGS, auth=GatewayAuth(AuthMode.TOKEN, Secret("another"))))
        assert await by_secret.closed() == (1008, "gateway secret changed")
        assert await by_token.call("health")
        assert await early.closed() == (1008, "gateway secret changed")
        late = await running.open()
        assert "mismatch" in (await late.connect(identity(1), token=SHARED))["error"]["message"]
        assert (await (await running.open()).connect(identity(1), token="another"))["ok"]
        with pytest.raises(ConfigError):
            running.gateway.reconfigure(replace(SETTINGS, auth=GatewayAuth(AuthMode.TOKEN, Secret(""))))
        assert await by_token.call("health")
