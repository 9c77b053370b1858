"""What the gateway makes of addresses, on real sockets from other machines (threats.md G9, G11, G12).

The machines are network namespaces; the gateway is a process in one of them.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clawdbot.gateway.tries import LOCK_MS, MOST_FAILURES
from tests.support.gateways import identity
from tests.support.namespaces import (
    HOUSE,
    NEIGHBOUR,
    NEIGHBOUR_6,
    PROXY,
    SAME_NETWORK_6,
    STRANGER,
    STRANGER_6,
    Street,
    street,
)
from tests.support.own import SHARED, OwnMachine
from tests.support.strangers import LOOPBACK, Knocking, knocking

Open = Callable[..., AbstractAsyncContextManager[Knocking]]

FAR = "203.0.113.9"


@pytest.fixture
def machines() -> Iterator[Street]:
    with street() as made:
        yield made


@pytest.fixture
def house(machines: Street, tmp_path: Path) -> Open:
    """Starts a gateway in the house, with these options and this configuration."""

    @asynccontextmanager
    async def opened(*options: str, **settings: object) -> AsyncIterator[Knocking]:
        own = OwnMachine(tmp_path / "own", machines.house.prefix)
        own.configure(**settings)
        with own.gateway(*(options or ("--bind", "lan"))) as gateway:
            async with knocking(machines, gateway) as door:
                yield door

    return opened


async def test_G9_the_gateways_own_network_address_is_not_local(house: Open) -> None:
    """Who comes from it waits, like one who names it; over loopback, to a loopback name, a program is let in."""
    async with house() as door:
        assert (await door.knock(HOUSE))["code"] == "NOT_PAIRED"
        assert (await door.knock(HOUSE, headers={"Host": "localhost"}))["code"] == "NOT_PAIRED"
        assert (await door.knock(LOOPBACK, headers={"Host": HOUSE}))["code"] == "NOT_PAIRED"
        assert await door.knock(LOOPBACK) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.evil.com"},
        {"Host": "[::ffff:127.0.0.1]"},
        {"Host": "localhost", "X-Forwarded-For": "127.0.0.1"},
        {"Host": "localhost", "X-Forwarded-For": "::ffff:127.0.0.1"},
        {"Host": "localhost", "X-Real-IP": "127.0.0.1"},
        {"Host": "localhost", "Forwarded": "for=127.0.0.1"},
    ],
    ids=lambda headers: " ".join(headers.values()) or "nothing",
)
async def test_G9_no_header_makes_a_stranger_local(house: Open, headers: dict[str, str]) -> None:
    """He knows the shared token, and he waits all the same."""
    async with house() as door:
        assert (await door.knock(headers=headers))["code"] == "NOT_PAIRED"


async def test_G9_a_trusted_proxys_client_address_is_used(house: Open) -> None:
    """Its word counts, and makes nobody local; the same word from somebody else does not count."""
    async with house(trustedProxies=[PROXY]) as door:
        for headers in ({"X-Forwarded-For": FAR}, {"X-Forwarded-For": f"127.0.0.1, {FAR}"}):
            assert (await door.knock(PROXY, headers=headers))["code"] == "NOT_PAIRED"
        for claimed in (LOOPBACK, f"::ffff:{LOOPBACK}", "localhost"):
            headers = {"Host": "localhost", "X-Forwarded-For": claimed}
            assert (await door.knock(PROXY, headers=headers))["code"] == "NOT_PAIRED"
        assert (await door.knock(STRANGER, headers={"X-Forwarded-For": FAR}))["code"] == "NOT_PAIRED"
        assert (await door.knock(STRANGER))["code"] == "NOT_PAIRED"
        pending = (await (await door.owner()).call("device.pair.list"))["pending"]
    seen = [request.get("remoteIp") for request in sorted(pending, key=lambda request: int(request["ts"]))]
    assert seen == [FAR, FAR, LOOPBACK, LOOPBACK, None, None, STRANGER]


async def be_wrong(door: Knocking, address: str, **way: Any) -> None:
    """As often as it takes to be locked out."""
    for _ in range(MOST_FAILURES):
        assert "mismatch" in (await door.knock(address, "wrong", **way))["message"]


async def assert_is_locked(door: Knocking, address: str, **way: Any) -> None:
    """Not even the right token is looked at, and there is a time to come back."""
    error = await door.knock(address, **way)
    assert error["code"] == "UNAVAILABLE"
    assert 0 < error["retryAfterMs"] <= LOCK_MS


async def test_G11_an_address_is_locked_and_no_other(house: Open) -> None:
    """IPv4 in the spelling of IPv6 is the same address. The neighbour, and the gateway's own machine, do not notice."""
    async with house() as door:
        await be_wrong(door, STRANGER)
        await assert_is_locked(door, STRANGER)
        await assert_is_locked(door, f"::ffff:{STRANGER}", to=f"::ffff:{HOUSE}")
        assert (await door.knock(NEIGHBOUR))["code"] == "NOT_PAIRED"
        assert await door.knock(LOOPBACK) == {}


async def test_G11_loopback_is_slowed_and_never_locked(house: Open) -> None:
    """After ten wrong tries a wrong one is still looked at, and a right one gets in."""
    async with house() as door:
        await be_wrong(door, LOOPBACK)
        assert "mismatch" in (await door.knock(LOOPBACK, "wrong"))["message"]
        assert await door.knock(LOOPBACK) == {}
        assert (await door.knock(STRANGER))["code"] == "NOT_PAIRED"


async def test_G11_an_IPv6_network_is_one_address(house: Open) -> None:
    """Another address of the same 64 bits is locked as well; another network is not."""
    async with house("--bind", "custom", customBindHost="::") as door:
        await be_wrong(door, STRANGER_6)
        await assert_is_locked(door, STRANGER_6)
        await assert_is_locked(door, SAME_NETWORK_6)
        assert (await door.knock(NEIGHBOUR_6))["code"] == "NOT_PAIRED"


async def test_G11_a_proxys_clients_are_locked_one_by_one(house: Open) -> None:
    """By the address that the proxy tells, in either spelling; the proxy itself is not locked."""
    async with house(trustedProxies=[PROXY]) as door:
        await be_wrong(door, PROXY, headers={"X-Forwarded-For": FAR})
        await assert_is_locked(door, PROXY, headers={"X-Forwarded-For": FAR})
        await assert_is_locked(door, PROXY, headers={"X-Forwarded-For": f"::ffff:{FAR}"})
        assert (await door.knock(PROXY, headers={"X-Forwarded-For": "203.0.113.10"}))["code"] == "NOT_PAIRED"


async def test_G12_32_silent_sockets_an_address(house: Open) -> None:
    """The 33rd is turned away; neighbours and those who are in do not notice; when one hangs up there is room."""
    async with house() as door:
        owner = await door.owner()
        silent = [door.dial(STRANGER) for _ in range(32)]
        one_more = door.dial(STRANGER)
        assert (await asyncio.to_thread(one_more.recv, 100)).startswith(b"HTTP/1.1 503 ")
        one_more.close()
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await door.open(STRANGER)
        assert (await door.knock(NEIGHBOUR))["code"] == "NOT_PAIRED"
        assert await owner.call("health")
        for one in silent:
            one.close()
        async with asyncio.timeout(20):
            while not await has_room(door, STRANGER):
                await asyncio.sleep(0.01)


async def has_room(door: Knocking, address: str) -> bool:
    try:
        await door.knock(address)
    except (aiohttp.ClientError, ConnectionError):
        return False
    return True


async def test_G12_who_is_in_is_not_counted(house: Open) -> None:
    """Forty connections of one paired device from one address, all of them open."""
    async with house() as door:
        owner = await door.owner()
        asking = await door.open()
        request = (await asking.connect(identity(1), token=SHARED))["error"]["details"]["requestId"]
        await owner.call("device.pair.approve", requestId=request)
        for _ in range(40):
            client = await door.open()
            assert (await client.connect(identity(1), token=SHARED))["ok"]


def test_the_addresses_are_what_their_names_say() -> None:
    """Two of one IPv6 network, and one of another."""
    network = ipaddress.ip_network(f"{STRANGER_6}/64", strict=False)
    assert ipaddress.ip_address(SAME_NETWORK_6) in network
    assert ipaddress.ip_address(NEIGHBOUR_6) not in network
