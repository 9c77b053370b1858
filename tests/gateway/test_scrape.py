"""``/metrics`` over real sockets: who gets numbers, and that nobody else does (threats.md G9, G11)."""

from collections.abc import Sequence

import aiohttp
import pytest

from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.gateway.reports import AccountReport, ChannelReport
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.supervisor import State
from clawdbot.gateway.tries import MOST_FAILURES
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import AFAR, SHARED, TEST, Running, gateway, identity
from tests.support.store_moves import KEY, Move

Headers = Sequence[tuple[str, str]]


async def get(running: Running, *headers: tuple[str, str], afar: bool = False) -> tuple[int, str, str]:
    """Status, content type and page."""
    connector = aiohttp.TCPConnector(local_addr=(AFAR, 0) if afar else None, force_close=True)
    url = running.url + "metrics"
    async with aiohttp.ClientSession(connector=connector) as http, http.get(url, headers=list(headers)) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


def bearer(secret: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {secret}"


async def test_a_program_of_this_machine_gets_the_numbers() -> None:
    """Without a secret, and without anything that it presents being looked at."""
    async with gateway() as running:
        for headers in ([], [bearer("wrong")]):
            status, kind, text = await get(running, *headers)
            assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
            assert "clawdbot_store_usable 1\n" in text


@pytest.mark.parametrize(
    ("headers", "afar"),
    [
        ([], True),
        ([bearer("wrong")], True),
        ([bearer(SHARED), bearer(SHARED)], True),
        ([("Authorization", f"Basic {SHARED}")], True),
        ([("Authorization", "Bearer")], True),
        ([("X-Forwarded-For", "127.0.0.1")], True),
        ([("Host", "localhost")], True),
        ([("Host", "rebound.example")], False),
        ([("Via", "1.1 proxy")], False),
        ([("Origin", "https://evil.example")], False),
    ],
    ids=str,
)
async def test_G9_nobody_else_gets_them(headers: Headers, afar: bool) -> None:
    """From afar without the secret, through a proxy, by a rebound name, from a foreign page: no number."""
    async with gateway() as running:
        status, _, text = await get(running, *headers, afar=afar)
        assert status == 401
        assert "clawdbot_" not in text


async def test_the_gateway_s_secret_opens_from_anywhere() -> None:
    """Token or password, whichever is asked for."""
    async with gateway() as running:
        assert (await get(running, bearer(SHARED), afar=True))[0] == 200
        assert (await get(running, ("Authorization", f"bearer  {SHARED}"), afar=True))[0] == 200


async def test_without_a_secret_it_is_for_this_machine_alone() -> None:
    """``auth.mode: none`` does not mean everybody here."""
    async with gateway(settings=GatewaySettings(port=0, auth=GatewayAuth(AuthMode.NONE))) as running:
        assert (await get(running))[0] == 200
        assert (await get(running, bearer("undefined"), afar=True))[0] == 401


async def test_G11_wrong_secrets_lock_the_address_as_those_of_clients_do() -> None:
    """Ten, and neither the numbers nor a connection can be had by that address; missing ones do not count."""
    async with gateway() as running:
        for _ in range(2 * MOST_FAILURES):
            assert (await get(running, afar=True))[0] == 401
        for _ in range(MOST_FAILURES):
            assert (await get(running, bearer("wrong"), afar=True))[0] == 401
        assert (await get(running, bearer(SHARED), afar=True))[0] == 429
        client = await running.open(afar=True)
        assert "too many" in (await client.connect(identity(1)))["error"]["message"]
        _, _, text = await get(running)
        assert 'clawdbot_lockouts_total{of="credentials"} 1\n' in text
        assert 'clawdbot_locked_out{of="credentials"} 1\n' in text
        assert 'reason="too_many_tries"} 1\n' in text


async def test_the_numbers_tell_what_happened() -> None:
    """Who is connected, who waits and since when, who was refused and decided about, and how the channels do."""
    account = AccountReport(state=State.TOKEN_REFUSED, running=False, last_error="/home/ada/token", hint="x")
    store = MemoryStore()
    report = {"telegram": ChannelReport("Telegram", {"default": account})}
    async with gateway(store, channels=lambda: report) as running:
        await store.update(KEY, Move("request", "4711", running.now() - 90_000))
        admin = await running.admin()
        client = await running.open(afar=True)
        answer = await client.connect(identity(1), client=TEST)
        await client.closed()
        _, _, text = await get(running)
        for line in (
            'clawdbot_connected{role="operator"} 1',
            'clawdbot_connected{role="node"} 0',
            'clawdbot_pairing_waiting{kind="device",channel="",account=""} 1',
            'clawdbot_pairing_waiting{kind="sender",channel="telegram",account="default"} 1',
            'clawdbot_pairing_oldest_seconds{kind="sender",channel="telegram",account="default"} 9',
            'clawdbot_pairing_requests_total{kind="device"} 1',
            'clawdbot_door_refusals_total{rule="G4",code="NOT_PAIRED",reason="pairing_required"} 1',
            'clawdbot_channel_state{channel="telegram",account="default",state="token refused"} 1',
            'clawdbot_channel_ready{channel="telegram",account="default"} 0',
            'clawdbot_store_seconds_count{operation="update"}',
            "process_resident_memory_bytes ",
        ):
            assert f"\n{line}" in text, line
        await admin.call("device.pair.approve", requestId=answer["error"]["details"]["requestId"])
        _, _, text = await get(running)
        assert (
            'clawdbot_pairing_decisions_total{kind="device",decision="approved"} 2\n' in text
        )  # the owner's own program was first
        waiting = await store.read(KEY)
    private = ["4711", "ada", SHARED, identity(1).device_id, *(one.code.reveal() for one in waiting.requests.values())]
    assert [one for one in private if one in text] == []


async def test_a_foreign_origin_and_a_frame_that_is_none_are_counted() -> None:
    async with gateway() as running:
        client = await running.open()
        await client.send("hello")
        await client.closed()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await running.open({"Origin": "https://evil.example"})
        _, _, text = await get(running)
    name = "clawdbot_door_refusals_total"
    assert f'{name}{{rule="G12",code="INVALID_REQUEST",reason="no_frame"}} 1\n' in text
    assert f'{name}{{rule="G10",code="403",reason="origin_not_allowed"}} 1\n' in text
