"""What is found on a local network: by our own program, of the gateway as it runs, and of what others shout there."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from clawdbot.client.discovery import Found, discover
from clawdbot.errors import GatewayUnavailable
from clawdbot.wire.beacon import SERVICE
from tests.support.namespaces import HOUSE, HOUSE_6, STRANGER, Namespace, Street, inside, nowhere, street
from tests.support.own import SHARED, OwnMachine, until

T = TypeVar("T")

LINK = "fe80::77:1"
"""The house's address on the link that it shares with the others."""


@pytest.fixture
def machines() -> Iterator[Street]:
    with street() as made:
        yield made


def there(machine: Namespace, do: Callable[[], Awaitable[T]]) -> T:
    """Do something on another machine, in a thread of its own."""

    async def doing() -> T:
        return await do()

    with inside(machine.name):
        return asyncio.run(doing())


async def look_until(machine: Namespace, is_so: Callable[[list[Found]], bool]) -> list[Found]:
    """Look around until something is so."""
    found: list[Found] = []
    for _ in range(60):
        found = await asyncio.to_thread(there, machine, lambda: discover(0.5))
        if is_so(found):
            return found
    raise AssertionError(found)


async def test_a_gateway_for_the_local_network_is_found_until_it_stops(machines: Street, tmp_path: Path) -> None:
    """By address, port and certificate; it says goodbye, and says no more than it must."""
    own = OwnMachine(tmp_path / "own", machines.house.prefix)
    own.configure(tls={"enabled": True})
    with own.gateway("--bind", "lan") as gateway:
        gateway.says("advertised on the local network")
        (found,) = await look_until(machines.others, bool)
        (certificate,) = (line.split()[-1] for line in gateway.log().splitlines() if "  certificate " in line)
        assert found.url == f"wss://{HOUSE}:{gateway.port}"
        assert (found.addresses, found.beacon.fingerprint) == ((HOUSE,), certificate)
        assert found.beacon.more.keys() == {
            *("role", "transport", "displayName", "lanHost", "gatewayPort", "gatewayTls", "gatewayTlsSha256")
        }
        command = [*machines.others.prefix, sys.executable, "-m", "clawdbot", "gateway", "discover"]
        said = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
        assert [beacon["wsUrl"] for beacon in json.loads(said)["beacons"]] == [found.url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert f"wss://{HOUSE}:{gateway.port}" in said
    await look_until(machines.others, lambda now: not now)


NO_MORE = {"role", "transport", "displayName", "lanHost", "gatewayPort"}
"""What is said where as little is to be said as the apps need."""


@pytest.mark.parametrize("ipv6_alone", [False, True])
async def test_a_gateway_on_ipv6_is_found_there(machines: Street, tmp_path: Path, ipv6_alone: bool) -> None:
    """By its address of the site, and by the one of the link with the link's name; also where nothing else is spoken.

    Both lead there. It says no more about itself than on IPv4, and nothing of addresses at which it does not listen.
    """
    for machine, address in ((machines.house, LINK), (machines.others, "fe80::77:2")):
        machine.ip("address", "add", f"{address}/64", "dev", "eth0", "nodad")
        if ipv6_alone:
            machine.ip("-4", "address", "flush", "dev", "eth0")
    own = OwnMachine(tmp_path / "own", machines.house.prefix)
    own.configure(customBindHost="::")
    with own.gateway("--bind", "custom") as gateway:
        gateway.says("advertised on the local network")
        (found,) = await look_until(machines.others, lambda now: bool(now) and f"{LINK}%eth0" in now[0].addresses)
        site = [address for address in found.addresses if address.startswith("fd77:")]
        assert set(site) == {HOUSE_6, "fd77:0:0:1::1"}
        assert found.addresses[:2] == tuple(site)
        assert all(address.endswith("%eth0") for address in found.addresses[2:])
        assert found.url == f"ws://[{site[0]}]:{gateway.port}"
        assert found.beacon.more.keys() == NO_MORE
        clawdbot = [*machines.others.prefix, sys.executable, "-m", "clawdbot"]
        done = subprocess.run([*clawdbot, "gateway", "discover"], capture_output=True, text=True, check=True)
        assert f"ws://[{site[0]}]:{gateway.port}" in done.stdout
        assert done.stderr == ""
        environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(tmp_path / "other")}
        for address in (site[0], f"{LINK}%eth0"):
            at = ("--url", f"ws://[{address}]:{gateway.port}", "--token", SHARED)
            asked = subprocess.run(
                [*clawdbot, "devices", "list", *at], capture_output=True, text=True, check=False, env=environ
            )
            assert "pairing required" in asked.stderr
    await look_until(machines.others, lambda now: not now)


async def test_a_gateway_on_one_link_alone_is_found_there(machines: Street, tmp_path: Path) -> None:
    """It listens on the link's address, and that is what it says."""
    machines.house.ip("address", "add", f"{LINK}/64", "dev", "eth0", "nodad")
    own = OwnMachine(tmp_path / "own", machines.house.prefix)
    own.configure(customBindHost=f"{LINK}%eth0")
    with own.gateway("--bind", "custom") as gateway:
        (found,) = await look_until(machines.others, bool)
        assert (found.addresses, found.url) == ((f"{LINK}%eth0",), f"ws://[{LINK}%eth0]:{gateway.port}")


def test_what_is_not_for_the_local_network_is_not_told_there(machines: Street, tmp_path: Path) -> None:
    """On loopback it says nothing, and so it does where the owner wants that."""
    own = OwnMachine(tmp_path / "own", machines.house.prefix)
    with own.gateway() as gateway:
        until(lambda: "listening" in gateway.log(), "it listens")
        assert there(machines.others, lambda: discover(1)) == []
        assert "advertised" not in gateway.log()


async def test_S8_others_may_shout_what_they_like(machines: Street) -> None:
    """Odd entries, no address, escape sequences: it is found as what it is, and nothing of it is trusted."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()

    async def shout() -> None:
        network = AsyncZeroconf(interfaces=[STRANGER], ip_version=IPVersion.V4Only)
        text = {"displayName": "\x1b[2Jbank", "gatewayTls": "1", "gatewayTlsSha256": "yes", b"\xff": None}
        for number in range(3):
            name = f"odd {number}.{SERVICE}"
            await network.async_register_service(
                AsyncServiceInfo(
                    SERVICE, name, port=80, properties=text, server="odd.local.", parsed_addresses=[STRANGER]
                )
            )
        loop.call_soon_threadsafe(ready.set)
        while not over.is_set():
            await asyncio.sleep(0.01)
        await network.async_close()

    shouting = asyncio.create_task(asyncio.to_thread(there, machines.others, shout))
    await ready.wait()
    try:
        found = await look_until(machines.house, lambda now: len(now) == 3)
    finally:
        over.set()
        await shouting
    assert {(one.url, one.beacon.name, one.beacon.fingerprint) for one in found} == {
        (f"wss://{STRANGER}:80", "\x1b[2Jbank", None)
    }


def test_where_there_is_no_network_that_is_said() -> None:
    with nowhere() as prefix:
        if not prefix:
            pytest.skip("NOT TESTED: a machine without a network: no namespaces can be made here")
        code = (
            "import asyncio\nfrom clawdbot.client.discovery import discover\n"
            "try: print(asyncio.run(discover(0.1)))\nexcept Exception as error: print(type(error).__name__)"
        )
        done = subprocess.run([*prefix, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", GatewayUnavailable.__name__)
