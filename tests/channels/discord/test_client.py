"""The library's client at addresses of its own: one process, several Discords."""

import asyncio
import logging
from pathlib import Path

import aiohttp
import discord as library
import pytest
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from clawdbot.channels.discord.client import BotClient, opened
from clawdbot.domain.names import SenderId
from clawdbot.domain.secret import Secret
from tests.channels.discord.conftest import adapter_of
from tests.fakes import faults
from tests.fakes.discord import FakeDiscord, too_many
from tests.support.channels import Reports
from tests.support.desk import Desk
from tests.support.waiting import eventually


async def test_D1_two_bots_at_two_addresses_do_not_disturb_each_other(tmp_path: Path) -> None:
    async with FakeDiscord() as first, FakeDiscord("another.bot.token", bot_id=5) as second:
        adapters = [adapter_of(each, tmp_path / each.token) for each in (first, second)]
        desks = [Desk(), Desk()]
        runs = [asyncio.create_task(each.run(desk, Reports())) for each, desk in zip(adapters, desks, strict=True)]
        await eventually(lambda: first.gateway.listening and second.gateway.listening)
        for fake, desk, adapter in zip((first, second), desks, adapters, strict=True):
            alice = fake.person(1, "alice")
            alice.write(f"to {fake.token}")
            await desk.wait_ended(f"to {fake.token}")
            fake.drop()
            await adapter.tell(SenderId(alice.sender), "hello")
            assert alice.received == ["hello"]
        for run, adapter in zip(runs, adapters, strict=True):
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            await adapter.close()

    assert [len(desk.begun) for desk in desks] == [1, 1]
    assert {Route.BASE, str(DiscordWebSocket.DEFAULT_GATEWAY)} == {
        "https://discord.com/api/v10",
        "wss://gateway.discord.gg/",
    }


@pytest.fixture
async def client(discord: FakeDiscord) -> BotClient:
    return BotClient(Secret(discord.token), discord.api_base, answer_s=5)


async def test_a_request_is_tried_once_and_raises_what_the_library_raises(
    discord: FakeDiscord, client: BotClient
) -> None:
    me = Route("GET", "/users/@me")
    discord.fail("GET /users/@me", too_many(1.5), faults.html(502), faults.html(403), faults.redirect("/"))
    discord.fail("GET /users/@me", faults.raw("no"))

    with pytest.raises(library.RateLimited) as limited:
        await client.http.request(me)
    assert limited.value.retry_after == 1.5
    for kind in (library.DiscordServerError, library.Forbidden, library.HTTPException, ValueError):
        with pytest.raises(kind):
            await client.http.request(me)
    assert (await client.http.request(me))["id"] == discord.me["id"]
    assert len(discord.traffic) == 6
    await client.http.close()


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, '{"retry_after": 2}', 2),
        ({}, '{"retry_after": "2.5"}', 2.5),
        ({"Retry-After": "7"}, "<html>", 7),
        ({"Retry-After": "7"}, '{"retry_after": NaN}', 7),
        ({}, '{"retry_after": -5}', 1),
        ({}, '{"retry_after": 1e999}', 1),
        ({}, '["retry_after"]', 1),
    ],
)
async def test_S8_how_long_to_wait_is_read_from_the_body_or_the_headers(
    discord: FakeDiscord, client: BotClient, headers: dict[str, str], body: str, seconds: float
) -> None:
    async def fault(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, text=body, headers=headers)

    discord.fail("GET /users/@me", fault)
    with pytest.raises(library.RateLimited) as limited:
        await client.http.request(Route("GET", "/users/@me"))
    await client.http.close()

    assert limited.value.retry_after == seconds


async def test_a_redirect_does_not_take_the_token_elsewhere(discord: FakeDiscord, client: BotClient) -> None:
    async with FakeDiscord() as elsewhere:
        discord.fail("GET /users/@me", faults.redirect(f"{elsewhere.api_base}/users/@me"))
        with pytest.raises(library.HTTPException):
            await client.http.request(Route("GET", "/users/@me"))
        await client.http.close()

        assert elsewhere.traffic == []


async def test_nothing_can_be_uploaded(client: BotClient) -> None:
    with pytest.raises(NotImplementedError):
        await client.http.request(Route("POST", "/"), files=["x"])


async def test_the_proxy_comes_from_the_environment(discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and the gateway alike; a server on this machine is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nobody listens
    token = opened.set([])
    near, far = (
        BotClient(Secret(discord.token), base, answer_s=5) for base in (discord.api_base, "http://discord.test")
    )
    with pytest.raises(aiohttp.ClientConnectorError):
        await far.http.request(Route("GET", "/users/@me"))
    with pytest.raises(aiohttp.ClientConnectorError):
        await far.http.ws_connect("ws://gateway.discord.test")
    await near.http.request(Route("GET", "/users/@me"))
    await near.http.close()
    await far.http.close()
    opened.reset(token)

    assert len(discord.traffic) == 1


def test_S7_the_library_is_kept_quiet_but_not_made_louder() -> None:
    logger = logging.getLogger("discord")
    before = logger.level
    try:
        for level, kept in ((logging.DEBUG, logging.ERROR), (logging.CRITICAL, logging.CRITICAL)):
            logger.setLevel(level)
            BotClient(Secret("x"), "http://127.0.0.1:9", answer_s=1)
            assert logger.level == kept
    finally:
        logger.setLevel(before)
