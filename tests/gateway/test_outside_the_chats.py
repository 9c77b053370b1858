"""Owners outside the chats, and people who are told that they are in: a gateway as a process, commands beside it."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from clawdbot.domain.texts import APPROVED
from tests.fakes.telegram import FakeTelegram
from tests.support.bots import code_in
from tests.support.gateway import PATIENCE_S, Home, until


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        yield Home(tmp_path / "state", telegram)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[dict[str, str]]]]:
    """A service that is told things by HTTP: its port, and what it was told."""
    heard: list[dict[str, str]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    socket_ = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, socket_).start()
    try:
        yield socket_.getsockname()[1], heard
    finally:
        await runner.cleanup()


async def test_S7_told_outside_the_chats_and_the_sender_is_told_once(home: Home[FakeTelegram]) -> None:
    """No owner chats: he hears by Apprise, and approves with a command; whom that lets in is told once, by the gateway.

    Neither the log nor what is told outside has a code, and the log has nothing of the URL.
    """
    eve = home.platform.user(7, "Eve")
    async with listening() as (port, heard):
        url = f"json://127.0.0.1:{port}/k3y"
        channel = {**home.platform.settings(), "notifyOnApprove": True}
        home.write_config(json.dumps({"channels": {"telegram": channel}, "owner": {"notify": [url]}}))
        async with home.gateway() as gateway:
            eve.write("hello")
            code = code_in(await eve.next_message(PATIENCE_S))
            await until(lambda: bool(heard))
            (told,) = heard
            assert 'telegram: 7 ("Eve") wants to write to the bot' in told["message"]
            assert code not in json.dumps(heard)
            approved = await home.owner("pairing", "approve", "telegram", code, "--notify")
            assert approved == (0, "Approved telegram sender 7.\nThe gateway tells the sender.\n")
            assert await eve.next_message(PATIENCE_S) == APPROVED
            assert await gateway.stop() == 0
            log = gateway.log()
        assert len(eve.received) == 2
        assert "k3y" not in log
        assert code not in log


async def test_without_a_gateway_the_command_tells_the_sender(home: Home[FakeTelegram]) -> None:
    """The configuration wants it, and there is nobody else to do it."""
    eve = home.platform.user(7, "Eve")
    home.configure(notifyOnApprove=True)
    async with home.gateway() as gateway:
        eve.write("hello")
        code = code_in(await eve.next_message(PATIENCE_S))
        assert await gateway.stop() == 0
    said = await home.owner("pairing", "approve", "telegram", code)
    assert said == (0, "Approved telegram sender 7.\nTold 7.\n")
    assert await eve.next_message(PATIENCE_S) == APPROVED


async def test_who_is_told_that_he_is_in_hears_it_before_the_answer(home: Home[FakeTelegram]) -> None:
    """His first message was held: he is told once, and then answered."""
    eve = home.platform.user(7, "Eve")
    home.configure(notifyOnApprove=True, holdFirstMessage=True)
    async with home.gateway() as gateway:
        eve.write("hello")
        code = code_in(await eve.next_message(PATIENCE_S))
        assert (await home.owner("pairing", "approve", "telegram", code))[0] == 0
        assert await eve.next_message(PATIENCE_S) == APPROVED
        assert await eve.next_message(PATIENCE_S) == "You said: hello"
        assert await gateway.stop() == 0
    assert len(eve.received) == 3
