"""The WebSocket itself: what listens where a gateway should, by which certificate, and what a close says."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from clawdbot.client import address as addresses
from clawdbot.client.address import Address
from clawdbot.client.transport import Closed, open_socket
from clawdbot.config import TlsSettings
from clawdbot.errors import GatewayUnavailable, NoGateway
from clawdbot.gateway.tls import Tls, open_tls
from tests.fakes.gateway import Line, fake_gateway


def certificate(state: Path) -> Tls:
    now = int(datetime.now(UTC).timestamp() * 1000)
    tls = open_tls(TlsSettings(enabled=True), state, names=("localhost", "127.0.0.1"), now=now)
    assert tls is not None
    return tls


async def challenge(line: Line) -> None:
    await line.event("connect.challenge", {"nonce": "n"})
    await line.ws.receive()


async def first_frame(address: Address) -> bytes | str | Closed:
    opened = await open_socket(address)
    try:
        return await opened.receive()
    finally:
        await opened.close()


async def refused(address: Address) -> GatewayUnavailable:
    with pytest.raises(GatewayUnavailable) as caught:
        await open_socket(address)
    return caught.value


# --- where nothing is, or something else -----------------------------------------------------------------------------


async def test_where_nothing_listens_there_is_no_gateway() -> None:
    """The one error that says for sure that there is none."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await refused(addresses.local(unused.getsockname()[1]))
    assert isinstance(error, NoGateway)
    assert "no gateway listens at ws://127.0.0.1:" in str(error)


async def test_a_name_that_leads_nowhere() -> None:
    """It is an error of the network, not that nobody listens."""
    error = await refused(addresses.read("ws://nowhere.invalid:1"))
    assert not isinstance(error, NoGateway)
    assert "cannot reach the gateway at ws://nowhere.invalid:1" in str(error)


@asynccontextmanager
async def web_server(handle: object) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_another_server_is_no_gateway() -> None:
    """A web server answers, but not with a WebSocket."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(status=404)

    async with web_server(page) as port:
        error = await refused(addresses.local(port))
    assert "is no gateway: it answers with status 404" in str(error)
    assert "Upgrade" in error.hint


async def test_a_server_that_hangs_up_is_no_gateway() -> None:
    """Whatever listens there, it does not speak our language."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        error = await refused(addresses.local(server.sockets[0].getsockname()[1]))
    assert "is no gateway, or broke off" in str(error)
    assert "wss://" in error.hint


async def test_a_gateway_without_tls_is_not_talked_to_with_it() -> None:
    """And whoever wrote wss:// is asked whether he meant it."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(status=400)

    async with web_server(page) as port:
        with_tls = await refused(addresses.read(f"wss://127.0.0.1:{port}"))
        without = await refused(addresses.local(port))
    assert str(with_tls) == f"no TLS with the gateway at wss://127.0.0.1:{port}: wrong version number"
    assert ("ws://" in with_tls.hint, "wss://" in without.hint) == (True, True)


async def test_G15_a_redirection_leads_nowhere() -> None:
    """Whoever answers cannot send the client, and what it would show, to another address."""
    reached = 0

    async def elsewhere(_: Line) -> None:
        nonlocal reached
        reached += 1

    async with fake_gateway(elsewhere) as other:

        async def redirect(_: web.Request) -> web.Response:
            raise web.HTTPFound(other.url.replace("ws", "http"))

        async with web_server(redirect) as port:
            assert "is no gateway" in str(await refused(addresses.local(port)))
    assert reached == 0


# --- certificates ----------------------------------------------------------------------------------------------------


async def test_a_certificate_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    """The gateway's own certificate, which no authority vouches for."""
    tls = certificate(tmp_path)
    async with fake_gateway(challenge, tls=tls.context) as gateway:
        frame = await first_frame(addresses.read(gateway.url, tls.fingerprint))
    assert isinstance(frame, str)


async def test_another_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """Somebody in between with a certificate of his own gets nothing to read."""
    ours, theirs = certificate(tmp_path / "ours"), certificate(tmp_path / "theirs")
    async with fake_gateway(challenge, tls=theirs.context) as gateway:
        error = await refused(addresses.read(gateway.url, ours.fingerprint))
        assert gateway.connections == 0
    assert "has another certificate than the one given" in str(error)
    assert "somebody stands in between" in error.hint


async def test_without_a_fingerprint_an_authority_must_vouch(tmp_path: Path) -> None:
    """A certificate of its own making is not taken; the hint says how it can be."""
    async with fake_gateway(challenge, tls=certificate(tmp_path).context) as gateway:
        error = await refused(addresses.read(gateway.url))
        assert gateway.connections == 0
    assert "no authority that this machine knows" in str(error)
    assert "--tls-fingerprint" in error.hint


async def test_wss_where_no_tls_is_spoken() -> None:
    """A plain gateway behind a wss:// URL is an error, not a plain connection."""
    async with fake_gateway(challenge) as gateway:
        error = await refused(addresses.read(gateway.url.replace("ws", "wss")))
        assert gateway.connections == 0
    assert "gateway" in str(error)


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_the_gateways_close_is_read() -> None:
    """Its code and reason, each time one asks."""

    async def talk(line: Line) -> None:
        await line.ws.close(code=1012, message=b"service restart")

    async with fake_gateway(talk) as gateway:
        opened = await open_socket(addresses.read(gateway.url))
        assert await opened.receive() == Closed(1012, "service restart")
        with pytest.raises(GatewayUnavailable):
            await opened.send(b"late")
        await opened.close()
        await opened.close()


async def test_an_end_is_shown_inert() -> None:
    """Reasons are text from outside."""
    assert str(Closed(1008, "no\x1b[2J")) == "1008: no\\x1b[2J"
    assert str(Closed(1006)) == "1006"


async def test_sockets_leave_nothing_open(tmp_path: Path) -> None:
    """Plain or TLS, taken or refused: no descriptor stays."""
    tls = certificate(tmp_path)
    async with fake_gateway(challenge, tls=tls.context) as gateway:
        await first_frame(addresses.read(gateway.url, tls.fingerprint))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            await first_frame(addresses.read(gateway.url, tls.fingerprint))
            await refused(addresses.read(gateway.url, "ab" * 32))
        assert len(os.listdir("/proc/self/fd")) <= before + 2
